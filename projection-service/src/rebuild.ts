import type { EventStoreDBClient } from '@eventstore/db-client'
import type { Pool, PoolClient } from 'pg'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { completion } from './completion.ts'
import { copy } from './copying.ts'
import type { Received } from './facts.ts'
import { Fold, type Net } from './fold.ts'
import { batches } from './follow.ts'
import { followedBy } from './models.ts'
import type { Projector } from './projector.ts'
import { byHalves, held, Refused } from './refused.ts'
import { removal, views } from './search.ts'
import { creation, deletion, selection, tableOf, upsert, upsertFrom, type Table } from './tables.ts'

/** Rows held in memory before they go to the table. */
const rows_max = 100_000
const batch_max = 500

interface Parts {
  readonly client: EventStoreDBClient
  readonly pool: Pool
  readonly projector: Projector
  readonly categories: readonly string[]
  readonly definitions: Definitions
  readonly store: string
  readonly signal: AbortSignal
}

export interface Rebuilt {
  readonly facts: number
  /** Rows written: one that was written again counts again. */
  readonly rows: number
  readonly elapsed_ms: number
}

/**
 * Builds a read model anew from the start of the log into a table of its own, beside the one in use, and switches to it. The whole log
 * is folded in memory, as far as it fits, and goes to the table by COPY; where the table refuses a row of it, all is done again bit by bit.
 */
export const rebuild = (parts: Parts, model: ReadModel): Promise<Rebuilt> => built(parts, model, false).catch((error: unknown) => {
  if (error instanceof Refused) return built(parts, model, true)
  throw error
})

async function built(parts: Parts, model: ReadModel, isBitByBit: boolean): Promise<Rebuilt> {
  const { client, pool, projector, categories, definitions, signal } = parts
  const started_ms = performance.now()
  const table = tableOf(model, `${model.name}_v${model.version}_${Date.now().toString(36)}`)
  const build = new Build(table)
  const reading = new AbortController()
  signal.throwIfAborted()
  const db = await pool.connect()
  try {
    await db.query(creation(table))
    if (isBitByBit) await db.query(completion(table))
    const { rows } = await db.query<{ id: string }>('select event_id as id from skipped where model = $1', [model.name])
    const skipped = new Set(rows.map(({ id }) => id))
    let position = -1n
    const target = () => projector.models.reduce((max, { position }) => (position > max ? position : max), 0n)
    const source = batches({
      client, categories, definitions, from: position, batch_max, signal: AbortSignal.any([signal, reading.signal]),
    })
    for await (const batch of source) {
      // What an operator has skipped stays skipped, until its row in `skipped` is deleted.
      const events = batch.events.filter(({ eventId }) => !skipped.has(eventId))
      await (isBitByBit ? build.takeBitByBit(db, events) : build.take(db, events))
      position = batch.position
      if (position < target()) continue
      // Level with the others: hold them for a moment, so that nothing comes between the last fact here and the switch.
      const isLevel = await projector.exclusively(async () => {
        if (position < target()) return false
        await build.flush(db)
        if (!isBitByBit) await held(db.query(completion(table)))
        await switchTo(db, parts, table, position, [...build.parked])
        const followed = followedBy(projector, model.name)
        if (followed) projector.models.splice(projector.models.indexOf(followed), 1)
        projector.follow(model, position, [...build.parked.keys()], table.name)
        return true
      })
      if (isLevel) reading.abort()
    }
    signal.throwIfAborted()
    return { facts: build.facts, rows: build.rows, elapsed_ms: performance.now() - started_ms }
  } catch (error) {
    await db.query(removal(table.name)).catch(() => undefined)
    throw error
  } finally {
    db.release()
  }
}

/** From here on the new table is the read model; the old one goes. */
async function switchTo(db: PoolClient, { store }: Parts, table: Table, position: bigint, parked: readonly (readonly [string, Received & { error: string; waiting: number }])[]) {
  const { model, name } = table
  await db.query('begin')
  try {
    const { rows: old } = await db.query<{ name: string }>('delete from checkpoint where model = $1 returning name', [model.name])
    await db.query('insert into checkpoint (name, model, version, active, commit, prepare, store) values ($1, $2, $3, true, $4, $4, $5)',
      [name, model.name, model.version, String(position), store])
    await db.query('delete from parked where model = $1', [model.name])
    for (const [stream, { position, revision, eventId, error, waiting }] of parked) {
      await db.query('insert into parked (model, stream, position, revision, event_id, error, waiting) values ($1, $2, $3, $4, $5, $6, $7)',
        [model.name, stream, String(position), revision, eventId, error, waiting])
    }
    await db.query(views(table))
    for (const { name } of old) await db.query(removal(name))
    await db.query(`select pg_notify('baton_position', $1)`, [JSON.stringify({ [model.name]: String(position) })])
    await db.query('commit')
  } catch (error) {
    await db.query('rollback')
    throw error
  }
}

/** The rows of a model that is being built. */
class Build {
  readonly parked = new Map<string, Received & { error: string; waiting: number }>()
  facts = 0
  rows = 0
  readonly #table: Table
  readonly #fold: Fold
  readonly #cache = new Pending()
  #hasFlushed = false

  constructor(table: Table) {
    this.#table = table
    this.#fold = new Fold(table, this.#cache)
  }

  async take(db: PoolClient, events: readonly Received[]) {
    const net = await this.#net(db, events)
    for (const row of net.put) this.#cache.set(this.#fold.placeOf(row), row)
    for (const row of net.removed) this.#cache.remove(this.#fold.placeOf(row), row)
    this.#settle(net, events)
    if (this.#cache.size >= rows_max) await this.flush(db)
  }

  takeBitByBit(db: PoolClient, events: readonly Received[]) {
    this.#hasFlushed = true
    return byHalves(events, async (part) => {
      const net = await this.#net(db, part)
      if (net.put.length > 0) await held(db.query(upsert(this.#table), [JSON.stringify(net.put)]))
      if (net.removed.length > 0) await db.query(deletion(this.#table), [JSON.stringify(net.removed)])
      this.rows += net.put.length
      this.#settle(net, part)
    })
  }

  async #net(db: PoolClient, events: readonly Received[]): Promise<Net> {
    const plan = this.#fold.steps(events, (stream) => this.parked.has(stream))
    const missing = this.#fold.missing(plan.steps)
    if (this.#hasFlushed && missing.length > 0) {
      this.#fold.learn((await held(db.query<Row>(selection(this.#table), [JSON.stringify(missing)]))).rows)
    }
    return this.#fold.net(plan)
  }

  #settle({ misfits, waiting }: Net, events: readonly Received[]) {
    for (const { event, error } of misfits) this.parked.set(event.stream, { ...event, error, waiting: 0 })
    for (const [stream, count] of waiting) this.parked.get(stream)!.waiting += count
    this.facts += events.length
  }

  async flush(db: PoolClient) {
    const { rows, gone } = this.#cache.drain()
    this.rows += rows.length
    if (!this.#hasFlushed) await held(copy(db, this.#table, this.#table.name, rows))
    else {
      await db.query(`create temp table if not exists rebuilt (like "${this.#table.name}")`)
      await held(copy(db, this.#table, 'rebuilt', rows))
      await held(db.query(upsertFrom(this.#table, 'rebuilt')))
      await db.query('truncate rebuilt')
    }
    if (gone.length > 0) await db.query(deletion(this.#table), [JSON.stringify(gone)])
    this.#hasFlushed = true
  }
}

/** Rows since the last flush, in the place of a cache: nothing is forgotten before it is written. */
class Pending {
  readonly #rows = new Map<string, Row>()
  readonly #gone = new Map<string, Row>()

  get size(): number {
    return this.#rows.size + this.#gone.size
  }

  get(place: string): Row | undefined {
    return this.#rows.get(place)
  }

  set(place: string, row: Row) {
    this.#rows.set(place, row)
    this.#gone.delete(place)
    return this
  }

  delete(place: string): boolean {
    return this.#rows.delete(place)
  }

  remove(place: string, row: Row) {
    this.#rows.delete(place)
    this.#gone.set(place, row)
  }

  drain(): { readonly rows: readonly Row[]; readonly gone: readonly Row[] } {
    const drained = { rows: [...this.#rows.values()], gone: [...this.#gone.values()] }
    this.#rows.clear()
    this.#gone.clear()
    return drained
  }
}
