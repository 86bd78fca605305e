import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'

/** After so much silence the connection is asked whether it is still there. */
const keepAlive_ms = 10_000
/** How long the other side may take to take its leave. */
const leave_ms = 2_000

/** Runs `lead` while this process holds the lock; another replica that waits takes over when the connection that holds it ends. */
export async function whileLeader(databaseUrl: string, lock: number, signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>, warn: (error: unknown) => void) {
  while (!signal.aborted) {
    const client = new Client({
      connectionString: databaseUrl, application_name: 'projection-service leader', connectionTimeoutMillis: 5_000, keepAlive: true, keepAliveInitialDelayMillis: keepAlive_ms,
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

/** Waits, at most until the signal. */
export const pause = (wait_ms: number, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (signal.aborted) return resolve()
  const done = () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', done)
    resolve()
  }
  const timer = setTimeout(done, wait_ms)
  signal.addEventListener('abort', done, { once: true })
})
