/**
 * What questions cost among many tasks: `npx node infra/load/questions.ts [--tasks 1000000] [--owners 100] [--times 200]`. The rows are put
 * into the table as the projection would have left them, since a million lives would take an hour; then each question is asked over HTTP,
 * one after the other, each time of another owner, task or word.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { backlog } from 'shared-domain/work/task/backlog.ts'
import { Api } from '../../scripts/api.ts'
import { up } from '../../scripts/up.ts'
import { accounts, shares } from './accounting.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({
  options: { tasks: { type: 'string', default: '1000000' }, owners: { type: 'string', default: '100' }, times: { type: 'string', default: '200' } },
})
const [tasks_count, owners_count, times] = [Number(values.tasks), Number(values.owners), Number(values.times)]
const words = ['harbour', 'anchor', 'sail', 'rope', 'mast', 'keel', 'tide', 'beacon', 'cargo', 'crew']
const table = `backlog_v${backlog.version}`

const root = mkdtempSync(join(tmpdir(), 'baton-questions-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const api = new Api(baton.urls.gateway, baton.adminKey.key)
const db = new pg.Client({ connectionString: baton.urls.database })
await db.connect()

/** What is different in each row; all else is as in a task that was made a moment ago. */
const mixed = (by: number, count: number) => `(n * ${by}::bigint) % ${count}`
const columns: Readonly<Record<string, string>> = {
  task: `overlay(overlay(md5('task' || n) placing '7' from 13) placing '8' from 17)::uuid`,
  owner: `owners[1 + ${mixed(7919, owners_count)}]`, worker: `owners[1 + ${mixed(7919, owners_count)}]`,
  title: `(array['${words.join(`','`)}'])[1 + ${mixed(104_729, words.length)}] || ' ' || md5('title' || n)`,
  priority: `(array['CRITICAL','HIGH','MEDIUM','LOW'])[1 + ${mixed(104_729, 4)}]`, rank: mixed(104_729, 4),
  status: `case when n % 10 < 7 then 'DONE' when n % 10 = 7 then 'CANCELLED' when n % 100 = 8 then 'BLOCKED' else 'TODO' end`,
  due_at: `case when n % 3 = 0 then null else now() + (${mixed(1_299_709, 100_000)} - 50000) * interval '1 minute' end`,
  created_at: `now() - (${tasks_count} - n) * interval '1 second'`, updated_at: `now() - (${tasks_count} - n) * interval '1 second'`,
  waiting_since: `now() - (n % 100) * interval '1 hour'`, since: 'now()', changed_position: 'n',
  workspace: `'space ' || n % 1000`, tags: `jsonb_build_array('t' || n % 50, 'u' || n % 7)`,
}

async function fill(owners: readonly string[]) {
  const { rows: indexes } = await db.query(`select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid in ('${table}'::regclass, 'search_of_${table}'::regclass) and not indisprimary`)
  for (const { name } of indexes) await db.query(`drop index ${name}`)
  await db.query(`alter table ${table} disable trigger all`)
  const { rows: names } = await db.query(`select column_name as name from information_schema.columns where table_name = $1 order by ordinal_position`, [table])
  const list = names.map(({ name }) => columns[name] ?? `t.${name}`).join(', ')
  await db.query(`insert into ${table} select ${list} from (select * from ${table} limit 1) as t, (select $1::uuid[] as owners) as o,
    generate_series(1, ${tasks_count}) as n`, [owners])
  await db.query(`alter table ${table} enable trigger all`)
  await db.query(`insert into search_of_${table} select organization, task, lower(title), lower(description) from ${table} on conflict do nothing`)
  for (const { definition } of indexes) await db.query(definition)
  await db.query(`vacuum analyze ${table}`)
  await db.query(`vacuum analyze search_of_${table}`)
}

async function told(what: string, path: (n: number) => string) {
  const took_ms: number[] = []
  let before = accounts(baton.processes)
  for (let n = 0; n < times + 20; n++) {
    if (n === 20) before = accounts(baton.processes)
    const began_ms = performance.now()
    await api.get(path(n))
    // The first ones are for what is compiled and cached.
    if (n >= 20) took_ms.push(performance.now() - began_ms)
  }
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(took_ms, share).toFixed(1))
  console.log(`${what}: p50 ${p50} ms, p95 ${p95} ms of ${times}; of processor time ${shares(before, accounts(baton.processes), times)} ms`)
}

try {
  const owners: string[] = []
  for (let n = 0; n < owners_count; n++) owners.push((await api.post('/orchestrators', { name: `Owner ${n}` })).id)
  const { position } = await api.post('/tasks', { owner: owners[0], title: 'the first' })
  await api.get(`/tasks?minPosition=${position}`)
  const began_ms = performance.now()
  await fill(owners)
  console.log(`${tasks_count} rows in ${((performance.now() - began_ms) / 1_000).toFixed(0)} s`)
  const ids = (await db.query<{ task: string }>(`select task from ${table} order by task limit ${times + 20}`)).rows.map(({ task }) => task)
  const owner = (n: number) => owners[n % owners_count]!
  await told('list of an owner', (n) => `/tasks?owner=${owner(n)}&status=TODO&sort=due_at`)
  await told('list, newest', () => '/tasks?sort=-created_at')
  await told('search, a word that one in ten has', (n) => `/tasks?search=${words[n % words.length]}`)
  await told('search, rare', (n) => `/tasks?search=${n.toString(16).padStart(2, '0')}abc`)
  await told('next', (n) => `/orchestrators/${owner(n)}/next`)
  await told('backlog of an orchestrator', (n) => `/orchestrators/${owner(n)}/backlog`)
  await told('poll, 100', (n) => `/tasks/poll?after=${n * 1_000}`)
  await told('context', (n) => `/tasks/${ids[n]}/context`)
  await told('why', (n) => `/tasks/${ids[n]}/why`)
  await told('report', () => '/tasks/report/delegation')
  await told('metrics', () => '/tasks/metrics')
} finally {
  await db.end()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
