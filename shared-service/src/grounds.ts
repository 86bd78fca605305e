import { createHash } from 'node:crypto'
import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'
import { grounds_max, groundsOf, modelsOf, namedBy, orderOf, type Asked, type Grounds, type RowsAsked } from 'shared-domain/kernel/grounds.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { isSealed, masked } from 'shared-domain/kernel/sealed.ts'
import { fromSql } from 'shared-domain/kernel/time.ts'
import { z } from 'zod'
import { Problem } from './problems.ts'
import { behind, met, statements } from './slices.ts'

/** SQLSTATE of a statement that took longer than it may. */
const cancelled = '57014'

type Values = readonly unknown[]

interface Found {
  readonly position: string | null
  readonly models: number
  readonly part: number
  /** Nothing where there are none. */
  readonly rows: readonly Values[] | null
}

/** Asks a statement that is about rows of an organization. */
export type Run = (statement: CompiledQuery<any>, organization: string) => Promise<readonly Row[]>

/** So many rows are written at once. */
const written_rows = 256

/** The digest of the domain, by what Node has for it and without the whole text in memory. */
export function groundsDigest(rows: Grounds['rows']): string {
  const hash = createHash('sha256')
  for (const [n, [name, part]] of Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1)).entries()) {
    hash.update(`${n === 0 ? '{' : ','}${canonicalJson(name)}:[`)
    for (let from = 0; from < part.length; from += written_rows)
      hash.update(`${from === 0 ? '' : ','}${canonicalJson(part.slice(from, from + written_rows)).slice(1, -1)}`)
    hash.update(']')
  }
  return hash.update(Object.keys(rows).length === 0 ? '{}' : '}').digest('hex')
}

/** What a decision rests on, as `rowsFound` finds it. */
export function rowsFrom(run: Run) {
  const find = rowsFound(run)
  return async (organization: string, asked: Asked): Promise<Grounds> => {
    const { rows, position } = await find(organization, asked)
    return groundsOf(rows, position, groundsDigest)
  }
}

/**
 * Finds what is asked for in one statement: rows of several read models as of one moment, with the least position that all of them have
 * reached. Refuses with SERVICE_UNAVAILABLE when there are more than a decision may rest on, or when it takes too long.
 */
export const rowsFound = (run: Run) => async (organization: string, asked: Asked): Promise<Omit<Grounds, 'digest'>> => {
  const parts = Object.entries(asked)
  const models = [...new Set(parts.flatMap(([, part]) => modelsOf(part)).filter(({ isOffLog }) => !isOffLog).map(({ name }) => name))]
  const selections = parts.map(([, part], index) => sql`(${selection(organization, part, index)})`)
  const statement = sql<Found>`
    select c.position, c.models, r.part, r.rows
    from (select min(commit)::text as position, count(*)::integer as models from checkpoint where active and model = any(${models})) as c
    left join (${sql.join(selections, sql` union all `)}) as r on true order by r.part`.compile(statements)
  const found = await run(statement, organization).catch((error: { code?: unknown }) => {
    throw error.code === cancelled ? new Problem('SERVICE_UNAVAILABLE', 'The rows that this rests on take too long to find.', { cause: error }) : error
  }) as readonly unknown[] as readonly Found[]
  const { position, models: built } = found[0]!
  // Before its first fact a read model stands at -1.
  if (position === null || position.startsWith('-') || built < models.length) throw new Problem('READ_MODEL_BEHIND', 'A read model is being built.')
  if (found.reduce((sum, { rows }) => sum + (rows?.length ?? 0), 0) > grounds_max) throw new Problem('SERVICE_UNAVAILABLE', `This would rest on more than ${grounds_max} rows.`)
  const rows = parts.map(([name, part], index) => [name, (found[index]!.rows ?? []).map(shaper(part))] as const)
  return { rows: Object.fromEntries(rows), position }
}

/**
 * Rows as lists of values, so that those of several read models fit one statement, and as one list, since each row of an answer has its
 * price. Whatever a decision rests on is the organization's own.
 */
const selection = (organization: string, asked: RowsAsked, part: number) =>
  sql`select ${sql.lit(part)} as part, json_agg(found."row") as rows from (${listed(organization, asked)}) as found`

function listed(organization: string, asked: RowsAsked) {
  const { from, columns, limit, paired, counted, mostFirst } = asked
  const values = columns.map((column) => (read(from, column).asText ? sql`${sql.ref(column)}::text` : sql`${sql.ref(column)}`))
  const rows = sql`from ${sql.table(from.name)} where ${conditionsOf(organization, asked)}`
  const bound = sql`limit ${sql.lit(Math.min(limit ?? Infinity, grounds_max + 1))}`
  if (paired) return pairing(rows, asked, bound)
  if (!counted) return sql`select json_build_array(${sql.join(values)}) as "row" ${rows} order by ${sql.join(placeOf(asked))} ${bound}`
  const kinds = columns.map((column) => sql`${sql.ref(column)}`)
  const by = sql.join([...(mostFirst ? [sql`count(*) desc`] : []), ...kinds, sql`count(*)`])
  return sql`select json_build_array(${sql.join([...values, sql`count(*)`])}) as "row"
    ${rows} ${kinds.length > 0 ? sql`group by ${sql.join(kinds)}` : sql`having count(*) > 0`} order by ${by} ${bound}`
}

function conditionsOf(organization: string, asked: RowsAsked): RawBuilder<unknown> {
  const { from, where = {}, atLeast = {}, atMost = {}, meets = [], after } = asked
  return sql.join([
    sql`organization = ${organization}`,
    ...Object.entries(where).map(([column, value]) => anyOf(column, [value].flat())),
    ...Object.entries(atLeast).map(([column, value]) => sql`${sql.ref(column)} >= ${value}`),
    ...Object.entries(atMost).map(([column, value]) => sql`${sql.ref(column)} <= ${value}`),
    ...meets.map((condition) => met(condition)),
    ...(after ? [behind(from, orderOf(asked), after)] : []),
    ...namedBy(asked).map(([column, others]) => sql`${sql.ref(column)} in (
      select ${sql.ref(others.columns[0]!)} from ${sql.table(others.from.name)} where ${conditionsOf(organization, others)} ${boundOf(others)})`),
  ], sql` and `)
}

/** The first of those that are named, where not all of them are meant. */
const boundOf = (others: RowsAsked) =>
  (others.limit === undefined ? sql`` : sql`order by ${sql.join(placeOf(others))} limit ${sql.lit(others.limit)}`)

/** How often two values meet, each two of the rows once. */
function pairing(rows: RawBuilder<unknown>, { from, columns: [by], paired }: RowsAsked, bound: RawBuilder<unknown>) {
  const { within, alike } = paired!
  const of = (table: string, column: string) => sql.ref(`${table}.${column}`)
  const value = (name: string) => (read(from, by!).asText ? sql`${sql.ref(name)}::text` : sql.ref(name))
  const order = sql.join([sql.ref('one'), sql.ref('other')])
  return sql`with met as materialized (select ${sql.ref(by!)}, ${sql.ref(within)}, ${sql.ref(alike)} ${rows})
    select json_build_array(${value('one')}, ${value('other')}, count(*), count(*) filter (where alike)) as "row"
    from (select ${of('a', by!)} as "one", ${of('b', by!)} as "other", ${of('a', alike)} is not distinct from ${of('b', alike)} as alike
      from met as a join met as b on ${of('a', within)} = ${of('b', within)} and ${of('a', by!)} <= ${of('b', by!)}) as pair
    group by ${order} order by ${order} ${bound}`
}

/** An index that gives rows in order gives them falling as well, but then those with nothing in a column come first. */
function placeOf(asked: RowsAsked): readonly RawBuilder<unknown>[] {
  const { from: { row }, descending } = asked
  const isNullable = (column: string) => row.shape[column].safeParse(null).success
  return orderOf(asked).map((column) => {
    if (!descending) return sql`${sql.ref(column)}`
    return isNullable(column) ? sql`${sql.ref(column)} desc nulls last` : sql`${sql.ref(column)} desc`
  })
}

function anyOf(column: string, values: readonly unknown[]): RawBuilder<unknown> {
  const given = values.filter((value) => value !== null)
  const among = sql`${sql.ref(column)} = any(${given})`
  return given.length === values.length ? among : sql`(${among} or ${sql.ref(column)} is null)`
}

/** A row as the projection wrote it, of the values of its columns. */
function shaper({ from, columns, counted, paired }: RowsAsked): (values: Values) => Row {
  const names = paired ? ['one', 'other', 'count', 'alike'] : counted ? [...columns, 'count'] : columns
  const readers = (paired ? [...columns, ...columns] : columns).map((column) => read(from, column).of)
  return (values) => {
    const shaped: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) {
      const value = values[index]
      const reader = readers[index]
      shaped[names[index]!] = value === null || reader === undefined ? value : reader(value as string)
    }
    return shaped
  }
}

interface Reader {
  /** What JSON would alter is asked for as text. */
  readonly asText: boolean
  /** What is made of it; it is as it comes where nothing is. */
  readonly of?: (text: string) => unknown
}

const readers = new WeakMap<z.ZodType, Reader>()

function read({ row }: RowsAsked['from'], column: string): Reader {
  const schema = (row as z.ZodObject).shape[column] as z.ZodType
  const known = readers.get(schema) ?? readerOf(schema)
  readers.set(schema, known)
  return known
}

function readerOf(schema: z.ZodType): Reader {
  if (isSealed(schema)) return { asText: true, of: () => masked }
  const plain = schema instanceof z.ZodNullable ? schema.unwrap() as z.ZodType : schema
  const { type, format, sql: own } = z.toJSONSchema(plain, { io: 'output', unrepresentable: 'any' }) as { type?: string; format?: string; sql?: string }
  if (type === 'string') return format === 'date-time' ? { asText: true, of: fromSql } : { asText: true }
  return own !== undefined && (type === 'integer' || type === 'number') ? { asText: true, of: Number } : { asText: false }
}
