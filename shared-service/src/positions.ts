import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Prepared } from './prepared.ts'
import { Problem } from './problems.ts'

const channel = 'baton_position'

interface Waiter {
  readonly model: string
  readonly position: bigint
  wake: () => void
}

export interface Positions {
  /** Returns once the read model has taken every fact up to this position in; refuses with READ_MODEL_BEHIND after a bounded wait. */
  reached(model: string, position: bigint): Promise<void>
  /** Calls whenever one of these read models has moved, or may have while nobody listened. The answer ends the watch. */
  watch(models: readonly string[], moved: () => void): () => void
  readonly waiting: number
  close(): Promise<void>
}

export interface Waiting {
  readonly databaseUrl: string
  /** What the connection that listens is called. */
  readonly name: string
  readonly waiters_max: number
  readonly wait_ms: number
  readonly retry_ms: number
}

/**
 * One connection listens for all waiters, from the first on. What it is told counts as long as it lives: with it may have ended the server
 * that said so, and the last moves with that. Then, and of models that have not moved since, the checkpoint is looked at.
 */
export function openPositions(
  { databaseUrl, name, waiters_max, wait_ms, retry_ms }: Waiting, positionOf: (model: string) => Promise<bigint | undefined>,
  onLost: (error: unknown) => void,
): Positions {
  const waiters = new Set<Waiter>()
  const watches = new Set<{ readonly models: readonly string[]; readonly moved: () => void }>()
  const closing = new AbortController()
  /** As far as models have moved by what this connection was told. */
  let moved: Map<string, bigint> | undefined
  let listening: Promise<void> | undefined

  const wakeAll = () => {
    for (const waiter of waiters) waiter.wake()
    for (const { moved } of watches) moved()
  }

  const hear = (payload: string | undefined) => {
    const moves = movesIn(payload)
    if (!moves) return wakeAll()
    for (const [model, position] of moves) moved?.set(model, position)
    for (const waiter of waiters) if ((moves.get(waiter.model) ?? -1n) >= waiter.position) waiter.wake()
    for (const { models, moved } of watches) if (models.some((model) => moves.has(model))) moved()
  }

  async function keepListening() {
    while (!closing.signal.aborted) {
      await listen({ databaseUrl, name }, closing.signal, hear, () => {
        moved = new Map()
        // Whatever moved while nobody listened.
        wakeAll()
      }).catch(onLost)
      moved = undefined
      await delay(retry_ms, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  return {
    get waiting() { return waiters.size },

    async reached(model, position) {
      listening ??= keepListening()
      const until_ms = performance.now() + wait_ms
      const waiter: Waiter = { model, position, wake: () => {} }
      for (let isLast = false; ; isLast = performance.now() >= until_ms) {
        // Begun before the look, so that no move between the look and the wait is missed.
        const woken = new Promise<void>((resolve) => { waiter.wake = resolve })
        if (waiters.size >= waiters_max) throw new Problem('READ_MODEL_BEHIND', 'Too many questions are waiting.')
        waiters.add(waiter)
        try {
          const at = (isLast ? undefined : moved?.get(model)) ?? await positionOf(model)
          if (at !== undefined && at >= position) return
          if (isLast) throw new Problem('READ_MODEL_BEHIND', `The read model ${model} is at ${at ?? 'no position'}, not yet at ${position}.`)
          await bounded(woken, Math.max(0, until_ms - performance.now()))
        } finally {
          waiters.delete(waiter)
        }
      }
    },

    watch(models, moved) {
      listening ??= keepListening()
      const watch = { models, moved }
      watches.add(watch)
      return () => watches.delete(watch)
    },

    async close() {
      closing.abort()
      watches.clear()
      wakeAll()
      await listening
    },
  }
}

/** As far as the read model that is shown has got; undefined while there is none. */
export const positionIn = (ask: Prepared) => async (model: string): Promise<bigint | undefined> => {
  const [row] = await ask({ sql: 'select commit::text as commit from checkpoint where model = $1 and active', parameters: [model] })
  return row ? BigInt(row.commit as string) : undefined
}

async function bounded(woken: Promise<void>, limit_ms: number) {
  const limit = new AbortController()
  await Promise.race([woken, delay(limit_ms, undefined, { signal: limit.signal }).catch(() => {})])
  limit.abort()
}

/** Ends when it is told to, or with the error that ended the connection. */
async function listen(
  { databaseUrl, name }: Pick<Waiting, 'databaseUrl' | 'name'>, signal: AbortSignal, hear: (payload: string | undefined) => void, begin: () => void,
) {
  const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true, connectionTimeoutMillis: 2_000, application_name: name })
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>()
  ended.catch(() => {})
  const stop = () => end()
  client.on('end', stop).on('error', fail)
  signal.addEventListener('abort', stop)
  client.on('notification', ({ payload }) => hear(payload))
  try {
    await client.connect()
    await client.query(`listen ${channel}`)
    begin()
    await ended
  } finally {
    signal.removeEventListener('abort', stop)
    await client.end().catch(() => {})
  }
}

/** The payload is `{"<model>": "<commit>"}`; anything else tells nothing. */
function movesIn(payload: string | undefined): ReadonlyMap<string, bigint> | undefined {
  try {
    return new Map(Object.entries<string>(JSON.parse(payload ?? '')).map(([model, commit]) => [model, BigInt(commit)]))
  } catch {
    return undefined
  }
}
