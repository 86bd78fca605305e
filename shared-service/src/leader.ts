import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { pause } from './pause.ts'

/** After so much silence the connection is asked whether it is still there. */
const keepAlive_ms = 10_000
/** How long the other side may take to take its leave. */
const leave_ms = 2_000

export interface Election {
  readonly databaseUrl: string
  /** The advisory lock that whoever leads holds. */
  readonly lock: number
  /** Who asks, as the database shows it. */
  readonly name: string
}

/** Runs `lead` while this process holds the lock; another replica that waits takes over when the connection that holds it ends. */
export async function whileLeader({ databaseUrl, lock, name }: Election, signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>, warn: (error: unknown) => void) {
  while (!signal.aborted) {
    const client = new Client({
      connectionString: databaseUrl, application_name: `${name} leader`, connectionTimeoutMillis: 5_000, keepAlive: true, keepAliveInitialDelayMillis: keepAlive_ms,
    })
    const lost = new AbortController()
    client.on('error', () => lost.abort())
    client.on('end', () => lost.abort())
    try {
      await client.connect()
      const { rows: [row] } = await client.query('select pg_try_advisory_lock($1) as taken', [lock])
      if (row?.taken) await lead(AbortSignal.any([signal, lost.signal]))
    } catch (error) {
      warn(error)
    } finally {
      await Promise.race([client.end().catch(() => undefined), delay(leave_ms, undefined, { ref: false })])
    }
    await pause(1_000, signal)
  }
}
