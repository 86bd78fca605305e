import type { EventStoreDBClient } from '@eventstore/db-client'
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { Server, type Socket } from 'socket.io'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import type { Push, Topics } from 'shared-domain/kernel/push.ts'
import { socketPath } from 'shared-service/addresses.ts'
import { Problem, problemOf } from 'shared-service/problems.ts'
import type { Positions } from 'shared-service/positions.ts'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Database } from '../database.ts'
import type { Facts } from '../facts.ts'
import { mustAllow, type Caller, type Keys, type Presented } from '../keys.ts'
import { Position } from '../question.ts'
import type { Connections } from './connections.ts'
import { Follower } from './follower.ts'
import { everything, pushing, type Said } from './pushing.ts'

const message_max = 16 * 1_024
const messagesPerMinute_max = 60
const again_max = 10_000
const unsent_max = 1_000
/** How long they may take to leave when the service ends. */
const leave_ms = 300
const step_ms = 20
const unsentBytes_max = 1_024 * 1_024

interface Parts {
  readonly store: EventStoreDBClient
  readonly deciders: readonly Decider[]
  readonly facts: Facts
  readonly keys: Pick<Keys, 'callerOf' | 'watch'>
  readonly connections: Connections
  readonly database: Pick<Database, 'find'>
  readonly positions: Positions
  readonly pushes: readonly Push[]
  readonly topics: Topics
  readonly log: FastifyBaseLogger
}

type Settings = Pick<Config, 'liveOrigins' | 'livePolling' | 'eventStoreTimeout_ms' | 'stalled_ms'>

export interface Sockets {
  close(): Promise<void>
}

/** Of one client: what it listens to, and what waits until it has caught up. */
interface Listener {
  readonly socket: Socket
  readonly caller: Caller
  readonly topics: Set<string>
  facts: boolean
  /** While older facts are told, newer ones wait here. */
  waiting: Said[] | undefined
  unsentBytes: number
}

/** Facts and what is made of them over Socket.IO, in the order of the log. */
export function openSockets(server: HttpServer, parts: Parts, { liveOrigins, livePolling, eventStoreTimeout_ms, stalled_ms }: Settings): Sockets {
  const { store, facts, keys, connections, topics: { kinds }, log } = parts
  const listeners = new Set<Listener>()
  const topic = new RegExp(`^(?:${everything}|(?:${kinds.join('|')}):.{1,200})$`)
  const Wish = z.strictObject({
    topics: z.array(z.string().regex(topic)).max(50), after: Position.optional(), facts: z.boolean().default(false),
  })
  const Leave = z.strictObject({ topics: z.array(z.string().regex(topic)).max(50) })
  const say = pushing(parts)

  const heardBy = (organization: string) => {
    const own = [...listeners].filter(({ caller }) => caller.organization === organization)
    return own.some(({ topics }) => topics.size > 0) ? 'pushes' as const : own.length > 0 ? 'facts' as const : undefined
  }

  /** Says why, and leaves; whoever does not even take that is left without it. */
  const end = (listener: Listener, code: string) => {
    const { conn } = listener.socket
    listeners.delete(listener)
    listener.socket.emit('end', { code })
    const leaving = setTimeout(() => terminate(conn), stalled_ms)
    conn.once('close', () => clearTimeout(leaving))
    listener.socket.disconnect(true)
  }

  /** Whoever takes too little of what is said gets no more of it. */
  function isKeepingUp(listener: Listener, bytes: number): boolean {
    const { writeBuffer } = listener.socket.conn as unknown as { writeBuffer: readonly unknown[] }
    if (writeBuffer.length === 0) listener.unsentBytes = 0
    listener.unsentBytes += bytes
    const isSo = writeBuffer.length <= unsent_max && listener.unsentBytes <= unsentBytes_max
    if (!isSo) end(listener, 'TOO_SLOW')
    return isSo
  }

  /** To all of them as one packet, which is made once. */
  function emit(some: readonly Listener[], event: string, payload: object) {
    if (some.length === 0) return
    const bytes = JSON.stringify(payload).length
    const ids = some.filter((listener) => isKeepingUp(listener, bytes)).map(({ socket }) => socket.id)
    if (ids.length > 0) io.to(ids).emit(event, payload)
  }

  function tell(some: readonly Listener[], { organization, topics, fact, pushes }: Said) {
    const hearing = some.filter(({ caller, topics: own }) => organization === caller.organization && [...own].some((topic) => topics.has(topic)))
    for (const { event, payload } of pushes) emit(hearing, event, payload)
    emit(hearing.filter(({ facts }) => facts), 'fact', fact)
  }

  const follower = new Follower({
    store, categories: facts.categories, timeout_ms: eventStoreTimeout_ms, onLost: (error) => log.warn({ err: error }, 'sockets follow the log again'),
    async take(events) {
      for (const said of await say(events, heardBy)) {
        const [later, now] = [[...listeners].filter(({ waiting }) => waiting), [...listeners].filter(({ waiting }) => !waiting)]
        for (const { waiting } of later) waiting!.push(said)
        tell(now, said)
      }
    },
  })

  /** Tells once more what lies behind a position, and then what has come meanwhile. */
  async function resume(listener: Listener, after: bigint) {
    const to = follower.position
    const gap = (reason: string) => listener.socket.emit('gap', { from: String(after), to: String(to), reason })
    if (after > to) return void gap('ahead')
    listener.waiting = []
    try {
      const again: Said[] = []
      for await (const page of follower.between(after, to)) {
        again.push(...(await say(page, (organization) => (organization === listener.caller.organization ? 'pushes' : undefined))))
        if (again.length > again_max) return void gap('too-many')
      }
      for (const said of again) tell([listener], said)
    } finally {
      const { waiting = [] } = listener
      listener.waiting = undefined
      for (const said of waiting) if (said.position > to) tell([listener], said)
    }
  }

  const io = new Server(server, {
    path: socketPath, serveClient: false, transports: livePolling ? ['polling', 'websocket'] : ['websocket'], maxHttpBufferSize: message_max, destroyUpgrade: false,
    cors: { origin: [...liveOrigins] },
    allowRequest: (request, done) => done(null, isOwnOrigin(request, liveOrigins)),
  })

  io.use((socket, next) => {
    const presented = presentedBy(socket)
    const refuse = (error: unknown) => {
      const { code } = problemOf(error)
      next(Object.assign(new Error(code), { data: { code } }))
    }
    keys.callerOf(presented).then(async (caller) => {
      mustAllow(caller, 'read')
      const place = connections.enter(caller)
      try {
        await follower.start()
      } catch (error) {
        place.leave()
        throw error
      }
      const own = caller.actsFor === null ? everything : `orchestrator:${caller.actsFor}`
      const listener: Listener = { socket, caller, topics: new Set([own]), facts: false, waiting: undefined, unsentBytes: 0 }
      const unwatch = keys.watch(caller, presented, ({ code }) => end(listener, code))
      place.gone.addEventListener('abort', () => socket.disconnect(true))
      const gone = () => {
        listeners.delete(listener)
        unwatch()
        place.leave()
      }
      if (!socket.conn || socket.conn.readyState === 'closed') return gone()
      socket.once('disconnect', gone)
      listeners.add(listener)
      socket.data.listener = listener
      next()
    }).catch(refuse)
  })

  io.on('connection', (socket) => {
    const listener = socket.data.listener as Listener
    let [since_ms, count] = [performance.now(), 0]
    socket.use((_, next) => {
      if (performance.now() - since_ms > 60_000) [since_ms, count] = [performance.now(), 0]
      if (++count > messagesPerMinute_max) return end(listener, 'RATE_LIMITED')
      next()
    })
    const answering = <Said>(schema: z.ZodType<Said>, run: (said: Said) => void) => (given: unknown, ack?: unknown) => {
      const answer = typeof ack === 'function' ? ack as (reply: object) => void : () => undefined
      const { data, success } = schema.safeParse(given)
      if (!success) return answer({ code: 'VALIDATION_ERROR' })
      run(data)
      answer({ position: String(follower.position) })
    }
    socket.on('subscribe', answering(Wish, ({ topics, after, facts }) => {
      for (const topic of topics) listener.topics.add(topic)
      listener.facts = facts
      if (after !== undefined) resume(listener, BigInt(after)).catch((error: unknown) => {
        log.warn({ err: error }, 'older facts could not be told')
        end(listener, new Problem('SERVICE_UNAVAILABLE').code)
      })
    }))
    socket.on('unsubscribe', answering(Leave, ({ topics }) => {
      for (const topic of topics) listener.topics.delete(topic)
    }))
  })

  return {
    async close() {
      const open = () => Object.values((io.engine as unknown as { clients: Readonly<Record<string, Socket['conn']>> }).clients)
      io.disconnectSockets(true)
      for (let left_ms = leave_ms; left_ms > 0 && open().length > 0; left_ms -= step_ms) await delay(step_ms)
      for (const conn of open()) terminate(conn)
      // The server that they came by is not theirs to close.
      io.engine.close()
      await follower.close()
    },
  }
}

function presentedBy({ handshake: { auth, headers } }: Socket): Presented {
  const key = (auth as { key?: unknown }).key
  return typeof key === 'string' ? { authorization: `Bearer ${key}` } : headers as Presented
}

/** Without a word, and at once. */
function terminate(conn: Socket['conn']) {
  conn.close(true)
  ;(conn.transport as { socket?: { terminate?: () => void } }).socket?.terminate?.()
}

/** A page of ours, one that was named, or none at all. */
function isOwnOrigin({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin } = headers
  if (origin === undefined || origins.includes(origin)) return true
  const hosts = [headers.host, headers['x-forwarded-host']].flat()
  return URL.canParse(origin) && hosts.includes(new URL(origin).host)
}
