import { BACKWARDS, END, type EventStoreDBClient, type RecordedEvent } from '@eventstore/db-client'
import { LRUCache } from 'lru-cache'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { admit, admitting, allows, apiKeyState, backersOf, keyIdOf, keyPattern, organizationOf, type Backer, type Principal } from 'shared-domain/fleet/key/state.ts'
import { streamOf, type Fold, type Scope } from 'shared-domain/kernel/decider.ts'
import type { Meta } from 'shared-domain/kernel/fact.ts'
import { decode } from 'shared-domain/kernel/events.ts'
import type { Config } from './config.ts'
import { follow } from './follow.ts'
import { Problem } from 'shared-service/problems.ts'
import { readWithin } from './reading.ts'

/** For whom a request is answered. */
export interface Caller extends Principal {
  readonly key: string
  /** Of the last fact about the key. */
  readonly position: string
  /** Names of all streams that say whether the key is taken. */
  readonly streams: readonly string[]
}

export interface Keys {
  /** Whom these headers speak for. Throws a problem when they speak for nobody, or when the log cannot be asked. */
  callerOf(headers: Presented): Promise<Caller>
  /** True when these headers have spoken for somebody before. Costs nothing. */
  isFamiliar(headers: Presented): boolean
  /** Calls `end` once, soon after these headers have ceased to speak for the caller. The answer ends the watch. */
  watch(caller: Caller, headers: Presented, end: (problem: Problem) => void): () => void
  /** True while changes of keys are heard of at once. */
  readonly following: boolean
  close(): Promise<void>
}

export interface Presented {
  readonly authorization?: string | undefined
  readonly 'x-api-key'?: string | readonly string[] | undefined
}

interface Known<State> {
  readonly state: State
  readonly position: string
}

const prefixes = admitting.map(({ category }) => `${category}-`)
/** Of one stream: many more than anybody has made. */
const facts_max = 10_000
/** As many of the last facts about a backer mostly say whether it has left. */
const lastFacts = 8
const watch_ms = 1_000

interface Watch {
  readonly expiresAt: string | null
  readonly check: () => void
}

export function openKeys(store: EventStoreDBClient, config: Config, onLost: (error: unknown) => void): Keys {
  const { keys_max, keyAge_ms, eventStoreTimeout_ms, heartbeat_ms } = config
  const cache = new LRUCache<string, Promise<unknown>>({ max: keys_max, ttl: keyAge_ms })
  const familiar = new LRUCache<string, true>({ max: keys_max })
  const watches = new Map<string, Set<Watch>>()
  const closing = new AbortController()
  let following = false

  const cached = <T>(stream: string, read: () => Promise<T>): Promise<T> => {
    const known = cache.get(stream)
    if (known) return known as Promise<T>
    const reading = read()
    cache.set(stream, reading)
    reading.catch(() => cache.get(stream) === reading && cache.delete(stream))
    return reading
  }

  /** A key is made, and at some time revoked: two facts. Of an organization there are as many as an admin has changed it. */
  const known = <State>(fold: Fold<State>, id: string) => cached(streamOf(fold, id), async () =>
    (await readWithin(eventStoreTimeout_ms, store.readStream(streamOf(fold, id), { maxCount: facts_max })))
      .reduce<Known<State>>((known, event) => taken(fold, known, event), { state: fold.initial, position: '0' }))

  /** Only what happened last to a backer counts, however much happened before: from the end on, what says something. */
  const hasLeft = ({ fold, id, saysLeft }: Backer) => cached(streamOf(fold, id), async () => {
    for (const maxCount of [lastFacts, facts_max]) {
      const last = await readWithin(eventStoreTimeout_ms, store.readStream(streamOf(fold, id), { direction: BACKWARDS, fromRevision: END, maxCount }))
      const said = last.map(({ type }) => saysLeft(type)).find((one) => one !== undefined)
      if (said !== undefined || last.length < maxCount) return said ?? false
    }
    return false
  })

  async function lookUp(id: string) {
    try {
      const key = await known(apiKeyState, id)
      const backers = backersOf(key.state)
      const organization = organizationOf(key.state)
      const [left, of] = await Promise.all([Promise.all(backers.map(hasLeft)), organization && known(organization.fold, organization.id)])
      const streams = [streamOf(apiKeyState, id), ...backers.map(({ fold, id }) => streamOf(fold, id))]
      return { ...key, streams, isForsaken: left.includes(true), organization: of?.state }
    } catch (cause) {
      throw new Problem('SERVICE_UNAVAILABLE', 'The API key cannot be checked for now.', { retryAfter_s: 2, cause })
    }
  }

  const everyWatch = () => new Set([...watches.values()].flatMap((some) => [...some]))

  const forgetWhatChanges = async () => {
    const { signal } = closing
    const { events, close } = await follow(store, { from: END, prefixes, signal }, eventStoreTimeout_ms)
    try {
      // Whatever changed while nobody followed.
      cache.clear()
      following = true
      for (const { check } of everyWatch()) check()
      for await (const told of events) {
        if (told === 'caught up' || !told.event) continue
        const { event } = told
        cache.delete(event.streamId)
        for (const { check } of watches.get(event.streamId) ?? []) check()
      }
    } finally {
      following = false
      close()
    }
  }

  /** What no fact tells at once: that time is up, and whatever happens while facts cannot be followed. */
  const looking = setInterval(() => {
    const now = new Date().toISOString()
    for (const { expiresAt, check } of everyWatch()) if (!following || (expiresAt !== null && expiresAt <= now)) check()
  }, watch_ms)
  /** Should the following be dead without a sign of it. */
  const lookingAnyway = setInterval(() => { for (const { check } of everyWatch()) check() }, heartbeat_ms)

  const forgetting = (async () => {
    while (!closing.signal.aborted) {
      await forgetWhatChanges().catch((error: unknown) => closing.signal.aborted || onLost(error))
      await delay(config.retry_ms, undefined, { signal: closing.signal }).catch(() => {})
    }
  })()

  const keys: Keys = {
    get following() { return following },

    async callerOf(headers) {
      const key = presentedIn(headers)
      if (key === undefined) throw new Problem('INVALID_API_KEY', 'Present an API key: Authorization: Bearer bk_...')
      if (!keyPattern.test(key)) throw new Problem('INVALID_API_KEY', 'This is not an API key of Baton.')
      const { hash, id } = namesOf(key)
      const { state, position, streams, isForsaken, organization } = await lookUp(id)
      const admitted = admit(state, id, hash, new Date().toISOString(), isForsaken, organization)
      if (admitted === 'INVALID_API_KEY') throw new Problem('INVALID_API_KEY', 'The API key is unknown or revoked, or whom it stands for has left.')
      if (admitted === 'API_KEY_EXPIRED') throw new Problem('API_KEY_EXPIRED', 'The API key has expired.')
      familiar.set(id, true)
      return { ...admitted, key: id, position, streams }
    },

    watch({ streams, expiresAt }, headers, end) {
      let isOver = false
      const stop = () => {
        isOver = true
        for (const stream of streams) {
          watches.get(stream)?.delete(watch)
          if (watches.get(stream)?.size === 0) watches.delete(stream)
        }
      }
      const check = () => void keys.callerOf(headers).catch((problem: Problem) => {
        if (isOver) return
        stop()
        end(problem)
      })
      const watch = { expiresAt, check }
      for (const stream of streams) watches.set(stream, (watches.get(stream) ?? new Set()).add(watch))
      // What changed since the caller was looked up.
      check()
      return stop
    },

    isFamiliar(headers) {
      const key = presentedIn(headers)
      return key !== undefined && familiar.has(namesOf(key).id)
    },

    async close() {
      closing.abort()
      clearInterval(looking)
      clearInterval(lookingAnyway)
      await forgetting
    },
  }
  return keys
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

function taken<State>(fold: Fold<State>, { state }: Known<State>, event: RecordedEvent): Known<State> {
  const definition = fold.events.definitions[event.type]!
  const meta = event.metadata as unknown as Meta & { version: number }
  const data = decode(definition, event.data, meta.version)
  const position = String(event.position?.commit ?? 0n)
  return { state: fold.evolve(state, { type: event.type, data }, { ...meta, revision: Number(event.revision), position }), position }
}
