/**
 * What the wall around organizations costs a list: `npx node infra/load/wall.ts [--rows 100000] [--organizations 10] [--times 200]`. Rows
 * are put into the table of tasks as the projection would have left them; then each list is asked in three ways by turns, over one
 * connection each: without a wall, within it, and by a role that is let in to the tables and held back by policies alone. What is printed is
 * the time that one in ten stays below, since other work on the machine only adds to it.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { backlog } from 'shared-domain/work/task/backlog.ts'
import { prepared } from 'shared-service/prepared.ts'
import { enter } from 'shared-service/wall.ts'
import { completion } from '../../projection-service/src/completion.ts'
import { migrate } from '../../projection-service/src/migrations.ts'
import { views } from '../../projection-service/src/search.ts'
import { creation, tableOf } from '../../projection-service/src/tables.ts'
import { asking } from '../../query-service/src/asking.ts'
import { sliceOf } from '../../query-service/src/routes.ts'
import { isPlannedAnew, statementOf } from '../../query-service/src/slice.ts'
import { startPostgres } from '../embedded/postgres.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, organizations: { type: 'string', default: '10' }, times: { type: 'string', default: '200' } },
})
const [rows_count, organizations_count, times] = [Number(values.rows), Number(values.organizations), Number(values.times)]

const root = mkdtempSync(join(tmpdir(), 'baton-wall-'))
chmodSync(root, 0o755)
const postgres = await startPostgres({ dir: root })
const open = (onConnect?: (client: pg.ClientBase) => Promise<unknown>) => new pg.Pool({
  connectionString: postgres.url, max: 1, ...(onConnect && { onConnect: async (client: pg.ClientBase) => void await onConnect(client) }),
}).on('error', () => undefined)
const db = open()
await migrate(db)
const table = tableOf(backlog)
await db.query(creation(table))

/** Rows of each organization stand between those of others. */
const own = `(n / ${organizations_count})`
const told: Readonly<Record<string, string>> = {
  organization: `'org-' || n % ${organizations_count}`, task: `md5('task' || n)::uuid`, owner: `md5('owner' || ${own} % 20)::uuid`,
  title: `(array['harbour','anchor','sail','rope'])[1 + ${own} % 4] || ' ' || md5('title' || n)`, status: `(array['TODO','DONE','DONE','IN_PROGRESS'])[1 + ${own} % 4]`,
  tags: `to_jsonb(array['tag-' || ${own} % 500])`,
}
const usual: Readonly<Record<string, string>> = { uuid: `md5('x' || n)::uuid`, text: `'x'`, boolean: 'false', jsonb: `'[]'` }
const valueOf = ({ name, type, isNullable }: (typeof table.columns)[number]) =>
  told[name] ?? (isNullable ? 'null' : type.startsWith('timestamp') ? `now() - n * interval '1 second'` : usual[type] ?? '0')
await db.query(`insert into "${table.name}" select ${table.columns.map((column) => `(${valueOf(column)})::${column.type}`).join(', ')}
  from generate_series(1, ${rows_count}) as n`)
for (const statement of [completion(table), views(table), 'analyze']) await db.query(statement)
await db.query('insert into checkpoint (name, model, version, active, commit, prepare, store) values ($1, $2, $3, true, 7, 7, $4)',
  [table.name, backlog.name, backlog.version, ''])
await db.query(`create role policed nologin; create schema policed; grant usage on schema policed, public to policed;
  grant select on all tables in schema public to policed;
  create view policed.backlog with (security_invoker = true) as select * from "${table.name}";
  create view policed.backlog_search with (security_invoker = true) as select * from "search_of_${table.name}";
  grant select on all tables in schema policed to policed`)

const organization = 'org-3'
const within = open(enter)
const policed = open((client) => client.query(`set role policed; set search_path to policed, public; set app.organization to '${organization}'`))
const [plainly, inside, byPolicies] = [prepared(db), prepared(within), prepared(policed)]
const { rows: [some] } = await db.query<{ owner: string }>(`select owner::text from "${table.name}" where organization = $1 limit 1`, [organization])
const lists: Readonly<Record<string, object>> = {
  'the first page': {}, 'of an owner': { owner: [some!.owner] }, 'by status': { status: ['TODO'] }, 'newest first': { sort: '-created_at' },
  'since an instant': { created_atFrom: '2020-01-01T00:00:00.000Z' }, 'with a tag': { tag: ['tag-7'] }, 'that hold a text': { search: 'abc1' },
}
for (const [name, given] of Object.entries(lists)) {
  const slice = sliceOf(backlog, asking(backlog).asked(given as never), { limit: 50 })
  const statement = statementOf(backlog, organization, [slice])
  const how = { isPlannedAnew: isPlannedAnew(slice) }
  const ways = [() => plainly(statement, how), () => inside(statement, { ...how, organization }), () => byPolicies(statement, how)]
  const took: number[][] = ways.map(() => [])
  for (let n = -10; n < times; n++) {
    for (const [way, ask] of ways.entries()) {
      const began_ms = performance.now()
      await ask()
      if (n >= 0) took[way]!.push(performance.now() - began_ms)
    }
  }
  const [plain, walled, policies] = took.map((each) => percentile(each, 0.1)) as [number, number, number]
  console.log(`${name}: ${plain.toFixed(2)} ms without, x ${(walled / plain).toFixed(2)} within the wall, x ${(policies / plain).toFixed(2)} by policies alone`)
}
await Promise.all([db.end(), within.end(), policed.end()])
await postgres.stop()
rmSync(root, { recursive: true, force: true })
