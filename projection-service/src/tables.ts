import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { fromSql } from 'shared-domain/kernel/time.ts'
import { z } from 'zod'

/** What the table of a read model is made of, derived from its row. */
export interface Table {
  readonly model: ReadModel
  readonly name: string
  readonly columns: readonly Column[]
  /** Organization first, so that no key reaches into another tenant's rows. */
  readonly key: readonly string[]
}

export interface Column {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
export const list = (names: readonly string[]) => names.map(quoted).join(', ')

function sqlType(schema: z.ZodType): string {
  const { type, format, sql } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as { type?: string; format?: string; sql?: string }
  if (sql) return sql
  if (type === 'string') return format === 'uuid' ? 'uuid' : format === 'date-time' ? 'timestamptz(3)' : 'text'
  if (type === 'integer') return 'integer'
  if (type === 'number') return 'double precision'
  return type === 'boolean' ? 'boolean' : 'jsonb'
}

function columnOf([name, schema]: [string, any]): Column {
  const isNullable = schema.def.type === 'nullable'
  return { name, type: sqlType(isNullable ? schema.def.innerType : schema), isNullable }
}

export const tableOf = (model: ReadModel, name = `${model.name}_v${model.version}`): Table => ({
  model, name, key: ['organization', ...model.key],
  columns: [{ name: 'organization', type: 'text', isNullable: false }, ...Object.entries<any>(model.row.shape).map(columnOf)],
})

/** Statements that make an empty table. */
export const creation = ({ name, columns, key }: Table): string =>
  `create table ${quoted(name)} (${columns.map(({ name, type, isNullable }) => `${quoted(name)} ${type}${isNullable ? '' : ' not null'}`).join(', ')},
   primary key (${list(key)}))`

const populated = ({ name }: Table, parameter: number) => `json_populate_recordset(null::${quoted(name)}, $${parameter}::json)`

/** Where a statement finds its rows, and on what condition it takes them. */
export interface Given {
  readonly parameter: number
  readonly condition: string
}

const one: Given = { parameter: 1, condition: 'true' }

/** Full rows, as JSON: a new row is inserted, a known one replaced. */
export const upsert = (table: Table, { parameter, condition } = one): string => upsertFrom(table, `${populated(table, parameter)} where ${condition}`)

/** The same with the rows of another table. */
export const upsertFrom = ({ name, key, columns }: Table, from: string): string => {
  const others = columns.map(({ name }) => name).filter((column) => !key.includes(column))
  const action = others.length === 0 ? 'nothing' : `update set ${others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`).join(', ')}`
  return `insert into ${quoted(name)} select * from ${from} on conflict (${list(key)}) do ${action}`
}

const keyRows = ({ name, key, columns }: Table, parameter: number) =>
  `json_to_recordset($${parameter}::json) as k(${key.map((column) => `${quoted(column)} ${columns.find(({ name }) => name === column)!.type}`).join(', ')})
   where ${key.map((column) => `${quoted(name)}.${quoted(column)} = k.${quoted(column)}`).join(' and ')}`

export const deletion = (table: Table, { parameter, condition } = one): string =>
  `delete from ${quoted(table.name)} using ${keyRows(table, parameter)} and ${condition}`

/** Rows with these keys, as the JSON that they were written from. */
export const selection = (table: Table): string => `select ${quoted(table.name)}.* from ${quoted(table.name)}, ${keyRows(table, 1)}`

/** One line of COPY's text format. */
export const copyLine = ({ columns }: Table, row: Readonly<Record<string, unknown>>): string => `${columns.map(({ name, type }) => copyValue(row[name], type)).join('\t')}\n`

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function copyValue(value: unknown, type: string): string {
  if (value === null || value === undefined) return '\\N'
  const text = type === 'jsonb' ? JSON.stringify(value) : String(value)
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => escapes[character]!) : text
}

export const copyTarget = ({ columns }: Table, into: string): string => `copy ${quoted(into)} (${list(columns.map(({ name }) => name))}) from stdin`

/** Values as the projection wrote them, whatever pg makes of them by default. */
export const asWritten = {
  getTypeParser: (oid: number): ((text: string) => unknown) => parsers[oid] ?? ((text) => text),
}

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  21: Number, 23: Number, 700: Number, 701: Number,
  114: (text) => JSON.parse(text), 3802: (text) => JSON.parse(text),
  1184: fromSql,
}

/** 64-bit columns arrive as text; a row that says it holds a number gets one. */
export const numbersOf = (model: ReadModel): readonly string[] => Object.entries<any>(model.row.shape)
  .filter(([, schema]) => sqlType(schema) === 'bigint' && schema.def.type === 'number').map(([name]) => name)
