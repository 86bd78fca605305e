import type { PoolClient } from 'pg'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { indexing, makeMissing, type Index } from './indexes.ts'
import { guarded, walled, walledName } from 'shared-service/wall.ts'
import { list, quoted, type Table } from './tables.ts'

/**
 * The text that is searched stands in a table of its own beside the rows, folded to one case, and triggers keep it: an index of trigrams
 * on the rows themselves would be written with every change of any column (ADR 13).
 */
interface Searched {
  readonly name: string
  readonly of: Table
  readonly texts: readonly string[]
}

/** No read model's name begins like this, so that tables and what is searched beside them cannot be mistaken for one another. */
const prefix = 'search_of_'

export const searchedIn = (table: Table): Searched | undefined =>
  table.model.search && { name: `${prefix}${table.name}`, of: table, texts: table.model.search.columns }

const columnsOf = ({ of, texts }: Searched) =>
  [...of.key.map((column) => `${quoted(column)} ${of.columns.find(({ name }) => name === column)!.type}`), ...texts.map((text) => `${quoted(text)} text`)]

const valuesOf = ({ of, texts }: Searched, row: string) =>
  [...of.key.map((column) => `${row}.${quoted(column)}`), ...texts.map((text) => `lower(${row}.${quoted(text)})`)].join(', ')

const creation = (searched: Searched): string => {
  const { name, of: { name: rows, key }, texts } = searched
  const tuple = (row: string) => `(${texts.map((text) => `${row}.${quoted(text)}`).join(', ')})`
  return `
    create table ${quoted(name)} (${columnsOf(searched).join(', ')}, primary key (${list(key)}));
    create function ${quoted(name)}() returns trigger language plpgsql as $$ begin
      if tg_op = 'DELETE' then
        delete from ${quoted(name)} as s where ${key.map((column) => `s.${quoted(column)} = old.${quoted(column)}`).join(' and ')};
      else
        insert into ${quoted(name)} values (${valuesOf(searched, 'new')})
          on conflict (${list(key)}) do update set ${texts.map((text) => `${quoted(text)} = excluded.${quoted(text)}`).join(', ')};
      end if;
      return null;
    end $$;
    create trigger searched after insert or delete on ${quoted(rows)} for each row execute function ${quoted(name)}();
    create trigger searched_anew after update on ${quoted(rows)} for each row
      when (${tuple('old')} is distinct from ${tuple('new')}) execute function ${quoted(name)}();`
}

/** What waits to be put into the index is read by every search: it is kept short. */
const indexOf = ({ name, texts }: Searched): Index =>
  ({ table: name, definition: `gin ("organization", ${texts.map((text) => `${quoted(text)} gin_trgm_ops`).join(', ')}) WITH (gin_pending_list_limit='256')` })

/** What is searched of a table with rows in it. */
export const searchCreation = (searched: Searched): readonly string[] => [
  creation(searched), `insert into ${quoted(searched.name)} select ${valuesOf(searched, 'r')} from ${quoted(searched.of.name)} as r`, indexing(indexOf(searched)),
]

/** Takes a table away, and what was made beside it. */
export const removal = (table: string): string => `
  drop table if exists ${quoted(table)};
  drop table if exists ${quoted(`${prefix}${table}`)};
  drop function if exists ${quoted(`${prefix}${table}`)}()`

const shown = (name: string, table: string, { operators }: ReadModel) => `
  drop view if exists ${quoted(name)}; create view ${quoted(name)} as select * from ${quoted(table)};
  ${walled(name, table, operators ? 'operators' : 'organization')}; ${guarded(table)}`

const hidden = (name: string) => `drop view if exists ${quoted(name)}; drop view if exists ${walledName(name)}`

const searchedView = ({ name }: ReadModel) => `${name}_search`

/** The names under which a table is asked. */
export function views(table: Table): string {
  const searched = searchedIn(table)
  const view = searchedView(table.model)
  return `${shown(table.model.name, table.name, table.model)}; ${searched ? shown(view, searched.name, table.model) : hidden(view)}`
}

/** Puts the wall around a table that was made before there was one, and around what is searched beside it. */
export async function makeWalled(db: PoolClient, table: Table): Promise<void> {
  const searched = searchedIn(table)
  for (const [view, name] of [[table.model.name, table.name], ...(searched ? [[searchedView(table.model), searched.name]] : [])] as [string, string][]) {
    const { rows: [is] } = await db.query<{ walled: boolean; made: boolean }>(
      'select to_regclass($1) is not null as walled, to_regclass($2) is not null as made', [walledName(view), quoted(name)])
    if (is!.made && !is!.walled) await db.query(shown(view, name, table.model))
  }
}

const page = 1_000

/**
 * Makes searchable a table that is read and written meanwhile. The text that stands in its rows is copied page by page in the order of the
 * key, each while writers wait; what they write in between comes by the triggers, and a copy never replaces it. Only then is it asked for.
 */
export async function makeSearchable(db: PoolClient, searched: Searched): Promise<void> {
  if (await isShown(db, searched)) return
  await begin(db, searched)
  const { name, of } = searched
  const key = list(of.key)
  const places = of.key.map((column, n) => `$${n + 1}::${of.columns.find(({ name }) => name === column)!.type}`).join(', ')
  let last: readonly unknown[] | undefined
  do {
    // Without the lock page and writer could each wait for a row that the other has just put there.
    await db.query(`begin; lock table ${quoted(of.name)} in share mode`)
    const { rows: [end] } = await db.query<Record<string, unknown>>(
      `with r as materialized (select * from ${quoted(of.name)} ${last ? `where (${key}) > (${places})` : ''} order by ${key} limit ${page}),
         copied as (insert into ${quoted(name)} select ${valuesOf(searched, 'r')} from r on conflict do nothing)
       select ${key} from r order by ${key} offset ${page - 1}`, last ? [...last] : [])
    await db.query('commit')
    last = end && of.key.map((column) => end[column])
  } while (last)
  await makeMissing(db, [indexOf(searched)])
  await db.query(shown(searchedView(of.model), name, of.model))
}

/** Whether it is asked already, and holds the columns that are wanted now. */
async function isShown(db: PoolClient, { name, of, texts }: Searched): Promise<boolean> {
  const { rows } = await db.query<{ column: string }>(
    `select attname as column from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
       and exists (select from pg_depend d join pg_rewrite r on r.oid = d.objid
         where d.refobjid = to_regclass($1) and r.ev_class = to_regclass($2)) order by attnum`, [quoted(name), quoted(searchedView(of.model))])
  return rows.map(({ column }) => column).join() === [...of.key, ...texts].join()
}

async function begin(db: PoolClient, searched: Searched): Promise<void> {
  const { name, of: { name: rows, model } } = searched
  // One message is one transaction: whoever writes meanwhile waits for the triggers.
  await db.query(`
    ${hidden(searchedView(model))};
    drop trigger if exists searched on ${quoted(rows)};
    drop trigger if exists searched_anew on ${quoted(rows)};
    drop function if exists ${quoted(name)}();
    drop table if exists ${quoted(name)};
    ${creation(searched)}`)
}
