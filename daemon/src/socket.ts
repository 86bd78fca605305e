import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { Api, Refused } from './api.ts'
import type { Daemon } from './daemon.ts'
import { Messages } from './messages.ts'
import type { Run } from './run.ts'

export interface Bounds {
  readonly frame_bytes: number
  readonly perMinute: number
  /** From here on whoever says more is sent away. */
  readonly perMinute_max: number
  readonly perKey_max: number
  readonly all_max: number
  readonly ping_ms: number
  readonly unanswered_max: number
  /** A key is asked about again each time. */
  readonly key_ms: number
}

export const bounds: Bounds = {
  frame_bytes: 65_536, perMinute: 100, perMinute_max: 200, perKey_max: 5, all_max: 50, ping_ms: 30_000, unanswered_max: 3, key_ms: 60_000,
}

const minute_ms = 60_000
const keyPattern = /^bk_[A-Za-z0-9_-]{43}$/
const protocol = 'baton'

interface Client {
  readonly socket: WebSocket
  readonly key: string
  unanswered: number
  minute: number
  said: number
}

/** The key of an upgrade: of the header, or behind `baton` among the subprotocols, where browsers have no headers. */
function keyOf({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const [name, key] = (headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim())
  const said = bearer ?? (name === protocol ? key : undefined)
  return said !== undefined && keyPattern.test(said) ? said : undefined
}

const isForeign = ({ headers: { origin, host } }: IncomingMessage): boolean => {
  if (origin === undefined) return false
  try {
    return new URL(origin).host !== host
  } catch {
    return true
  }
}

/** The door of a daemon for whoever is on its machine: its health, and a socket to watch it and to tell it what to do. */
export class Socket {
  readonly #daemon: Daemon
  readonly #messages: Messages
  readonly #bounds: Bounds
  readonly #clients = new Set<Client>()
  readonly #server: Server
  readonly #sockets: WebSocketServer
  readonly #timers: NodeJS.Timeout[] = []

  constructor(daemon: Daemon, over: Partial<Bounds> = {}) {
    this.#daemon = daemon
    this.#messages = new Messages(daemon)
    this.#bounds = { ...bounds, ...over }
    this.#sockets = new WebSocketServer({
      noServer: true, maxPayload: this.#bounds.frame_bytes, handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
    })
    this.#server = createServer((request, response) => {
      const isHealth = request.method === 'GET' && request.url === '/health'
      const isWell = this.#messages.state === 'running'
      response.writeHead(isHealth ? (isWell ? 200 : 503) : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(isHealth ? this.#messages.health().payload : { code: 'NOT_FOUND' }))
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head))
  }

  /** Resolves with the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(port, '127.0.0.1', resolve))
    this.#timers.push(setInterval(() => this.#ping(), this.#bounds.ping_ms), setInterval(() => void this.#askAgain(), this.#bounds.key_ms))
    return (this.#server.address() as AddressInfo).port
  }

  /** Tells everybody how it stands with a run. */
  changed(run: Run, isOver: boolean) {
    if (isOver) this.#messages.ended(run)
    const text = JSON.stringify(this.#messages.update(run))
    for (const { socket } of this.#clients) socket.send(text)
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    socket.on('error', () => socket.destroy())
    const refuse = (status: number) => socket.end(`HTTP/1.1 ${status} ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    if (isForeign(request)) return refuse(403)
    const key = keyOf(request)
    if (key === undefined) return refuse(401)
    const status = await this.#statusOf(key)
    if (status !== 101) return refuse(status)
    const mine = [...this.#clients].filter((client) => client.key === key).length
    if (mine >= this.#bounds.perKey_max || this.#clients.size >= this.#bounds.all_max) return refuse(503)
    this.#sockets.handleUpgrade(request, socket, head, (connected) => this.#connected(connected, key))
  }

  /** Whether a key acts as the orchestrator, as a status of HTTP. */
  async #statusOf(key: string): Promise<101 | 401 | 403 | 503> {
    const { config, identity } = this.#daemon
    try {
      const { actor } = await new Api(config.url, key, { first: 0, most: 0 }).once('GET', '/keys/validate', undefined, {}, AbortSignal.timeout(5_000)) as { actor?: { kind: string; id: string } }
      if (actor === undefined) return 503
      const isOwn = ['admin', 'tool'].includes(actor.kind) || actor.id === identity!.orchestrator || actor.id === identity!.daemon
      return isOwn ? 101 : 403
    } catch (error) {
      if (!(error instanceof Refused)) return 503
      return error.status === 401 ? 401 : 403
    }
  }

  #connected(socket: WebSocket, key: string) {
    const client: Client = { socket, key, unanswered: 0, minute: 0, said: 0 }
    this.#clients.add(client)
    const send = (message: object) => socket.send(JSON.stringify(message))
    socket.on('close', () => this.#clients.delete(client)).on('error', () => undefined).on('pong', () => { client.unanswered = 0 })
    socket.on('message', (said: Buffer, isBinary: boolean) => {
      const minute = Math.floor(performance.now() / minute_ms)
      if (minute !== client.minute) [client.minute, client.said] = [minute, 0]
      client.said++
      if (client.said >= this.#bounds.perMinute_max) return socket.close(4008, 'too many messages')
      if (client.said > this.#bounds.perMinute) return send({ type: 'error', payload: { code: 'RATE_LIMITED', detail: `More than ${this.#bounds.perMinute} messages a minute.` } })
      if (isBinary) return socket.close(1003, 'text only')
      void this.#messages.answer(said.toString('utf8')).then(send)
    })
    send(this.#messages.health())
  }

  #ping() {
    for (const client of this.#clients) {
      if (client.unanswered++ >= this.#bounds.unanswered_max) client.socket.terminate()
      else client.socket.ping()
    }
  }

  /** Whose key is good for nothing any more is sent away. */
  async #askAgain() {
    for (const key of new Set([...this.#clients].map(({ key }) => key))) {
      const status = await this.#statusOf(key)
      if (status !== 401 && status !== 403) continue
      for (const client of this.#clients) if (client.key === key) client.socket.close(4001, 'the key is no longer valid')
    }
  }

  async close() {
    for (const timer of this.#timers) clearInterval(timer)
    for (const { socket } of this.#clients) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
