import type { Pool, PoolClient } from 'pg'
import { deliveryTables } from './deliver/delivery-tables.ts'
import { foundation, walled } from 'shared-service/wall.ts'

const service = 'projection-service'
/** Serialises migrations of all services over one database. */
const migration_lock = 7_236_001

/** The projection service's own tables. Numbered, applied once, never edited. */
const migrations: readonly string[] = [
  `create table checkpoint (
     name text primary key, model text not null, version integer not null, active boolean not null, commit bigint not null, prepare bigint not null,
     store text not null, updated_at timestamptz not null default now());
   create unique index checkpoint_active on checkpoint (model) where active;
   create table parked (
     model text not null, stream text not null, position bigint not null, revision bigint not null, event_id uuid not null, error text not null,
     since timestamptz not null default now(), waiting bigint not null default 0, primary key (model, stream));
   create table skipped (
     model text not null, stream text not null, position bigint not null, event_id uuid not null, reason text not null,
     at timestamptz not null default now(), primary key (model, event_id));
   create table announced (store text primary key, commit bigint not null)`,
  // What was remembered without its stream says nothing: the stream is looked at from its beginning once.
  'alter table announced add stream text, add sequence bigint',
  // Both come with Postgres (contrib) and are trusted: whoever may create tables may create them.
  `create extension if not exists pg_trgm; create extension if not exists btree_gin`,
  `${foundation}; ${walled('checkpoint', 'checkpoint', 'everybody')}`,
  deliveryTables,
]

/** A transaction that makes or changes tables: one at a time, whoever starts at the same moment. */
export const migrating = <T>(pool: Pool, run: (db: PoolClient) => Promise<T>): Promise<T> => transaction(pool, async (db) => {
  await db.query('select pg_advisory_xact_lock($1)', [migration_lock])
  return run(db)
})

export async function migrate(pool: Pool): Promise<void> {
  await migrating(pool, async (db) => {
    await db.query('create table if not exists migration (service text, number int, at timestamptz not null default now(), primary key (service, number))')
    const { rows } = await db.query<{ number: number }>('select number from migration where service = $1', [service])
    for (const [index, migration] of migrations.entries()) {
      if (rows.some(({ number }) => number === index + 1)) continue
      await db.query(migration)
      await db.query('insert into migration (service, number) values ($1, $2)', [service, index + 1])
    }
  })
}

export async function transaction<T>(pool: Pool, run: (db: PoolClient) => Promise<T>): Promise<T> {
  const db = await pool.connect()
  try {
    await db.query('begin')
    const result = await run(db)
    await db.query('commit')
    db.release()
    return result
  } catch (error) {
    // A connection whose transaction cannot even be taken back is not used again.
    await db.query('rollback').then(() => db.release(), () => db.release(true))
    throw error
  }
}

/** What fails in it is taken back; the transaction that it is a part of goes on. */
export async function savepoint<T>(db: PoolClient, run: () => Promise<T>): Promise<T> {
  await db.query('savepoint part')
  try {
    return await run()
  } catch (error) {
    await db.query('rollback to savepoint part')
    throw error
  }
}
