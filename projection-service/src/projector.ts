import { EventStoreDBClient, FORWARDS } from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Pool, PoolClient } from 'pg'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { type Definitions } from 'shared-domain/kernel/stored.ts'
import { copy } from './copying.ts'
import { received, type Received } from './facts.ts'
import { Fold, type Misfit } from './fold.ts'
import { savepoint, transaction } from './migrations.ts'
import { byHalves, held, Refused } from './refused.ts'
import { deletion, selection, tableOf, upsert, type Table } from './tables.ts'
import { Writing, type Written } from './writing.ts'

export interface Followed {
  readonly model: ReadModel
  readonly table: Table
  readonly fold: Fold
  /** Everything up to this position is in the table; -1 before the first fact. */
  position: bigint
  /** Streams that wait behind a fact that did not fit. */
  readonly parked: Set<string>
}

export interface Batch {
  readonly events: readonly Received[]
  /** Everything up to here has been looked at, whether it was of interest or not. */
  readonly position: bigint
}

interface Parts {
  readonly pool: Pool
  /** The one connection that takes facts. */
  readonly session: Pool
  readonly log: FastifyBaseLogger
  readonly rowsCached_max: number
}

type Work = ReturnType<Fold['net']> & { readonly followed: Followed }

/** From so many rows on COPY costs less than the rows as one parameter. */
const copied_min = 50

/** Writes facts into the tables of read models: rows and checkpoints together, most batches by one statement. */
export class Projector {
  readonly models: Followed[] = []
  readonly #pool: Pool
  readonly #session: Pool
  readonly #writing = new Writing()
  readonly #log: FastifyBaseLogger
  readonly #cache: LRUCache<string, Row>
  #turn: Promise<unknown> = Promise.resolve()
  facts = 0
  misfits = 0

  constructor({ pool, session, log, rowsCached_max }: Parts) {
    this.#pool = pool
    this.#session = session
    this.#log = log
    this.#cache = new LRUCache({ max: rowsCached_max })
  }

  follow(model: ReadModel, position: bigint, parked: readonly string[], name?: string): Followed {
    const table = tableOf(model, name)
    const followed = { model, table, fold: new Fold(table, this.#cache), position, parked: new Set(parked) }
    this.models.push(followed)
    return followed
  }

  /** Runs one thing at a time: batches, retries, the switch to a rebuilt table. */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run, run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Takes a batch into every model that is not past it yet. Throws when somebody else moved a checkpoint. */
  take(batch: Batch): Promise<void> {
    return this.exclusively(async () => {
      const behind = this.models.filter(({ position }) => position < batch.position)
      const newFor = ({ position }: Followed) => batch.events.filter((event) => event.position > position)
      await this.#atOnce(behind, newFor, batch.position).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error
        return transaction(this.#session, async (db) => {
          for (const followed of behind) await this.#bitByBit(db, followed, newFor(followed))
          await this.#writing.write(db, behind, batch.position, [])
        })
      })
      for (const followed of behind) followed.position = batch.position
      this.facts += batch.events.length
    })
  }

  async #atOnce(behind: readonly Followed[], newFor: (followed: Followed) => readonly Received[], position: bigint) {
    const work: Work[] = []
    for (const followed of behind) work.push(await this.#folded(this.#session, followed, newFor(followed)))
    const copied = work.filter(({ followed: { model }, put }) => model.isAppendOnly && put.length >= copied_min)
    const said = work.filter((one) => !copied.includes(one)).map(writtenOf)
    if (copied.length === 0 && work.every(({ waiting }) => waiting.size === 0)) {
      await this.#writing.write(this.#session, behind, position, said)
    } else {
      await transaction(this.#session, async (db) => {
        await this.#writing.write(db, behind, position, said)
        for (const { followed: { table }, put } of copied) await held(copy(db, table, table.name, put))
        for (const one of work) await this.#park(db, one)
      })
    }
    for (const one of work) this.#settle(one)
  }

  /** Takes facts of which the table may refuse some, and says which did not fit. */
  async #bitByBit(db: PoolClient, followed: Followed, events: readonly Received[]): Promise<readonly Misfit[]> {
    const misfits: Misfit[] = []
    await byHalves(events, (part) => savepoint(db, async () => {
      const work = await this.#folded(db, followed, part)
      const { table, put, removed } = writtenOf(work)
      if (put.length > 0) await held(db.query(upsert(table), [JSON.stringify(put)]))
      if (removed.length > 0) await held(db.query(deletion(table), [JSON.stringify(removed)]))
      await this.#park(db, work)
      this.#settle(work)
      misfits.push(...work.misfits)
    }))
    return misfits
  }

  async #folded(db: Pool | PoolClient, followed: Followed, events: readonly Received[]): Promise<Work> {
    const { table, fold, parked } = followed
    const plan = fold.steps(events, (stream) => parked.has(stream))
    const missing = fold.missing(plan.steps)
    if (missing.length > 0) {
      fold.learn((await held(db.query<Row>({ name: `rows of ${table.name}`, text: selection(table), values: [JSON.stringify(missing)] }))).rows)
    }
    return { ...fold.net(plan), followed }
  }

  /** What is in memory follows what is written. */
  #settle({ followed, keep, misfits, waiting }: Work) {
    keep()
    for (const stream of waiting.keys()) followed.parked.add(stream)
    for (const misfit of misfits) this.#complain(followed, misfit)
  }

  /** Notes which facts did not fit, and how many wait behind them. */
  async #park(db: PoolClient, { followed: { model }, misfits, waiting }: Work) {
    for (const { event, error } of misfits) {
      await db.query('insert into parked (model, stream, position, revision, event_id, error) values ($1, $2, $3, $4, $5, $6) on conflict do nothing',
        [model.name, event.stream, String(event.position), event.revision, event.eventId, error])
    }
    const late = [...waiting].filter(([, count]) => count > 0)
    if (late.length > 0) {
      await db.query('update parked set waiting = waiting + w.count from unnest($2::text[], $3::bigint[]) as w(stream, count) where model = $1 and parked.stream = w.stream',
        [model.name, late.map(([stream]) => stream), late.map(([, count]) => count)])
    }
  }

  #complain({ model }: Followed, { event, error }: Misfit) {
    this.misfits++
    this.#log.error({ model: model.name, stream: event.stream, revision: event.revision, event: event.eventId, error },
      'a fact does not fit: its stream is parked for this read model. See GET /parked; retry or skip it there.')
  }

  /** Takes a parked stream up again where it stopped; with a reason, without the fact that stopped it. */
  unpark(client: EventStoreDBClient, definitions: Definitions, modelName: string, stream: string, skipReason?: string): Promise<Unparked> {
    return this.exclusively(async () => {
      const followed = this.models.find(({ model }) => model.name === modelName)
      const { rows: [row] } = await this.#pool.query<{ position: string; revision: string; event_id: string }>(
        'select position, revision, event_id from parked where model = $1 and stream = $2', [modelName, stream])
      if (!followed || !row) return { isFound: false } as const
      const events = await eventsOf(client, definitions, stream, BigInt(row.revision), followed.position)
      const wanted = skipReason === undefined ? events : events.filter(({ eventId }) => eventId !== row.event_id)
      followed.parked.delete(stream)
      return transaction(this.#pool, async (db) => {
        // What is in memory counts as long as it is what is stored: a crash of Postgres may have taken the last batches back.
        await this.#writing.write(db, [followed], followed.position, [])
        await db.query('delete from parked where model = $1 and stream = $2', [modelName, stream])
        if (skipReason !== undefined) {
          await db.query('insert into skipped (model, stream, position, event_id, reason) values ($1, $2, $3, $4, $5) on conflict do nothing',
            [modelName, stream, row.position, row.event_id, skipReason])
        }
        const [misfit] = await this.#bitByBit(db, followed, wanted)
        return { isFound: true, error: misfit?.error } as const
      }).catch((error: unknown) => {
        // Nothing was written, whatever has been settled on the way.
        this.#cache.clear()
        followed.parked.add(stream)
        throw error
      })
    })
  }
}

const writtenOf = ({ followed: { table }, put, removed }: Work): Written => ({ table, put, removed })

export type Unparked = { readonly isFound: false } | { readonly isFound: true; readonly error: string | undefined }

async function eventsOf(client: EventStoreDBClient, definitions: Definitions, stream: string, fromRevision: bigint, until: bigint): Promise<Received[]> {
  const events: Received[] = []
  for await (const { event } of heard(client.readStream(stream, { direction: FORWARDS, fromRevision }))) {
    if (event?.position && event.position.commit <= until) events.push(received(event as never, definitions))
  }
  return events
}
