import { FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'
import type { Pool, PoolClient } from 'pg'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { completion } from './completion.ts'
import { migrating } from './migrations.ts'
import type { Followed, Projector } from './projector.ts'
import { makeWalled, removal, views } from './search.ts'
import { creation, tableOf, type Table } from './tables.ts'

interface Checkpoint {
  readonly name: string
  readonly model: string
  readonly version: number
  readonly commit: string
  readonly store: string
}

/** The identity of a log: the id of its very first event. */
export async function identityOf(client: EventStoreDBClient): Promise<string> {
  let identity: string | undefined
  // Read to the end: a read that is left early keeps the client from ending.
  for await (const { event } of heard(client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1 }))) identity = event?.id
  if (identity !== undefined) return identity
  throw new Error('the event store holds nothing yet, not even an event of its own: try again in a moment')
}

/**
 * Makes ready what the models need. Those that were never built start at the beginning of the log, all together; those whose version
 * changed stay as they are until they are rebuilt: they are returned. Throws one sentence where the tables do not fit.
 */
export const prepare = (pool: Pool, projector: Projector, models: readonly ReadModel[], store: string) => migrating(pool, async (db) => {
  const { rows: checkpoints } = await db.query<Checkpoint>('select name, model, version, commit, store from checkpoint')
  const foreign = checkpoints.find((checkpoint) => checkpoint.store !== store)
  if (foreign) {
    throw new Error(`the read models in this database were built from another log (${foreign.store}, this one is ${store}): `
      + 'point EVENTSTORE_URL to that log, or use an empty database')
  }
  const { rows: parked } = await db.query<{ model: string; stream: string }>('select model, stream from parked')
  const outdated: ReadModel[] = []
  for (const model of models) {
    const checkpoint = checkpoints.find((checkpoint) => checkpoint.model === model.name)
    if (!checkpoint) projector.follow(model, await made(db, tableOf(model), store), [])
    else if (checkpoint.version !== model.version) outdated.push(model)
    else {
      await check(db, tableOf(model, checkpoint.name))
      await makeWalled(db, tableOf(model, checkpoint.name))
      projector.follow(model, BigInt(checkpoint.commit), parked.filter((row) => row.model === model.name).map(({ stream }) => stream), checkpoint.name)
    }
  }
  return outdated
})

async function made(db: PoolClient, table: Table, store: string): Promise<bigint> {
  await db.query(creation(table))
  await db.query(completion(table))
  await db.query(views(table))
  await db.query('insert into checkpoint (name, model, version, active, commit, prepare, store) values ($1, $2, $3, true, -1, -1, $4)',
    [table.name, table.model.name, table.model.version, store])
  return -1n
}

/** Drops the tables that a rebuild left half built when its process was killed. Only whoever leads may, since others may be building. */
export const dropHalfBuilt = (pool: Pool, models: readonly ReadModel[]): Promise<void> => migrating(pool, async (db) => {
  const { rows } = await db.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = current_schema() and tablename ~ $1
     and tablename not in (select name from checkpoint)`, [`^(${models.map(({ name }) => name).join('|')})_v[0-9]`])
  for (const { name } of rows) await db.query(removal(name))
})

/** A table that is not what the declaration says would fail later, in the middle of things. */
async function check(db: PoolClient, { name, model, columns }: Table) {
  const { rows } = await db.query<{ name: string; type: string; nullable: boolean }>(
    `select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`, [`"${name}"`])
  const text = (columns: readonly { name: string; type: string; nullable: boolean }[]) => columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? '' : ' not null'}`).join(', ')
  const wanted = text(columns.map(({ name, type, isNullable }) => ({ name, type: type === 'timestamptz(3)' ? 'timestamp(3) with time zone' : type, nullable: isNullable })))
  if (text(rows) !== wanted) {
    throw new Error(`the read model ${model.name} has changed but is still version ${model.version}: give it version ${model.version + 1}, `
      + `so that it is built anew beside the old one. The table has (${text(rows)}), the declaration says (${wanted})`)
  }
}

export const followedBy = (projector: Projector, model: string): Followed | undefined => projector.models.find((one) => one.model.name === model)
