import {
  END, StreamDeletedError, StreamNotFoundError, type EventStoreDBClient, type RecordedEvent, type ResolvedEvent, type StreamingRead,
} from '@eventstore/db-client'
import { LRUCache } from 'lru-cache'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { admit, allows, apiKeyState, keyIdOf, keyPattern, type ApiKeyState, type Principal } from 'shared-domain/fleet/key/state.ts'
import { partsOf, streamOf, type Scope } from 'shared-domain/kernel/decider.ts'
import type { Meta } from 'shared-domain/kernel/fact.ts'
import { decode } from 'shared-domain/kernel/events.ts'
import type { Config } from './config.ts'
import { follow } from './follow.ts'
import { Problem } from './problems.ts'

/** For whom a request is answered. */
export interface Caller extends Principal {
  readonly key: string
  /** Of the last fact about the key. */
  readonly position: string
}

export interface Keys {
  /** Whom these headers speak for. Throws a problem when they speak for nobody, or when the log cannot be asked. */
  callerOf(headers: Presented): Promise<Caller>
  /** True when these headers have spoken for somebody before. Costs nothing. */
  isFamiliar(headers: Presented): boolean
  /** True while changes of keys are heard of at once. */
  readonly following: boolean
  close(): Promise<void>
}

interface Presented {
  readonly authorization?: string | undefined
  readonly 'x-api-key'?: string | readonly string[] | undefined
}

interface Known {
  readonly state: ApiKeyState
  readonly position: string
}

const unknown: Known = { state: apiKeyState.initial, position: '0' }

const category = apiKeyState.category
/** A key is made, and at some time revoked: two facts. */
const facts_max = 100

export function openKeys(store: EventStoreDBClient, config: Config, onLost: (error: unknown) => void): Keys {
  const cache = new LRUCache<string, Promise<Known>>({ max: config.keys_max, ttl: config.keyAge_ms })
  const familiar = new LRUCache<string, true>({ max: config.keys_max })
  const closing = new AbortController()
  let following = false

  const known = (id: string) => {
    const cached = cache.get(id)
    if (cached) return cached
    const reading = read(store, id, config.eventStoreTimeout_ms)
    cache.set(id, reading)
    reading.catch(() => cache.get(id) === reading && cache.delete(id))
    return reading
  }

  const forgetWhatChanges = async () => {
    const { signal } = closing
    const { events, close } = await follow(store, { from: END, prefixes: [`${category}-`], signal }, config.eventStoreTimeout_ms)
    try {
      // Whatever changed while nobody followed.
      cache.clear()
      following = true
      for await (const { event } of events) if (event) cache.delete(partsOf(event.streamId).id)
    } finally {
      following = false
      close()
    }
  }

  const forgetting = (async () => {
    while (!closing.signal.aborted) {
      await forgetWhatChanges().catch((error: unknown) => closing.signal.aborted || onLost(error))
      await delay(config.retry_ms, undefined, { signal: closing.signal }).catch(() => {})
    }
  })()

  return {
    get following() { return following },

    async callerOf(headers) {
      const key = presentedIn(headers)
      if (key === undefined) throw new Problem('INVALID_API_KEY', 'Present an API key: Authorization: Bearer bk_...')
      if (!keyPattern.test(key)) throw new Problem('INVALID_API_KEY', 'This is not an API key of Baton.')
      const { hash, id } = namesOf(key)
      const { state, position } = await known(id)
      const admitted = admit(state, id, hash, new Date().toISOString())
      if (admitted === 'INVALID_API_KEY') throw new Problem('INVALID_API_KEY', 'The API key is unknown or revoked.')
      if (admitted === 'API_KEY_EXPIRED') throw new Problem('API_KEY_EXPIRED', 'The API key has expired.')
      familiar.set(id, true)
      return { ...admitted, key: id, position }
    },

    isFamiliar(headers) {
      const key = presentedIn(headers)
      return key !== undefined && familiar.has(namesOf(key).id)
    },

    async close() {
      closing.abort()
      await forgetting
    },
  }
}

/** The key itself is compared with nothing: its digest names the stream, and no digest tells how to get nearer to another. */
function namesOf(key: string) {
  const hash = createHash('sha256').update(key).digest('hex')
  return { hash, id: keyIdOf(hash) }
}

export function mustAllow(caller: Caller, scope: Scope): void {
  if (!allows(caller, scope)) throw new Problem('FORBIDDEN', `The API key lacks the scope ${scope}.`)
}

function presentedIn({ authorization, 'x-api-key': header }: Presented): string | undefined {
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
  return Array.isArray(header) ? header[0] : header as string | undefined
}

/** Lets go of a read that takes too long, and never of one that has not ended: that would keep the client from ever closing. */
async function read(store: EventStoreDBClient, id: string, timeout_ms: number): Promise<Known> {
  const reading = store.readStream(streamOf(apiKeyState, id), { maxCount: facts_max })
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => {
    reading.cancel().catch(() => {})
    reject(new Error('the store does not answer'))
  }, timeout_ms)
  try {
    return (await Promise.race([collected(reading), tooLate])).reduce(taken, unknown)
  } catch (error) {
    if (error instanceof StreamNotFoundError || error instanceof StreamDeletedError) return unknown
    throw new Problem('SERVICE_UNAVAILABLE', 'The API key cannot be checked for now.', { retryAfter_s: 2, cause: error })
  } finally {
    clearTimeout(limit)
  }
}

async function collected(reading: StreamingRead<ResolvedEvent>): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const { event } of reading) if (event) events.push(event)
  return events
}

function taken({ state }: Known, event: RecordedEvent): Known {
  const definition = apiKeyState.events.definitions[event.type]!
  const meta = event.metadata as unknown as Meta & { version: number }
  const data = decode(definition, event.data, meta.version)
  const position = String(event.position?.commit ?? 0n)
  return { state: apiKeyState.evolve(state, { type: event.type, data } as never, { ...meta, revision: Number(event.revision), position }), position }
}
