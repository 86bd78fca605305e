import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import { grounds_max, groundsOf, modelsOf, namedBy, orderOf, type Asked, type Grounds, type RowsAsked } from 'shared-domain/kernel/grounds.ts'
import type { Row } from 'shared-domain/kernel/read-model.ts'
import { isSealed, masked } from 'shared-domain/kernel/sealed.ts'
import { fromSql } from 'shared-domain/kernel/time.ts'
import { z } from 'zod'
import { Problem } from './problems.ts'
import { behind, met, statements } from './slices.ts'

/** SQLSTATE of a statement that took longer than it may. */
const cancelled = '57014'

interface Found {
  readonly position: string | null
  readonly models: number
  readonly part: number | null
  readonly row: readonly (string | null)[] | null
}

/** Asks a statement that is about rows of an organization. */
export type Run = (statement: CompiledQuery<any>, organization: string) => Promise<readonly Row[]>

/** What a decision rests on, as `rowsFound` finds it. */
export function rowsFrom(run: Run) {
  const find = rowsFound(run)
  return async (organization: string, asked: Asked): Promise<Grounds> => {
    const { rows, position } = await find(organization, asked)
    return groundsOf(rows, position)
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
    select c.position, c.models, r.part, r."row"
    from (select min(commit)::text as position, count(*)::integer as models from checkpoint where active and model = any(${models})) as c
    left join (${sql.join(selections, sql` union all `)}) as r on true order by r.part, r.n`.compile(statements)
  const found = await run(statement, organization).catch((error: { code?: unknown }) => {
    throw error.code === cancelled ? new Problem('SERVICE_UNAVAILABLE', 'The rows that this rests on take too long to find.', { cause: error }) : error
  }) as readonly unknown[] as readonly Found[]
  const { position, models: built } = found[0]!
  if (position === null || built < models.length) throw new Problem('READ_MODEL_BEHIND', 'A read model is being built.')
  if (found.length > grounds_max) throw new Problem('SERVICE_UNAVAILABLE', `This would rest on more than ${grounds_max} rows.`)
  const shapes = parts.map(([, part]) => shaper(part))
  const rows = parts.map(([name], index) => [name, found.filter(({ part }) => part === index).map(({ row }) => shapes[index]!(row!))] as const)
  return { rows: Object.fromEntries(rows), position }
}

/** Rows as texts, so that those of several read models fit one statement. Whatever a decision rests on is the organization's own. */
function selection(organization: string, asked: RowsAsked, part: number) {
  const { from, columns, limit, counted, mostFirst } = asked
  const texts = columns.map((column) => sql`${sql.ref(column)}::text`)
  const rows = sql`from ${sql.table(from.name)} where ${conditionsOf(organization, asked)}`
  const bound = sql`limit ${sql.lit(Math.min(limit ?? Infinity, grounds_max + 1))}`
  const numbered = (by: RawBuilder<unknown>) => sql`select ${sql.lit(part)} as part, row_number() over (order by ${by}) as n`
  if (!counted) {
    const by = sql.join(placeOf(asked))
    return sql`${numbered(by)}, json_build_array(${sql.join(texts)}) as "row" ${rows} order by ${by} ${bound}`
  }
  const kinds = columns.map((column) => sql`${sql.ref(column)}`)
  const by = sql.join([...(mostFirst ? [sql`count(*) desc`] : []), ...kinds, sql`count(*)`])
  return sql`${numbered(by)}, json_build_array(${sql.join([...texts, sql`count(*)::text`])}) as "row"
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
      select ${sql.ref(others.columns[0]!)} from ${sql.table(others.from.name)} where ${conditionsOf(organization, others)})`),
  ], sql` and `)
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

/** A row as the projection wrote it, of the texts of its columns. */
function shaper({ from: { row }, columns, counted }: RowsAsked): (texts: readonly (string | null)[]) => Row {
  const names = counted ? [...columns, 'count'] : columns
  const readers = [...columns.map((column) => readerOf((row as z.ZodObject).shape[column] as z.ZodType)), Number]
  return (texts) => Object.fromEntries(texts.map((text, index) => [names[index]!, text === null ? null : readers[index]!(text)]))
}

function readerOf(schema: z.ZodType): (text: string) => unknown {
  if (isSealed(schema)) return () => masked
  const plain = schema instanceof z.ZodNullable ? schema.unwrap() as z.ZodType : schema
  const { type, format } = z.toJSONSchema(plain, { io: 'output', unrepresentable: 'any' })
  if (type === 'string') return format === 'date-time' ? fromSql : (text) => text
  return type === 'integer' || type === 'number' ? Number : type === 'boolean' ? (text) => text === 'true' : JSON.parse
}
