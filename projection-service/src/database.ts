import type { FastifyBaseLogger } from 'fastify'
import { Pool, type PoolConfig } from 'pg'
import { asWritten } from './tables.ts'

export interface Database {
  /** For whatever must be there after a crash of Postgres once it was answered: migrations, rebuilds, what operators decide. */
  readonly pool: Pool
  /** The one connection that takes facts. */
  readonly session: Pool
  close(): Promise<void>
}

/**
 * What this session commits may be lost in a crash of Postgres, in order and from the end, and the checkpoint with its rows: the log
 * still has it, and it is taken again. Nobody waits for a disk meanwhile. Rows are always found by their keys, and statements are
 * planned once, maybe while a table is still empty: no plan may read one from end to end.
 */
const settings = `set synchronous_commit = off; set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off`

export function openDatabase(connectionString: string, name: string, log: FastifyBaseLogger): Database {
  const common: PoolConfig = { connectionString, connectionTimeoutMillis: 5_000, keepAlive: true, types: asWritten as never, application_name: name }
  const pool = new Pool({ ...common, max: 5 })
  const session = new Pool({ ...common, max: 1, onConnect: async (client) => void await client.query(settings) })
  const lost = (error: Error) => log.warn({ err: error }, 'a connection was lost')
  // A connection that the server ends, idle or in use, would otherwise end this process. It says so itself.
  for (const one of [pool, session]) one.on('error', () => undefined).on('connect', (client) => client.on('error', lost))
  return { pool, session, close: async () => { await Promise.all([pool.end(), session.end()]) } }
}
