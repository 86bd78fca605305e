import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { sqlTypes } from 'shared-service/sql-types.ts'
import { migrations } from '../migrations.ts'

const service = 'command-service'
/** Serialises migrations of all services over one database. */
const migration_lock = 7_236_001

interface Connecting {
  readonly connections_max?: number
  readonly statement_ms?: number
  readonly onConnect?: (client: pg.ClientBase) => Promise<void>
}

/** Connects when it is first asked. */
export function connections(url: string, onError: (error: Error) => void, { connections_max = 10, statement_ms = 10_000, onConnect }: Connecting = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url, types: sqlTypes, max: connections_max, connectionTimeoutMillis: 5_000, application_name: service, keepAlive: true,
    // The server ends a slow statement; this ends the wait for a server that is gone.
    statement_timeout: statement_ms, query_timeout: statement_ms + 5_000, ...(onConnect && { onConnect }),
  })
  // A connection that the server ends, idle or in use, would otherwise end this process. It says so itself.
  return pool.on('error', () => undefined).on('connect', (client) => client.on('error', onError))
}

export const over = (pool: pg.Pool): Kysely<any> => new Kysely({ dialect: new PostgresDialect({ pool }) })

export const database = (...of: Parameters<typeof connections>): Kysely<any> => over(connections(...of))

export async function migrate(db: Kysely<any>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${migration_lock})`.execute(trx)
    await sql`create table if not exists migration (service text, number int, at timestamptz not null default now(), primary key (service, number))`.execute(trx)
    const done = await trx.selectFrom('migration').select('number').where('service', '=', service).execute()
    for (const [index, migration] of migrations.entries()) {
      if (done.some(({ number }) => number === index + 1)) continue
      await migration(trx)
      await trx.insertInto('migration').values({ service, number: index + 1 }).execute()
    }
  })
}
