import { BACKWARDS, END, START, type EventStoreDBClient, type ReadPosition } from '@eventstore/db-client'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { partsOf } from 'shared-domain/kernel/decider.ts'
import { Id, StreamName } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import type { Config } from './config.ts'
import { Fact, type Facts, type Stored } from './facts.ts'
import { follow, type Following } from './follow.ts'
import type { Caller, Keys } from './keys.ts'
import { describedStream } from './openapi.ts'
import { prefix } from 'shared-service/addresses.ts'
import { invalid, parsed, Problem } from 'shared-service/problems.ts'
import { Position, type Gate } from './question.ts'
import { readWithin } from './reading.ts'

const Wish = z.object({
  after: Position.optional()
    .describe('Log position after which to begin; without it only what happens from now on is sent. `Last-Event-ID` counts more.'),
  orchestrator: Id.optional().describe('Only facts that concern this orchestrator first.'),
  stream: StreamName.optional().describe('Only facts of this stream, such as `task-<id>`.'),
  type: z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(z.string()).max(100).optional())
    .optional().describe('Only facts of this type; given several times, of any of these.'),
}).strict()
type Wish = z.output<typeof Wish>

export interface Live {
  readonly open: number
  close(): void
}

interface Hosts {
  readonly store: EventStoreDBClient
  readonly facts: Facts
  readonly gate: Gate
  readonly keys: Pick<Keys, 'watch'>
}

type Bounds = Pick<Config, 'liveConnections_max' | 'liveConnectionsPerKey_max' | 'heartbeat_ms' | 'stalled_ms' | 'eventStoreTimeout_ms'>

/** `GET /events`: the facts of the caller's organization as server-sent events, in the order of the log. */
export function live(app: FastifyInstance, { store, facts, gate, keys }: Hosts, bounds: Bounds): Live {
  const connections = new Set<{ readonly key: string; readonly end: () => void }>()

  const roomFor = ({ key }: Caller) => {
    if ([...connections].filter((one) => one.key === key).length >= bounds.liveConnectionsPerKey_max)
      throw new Problem('RATE_LIMITED', 'This key has as many live connections as it may.', { retryAfter_s: 15 })
    if (connections.size >= bounds.liveConnections_max)
      throw new Problem('SERVICE_UNAVAILABLE', 'There are as many live connections as there may be.', { retryAfter_s: 15 })
  }

  app.get(`${prefix}/events`, {
    schema: describedStream({
      operation: 'events.follow', about: 'Follow what happens, fact by fact, in the order of the log.', tag: 'events',
      query: Wish, event: Fact,
    }),
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await gate(request, 'read')
      const wish = parsed(Wish, request.query)
      const resume = resumeOf(request, wish)
      const prefixes = prefixesFor(wish, facts)
      if (request.method === 'HEAD') return reply.headers(streamHeaders).send()
      roomFor(caller)
      const gone = new AbortController()
      const connection = { key: caller.key, end: () => gone.abort() }
      connections.add(connection)
      reply.raw.once('close', connection.end)
      let unwatch = () => {}
      try {
        const { from, gap } = await startAt(resume, () => headOf(store, bounds.eventStoreTimeout_ms))
        const following = await follow(store, { from, prefixes, signal: gone.signal }, bounds.eventStoreTimeout_ms)
        reply.hijack()
        reply.raw.writeHead(200, { ...reply.getHeaders() as Record<string, string>, ...streamHeaders })
        const choose = (event: Stored) => chosen(facts.read(event, caller.organization), wish)
        unwatch = keys.watch(caller, request.headers, ({ code }) => {
          // Whoever is slow to take what was said before gets no more of it.
          if (reply.raw.writableNeedDrain) reply.raw.destroy()
          else reply.raw.end(frame('end', { code }))
          following.close()
        })
        await serveUntil(gone.signal, reply.raw, following, choose, gap, bounds)
          .catch((error: unknown) => gone.signal.aborted || request.log.warn({ err: error }, 'a live connection ended'))
      } finally {
        unwatch()
        connections.delete(connection)
      }
    },
  })

  return { get open() { return connections.size }, close: () => { for (const { end } of connections) end() } }
}

const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

/** A frame that is no fact (L-11). */
const frame = (event: 'gap' | 'end', data: object, id?: string) =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`

/** The position after which the client wishes to go on. */
function resumeOf({ headers }: FastifyRequest, { after }: Wish): bigint | undefined {
  const last = headers['last-event-id']
  if (last !== undefined && !Position.safeParse(last).success) {
    throw invalid('/Last-Event-ID', 'is not a log position')
  }
  const position = (last as string | undefined) ?? after
  return position === undefined ? undefined : BigInt(position)
}

interface Beginning {
  readonly from: ReadPosition
  /** Said first: what the client has seen is not of this log, or no longer. It reads anew, and hears what happens from now on. */
  readonly gap?: string
}

async function startAt(resume: bigint | undefined, head: () => Promise<bigint>): Promise<Beginning> {
  if (resume === undefined) return { from: END }
  if (resume === 0n) return { from: START }
  const to = await head()
  if (resume <= to) return { from: { commit: resume, prepare: resume } }
  return { from: { commit: to, prepare: to }, gap: frame('gap', { from: String(resume), to: String(to), reason: 'ahead' }, String(to)) }
}

/** The position of the last event of all. */
async function headOf(store: EventStoreDBClient, timeout_ms: number): Promise<bigint> {
  const reading = store.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }) as never
  const [last] = await readWithin(timeout_ms, reading).catch((cause: unknown) => {
    throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be reached.', { retryAfter_s: 2, cause })
  })
  return last?.position?.commit ?? 0n
}

function prefixesFor({ stream, type = [] }: Wish, { categories, types }: Facts): readonly string[] {
  const strange = type.filter((one) => !types.includes(one))
  if (strange.length > 0) throw invalid('/type', `names no type of fact: ${strange.join(', ')}`)
  if (stream === undefined) return categories.map((category) => `${category}-`)
  if (!categories.includes(partsOf(stream).category)) throw invalid('/stream', 'is of no category of facts')
  return [stream]
}

function chosen(fact: Fact | undefined, { orchestrator, stream, type }: Wish): Fact | undefined {
  if (!fact) return undefined
  if (orchestrator !== undefined && fact.recipient !== orchestrator) return undefined
  if (stream !== undefined && fact.stream !== stream) return undefined
  return type === undefined || type.includes(fact.type) ? fact : undefined
}

type Choose = (event: Stored) => Fact | undefined

/** Sends until the log, the client or the key ends. A client that takes nothing for too long is let go: it resumes by its last event id. */
async function serveUntil(
  gone: AbortSignal, to: ServerResponse, { events, close }: Following, choose: Choose, gap: string | undefined, { heartbeat_ms, stalled_ms }: Bounds,
) {
  let passed = ''
  const beating = setInterval(() => {
    if (to.writableNeedDrain || to.writableEnded) return
    // An id without data moves the resume point on past what was not for this client.
    to.write(passed === '' ? ': heartbeat\n\n' : `: heartbeat\nid: ${passed}\n\n`)
  }, heartbeat_ms)
  try {
    to.write(`retry: 1000\n: open\n\n${gap ?? ''}`)
    for await (const { event } of events) {
      if (to.writableEnded) break
      const fact = event && choose(event)
      if (fact && !to.write(`id: ${fact.position}\ndata: ${JSON.stringify(fact)}\n\n`)) await drained(to, gone, stalled_ms)
      passed = String(event?.position?.commit ?? passed)
    }
    to.end()
  } catch (error) {
    if (to.writableEnded) return
    to.destroy()
    throw error
  } finally {
    clearInterval(beating)
    close()
  }
}

const drained = (to: ServerResponse, gone: AbortSignal, stalled_ms: number) =>
  once(to, 'drain', { signal: AbortSignal.any([gone, AbortSignal.timeout(stalled_ms)]) })
