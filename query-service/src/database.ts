import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Asked, Grounds } from 'shared-domain/kernel/grounds.ts'
import { keys } from 'shared-domain/fleet/key/keys.ts'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { sqlTypes } from 'shared-service/sql-types.ts'
import { shaper } from 'shared-service/columns.ts'
import { rowsFrom } from 'shared-service/grounds.ts'
import { useStatement, type Use } from 'shared-service/key-uses.ts'
import { lookingIn, type Look } from 'shared-service/looking.ts'
import { positionIn } from 'shared-service/positions.ts'
import { prepared } from 'shared-service/prepared.ts'
import { enter } from 'shared-service/wall.ts'
import { Problem } from 'shared-service/problems.ts'
import type { Config } from './config.ts'
import { isPlannedAnew, statementOf, type Slice } from './slice.ts'

interface Found {
  readonly rows: readonly Row[]
  /** Log position up to which every fact is in these rows: read by the statement that read them. */
  readonly position: string
}

export interface Checkpoint {
  readonly model: string
  readonly version: number
  readonly position: string
}

export interface Database {
  ask(model: ReadModel, organization: string, slices: readonly Slice[]): Promise<Found>
  /** The rows that a choice rests on. */
  find(organization: string, asked: Asked): Promise<Grounds>
  /** Rows of the organization, looked for once, or several times as of one moment. */
  readonly look: Look
  /** Keys of the organization in their order, with how they were used: those last used, or made, before an instant. */
  keyUse(organization: string, wanted: { before?: string | undefined; after?: string | undefined; limit: number }): Promise<Found>
  saveUses(uses: readonly Use[]): Promise<unknown>
  /** Of the read models that are being shown. */
  checkpoints(): Promise<readonly Checkpoint[]>
  /** Undefined while the read model has none. */
  positionOf(model: string): Promise<bigint | undefined>
  close(): Promise<void>
}

export function openDatabase(config: Config, onLost: (error: Error) => void): Database {
  const common = {
    connectionString: config.databaseUrl,
    connectionTimeoutMillis: config.statementTimeout_ms,
    statement_timeout: config.statementTimeout_ms,
    // The server ends a slow statement; this ends the wait for a server that is gone.
    query_timeout: config.statementTimeout_ms + 1_000,
    application_name: 'baton-query',
    types: sqlTypes,
  }
  const pool = new pg.Pool({ ...common, max: config.databaseConnections_max, onConnect: enter })
  /** Whoever reads cannot write. */
  const noting = new pg.Pool({ ...common, max: 1 })
  // A connection that the server ends, idle or in use, would otherwise end this process. It says so itself.
  for (const one of [pool, noting]) one.on('error', () => {}).on('connect', (client) => client.on('error', onLost))
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
  const run = prepared(pool)
  const positionOf = positionIn(run)
  const look = lookingIn(pool)
  const find = rowsFrom((statement, organization) => run(statement, { organization }))

  return {
    async ask(model, organization, slices) {
      const rows = await translated(() => run(statementOf(model, organization, slices), { isPlannedAnew: slices.some(isPlannedAnew), organization }))
      return foundIn(rows, model.name, shaper(model))
    },

    async keyUse(organization, { before, after, limit }) {
      const columns = Object.keys(keys.row.shape).filter((column) => column !== 'revoked_at').map((column) => sql.ref(`made.${column}`))
      const statement = sql<Row>`select c.commit::text as "$position", r.*
        from (select min(commit) as commit from checkpoint where model = ${keys.name} and active having count(*) = 1) as c
        left join (select ${sql.join(columns)}, used.last, used.address, coalesce(used.count, 0) as count, true as "$found"
          from ${sql.table(keys.name)} as made left join key_use as used on used.organization = made.organization and used.key = made.key
          where made.organization = ${organization} and made.revoked_at is null
            and (${before ?? null}::timestamptz is null or coalesce(used.last, made.created_at) < ${before ?? null}::timestamptz)
            and (${after ?? null}::uuid is null or made.key > ${after ?? null}::uuid)
          order by made.key limit ${limit}) as r on true order by r.key`.compile(db)
      return foundIn(await translated(() => run(statement, { organization })), keys.name, (row) => row)
    },

    saveUses: (uses) => noting.query(useStatement(uses)),

    find: (organization, asked) => translated(() => find(organization, asked)),

    look: (organization, isSeveralTimes, use) => translated(() => look(organization, isSeveralTimes, use)),

    checkpoints: () => translated(() =>
      db.selectFrom('checkpoint').where('active', '=', true).orderBy('model')
        .select(['model', 'version', sql<string>`commit::text`.as('position')]).execute()),

    positionOf: (model) => translated(() => positionOf(model)),

    async close() {
      await Promise.all([db.destroy(), noting.end()])
    },
  }
}

/** Rows beside the position that they were read at; there is none while the read model is being built. */
function foundIn(rows: readonly Row[], model: string, shape: (row: Row) => Row): Found {
  if (!rows[0]) throw later('READ_MODEL_BEHIND', `The read model ${model} is being built.`)
  return {
    position: rows[0].$position as string,
    rows: rows.filter((row) => row.$found === true).map(({ $position: _position, $found: _found, ...row }) => shape(row)),
  }
}

const later = (code: 'READ_MODEL_BEHIND' | 'SERVICE_UNAVAILABLE', detail: string, cause?: unknown) =>
  new Problem(code, detail, { retryAfter_s: 2, cause })

/** What an error of Postgres, or of the way there, means. Faults of our own statements stay what they are. */
async function translated<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Problem) throw error
    if (!(error instanceof pg.DatabaseError)) throw later('SERVICE_UNAVAILABLE', 'The read models cannot be reached.', error)
    const { code = '' } = error
    if (code === undefinedTable || code === undefinedColumn) throw later('READ_MODEL_BEHIND', 'The read model is being built.', error)
    // Every value in our statements that can be refused so comes from the caller.
    if (code.startsWith(dataException)) throw new Problem('VALIDATION_ERROR', 'A value does not fit the column that it is compared with.')
    if (outages.some((kind) => code.startsWith(kind))) throw later('SERVICE_UNAVAILABLE', 'The read models cannot answer for now.', error)
    throw error
  }
}

/** SQLSTATE codes, and classes of them: connection lost, resources used up, and ended by an operator or a timeout. */
const undefinedTable = '42P01'
const undefinedColumn = '42703'
const dataException = '22'
const outages = ['08', '53', '57', '58']
