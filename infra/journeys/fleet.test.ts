import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { jsonEvent } from '@eventstore/db-client'
import t from 'tap'
import { demonstrate } from '../../scripts/demo.ts'
import { startChild } from '../embedded/child.ts'
import { folderFor, forChildren } from '../embedded/testing.ts'
import { cliWith, scripts } from './command-line.ts'
import { house, until } from './house.ts'

const { root, baton, client, admin, log, announced } = await house(t)
const dir = folderFor(t, 'fleet')

/** The command line as a person calls it. */
const cli = (...args: string[]) => cliWith(process.env, ...args)

t.test('F-72 F-78 F-83 C-23 C-26 R-21 R-72 a fleet registers, plans, votes, works, fails, sleeps, hands over and finishes; the read models equal a replay', async (t) => {
  const said: string[] = []
  t.ok(await demonstrate(baton, 7, (line) => said.push(line)))
  const text = said.join('\n')
  for (const words of [/60 completions/, /"Start the first task\?" approved/, /"Rename the fleet\?" expired/, /failures with retry/, /handoffs/, /escalations resolved/,
    /circuit opened at \S+, half open at \S+, closed at \S+; reliability 0.6923, then 0.7143/, /75000 of 100000 tokens of the day are used: 50 % \(info\), 75 % \(warning\)/,
    /by weights of 5, 3, 2 at 60 %, quorum 70 %: after the first vote it could still be approved, rejected;\n  approved by the second, 7 of 10, 2 of 3 voters\n/,
    /its dossier, \S+: valid, signed by \w{12}\n  with one word of it altered: \/facts\/\d+: VoteCast of \S+: sealed content differs/,
    /Iris may start nothing by itself: APPROVAL_REQUIRED[^\n]*\n  APPROVAL_REQUIRED; for the task that it is for: started, and the approval is USED/,
    /a start while it is away waits until \S+, and next shows that it is closed;\n  woken at \S+ claimed and done. It keeps \d+ holidays of DE this year/,
    /4 of 4 done, [12] at once at the most; finished/,
  ]) t.match(text, words)
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
  if (existsSync('/dev/full')) {
    const full = spawn('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, join(scripts, 'baton.ts'), '--help'], { stdio: ['ignore', 'ignore', 'pipe'] })
    t.match(await text(full.stderr), /^baton: what there is to say cannot be written: ENOSPC[^\n]*\n$/, 'a full disk is no success')
  }
  t.match(await cli('audit', 'replay', '--root', root, '--json'), { code: 0, out: /"unreadable": \[\]/ })
  const file = join(dir, 'events.ndjson')
  // A timer may have told something meanwhile.
  const least = (await log()).length
  t.match(await cli('audit', 'export', '--root', root, '--out', file), { code: 0 })
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  t.ok(lines.length >= least && lines.length <= (await log()).length)
  t.match(lines[0], { specversion: '1.0', source: /^\/organizations\/default\// })
  const keys = lines.filter(({ type }) => /ApiKeyGenerated/.test(type))
  t.ok(keys.length > 0 && !keys.some(({ data }) => data.hash), 'no key hash leaves the log')
  t.match(await cli('audit', 'verify', '--root', root), { code: 0, out: /backlog .*equal/ })

  const pg = await import('pg')
  const db = new pg.default.Client({ connectionString: baton.urls.database })
  await db.connect()
  await db.query('update backlog set title = $1 where task = $2', ['another title', done!.task])
  t.match(await cli('audit', 'verify', '--root', root, '--model', 'backlog'), { code: 1, out: /DIFFERS[\s\S]*title is "another title"[\s\S]*made by TaskCompleted/ })
  await db.query('delete from backlog where task = $1', [done!.task])
  t.match(await cli('audit', 'verify', '--root', root, '--json'), { code: 1, out: /"what": "row"/ })
  for (const model of ['backlog', 'decision', 'vote'])
    t.equal((await fetch(`${baton.urls.projection}/models/${model}/rebuild`, { method: 'POST' })).status, 200)
  const dossiers = join(root, 'dossiers')
  for (const file of readdirSync(dossiers)) {
    const kept = readFileSync(join(dossiers, file), 'utf8')
    t.equal(await admin.text(`/decisions/${file.replace('.json', '')}/dossier`), kept, 'C-74 the same bytes after the rows were built anew')
  }
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
  for (const [at, what] of [['yesterday', /is an instant/], ['2026-02-30T00:00:00Z', /no day of the calendar/], ['2026-01-31T12:00:00', /no offset/]] as const) {
    t.match(await cli('audit', 'state', 'task-none', '--at', at, '--root', root), { code: 2, err: what })
  }
  t.match(await cli('audit', 'verify', '--root', join(dir, 'nothing')), { code: 2, err: /does not run here/ })
  t.match(await cli('import', 'run'), { code: 2, err: /--mapping/ })
  const missing = join(dir, 'nowhere', 'file.ndjson')
  t.match(await cli('audit', 'export', '--out', missing, '--root', root), { code: 2, err: /--out .* cannot be written: there is no such folder\. \(/ })
  const data = join(import.meta.dirname, 'data')
  t.match(await cli('import', 'run', '--mapping', 'agent-fleet', '--data', data, '--report', missing, '--root', root), { code: 2, err: /--report .* no such folder/ })
  t.match(await cli('import', 'run', '--mapping', 'agent-fleet', '--data', data, '--root', join(dir, 'nothing')), { code: 2, err: /say COMMAND_URL or BATON_URL and BATON_API_KEY/ })
})

t.test('the example daemon survives a kill -9 without missing or repeating work', async (t) => {
  const { id } = await admin.post('/orchestrators', { name: 'Daemon', maxConcurrentTasks: 1 })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`)
  const env = { ...forChildren, BATON_URL: baton.urls.gateway, NATS_URL: baton.urls.nats, BATON_API_KEY: secret, WORK_MS: '60' }
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
