import { isDeepStrictEqual } from 'node:util'
import type { EventStoreDBClient } from '@eventstore/db-client'
import { Client } from 'pg'
import { readModels } from 'shared-domain/catalogue.ts'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import type { Entry } from 'shared-domain/kernel/stored.ts'
import { asWritten, numbersOf } from '../../projection-service/src/tables.ts'
import { Fold, keyText, placeIn, type Folded } from './fold.ts'
import { entryAt, facts, Unreadable } from './log.ts'

export interface Difference {
  readonly model: string
  readonly key: string
  /** A column, or what is wrong with the row as a whole. */
  readonly what: string
  readonly replay: unknown
  readonly table: unknown
  /** The fact that made the replayed row what it is, or the one before it came to be. */
  readonly event: { readonly id: string; readonly type: string; readonly stream: string; readonly revision: number; readonly position: string } | undefined
}

export interface Verified {
  readonly model: string
  readonly position: string
  readonly rows: number
  readonly difference: Difference | undefined
  /** Streams whose facts this model does not take for now, by themselves reason enough to look. */
  readonly parked: readonly string[]
}

export interface Verification {
  readonly events: number
  readonly elapsed_ms: number
  readonly models: readonly Verified[]
}

interface Table {
  readonly model: ReadModel
  readonly position: bigint
  readonly parked: ReadonlyMap<string, bigint>
  readonly skipped: ReadonlySet<string>
}

const page = 5_000

/**
 * Compares every read model with a replay of the log up to the model's own position. One snapshot of the database serves all, so that
 * it does not matter what is written meanwhile. Memory: the rows of the models that are verified.
 */
export async function verify(
  client: EventStoreDBClient, databaseUrl: string, names: readonly string[], onProgress: (position: bigint, end: bigint) => void = () => undefined,
): Promise<Verification> {
  const started_ms = performance.now()
  const db = new Client({ connectionString: databaseUrl, types: asWritten, application_name: 'baton audit' })
  await db.connect()
  try {
    await db.query('begin isolation level repeatable read read only')
    const tables = await tablesOf(db, names.length > 0 ? readModels.filter(({ name }) => names.includes(name)) : readModels)
    const end = tables.reduce((a, { position }) => (position > a ? position : a), 0n)
    const folds = tables.map((table) => ({ table, fold: new Fold(table.model) }))
    const concerned = byType(folds, ({ table: { model } }) => model)
    let events = 0
    for await (const entry of facts(client, { position: end }, (error) => unread(error, tables))) {
      const position = BigInt(entry.fact.position)
      for (const { table, fold } of concerned(entry.fact.type)) if (reached(table, entry, position)) fold.take(entry.fact)
      if (++events % 1_000 === 0) onProgress(position, end)
    }
    onProgress(end, end)
    const models = []
    for (const { table, fold } of folds) models.push(await compared(client, db, table, fold))
    return { events, elapsed_ms: performance.now() - started_ms, models }
  } finally {
    await db.end()
  }
}

/** A fact that nobody can read is no difference as long as every model has parked or skipped it; else the tables cannot be right. */
function unread(error: Unreadable, tables: readonly Table[]): void {
  const isKnown = ({ parked, skipped, position }: Table) => error.position > position || skipped.has(error.eventId) || (parked.get(error.stream) ?? error.position + 1n) <= error.position
  if (!tables.every(isKnown)) throw error
}

const reached = ({ position, parked, skipped }: Table, { fact, provenance }: Entry, at: bigint): boolean =>
  at <= position && (parked.size === 0 || at < (parked.get(`${fact.category}-${fact.id}`) ?? at + 1n)) && !skipped.has(provenance.eventId)

/** Those whose model a fact of this type can change. */
function byType<T>(all: readonly T[], modelOf: (one: T) => ReadModel) {
  const known = new Map<string, readonly T[]>()
  return (type: string): readonly T[] => {
    let found = known.get(type)
    if (!found) known.set(type, found = all.filter((one) => modelOf(one).every ?? modelOf(one).project[type]))
    return found
  }
}

async function tablesOf(db: Client, models: readonly ReadModel[]): Promise<readonly Table[]> {
  const checkpoints = await db.query<{ model: string; commit: string }>('select model, commit from checkpoint where active')
  const parked = await db.query<{ model: string; stream: string; position: string }>('select model, stream, position from parked')
  const skipped = await db.query<{ model: string; event_id: string }>('select model, event_id from skipped')
  return models.map((model) => {
    const checkpoint = checkpoints.rows.find((row) => row.model === model.name)
    if (!checkpoint) throw new Error(`the read model ${model.name} has not been built: start the projection service first`)
    return {
      model, position: BigInt(checkpoint.commit),
      parked: new Map(parked.rows.filter((row) => row.model === model.name).map(({ stream, position }) => [stream, BigInt(position)])),
      skipped: new Set(skipped.rows.filter((row) => row.model === model.name).map(({ event_id }) => event_id)),
    }
  })
}

async function compared(client: EventStoreDBClient, db: Client, { model, position, parked }: Table, { rows: left }: Fold): Promise<Verified> {
  const numbers = numbersOf(model)
  let [rows, found] = [0, undefined as Found | undefined]
  await db.query(`declare audit no scroll cursor for select * from "${model.name}"`)
  for (;;) {
    const read = await db.query<Record<string, unknown>>(`fetch ${page} from audit`)
    if (read.rows.length === 0) break
    rows += read.rows.length
    for (const row of read.rows) {
      for (const column of numbers) row[column] = Number(row[column])
      const place = placeIn(model, row.organization, row)
      const expected = left.get(place)
      left.delete(place)
      if (found) continue
      if (!expected) found = { what: 'row', expected, table: row }
      else {
        const what = differing(expected, row)
        if (what !== undefined) found = { what, expected, table: row }
      }
    }
  }
  await db.query('close audit')
  const [missing] = left.values()
  if (missing) found ??= { what: 'row', expected: missing, table: undefined }
  return { model: model.name, position: String(position), rows, difference: found && await told(client, model, found), parked: [...parked.keys()] }
}

interface Found {
  readonly what: string
  readonly expected: Folded | undefined
  readonly table: Row | undefined
}

/** The first column, if any, that is not the same. */
function differing({ organization, row }: Folded, table: Row): string | undefined {
  let columns = 1
  for (const column in table) {
    if (column === 'organization') {
      if (table[column] !== organization) return column
      continue
    }
    columns++
    if (row[column] !== table[column] && !isDeepStrictEqual(row[column], table[column])) return column
  }
  return Object.keys(row).length < columns ? undefined : Object.keys(row).find((column) => row[column] !== undefined && !(column in table))
}

async function told(client: EventStoreDBClient, model: ReadModel, { what, expected, table }: Found): Promise<Difference> {
  const shown = (row: Row | undefined) => (what === 'row' ? row : row?.[what])
  const replay = expected && { ...expected.row, organization: expected.organization }
  const row = replay ?? table!
  return {
    model: model.name, key: keyText(model, row.organization, row), what, replay: shown(replay), table: shown(table),
    event: expected && eventOf(await entryAt(client, BigInt(expected.position))),
  }
}

const eventOf = ({ fact, provenance }: Entry) =>
  ({ id: provenance.eventId, type: fact.type, stream: `${fact.category}-${fact.id}`, revision: fact.revision, position: fact.position })
