import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { held } from './refused.ts'
import { deletion, upsert, type Given, type Table } from './tables.ts'

/** What a batch makes of one table. */
export interface Written {
  readonly table: Table
  readonly put: readonly Row[]
  readonly removed: readonly Row[]
}

export interface Checkpoint {
  readonly table: Table
  readonly position: bigint
}

interface Part {
  readonly table: Table
  readonly rows: readonly Row[]
  readonly sql: (table: Table, given: Given) => string
}

interface Statement {
  readonly name?: string
  readonly text: string
}

/** What is stored is not what is in memory. */
export class Moved extends Error {
  constructor() {
    super('another projector moved a checkpoint, or a crash of Postgres took it back')
  }
}

/** Statements that Postgres keeps for a session; those that come later are planned each time. */
const statements_max = 100

/**
 * Writes batches, each by one statement: it moves the checkpoints on, writes the rows of those models whose checkpoint stood where it
 * was thought to be, and tells who listens. Which tables take part differs from batch to batch; each such choice is planned once.
 */
export class Writing {
  readonly #statements = new Map<string, Statement>()

  /** Throws `Moved` when a checkpoint stands elsewhere: nothing of that model is written then. */
  async write(db: Pool | PoolClient, checkpoints: readonly Checkpoint[], position: bigint, written: readonly Written[]): Promise<void> {
    if (checkpoints.length === 0) return
    const parts = written.flatMap(partsOf)
    const { rows: [moved] } = await held(db.query<{ count: number }>({
      ...this.#statement(parts),
      values: [
        checkpoints.map(({ table }) => table.name), checkpoints.map((one) => String(one.position)), String(position),
        ...parts.map(({ rows }) => JSON.stringify(rows)),
      ],
    }))
    if (moved?.count !== checkpoints.length) throw new Moved()
  }

  #statement(parts: readonly Part[]): Statement {
    const key = parts.map(({ table, sql }) => `${sql.name} ${table.name}`).join(', ')
    const known = this.#statements.get(key)
    if (known) return known
    const text = textOf(parts)
    if (this.#statements.size === statements_max) return { text }
    // The session may outlive this: the same name must mean the same.
    const statement = { name: `batch ${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text }
    this.#statements.set(key, statement)
    return statement
  }
}

const partsOf = ({ table, put, removed }: Written): readonly Part[] => [
  ...put.length > 0 ? [{ table, rows: put, sql: upsert }] : [], ...removed.length > 0 ? [{ table, rows: removed, sql: deletion }] : [],
]

const textOf = (parts: readonly Part[]): string => `with moved as (
    update checkpoint set commit = $3, prepare = $3, updated_at = now() from unnest($1::text[], $2::bigint[]) as old(name, commit)
    where checkpoint.name = old.name and checkpoint.commit = old.commit returning checkpoint.name, checkpoint.model)${
  parts.map(({ table, sql }, n) => `,
  part_${n} as (${sql(table, { parameter: n + 4, condition: `exists (select from moved where moved.name = '${table.name}')` })})`).join('')}
  select count(*)::int as count, pg_notify('baton_position', json_object_agg(model, $3::text)::text) from moved`
