import type { Duplex } from 'node:stream'
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { otherMethods, Problem } from 'shared-service/problems.ts'
import type { Descriptions } from './descriptions.ts'
import { bodyOf, sayProblem, type Exchange } from './exchange.ts'

/** Live connections say something every few seconds, so one that is silent for so long is dead. */
const silence_timeout_ms = 60_000
/** To one service; each live connection holds one of them. */
const connections_max = 1_024
/** Those that wait for a connection count as well. */
const underWay_max = 4_096

/** A service behind the gateway. */
export interface Upstream {
  /** `body` is given where it was taken already. */
  forward(exchange: Exchange, body?: Buffer): Promise<void>
  /** A request that becomes a connection of another protocol. */
  tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

interface Parts {
  readonly url: string
  /** As it is called in sentences. */
  readonly name: string
  readonly methodsAt: Descriptions['methodsAt']
  readonly warn: (error: unknown, message: string) => void
  /** Who is asked instead where this one takes no such request, once that is known. */
  readonly elsewhere?: (exchange: Exchange) => Upstream | undefined
  /** How long a service may take to begin its answer. */
  readonly answer_max_ms?: number
}

export async function upstream({ url, name, methodsAt, warn, elsewhere, answer_max_ms = 30_000 }: Parts): Promise<Upstream> {
  const http = await import(url.startsWith('https:') ? 'node:https' : 'node:http') as typeof import('node:http')
  const { protocol, hostname, port, host } = new URL(url)
  const agent: Agent = new http.Agent({ keepAlive: true, maxSockets: connections_max, timeout: answer_max_ms })
  const place: RequestOptions = { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port, agent, timeout: answer_max_ms }
  let underWay = 0

  function ask(exchange: Exchange, body: Buffer | undefined, isAgain = false) {
    const { response, method, url: path } = exchange
    const asked: ClientRequest = http.request({ ...place, method, path, headers: questionOf(exchange, host, body) as never })
    const leave = () => asked.destroy()
    response.once('close', leave)
    asked.once('response', (answer) => {
      asked.setTimeout(silence_timeout_ms)
      void pass(exchange, answer, methodsAt, () => elsewhere?.(exchange)?.forward(exchange, body))
    })
    asked.once('timeout', () => asked.destroy(new Error('silent for too long')))
    asked.once('error', (error: NodeJS.ErrnoException) => {
      response.off('close', leave)
      if (response.closed) return
      // The service closed a connection that had waited, just when it was taken again; what only asks may do so twice.
      const isStale = asked.reusedSocket && error.code === 'ECONNRESET' && (method === 'GET' || method === 'HEAD')
      if (isStale && !isAgain && !response.headersSent) return ask(exchange, body, true)
      warn(error, `${name} does not answer`)
      sayProblem(exchange, new Problem('SERVICE_UNAVAILABLE', `${name} does not answer.`))
    })
    asked.end(body)
  }

  return {
    async forward(exchange, body) {
      if (underWay >= underWay_max) throw new Problem('SERVICE_UNAVAILABLE', 'There is too much to do.', { retryAfter_s: 5 })
      underWay++
      exchange.response.once('close', () => { underWay-- })
      const isQuestion = exchange.method === 'GET' || exchange.method === 'HEAD'
      // A body is taken whole before anything is asked of a service, so that it is measured, and nobody's slow line holds a connection.
      ask(exchange, isQuestion ? undefined : body ?? await bodyOf(exchange.request))
    },
    tunnel(request, socket, head) {
      const asked = http.request({ ...place, agent: false, method: 'GET', path: request.url, headers: tunnelled(request, host) as never })
      const leave = () => asked.destroy()
      socket.once('close', leave).on('error', leave)
      asked.once('upgrade', (answer, other, otherHead) => {
        asked.setTimeout(0)
        other.setTimeout(0)
        socket.write(headOf(answer))
        if (otherHead.length > 0) socket.write(otherHead)
        if (head.length > 0) other.write(head)
        socket.off('close', leave)
        socket.once('close', () => other.destroy())
        other.once('close', () => socket.destroy()).on('error', () => socket.destroy())
        other.pipe(socket).pipe(other)
      })
      asked.once('response', (answer) => {
        socket.write(headOf(answer))
        answer.pipe(socket)
      })
      asked.once('timeout', () => asked.destroy(new Error('silent for too long')))
      asked.once('error', (error) => {
        if (socket.destroyed) return
        warn(error, `${name} does not answer`)
        socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      })
      asked.end()
    },
    close: () => agent.destroy(),
  }
}

/** What changes the protocol is said on: it is about both connections. */
function tunnelled({ rawHeaders, headers, socket }: IncomingMessage, host: string): readonly string[] {
  const left = new Set(['host', 'connection', 'upgrade', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])
  return [
    ...without(rawHeaders, left, []), 'host', host, 'connection', 'upgrade', 'upgrade', headers.upgrade ?? 'websocket',
    'x-forwarded-for', socket.remoteAddress ?? '', 'x-forwarded-host', headers.host ?? '', 'x-forwarded-proto', 'http',
  ]
}

const headOf = ({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string => {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** Headers about one connection are not the next one's, nor are those that `Connection` names. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade']

const ofHop = new Set(hopByHop)
/** What the gateway says itself. */
const replaced = new Set([...hopByHop, 'host', 'expect', 'content-length', 'x-correlation-id', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])

const named = (connection: string | undefined): readonly string[] =>
  (connection === undefined || /^(keep-alive|close)$/i.test(connection) ? [] : connection.toLowerCase().split(/\s*,\s*/))

/** Headers as they came, in pairs that follow one another, without these. */
function without(raw: readonly string[], left: ReadonlySet<string>, alsoLeft: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase()
    if (!left.has(name) && !alsoLeft.includes(name)) kept.push(raw[index]!, raw[index + 1]!)
  }
  return kept
}

/** A question has no body, whatever its headers say. */
function questionOf({ request, correlationId }: Exchange, host: string, body: Buffer | undefined): readonly string[] {
  const { rawHeaders, headers, socket } = request
  const alsoLeft = named(headers.connection)
  return [
    ...without(rawHeaders, replaced, body ? alsoLeft : [...alsoLeft, 'content-type']),
    'host', host, 'x-correlation-id', correlationId, 'x-forwarded-for', socket.remoteAddress ?? '', 'x-forwarded-host', headers.host ?? '', 'x-forwarded-proto', 'http',
    ...(body ? ['content-length', String(body.length)] : []),
  ]
}

async function pass(
  exchange: Exchange, answer: IncomingMessage, methodsAt: Descriptions['methodsAt'], elsewhere: () => Promise<void> | undefined,
) {
  const { response, method, url, correlationId } = exchange
  // What breaks off here breaks off there.
  answer.once('error', () => response.destroy())
  const status = answer.statusCode!
  if (status === 404 || status === 405) {
    // One service does not know what the other one takes: together they take other methods here.
    const allow = await methodsAt(url)
    const asked = elsewhere()
    if (asked) {
      answer.resume()
      return asked
    }
    if (allow && allow.length > 0 && !allow.includes(method)) {
      answer.resume()
      return sayProblem(exchange, otherMethods(allow))
    }
  }
  const headers = [...without(answer.rawHeaders, ofHop, ['x-correlation-id', ...named(answer.headers.connection)]), 'x-correlation-id', correlationId]
  response.writeHead(status, headers as never)
  // Of a stream of events, readers want to know that it is open before there is one.
  if (answer.headers['content-type']?.startsWith('text/event-stream')) response.flushHeaders()
  answer.pipe(response)
}
