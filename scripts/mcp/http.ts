import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Api, Refused, type Who } from '../api.ts'
import { serverFor } from './server.ts'
import { Session } from './session.ts'

const sessions_max = 100
const idle_ms = 30 * 60_000
const body_bytes_max = 1024 * 1024

interface Held {
  readonly transport: WebStandardStreamableHTTPServerTransport
  readonly keyHash: Buffer
  used_ms: number
}

export interface HttpOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Where Baton is. */
  readonly url: string
  readonly mayWrite: boolean
  /** Origins of pages that may ask, besides those of this machine. */
  readonly origins?: readonly string[]
  readonly now_ms?: () => number
}

export interface HttpServing {
  readonly port: number
  /** Ends the sessions that nobody has used for half an hour, which happens by itself each minute. */
  tidy(): Promise<void>
  close(): Promise<void>
}

/** What a name says of a page's host can be made to lead here, but for these. */
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

const hashOf = (key: string) => createHash('sha256').update(key).digest()

/** The protocol over streamable HTTP: a session each, of the key that began it, which every request of it shows. */
export async function serveHttp({ host, port, url, mayWrite, origins = [], now_ms = () => performance.now() }: HttpOptions): Promise<HttpServing> {
  const sessions = new Map<string, Held>()

  async function begun(key: string): Promise<WebStandardStreamableHTTPServerTransport> {
    const api = new Api(url, key, { tries_max: 3 })
    const session = new Session(await api.get<Who>('/keys/validate'), { mayWrite })
    const server = serverFor({ session, url, key, api })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID, maxRequestBodySize: body_bytes_max,
      onsessioninitialized: (id) => void sessions.set(id, { transport, keyHash: hashOf(key), used_ms: now_ms() }),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await server.connect(transport)
    return transport
  }

  async function answerTo(request: IncomingMessage): Promise<Response> {
    const { origin, authorization = '', 'mcp-session-id': id } = request.headers
    if (origin !== undefined && !origins.includes(origin) && !loopback.has(URL.parse(origin)?.hostname ?? '')) return refused(403, 'FORBIDDEN', 'Pages of another origin may not ask.')
    if (!/^\/(mcp)?$/.test(new URL(request.url ?? '/', 'http://localhost').pathname)) return refused(404, 'NOT_FOUND', 'The protocol is served at /mcp.')
    const key = /^Bearer (\S+)$/i.exec(authorization)?.[1]
    if (key === undefined) return refused(401, 'INVALID_API_KEY', 'Send a valid API key as `Authorization: Bearer bk_...`.')
    const held = id === undefined ? undefined : sessions.get(String(id))
    if (id !== undefined && !held) return refused(404, 'NOT_FOUND', 'There is no such session: begin another.')
    if (held && !timingSafeEqual(held.keyHash, hashOf(key))) return refused(403, 'FORBIDDEN', 'The session was begun with another key.')
    if (held) held.used_ms = now_ms()
    else if (sessions.size >= sessions_max) return refused(503, 'SERVICE_UNAVAILABLE', 'There are as many sessions as may be.')
    return (held?.transport ?? await begun(key)).handleRequest(webRequest(request))
  }

  const server = createServer((request, response) => {
    void answerTo(request).catch((error: unknown) => {
      if (error instanceof Refused) return refused(error.status, error.code, error.message)
      return refused(503, 'SERVICE_UNAVAILABLE', (error as Error).message)
    }).then((answer) => send(answer, response)).catch(() => response.destroy())
  })

  async function tidy() {
    const idle = [...sessions.values()].filter(({ used_ms }) => now_ms() - used_ms >= idle_ms)
    await Promise.all(idle.map(({ transport }) => closed(transport)))
  }
  const closed = async (transport: WebStandardStreamableHTTPServerTransport) => {
    sessions.delete(transport.sessionId!)
    await transport.close()
  }
  const timer = setInterval(() => void tidy(), 60_000).unref()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    tidy,
    async close() {
      clearInterval(timer)
      await Promise.all([...sessions.values()].map(({ transport }) => closed(transport)))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const refused = (status: number, code: string, detail: string) =>
  Response.json({ jsonrpc: '2.0', id: null, error: { code: -32000, message: detail, data: { code } } }, { status, ...(status === 401 ? { headers: { 'www-authenticate': 'Bearer' } } : {}) })

function webRequest(request: IncomingMessage): Request {
  const { method = 'GET', url = '/', headers, rawHeaders } = request
  const pairs = rawHeaders.flatMap((name, nth): [string, string][] => (nth % 2 === 0 ? [[name, rawHeaders[nth + 1]!]] : []))
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(url, `http://${headers.host ?? 'localhost'}`), {
    method, headers: pairs, ...(hasBody ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' } : {}),
  } as RequestInit)
}

async function send(answer: Response, response: ServerResponse) {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (!answer.body) return void response.end()
  response.flushHeaders()
  await pipeline(Readable.fromWeb(answer.body as never), response)
}
