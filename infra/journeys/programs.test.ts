import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configOf } from '../../daemon/src/config.ts'
import { Daemon } from '../../daemon/src/daemon.ts'
import { familyOf } from '../../daemon/src/processes.ts'
import type { Times } from '../../daemon/src/times.ts'
import { startChild } from '../embedded/child.ts'
import { forChildren } from '../embedded/testing.ts'
import { house, until } from './house.ts'

const { root, baton, admin: api, log } = await house(t)
/** As the chapter has it, but in a hurry. */
const times: Partial<Times> = { look_ms: 2_000, beat_ms: 1_000, heartbeat_ms: 500, grace_ms: 400, flush_ms: 200, progress_ms: 100, drain_ms: 300 }
const stubborn = `process.on('SIGTERM', () => {}); const { spawn } = require('node:child_process')
  for (const detached of [false, true]) spawn('node', ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { detached, stdio: 'ignore' }).unref()
  setInterval(() => {}, 1000)`
const leak = `bk_${'z'.repeat(43)}`
const shell = (text: string, more: object = {}) => ({ command: ['sh', '-c', text], stdin: 'none', ...more })
const programs = {
  cat: { command: ['cat'] },
  json: { command: ['cat'], stdin: 'json' },
  report: shell(`echo '::baton {"progress":40,"message":"half","tokens":12}'; sleep 0.3; echo hello; echo '::baton {"artifact":{"name":"log","uri":"file:log"},"output":{"n":1},"cost":3}'`),
  secrets: shell(`env | sort; echo ${leak}; echo "$0 ${leak}" >&2`, { env: ['BATON_API_KEY'] }),
  exit: shell('echo why >&2; exit 3'), network: shell('exit 75'), permission: shell('exit 77'), segfault: shell('kill -SEGV $$'), oom: shell('kill -KILL $$'),
  missing: { command: ['there-is-no-such-program'] },
  sleeper: shell('sleep 1000', { timeout_s: 1 }), silent: shell('echo once; sleep 1000', { idle_s: 1 }),
  endless: { command: ['yes', 'x'.repeat(500)], stdin: 'none', timeout_s: 2 },
  stubborn: { command: ['node', '-e', stubborn], stdin: 'none', timeout_s: 1 },
  tokens: shell(`echo '::baton {"tokens":500}'; sleep 1000`, { tokens: 100 }),
  clock: shell('while :; do date +%s%N; sleep 0.05; done'),
}

const { id: orchestrator } = await api.post('/orchestrators', { name: 'Ada', maxConcurrentTasks: 20 })
await api.post(`/orchestrators/${orchestrator}/activate`)
const { secret } = await api.post(`/orchestrators/${orchestrator}/keys`, {})
const configured = (name: string, more: object = {}) => configOf({
  url: baton.urls.gateway, natsUrl: baton.urls.nats, keyFile: join(root, 'key'), name, directory: join(root, name), port: 0, maxSessions: 20, programs, program: 'cat', ...more,
})
writeFileSync(join(root, 'key'), secret!)
const task = async (program: keyof typeof programs, more: object = {}) => (await api.post('/tasks', { owner: orchestrator, title: `Do ${program}`, maxRetries: 0, metadata: { program }, ...more })).id
const sessionOf = (id: string, isSo: (row: any) => boolean = ({ ended_at }) => ended_at !== null) => until(async () => {
  const { items: [row] } = await api.get<any>(`/work-sessions?task=${id}`)
  return row && isSo(row) ? row : undefined
})
const ended = (id: string) => until(async () => {
  const row = await api.get<any>(`/tasks/${id}`).catch(() => undefined)
  return row && row.status !== 'TODO' && row.status !== 'IN_PROGRESS' ? row : undefined
})
const deliveredBy = (id: string) => until(() => api.get<any>(`/task-results/${id}`).catch(() => undefined))
/** Whether anything of a program lives. */
const lives = (session: string) => familyOf(-1, `BATON_SESSION=${session}`).length > 0

const daemon = new Daemon(configured('quay'), secret!, { times })
await daemon.start()
t.teardown(() => daemon.abandon())

t.test('F-93 programs get the context, print, report and end, and their tasks end with them', async (t) => {
  const names = Object.keys(programs).filter((name) => name !== 'clock') as (keyof typeof programs)[]
  const ids = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await task(name)] as const))) as Record<string, string>
  const kinds = { exit: 'exit', network: 'network', permission: 'permission', segfault: 'segfault', oom: 'oom', missing: 'permission', sleeper: 'timeout', silent: 'timeout', endless: 'timeout', stubborn: 'timeout', tokens: 'budget' }
  for (const [name, kind] of Object.entries(kinds)) {
    const session = await sessionOf(ids[name]!)
    t.match(session, { status: 'FAILED', kind }, name)
    t.match(await ended(ids[name]!), { status: 'BLOCKED', block_kind: 'failure' }, name)
    t.notOk(lives(session.session), `nothing of ${name} lives`)
  }
  t.match(await sessionOf(ids.exit!), { exit_code: 3, error: 'why' })
  t.match(await deliveredBy(ids.cat!), { output: /^# Do cat/ }, 'the context came as a text, and its end went back')
  t.match(JSON.parse((await deliveredBy(ids.json!)).output), { task: { title: 'Do json' }, context: { digest: /./ } })
  t.match(await deliveredBy(ids.report!), { output: { n: 1 }, artifacts: [{ name: 'log', uri: 'file:log' }], metrics: { tokens: 12, cost: 3 } })
  t.match(await sessionOf(ids.report!), { status: 'COMPLETED', exit_code: 0, tokens: 12, cost: 3, output_tail: 'hello\n', output_digest: /^[0-9a-f]{64}$/ })
  const facts = (await log()).map(({ fact }) => fact)
  t.match(facts.find(({ type, id }) => type === 'TaskProgressed' && id === ids.report), { data: { percentage: 40, message: 'half' } })
  const { output } = await deliveredBy(ids.secrets!)
  t.match(output, /^BATON_SESSION=[^\n]+\nBATON_TASK=[^\n]+\nHOME=/m)
  for (const said of [output, JSON.stringify(facts.map(({ data }) => data))]) t.notOk(said.includes(leak) || said.includes(secret!), 'F-105 no clear key')
  const { chunks } = await api.get<any>(`/work-sessions/${(await sessionOf(ids.endless!)).session}/output`)
  t.ok(chunks.length > 10 && chunks.every(({ text }: any) => text.length <= 16_384), 'what was printed is told in chunks')
  t.equal(daemon.runs.size, 0)
  t.strictSame([daemon.figures.spawned, daemon.figures.completed], [15, 4])
})

t.test('F-92 a pause makes the program stand still and keeps its lease, and an end that others asked for kills it', async (t) => {
  const id = await task('clock')
  const { session } = await sessionOf(id, ({ status }) => status === 'RUNNING')
  await api.post(`/work-sessions/${session}/pause`)
  const ticks = async () => (await api.get<any>(`/work-sessions/${session}/output`)).chunks.at(-1)?.no ?? 0
  await until(async () => daemon.runs.get(session)?.status === 'PAUSED')
  let last = -1
  await until(async () => (last === (last = await ticks()) && last > 0))
  t.match(await api.get<any>(`/tasks/${id}`), { status: 'IN_PROGRESS' })
  await api.post(`/work-sessions/${session}/resume`)
  await until(async () => (await ticks()) > last)
  await api.post(`/work-sessions/${session}/terminate`, { reason: 'enough' })
  await until(async () => !daemon.runs.has(session))
  t.notOk(lives(session))
  t.match(await sessionOf(id), { status: 'TERMINATED', reason: 'enough' })
  await until(async () => (await log()).some(({ fact }) => fact.id === id && fact.type === 'TaskReleased'))
  await api.post(`/tasks/${id}/cancel`)
  await until(async () => daemon.runs.size === 0)
})

t.test('F-33 F-94 a daemon that drains ends what runs at the deadline, releases its tasks and disconnects', async (t) => {
  await daemon.stop()
  const config = configured('pier', { natsUrl: undefined })
  const second = new Daemon(config, secret!, { times: { ...times, ask_ms: 200 } })
  const { daemon: name } = await second.start()
  t.teardown(() => second.abandon())
  const id = await task('clock')
  const { session } = await sessionOf(id, ({ status }) => status === 'RUNNING')
  await api.post(`/daemons/${name}/drain`, { within_s: 1 })
  t.equal(await second.over, 'drained', 'it was told by the facts that it asks for')
  await second.stop()
  t.notOk(lives(session))
  await until(async () => (await api.get<any>(`/daemons/${name}`)).status === 'STOPPED')
  t.match(await sessionOf(id), { status: 'TERMINATED' })
  await until(async () => (await api.get<any>(`/tasks/${id}`)).status === 'TODO')
  await api.post(`/tasks/${id}/cancel`)
})

t.test('F-94 F-104 the programs of a daemon that is killed die with it, and the next instance leaves nothing of them', async (t) => {
  const file = join(root, 'config.json')
  writeFileSync(file, JSON.stringify(configured('dock')))
  const start = () => startChild({
    name: 'daemon', command: process.execPath, args: [join(import.meta.dirname, '../../daemon/src/main.ts'), file], env: forChildren, ready: (output) => output.includes('"following"'),
    ready_timeout_ms: 20_000, stopSignal: 'SIGTERM', stop_timeout_ms: 8_000,
  })
  const first = await start()
  const id = await task('stubborn', { title: 'Killed' })
  const { session } = await sessionOf(id, ({ status }) => status === 'RUNNING')
  t.ok(existsSync(join(root, 'dock', session)), 'in a folder of its own')
  await first.kill()
  const next = await start()
  t.teardown(() => next.kill())
  t.notOk(lives(session), 'before it takes anything up')
  t.strictSame(readdirSync(join(root, 'dock', 'state')), ['daemon.json'])
  t.match(await next.stop(), { code: 0 })
})
