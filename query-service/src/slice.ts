import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import type { Slice as ChosenSlice } from 'shared-domain/kernel/choosing.ts'
import { operators } from 'shared-domain/kernel/decider.ts'
import { isText, type ReadModel, type Row } from 'shared-domain/kernel/read-model.ts'
import { columnsOf } from 'shared-service/columns.ts'
import { behind, conditionsOf, isOfItsValues, statements as db, type Sql } from 'shared-service/slices.ts'

/** Which rows of a read model are asked for. As data, so that whatever is asked, the organization is added in one place. */
export interface Slice extends ChosenSlice {
  /** Each of these lists holds one of these texts. */
  readonly contains?: Readonly<Record<string, readonly string[]>>
  readonly ranges?: readonly Range[]
  /** A text that one of the columns that are searched holds, in any case. */
  readonly search?: string
  /** Before `order`; nulls come last either way. */
  readonly sort?: Sort
  /** Values of the sorted column, if any, and of the `order` columns: only rows behind them are wanted. */
  readonly after?: readonly unknown[]
}

export interface Range {
  readonly column: string
  readonly is: '>=' | '<'
  readonly than: unknown
}

export interface Sort {
  readonly column: string
  readonly isFalling: boolean
}

/** Rows that one index gives in order. */
interface Part {
  readonly conditions: readonly Sql[]
  readonly order: readonly RawBuilder<unknown>[]
}

/** Whether how best to find the rows depends on the values that are asked for, not on the columns alone. */
export const isPlannedAnew = ({ contains = {}, ranges = [], search, ...slice }: Slice): boolean =>
  search !== undefined || ranges.length > 0 || Object.keys(contains).length > 0 || isOfItsValues(slice)

/** The rows of all slices in the order of the first, as `$found`, with the position that they were read at. */
export function statementOf(model: ReadModel, organization: string, slices: readonly Slice[]): CompiledQuery<Row> {
  const parts = slices.flatMap((slice) => partsOf(model, slice).map((part) => sql`(${select(model, organization, slice, part)})`))
  const { sort, order } = slices[0]!
  const others = slices.flatMap(({ standing, joined = [] }) => [...(standing ? [standing] : []), ...joined].map((other) => other.in))
  const models = [...new Set([model, ...others].map(({ name }) => name))]
  const first = sort ? [sql`${sorted(model, sort.column)} ${sql.raw(sort.isFalling ? 'desc' : 'asc')} nulls last`] : []
  return sql<Row>`
    select c.commit::text as "$position", r.*
    from (select min(commit) as commit from checkpoint where model = any(${models}) and active having count(*) = ${models.length}) as c
    left join (${sql.join(parts, sql` union all `)}) as r on true order by ${sql.join([...first, ...order.map((column) => sql.ref(column))])}`.compile(db)
}

/**
 * Every row that this service ever shows is read by this function, which takes it from the caller's organization and from no other: but
 * for what operators see of all.
 */
function select(model: ReadModel, organization: string, slice: Slice, { conditions, order }: Part) {
  const rows = db.selectFrom(model.name).select([...columnsOf(model), sql`true`.as('$found')])
  const own = sql<boolean>`organization = ${organization}`
  const all = [...(model.operators && organization === operators ? [] : [own]), ...asked(model, organization, slice), ...conditions].reduce((rows, condition) => rows.where(condition), rows)
  return order.reduce((all, column) => all.orderBy(column), all).limit(slice.limit)
}

function asked(model: ReadModel, organization: string, { contains = {}, ranges = [], search, ...slice }: Slice): readonly Sql[] {
  return [
    ...conditionsOf(model, organization, slice),
    ...Object.entries(contains).map(([column, texts]) => sql<boolean>`${sql.ref(column)} ?| ${texts}::text[]`),
    ...ranges.map(({ column, is, than }) => sql<boolean>`${sorted(model, column)} ${sql.raw(is)} ${than}`),
    ...(search === undefined ? [] : [found(model, organization, search)]),
  ]
}

/** What is searched stands beside the rows, under their key, in lower case. */
function found({ name, key, search }: ReadModel, organization: string, text: string): Sql {
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
  const columns = search!.columns.map((column) => sql`${sql.ref(column)} like lower(${pattern})`)
  return sql<boolean>`(${references(key)}) in (
    select ${references(key)} from ${sql.table(`${name}_search`)} where organization = ${organization} and (${sql.join(columns, sql` or `)}))`
}

const references = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)))

/** The column as its index orders it. */
const sorted = ({ row }: ReadModel, column: string) =>
  (isText(row.shape[column]) ? sql`${sql.ref(column)} collate "C"` : sql.ref(column))

/**
 * An index gives the rows behind a place in one direction, without nulls: where that is not all, more indexed parts make it up. The rows
 * with the same value as the last one come first, then those with other values, then those with none.
 */
function partsOf(model: ReadModel, { sort, order, after }: Slice): readonly Part[] {
  const growing = order.map((column) => sql.ref(column))
  if (!sort) return [{ conditions: after ? [behind(model, order, after)] : [], order: growing }]

  const column = sorted(model, sort.column)
  const place = [sort.isFalling ? sql`${column} desc` : column, ...growing]
  const [value, ...values] = after ?? [undefined]
  const isNullable = model.row.shape[sort.column].safeParse(null).success
  const none: Part = { conditions: [sql`${column} is null`, ...(value === null ? [behind(model, order, values)] : [])], order: growing }
  if (value === null) return [none]
  return [...some(), ...(isNullable ? [none] : [])]

  function some(): readonly Part[] {
    const isThere = isNullable ? [sql<boolean>`${column} is not null`] : []
    if (value === undefined) return [{ conditions: isThere, order: place }]
    if (!sort!.isFalling) return [{ conditions: [sql<boolean>`(${sql.join([column, ...growing])}) > (${sql.join([value, ...values])})`], order: place }]
    const others = { conditions: [sql<boolean>`${column} < ${value}`], order: place }
    return order.length === 0 ? [others] : [{ conditions: [sql<boolean>`${column} = ${value}`, behind(model, order, values)], order: growing }, others]
  }
}
