import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql, type RawBuilder } from 'kysely'
import type { Standing } from 'shared-domain/kernel/choice.ts'
import type { Slice } from 'shared-domain/kernel/choosing.ts'
import type { Condition, Joined } from 'shared-domain/kernel/condition.ts'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'

export type Sql = RawBuilder<boolean>

/** Only makes statements. */
export const statements = new Kysely<any>({
  dialect: {
    createAdapter: () => new PostgresAdapter(), createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db), createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** Whether how best to find the rows depends on the values that are asked for, not on the columns alone. */
export const isOfItsValues = ({ conditions = [], joined = [], except = [] }: Pick<Slice, 'conditions' | 'joined' | 'except'>): boolean =>
  conditions.length > 0 || joined.length > 0 || except.length > 0

/** The conditions of a slice but for the organization, which who asks must add. */
export function conditionsOf(model: ReadModel, organization: string, slice: Omit<Slice, 'order' | 'limit' | 'after'>): readonly Sql[] {
  const { where, notAfter, standing, conditions = [], joined = [], except } = slice
  return [
    ...Object.entries(where).map(([column, values]) => oneOf(sql.ref(column), values)),
    ...(notAfter?.columns ?? []).map((column) => sql<boolean>`(${sql.ref(column)} is null or ${sql.ref(column)} <= ${notAfter!.at})`),
    ...(standing ? [stand(model, organization, standing)] : []),
    ...conditions.map((condition) => met(condition)),
    ...joined.map((one) => join(model, organization, one)),
    ...(except ? [sql<boolean>`(${all(except.map((condition) => met(condition)))}) is not true`] : []),
  ]
}

export const all = (conditions: readonly Sql[]) => sql<boolean>`${conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`}`

/** Rows behind a place in an order that grows, nulls last. Where none of its columns can be null an index leads to it. */
export function behind({ row }: ReadModel, columns: readonly string[], values: readonly unknown[]): Sql {
  const isNullable = (column: string) => row.shape[column].safeParse(null).success
  if (!columns.some(isNullable)) return sql<boolean>`(${sql.join(columns.map((column) => sql.ref(column)))}) > (${sql.join(values)})`
  return columns.reduceRight((then, column, index) => {
    const [here, value] = [sql.ref(column), values[index]]
    if (value === null) return sql<boolean>`(${here} is null and ${then})`
    return sql<boolean>`(${here} > ${value} ${isNullable(column) ? sql`or ${here} is null` : sql``} or (${here} = ${value} and ${then}))`
  }, sql<boolean>`false`)
}

function oneOf(column: RawBuilder<unknown>, values: readonly unknown[]): Sql {
  const given = values.filter((value) => value !== null)
  const choices = [
    // An array is one parameter however long it is, so that statements stay few.
    ...(given.length > 0 ? [given.length === 1 ? sql`${column} = ${given[0]}` : sql`${column} = any(${given})`] : []),
    ...(given.length < values.length ? [sql`${column} is null`] : []),
  ]
  return sql<boolean>`(${choices.length > 0 ? sql.join(choices, sql` or `) : sql`false`})`
}

export function met(condition: Condition, of?: string): Sql {
  const column = sql.ref(of === undefined ? condition.column : `${of}.${condition.column}`)
  if ('among' in condition) return oneOf(column, condition.among)
  if ('notAmong' in condition) return sql<boolean>`(${oneOf(column, condition.notAmong)}) is not true`
  if ('atLeast' in condition) return sql<boolean>`${column} >= ${condition.atLeast}`
  if ('atMost' in condition) return sql<boolean>`${column} <= ${condition.atMost}`
  if ('atMostOrNone' in condition) return sql<boolean>`(${column} is null or ${column} <= ${condition.atMostOrNone})`
  if ('holdsAll' in condition) return sql<boolean>`${column} ?& ${condition.holdsAll}::text[]`
  return sql<boolean>`${column} <@ to_jsonb(${condition.holdsOnly}::text[])`
}

const stand = (model: ReadModel, organization: string, { column, in: { name, key }, where }: Standing) => sql<boolean>`not exists (
  select from jsonb_array_elements_text(${sql.ref(`${model.name}.${column}`)}) as named (id) where not exists (
    select from ${sql.table(name)} as other where other.organization = ${organization} and other.${sql.ref(key[0]!)} = named.id::uuid
      and ${sql.join(Object.entries(where).map(([column, values]) => sql`other.${sql.ref(column)} = any(${values})`), sql` and `)}))`

const join = (model: ReadModel, organization: string, { column, in: { name, key }, meets }: Joined) => sql<boolean>`exists (
  select from ${sql.table(name)} as other where other.organization = ${organization} and other.${sql.ref(key[0]!)} = ${sql.ref(`${model.name}.${column}`)}
    and ${all(meets.map((condition) => met(condition, 'other')))})`
