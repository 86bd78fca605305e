import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { jsonEvent } from '@eventstore/db-client'
import t from 'tap'
import { demonstrate } from '../../scripts/demo.ts'
import { startChild } from '../embedded/child.ts'
import { folderFor } from '../embedded/testing.ts'
import { house, until } from './house.ts'

const { root, baton, client, admin, differences, log, announced } = await house(t)
const scripts = join(import.meta.dirname, '../../scripts')
const dir = folderFor(t, 'fleet')

/** The command line as a person calls it. */
const cli = (...args: string[]) => cliWith(process.env, ...args)

function cliWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(scripts, 'baton.ts'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text })
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

t.test('a fleet registers, plans, votes, works, fails, hands over and finishes; the read models equal a replay', async (t) => {
  const said: string[] = []
  t.ok(await demonstrate(baton, 7, (line) => said.push(line)))
  const text = said.join('\n')
  for (const words of [/60 completions/, /"Start the first task\?" approved/, /"Rename the fleet\?" expired/, /failures with retry/, /handoffs/, /escalations resolved/]) t.match(text, words)
})

t.test('S-66 every fact of the journey was announced once, in the order of the log', async (t) => {
  const ids = (await log()).map(({ provenance }) => provenance.eventId)
  t.strictSame(await until(async () => {
    const found = await announced()
    return found.length >= ids.length ? found : undefined
  }), ids)
})

t.test('audit shows what was, and finds a row that somebody changed by hand together with the event that made it', async (t) => {
  const { items: [done] } = await admin.get<{ items: { task: string }[] }>('/tasks?status=DONE&limit=1')
  const stream = `task-${done!.task}`
  const [created] = (await log()).filter(({ fact }) => fact.id === done!.task)
  t.match(await cli('audit', 'state', stream, '--root', root, '--json'), { code: 0, out: /"status": "DONE"/ })
  t.match(await cli('audit', 'state', stream, '--root', root, '--position', created!.fact.position), { code: 0, out: /"status": "TODO"/ })
  t.match(await cli('audit', 'state', stream, '--root', root, '--at', '2020-01-01T00:00:00Z'), { code: 0, out: /did not exist yet/ })
  t.match(await cli('audit', 'replay', stream, '--root', root), { code: 0, out: /TaskCreated[\s\S]*TaskCompleted[\s\S]*and so it is/ })
  const cut = spawn('sh', ['-c', '"$@" | head -n 1', 'sh', process.execPath, join(scripts, 'baton.ts'), 'audit', 'export', '--root', root], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.equal((await text(cut.stderr)), '', 'whoever stops reading is told nothing')
  t.match(await cli('audit', 'replay', '--root', root, '--json'), { code: 0, out: /"unreadable": \[\]/ })
  const file = join(dir, 'events.ndjson')
  t.match(await cli('audit', 'export', '--root', root, '--out', file), { code: 0 })
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  t.equal(lines.length, (await log()).length)
  t.match(lines[0], { specversion: '1.0', source: /^\/organizations\/default\// })
  t.notOk(lines.some(({ data }) => data.hash), 'no key hash leaves the log')
  t.match(await cli('audit', 'verify', '--root', root), { code: 0, out: /backlog .*equal/ })

  const pg = await import('pg')
  const db = new pg.default.Client({ connectionString: baton.urls.database })
  await db.connect()
  await db.query('update backlog set title = $1 where task = $2', ['another title', done!.task])
  t.match(await cli('audit', 'verify', '--root', root, '--model', 'backlog'), { code: 1, out: /DIFFERS[\s\S]*title is "another title"[\s\S]*made by TaskCompleted/ })
  await db.query('delete from backlog where task = $1', [done!.task])
  t.match(await cli('audit', 'verify', '--root', root, '--json'), { code: 1, out: /"what": "row"/ })
  const rebuilt = await fetch(`${baton.urls.projection}/models/backlog/rebuild`, { method: 'POST' })
  t.equal(rebuilt.status, 200)
  t.match(await cli('audit', 'verify', '--root', root), { code: 0 })
  await db.end()
})

t.test('the command line helps, and says what is wrong with a call', async (t) => {
  t.match(await cli('--help'), { code: 0, out: /audit verify[\s\S]*import run/ })
  t.match(await cli('audit', 'verify', '--help'), { code: 0, out: /--model NAME/ })
  t.match(await cli(), { code: 2 })
  t.match(await cli('dance'), { code: 2, err: /no command "dance"/ })
  t.match(await cli('audit', 'dance'), { code: 2, err: /"audit" knows/ })
  t.match(await cli('audit', 'state', '--root', root), { code: 2, err: /which stream/ })
  t.match(await cli('audit', 'state', 'nothing-1', '--root', root), { code: 2, err: /no stream of Baton/ })
  t.match(await cli('audit', 'replay', 'task-none', '--root', root), { code: 2, err: /no stream task-none/ })
  t.match(await cli('audit', 'verify', '--model', 'nothing', '--root', root), { code: 2, err: /no read model nothing/ })
  t.match(await cli('audit', 'replay', '--at', 'yesterday', '--root', root), { code: 2, err: /is an instant/ })
  t.match(await cli('audit', 'verify', '--root', join(dir, 'nothing')), { code: 2, err: /does not run here/ })
  t.match(await cli('import', 'run'), { code: 2, err: /--mapping/ })
  const missing = join(dir, 'nowhere', 'file.ndjson')
  t.match(await cli('audit', 'export', '--out', missing, '--root', root), { code: 2, err: /--out .* cannot be written: there is no such folder\. \(/ })
  const data = join(import.meta.dirname, 'data')
  t.match(await cli('import', 'run', '--mapping', 'agent-fleet', '--data', data, '--report', missing, '--root', root), { code: 2, err: /--report .* no such folder/ })
  t.match(await cli('import', 'run', '--mapping', 'agent-fleet', '--data', data, '--root', join(dir, 'nothing')), { code: 2, err: /say COMMAND_URL or BATON_URL and BATON_API_KEY/ })
})

const csv = `case,when,state,team,person,prio
c1,2021-05-01T08:00,New,blue,ann,1
c2,2021-05-01T08:30,New,blue,,2
c1,2021-05-01T09:00,Active,blue,ann,1
c1,2021-05-01T10:00,Waiting,blue,bob,1
c2,2021-05-01T10:30,Active,red,,2
c1,2021-05-01T11:00,Active,red,bob,1
c1,2021-05-01T12:00,Closed,red,bob,1
c2,2021-05-01T12:30,Closed,red,,2
c2,2021-05-01T13:00,Active,red,,2
c3,sometime,New,red,,2
`

const xes = `<?xml version="1.0"?><log xmlns="http://www.xes-standard.org/">
<trace><string key="concept:name" value="t1"/>
<event><date key="time:timestamp" value="2021-06-01T08:00:00.000+02:00"/><string key="org:group" value="green"/><string key="lifecycle:transition" value="schedule"/></event>
<event><date key="time:timestamp" value="2021-06-01T09:00:00.000+02:00"/><string key="org:group" value="green"><string key="nested" value="x"/></string><string key="lifecycle:transition" value="start"/></event>
<event><date key="time:timestamp" value="2021-06-01T10:00:00.000+02:00"/><string key="org:group" value="green"/><string key="lifecycle:transition" value="complete"/></event>
</trace></log>`

t.test('a case log goes through the command API with its order and times; what it contradicts is reported by row; again it changes nothing', async (t) => {
  writeFileSync(join(dir, 'cases.csv.gz'), gzipSync(csv))
  writeFileSync(join(dir, 'log.xes'), xes)
  const mapping = join(dir, 'mapping.json')
  const values = { New: 'open', Active: 'active', Waiting: 'blocked', Closed: 'done' }
  writeFileSync(mapping, JSON.stringify({
    name: 'journey',
    sources: [
      { file: 'cases.csv.gz', case: 'case', time: 'when', owner: 'team', assignee: 'person', priority: { column: 'prio', values: { 1: 'CRITICAL', 2: 'LOW' } }, phase: { columns: 'state', values } },
      { file: 'log.xes', case: 'case:concept:name', time: 'time:timestamp', owner: 'org:group', phase: { columns: 'lifecycle:transition', values: { schedule: 'open', start: 'active', complete: 'done' } } },
    ],
  }))
  const before = (await log()).length
  const report = join(dir, 'report.ndjson')
  const first = await cli('import', 'run', '--mapping', mapping, '--data', dir, '--report', report, '--root', root, '--json')
  t.match(first, { code: 0 }, first.err)
  const { rows, unread, refused } = JSON.parse(first.out)
  t.strictSame({ rows, unread, refused }, { rows: 12, unread: 1, refused: { 'start INVALID_STATE_TRANSITION': 1 } })
  const lines = readFileSync(report, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  t.match(lines, [{ file: 'cases.csv.gz', number: 10, what: /when is no time/ }, { file: 'cases.csv.gz', row: 9, case: 'c2', code: 'INVALID_STATE_TRANSITION' }])

  const { items } = await admin.get<{ items: any[] }>('/tasks?status=DONE&limit=200')
  const imported = items.filter(({ tags }) => tags.includes('journey'))
  t.equal(imported.length, 3)
  const c1 = imported.find(({ metadata }) => metadata.case === 'c1')
  t.match(c1, { priority: 'CRITICAL', assignee: 'bob', created_at: '2021-05-01T08:00:00.000Z', completed_at: '2021-05-01T12:00:00.000Z' })
  t.equal(imported.find(({ metadata }) => metadata.case === 't1').completed_at, '2021-06-01T08:00:00.000Z')
  const history = (await log()).filter(({ fact }) => fact.id === c1.task)
  t.strictSame(history.map(({ fact }) => fact.type), ['TaskCreated', 'TaskAssigned', 'TaskStarted', 'TaskAssigned', 'TaskBlocked', 'TaskHandedOff', 'TaskUnblocked', 'TaskStarted', 'TaskCompleted'])
  t.ok(history.every(({ fact }) => fact.imported))
  t.strictSame(await differences(), [])

  const after = (await log()).length
  t.ok(after > before)
  t.match(await cli('import', 'run', '--mapping', mapping, '--data', dir, '--root', root, '--json'), { code: 0 })
  t.equal((await log()).length, after, 'nothing is doubled')
})

t.test('excerpts of two real logs go through with the mappings that Baton has for them, with nothing but a URL and a key; again they change nothing', async (t) => {
  const from = join(import.meta.dirname, 'data')
  for (const [excerpt, file] of [['itsm-incidents', 'events'], ['agent-fleet-events', 'gastown-events'], ['agent-fleet-tasks', 'gastown-tasks'], ['agent-fleet-deps', 'gastown-deps']]) {
    writeFileSync(join(dir, `${file}.csv.gz`), gzipSync(readFileSync(join(from, `${excerpt}.csv`))))
  }
  const env = { PATH: process.env.PATH, BATON_URL: baton.urls.gateway, BATON_API_KEY: baton.adminKey.key }
  const play = async (mapping: string) => {
    const { code, out, err } = await cliWith(env, 'import', 'run', '--mapping', mapping, '--data', dir, '--root', join(dir, 'nothing'), '--json')
    t.equal(code, 0, err)
    const { elapsed_ms, ...played } = JSON.parse(out)
    return played
  }
  const incidents = await play('itsm-incidents')
  const fleet = await play('agent-fleet')
  t.strictSame(incidents, {
    rows: 299, commands: 290, unread: 0, byWish: { create: 30, assign: 48, handoff: 35, block: 24, start: 53, unblock: 24, complete: 30 },
    // What was resolved is done for good, and these incidents were taken up again.
    refused: { 'start INVALID_STATE_TRANSITION': 48, 'assign INVALID_STATE_TRANSITION': 23, 'handoff INVALID_STATE_TRANSITION': 21, 'block INVALID_STATE_TRANSITION': 13 },
  })
  t.strictSame(fleet, {
    rows: 292, commands: 231, unread: 0,
    byWish: { create: 49, assign: 26, handoff: 25, depend: 13, start: 45, complete: 41, release: 3, cancel: 3 },
    // Two tasks wait for one another, two were closed before what they wait for, and two dependencies name tasks that never come.
    refused: {
      'start INVALID_STATE_TRANSITION': 8, 'start DEPENDENCIES_UNMET': 2, 'depend DEPENDENCY_CYCLE': 1, 'depend NOT_FOUND': 1, 'depend DEPENDENCY_UNKNOWN': 1,
    },
  })
  t.strictSame(await differences(), [])
  const before = (await log()).length
  t.strictSame(await play('itsm-incidents'), incidents)
  t.strictSame(await play('agent-fleet'), fleet)
  t.equal((await log()).length, before, 'nothing is doubled')
})

t.test('an import stops with one sentence on what the log is not to blame for', async (t) => {
  const env = { PATH: process.env.PATH, BATON_URL: baton.urls.gateway, BATON_API_KEY: `bk_${'x'.repeat(43)}` }
  const { code, err } = await cliWith(env, 'import', 'run', '--mapping', 'agent-fleet', '--data', dir, '--root', join(dir, 'nothing'), '--json')
  t.equal(code, 1)
  t.match(err, /^baton: INVALID_API_KEY: .*\. The import has stopped: run it again and it goes on, nothing is done twice\.\n$/)
})

t.test('the example daemon survives a kill -9 without missing or repeating work', async (t) => {
  const { id } = await admin.post('/orchestrators', { name: 'Daemon', maxConcurrentTasks: 1 })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`)
  const env = { PATH: process.env.PATH, BATON_URL: baton.urls.gateway, NATS_URL: baton.urls.nats, BATON_API_KEY: secret, WORK_MS: '60' }
  const start = () => startChild({
    name: 'daemon', command: process.execPath, args: [join(scripts, 'daemon.ts')], env, ready: (output) => output.includes('following'), ready_timeout_ms: 20_000, stopSignal: 'SIGTERM', stop_timeout_ms: 5_000,
  })
  await admin.post(`/orchestrators/${id}/activate`)
  let daemon = await start()
  const tasks: string[] = []
  for (let n = 0; n < 8; n++) tasks.push((await admin.post('/tasks', { owner: id, title: `work ${n}` })).id)
  const done = async () => (await log()).filter(({ fact }) => fact.type === 'TaskCompleted' && tasks.includes(fact.id)).length
  await until(async () => (await done()) >= 2)
  await daemon.kill()
  daemon = await start()
  // A task whose lease the dead daemon held is given back when the lease expires; the admin does not wait for that minute.
  const held = (await admin.get<{ items: { task: string }[] }>(`/tasks?owner=${id}&status=IN_PROGRESS`)).items
  await until(async () => {
    for (const { task } of held) await admin.post(`/tasks/${task}/release`).catch(() => undefined)
    return (await done()) === tasks.length
  })
  const completions = (await log()).filter(({ fact }) => fact.type === 'TaskCompleted' && tasks.includes(fact.id)).map(({ fact }) => fact.id)
  t.strictSame([...completions].sort(), [...tasks].sort(), 'each once')
  await daemon.stop()
})

t.test('the call that the README prints runs as it is printed', async (t) => {
  const readme = readFileSync(join(scripts, '../README.md'), 'utf8')
  const printed = /^curl .*$/m.exec(readme)![0]
  const command = printed.replace('http://127.0.0.1:8080', baton.urls.gateway).replace('.baton/admin.key', join(root, 'admin.key'))
  const answer = await new Promise<string>((resolve) => {
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
    child.once('close', () => resolve(out))
  })
  t.match(JSON.parse(answer), { id: String, revision: '0', changed: true })
})

t.test('an export names a fact that cannot be read, goes on, and ends with exit code 1', async (t) => {
  const { id } = await admin.post('/tasks', { owner: (await admin.post('/orchestrators', { name: 'Scribe' })).id, title: 'torn' })
  const torn = jsonEvent({ type: 'TaskProgressed', data: { what: 'scribble' } as never, metadata: { version: 1 } })
  await client.appendToStream(`task-${id}`, torn)
  const file = join(dir, 'torn.ndjson')
  const { code, err } = await cli('audit', 'export', '--root', root, '--out', file)
  t.equal(code, 1)
  t.match(err, new RegExp(`^unreadable: TaskProgressed at revision 1 of task-${id} cannot be read: [\\s\\S]*\\d+ facts in `))
  // Behind it may stand what a process did meanwhile.
  const exported = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { type: string; subject: string })
  t.strictSame(exported.filter(({ subject }) => subject === `task-${id}`).map(({ type }) => type), ['baton.TaskCreated'])
  const told = await cli('audit', 'export', `task-${id}`, '--root', root, '--json')
  t.match(told, { code: 1, out: /"baton.TaskCreated"/ })
  t.match(JSON.parse(told.err), { facts: 1, unreadable: [/TaskProgressed at revision 1/] })
})
