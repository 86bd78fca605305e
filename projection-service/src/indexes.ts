import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { isText } from 'shared-domain/kernel/read-model.ts'
import { quoted, type Table } from './tables.ts'

/** An index in the words in which Postgres tells of it: `btree (organization, title COLLATE "C", task)`. */
export interface Index {
  readonly table: string
  readonly definition: string
}

/** By what a list may be asked, each by an index that begins with the organization. */
export function indexesOf({ name, model }: Table): readonly Index[] {
  const sorted = (column: string) => (isText(model.row.shape[column]) ? `${quoted(column)} COLLATE "C"` : quoted(column))
  const key = model.key.map(quoted)
  const order = model.order.length > 0 ? [[...model.order.map(quoted), ...key]] : []
  const filters = model.filters.filter((filter) => filter !== model.key[0]).map((filter) => [quoted(filter)])
  const sorts = [...model.ranges, ...model.sorts].map((column) => [sorted(column), ...key.filter((one) => one !== quoted(column))])
  const counts = model.counts.map((columns) => columns.map(quoted))
  const trees = longest([...order, ...filters, ...sorts, ...model.indexes.map((columns) => columns.map(quoted))])
  return [
    ...[...trees, ...counts].map((columns) => ({ table: name, definition: `btree (${['"organization"', ...columns].join(', ')})` })),
    ...Object.values(model.contains).map((column) => ({ table: name, definition: `gin ("organization", ${quoted(column)})` })),
  ]
}

/** Without those that are the beginning of another. */
const longest = (lists: readonly (readonly string[])[]) => lists.filter((list, n) =>
  !lists.some((other, m) => (other.length > list.length || (other.length === list.length && m < n)) && list.every((column, i) => other[i] === column)))

export const indexing = ({ table, definition }: Index, mode: '' | 'concurrently' = ''): string =>
  `create index ${mode} if not exists ${quoted(nameOf({ table, definition }))} on ${quoted(table)} using ${definition}`

const nameOf = ({ table, definition }: Index) => `${table}_${createHash('sha256').update(definition).digest('hex').slice(0, 8)}`

const plain = (definition: string) => definition.replaceAll('"', '')

/** Makes those that the table lacks while it is being read and written. What a build that was cut short left is made anew. */
export async function makeMissing(db: PoolClient, wanted: readonly Index[]): Promise<void> {
  for (const index of wanted) {
    const { rows } = await db.query<{ name: string; definition: string; valid: boolean }>(
      `select indexrelid::regclass::text as name, substring(pg_get_indexdef(indexrelid) from ' USING (.*)') as definition, indisvalid as valid
       from pg_index where indrelid = to_regclass($1)`, [quoted(index.table)])
    const [same] = rows.filter(({ definition }) => plain(definition) === plain(index.definition))
    if (same?.valid) continue
    if (same) await db.query(`drop index concurrently if exists ${same.name}`)
    await db.query(indexing(index, 'concurrently'))
  }
}
