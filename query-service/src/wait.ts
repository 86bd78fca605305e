import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Config } from './config.ts'
import type { Database } from './database.ts'
import { Problem } from 'shared-service/problems.ts'

const channel = 'baton_position'

interface Waiter {
  readonly model: string
  readonly position: bigint
  wake: () => void
}

export interface Positions {
  /** Returns once the read model has taken every fact up to this position in; refuses with READ_MODEL_BEHIND after a bounded wait. */
  reached(model: string, position: bigint): Promise<void>
  readonly waiting: number
  close(): Promise<void>
}

/** One connection listens for all waiters. A notification only wakes: what counts is what the checkpoint says when it is looked at. */
export function openPositions(
  config: Pick<Config, 'databaseUrl' | 'waiters_max' | 'wait_ms' | 'retry_ms'>,
  { positionOf }: Pick<Database, 'positionOf'>,
  onLost: (error: unknown) => void,
): Positions {
  const waiters = new Set<Waiter>()
  const closing = new AbortController()

  const wake = (moved: ReadonlyMap<string, bigint> | 'all') => {
    for (const waiter of waiters) if (moved === 'all' || (moved.get(waiter.model) ?? -1n) >= waiter.position) waiter.wake()
  }

  const listening = (async () => {
    while (!closing.signal.aborted) {
      await listen(config.databaseUrl, closing.signal, wake).catch(onLost)
      await delay(config.retry_ms, undefined, { signal: closing.signal }).catch(() => {})
    }
  })()

  return {
    get waiting() { return waiters.size },

    async reached(model, position) {
      const until_ms = performance.now() + config.wait_ms
      const waiter: Waiter = { model, position, wake: () => {} }
      for (;;) {
        // Begun before the look, so that no move between the look and the wait is missed.
        const woken = new Promise<void>((resolve) => { waiter.wake = resolve })
        if (waiters.size >= config.waiters_max) throw new Problem('READ_MODEL_BEHIND', 'Too many questions are waiting.')
        waiters.add(waiter)
        try {
          const now = await positionOf(model)
          if (now !== undefined && now >= position) return
          const left_ms = until_ms - performance.now()
          if (left_ms <= 0) {
            throw new Problem('READ_MODEL_BEHIND', `The read model ${model} is at ${now ?? 'no position'}, not yet at ${position}.`)
          }
          await bounded(woken, left_ms)
        } finally {
          waiters.delete(waiter)
        }
      }
    },

    async close() {
      closing.abort()
      wake('all')
      await listening
    },
  }
}

async function bounded(woken: Promise<void>, limit_ms: number) {
  const limit = new AbortController()
  await Promise.race([woken, delay(limit_ms, undefined, { signal: limit.signal }).catch(() => {})])
  limit.abort()
}

/** Ends when it is told to, or with the error that ended the connection. */
async function listen(connectionString: string, signal: AbortSignal, wake: (moved: ReadonlyMap<string, bigint> | 'all') => void) {
  const client = new pg.Client({
    connectionString, keepAlive: true, connectionTimeoutMillis: 2_000, application_name: 'baton-query-listen',
  })
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>()
  ended.catch(() => {})
  const stop = () => end()
  client.on('end', stop).on('error', fail)
  signal.addEventListener('abort', stop)
  client.on('notification', ({ payload }) => wake(movesIn(payload)))
  try {
    await client.connect()
    await client.query(`listen ${channel}`)
    // Whatever moved while nobody listened.
    wake('all')
    await ended
  } finally {
    signal.removeEventListener('abort', stop)
    await client.end().catch(() => {})
  }
}

/** The payload is `{"<model>": "<commit>"}`; anything else wakes everybody, who look for themselves. */
function movesIn(payload: string | undefined): ReadonlyMap<string, bigint> | 'all' {
  try {
    return new Map(Object.entries<string>(JSON.parse(payload ?? '')).map(([model, commit]) => [model, BigInt(commit)]))
  } catch {
    return 'all'
  }
}
