import { Client } from 'pg'

/** Runs `lead` while this process holds the lock; another replica that waits takes over when the connection that holds it ends. */
export async function whileLeader(databaseUrl: string, lock: number, signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>, warn: (error: unknown) => void) {
  while (!signal.aborted) {
    const client = new Client({ connectionString: databaseUrl, application_name: 'projection-service leader', connectionTimeoutMillis: 5_000 })
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
      await client.end().catch(() => undefined)
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
