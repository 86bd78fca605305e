import { join } from 'node:path'
import { Pool } from 'pg'
import t from 'tap'
import { readModel, type ReadModel } from 'shared-domain/kernel/read-model.ts'
import { z } from 'zod'
import { startPostgres } from '../../infra/embedded/postgres.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { complete, completion } from './completion.ts'
import { indexesOf } from './indexes.ts'
import { migrate } from './migrations.ts'
import { removal, views } from './search.ts'
import { creation, tableOf, upsert } from './tables.ts'

const row = z.object({ thing: z.string(), name: z.string(), note: z.string().nullable(), tags: z.array(z.string()), size: z.int() })
const things = (more: Partial<ReadModel> = {}): ReadModel =>
  ({ ...readModel({ name: 'thing', about: 'Things.', version: 1, path: '/things', row, key: ['thing'], filters: ['size'] }), ...more }) as ReadModel
const asked = things({ search: { columns: ['name', 'note'], length_min: 1 }, contains: { tag: 'tags' }, sorts: ['name', 'size'], ranges: ['size'] })

const postgres = await startPostgres({ dir: join(folderFor(t, 'completion'), 'postgres') })
const pool = new Pool({ connectionString: postgres.url, max: 5 })
pool.on('error', () => undefined)
t.teardown(async () => {
  await pool.end()
  await postgres.stop()
})
await migrate(pool)

const forever = new AbortController().signal
const write = (from: number, to: number, name: string) => pool.query(upsert(tableOf(asked)), [JSON.stringify(Array.from({ length: to - from }, (_, n) =>
  ({ organization: n % 2 ? 'acme' : 'umbrella', thing: `t${from + n}`, name: `${name} ${from + n}`, note: n % 3 ? null : 'Ö', tags: ['a'], size: n })))])

/** What is searched, beside what should be. */
async function mistaken(): Promise<number> {
  const { rows: [{ count }] } = await pool.query(`select count(*)::int from thing_v1 as r full join thing_search as s using (organization, thing)
    where (lower(r.name), lower(r.note)) is distinct from (s.name, s.note)`)
  return count
}

const indexed = async () => (await pool.query<{ name: string; definition: string; valid: boolean }>(
  `select c.relname as name, pg_get_indexdef(indexrelid) as definition, indisvalid as valid from pg_index join pg_class c on c.oid = indexrelid
   where indrelid in (to_regclass('thing_v1'), to_regclass('search_of_thing_v1')) order by 1`)).rows

t.test('F-5 W-1 a table that was made before more was declared is completed while it is written', async (t) => {
  const before = tableOf(things())
  await pool.query(creation(before))
  await pool.query(completion(before))
  await pool.query(views(before))
  await write(0, 5_000, 'Old')
  await pool.query('delete from thing_v1 where thing = $1', ['t7'])

  let isDone = false
  const completing = complete(pool, tableOf(asked), forever).finally(() => { isDone = true })
  for (let n = 0; !isDone; n += 1) await write(n % 50 * 100, n % 50 * 100 + 120, `New ${n}`)
  await completing
  t.equal(await mistaken(), 0, 'what stood there and what came meanwhile is searched')
  await write(0, 10, 'Late')
  await pool.query('delete from thing_v1 where thing = $1', ['t9'])
  t.equal(await mistaken(), 0, 'and what comes later')

  const made = await indexed()
  t.ok(made.every(({ valid }) => valid))
  t.equal(made.length, 2 + 1 + indexesOf(tableOf(asked)).length + 1, 'two keys, what was there, what is declared, and the search')
  await complete(pool, tableOf(asked), forever)
  t.strictSame(await indexed(), made, 'asking twice changes nothing')
})

t.test('what a completion that was cut short left behind is made anew', async (t) => {
  const { name, definition } = (await indexed()).find(({ definition }) => definition.includes('gin'))!
  await pool.query(`update pg_index set indisvalid = false where indexrelid = '${name}'::regclass`)
  await pool.query('drop view thing_search, own.thing_search; delete from search_of_thing_v1; alter table thing_v1 disable trigger searched_anew')
  await complete(pool, tableOf(asked), forever)
  t.ok((await indexed()).some((index) => index.definition === definition && index.valid))
  await write(0, 10, 'Again')
  t.equal(await mistaken(), 0)

  const gone = new AbortController()
  gone.abort()
  await t.rejects(complete(pool, tableOf(asked), gone.signal), 'who leads no more completes nothing')
})

t.test('other columns are searched once others are declared', async (t) => {
  const other = things({ search: { columns: ['note'], length_min: 1 } })
  await complete(pool, tableOf(other), forever)
  t.strictSame((await pool.query('select * from thing_search limit 0')).fields.map(({ name }) => name), ['organization', 'thing', 'note'])
  await pool.query(`drop view thing, thing_search, own.thing, own.thing_search; ${removal('thing_v1')}`)
  const { rows } = await pool.query(`select relname from pg_class where relname like '%thing%' union select proname from pg_proc where proname like '%thing%'`)
  t.strictSame(rows, [], 'nothing is left of a table that is taken away')
})

t.test('an index that is the beginning of another is not made', async (t) => {
  const model = things({ order: ['size'], ranges: ['size'], sorts: ['size', 'name'], indexes: [['size', 'name']] })
  t.strictSame(indexesOf(tableOf(model)).map(({ definition }) => definition), [
    'btree ("organization", "size", "thing")', 'btree ("organization", "name" COLLATE "C", "thing")', 'btree ("organization", "size", "name")',
  ])
  const counted = things({ order: ['size'], counts: [['size']] })
  t.strictSame(indexesOf(tableOf(counted)).map(({ definition }) => definition), ['btree ("organization", "size", "thing")', 'btree ("organization", "size")'],
    'but for counting it is, for it is slim')
})
