import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import { configOf } from '../../daemon/src/config.ts'
import { Daemon } from '../../daemon/src/daemon.ts'
import { familyOf } from '../../daemon/src/processes.ts'
import { Socket } from '../../daemon/src/socket.ts'
import type { Times } from '../../daemon/src/times.ts'
import { wordsOf } from '../../scripts/daemon-command.ts'
import { startChild } from '../embedded/child.ts'
import { forChildren } from '../embedded/testing.ts'
import { house, until } from './house.ts'

const checkout = join(import.meta.dirname, '../..')
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

/** A client of the socket: sends, and waits for the first message that fits. */
async function client(port: number, key: string | undefined, more: object = {}, protocols: string[] = []) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocols, { ...(key ? { headers: { authorization: `Bearer ${key}` } } : {}), ...more })
  const heard: any[] = []
  socket.on('message', (text: Buffer) => heard.push(JSON.parse(String(text)))).on('error', () => undefined)
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101)).once('unexpected-response', (_, { statusCode = 0 }) => { resolve(statusCode); socket.terminate() })
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const hears = (isSo: (message: any) => boolean) => until(async () => heard.find(isSo))
  let asked = 0
  const ask = (type: string, payload: object = {}) => {
    const id = String(++asked)
    socket.send(JSON.stringify({ type, id, payload }))
    return hears((message) => message.id === id)
  }
  return { socket, status, closed, heard, hears, ask, say: (text: string | Buffer) => socket.send(text) }
}

t.test('F-95 whoever may act as the orchestrator watches the daemon over a socket, and tells it what to do', async (t) => {
  const third = new Daemon(configured('jetty', { maxSessions: 1 }), secret!, { times, changed: (run, isOver) => door.changed(run, isOver) })
  const door = new Socket(third, { key_ms: 300 })
  const { daemon: id } = await third.start()
  const port = await door.listen(0)
  t.teardown(async () => {
    await third.abandon()
    await door.close()
  })
  const { secret: stranger } = await api.post(`/orchestrators/${(await api.post('/orchestrators', { name: 'Bob' })).id}/keys`, {})
  const refused = async (...asked: Parameters<typeof client> extends [number, ...infer Rest] ? Rest : never) => (await client(port, ...asked)).status
  t.strictSame([await refused(undefined), await refused('bk_none'), await refused(`bk_${'x'.repeat(43)}`), await refused(stranger)], [401, 401, 401, 403])
  t.equal(await refused(secret, { origin: 'https://elsewhere.example' }), 403)
  const health = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`)
    return { status: answer.status, body: await answer.json() as { state: string; checks: Record<string, boolean> } }
  }
  // The guard for the next program answers a moment after the daemon does.
  const ready = await until(async () => {
    const told = await health()
    return told.body.checks.guard && told
  })
  t.match(ready, { status: 200, body: { state: 'running', checks: { baton: true, nats: true, guard: true } } })
  t.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404)

  const { ask, say, heard, hears, socket } = await client(port, undefined, {}, ['baton', secret!])
  t.equal(socket.protocol, 'baton')
  await hears(({ type }) => type === 'health_check_response')
  t.match(await ask('ping'), { type: 'pong', payload: { at: /Z$/ } })
  const { items: [done] } = await api.get<any>('/tasks?status=DONE&limit=1')
  t.match(await ask('execute_task', { task: done.task }), { type: 'error', payload: { code: 'INVALID_STATE_TRANSITION' } }, 'what Baton refuses')
  const first = await ask('spawn_session', { title: 'By socket', sessionType: 'clock' })
  t.match(first, { type: 'session_spawned', payload: { session: /-/, status: 'running' } })
  const { session } = first.payload
  await hears(({ type, payload }) => type === 'session_status_update' && payload.session === session && payload.status === 'RUNNING')
  const low = await ask('spawn_session', { title: 'Waits', sessionType: 'report' })
  t.match(low, { payload: { session: null, status: 'queued' } })
  t.match(await ask('daemon_status'), { payload: { state: 'running', queued: 1, sessions: [{ session, program: 'clock' }], metrics: { spawned: Number, successRate: Number } } })
  t.match(await ask('session_status', { session }), { payload: { session, status: 'RUNNING', kind: null, metrics: { tokens: 0 } } })
  t.match(await ask('stop_session', { session }), { payload: { session, status: 'TERMINATED' } })
  t.notOk(lives(session))
  await hears(({ type, payload }) => type === 'session_status_update' && payload.task === low.payload.task && payload.status === 'COMPLETED')

  for (const [text, code] of [['no', 'BAD_JSON'], ['[]', 'BAD_MESSAGE'], ['{"type":"dance"}', 'UNKNOWN_TYPE'], [`{"type":"session_status","payload":{"session":"${orchestrator}"}}`, 'NOT_FOUND'],
    ['{"type":"execute_task","payload":{}}', 'VALIDATION_ERROR'], [`{"type":"execute_task","payload":{"task":"${done.task}","vpId":"${done.task}"}}`, 'FORBIDDEN']] as const) {
    say(text)
    t.ok(await hears(({ type, payload }) => type === 'error' && payload.code === code), code)
  }
  const big = await client(port, secret)
  big.say('x'.repeat(65_537))
  t.equal(await big.closed, 1009)
  const talker = await client(port, secret)
  for (let n = 0; n < 200; n++) talker.say('{"type":"ping"}')
  t.equal(await talker.closed, 4008)
  t.equal(talker.heard.filter(({ payload }) => payload.code === 'RATE_LIMITED').length, 99)
  const crowd = await Promise.all(Array.from({ length: 5 }, () => client(port, secret)))
  t.strictSame(crowd.map(({ status }) => status).sort(), [101, 101, 101, 101, 503], 'five of a key')
  const { id: key, secret: passing } = await api.post(`/orchestrators/${orchestrator}/keys`, {})
  const leaving = await client(port, passing)
  t.equal(leaving.status, 101)
  await api.post(`/keys/${key}/revoke`)
  t.equal(await leaving.closed, 4001)
  t.ok(heard.length > 10)
  await api.post(`/daemons/${id}/stop`)
  await third.over
  await third.stop()
  t.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 503)
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

const commandsOf = (guide: string) => [...readFileSync(join(checkout, 'docs/guides', guide), 'utf8').matchAll(/```sh\n([^]*?)\n```/g)].map(([, text]) => text!)
const shelled = (text: string, env: Record<string, string> = {}) =>
  JSON.parse(execFileSync('sh', ['-c', text], { cwd: checkout, env: { PATH: process.env.PATH!, ...env }, encoding: 'utf8' }))

t.test('F-93 the guide runs an agent in five minutes: every command of it does what it says', async (t) => {
  const [start, run, ...asked] = commandsOf('run-an-agent.md')
  t.equal(start, 'npm start', 'which runs here already')
  const [npx, name, ...words] = wordsOf(run!)
  const { bin } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  t.strictSame([npx, name, bin], ['npx', 'baton', { baton: 'scripts/baton.ts' }])
  const child = await startChild({
    name: 'guide', command: process.execPath, args: [join(checkout, bin.baton), ...words, '--url', baton.urls.gateway, '--root', root, '--nats', baton.urls.nats, '--port', '0'],
    env: forChildren, ready: (output) => output.includes('"following"'), ready_timeout_ms: 30_000, stopSignal: 'SIGTERM', stop_timeout_ms: 15_000,
  })
  t.teardown(() => child.kill())
  const here = (text: string) => text.replaceAll('http://127.0.0.1:8080', baton.urls.gateway).replaceAll('.baton/', `${root}/`)
  const [agents, task, sessions] = asked.map(here) as [string, string, string]
  const { items: [{ orchestrator: owner }] } = shelled(agents)
  const { id } = shelled(task.replace('ORCHESTRATOR', owner))
  const row = await until(async () => shelled(sessions).items.find((one: any) => one.task === id && one.status === 'COMPLETED'))
  t.match(row, { program: 'agent', exit_code: 0, output_tail: /^# Write a haiku about queues/ })
  t.match(await deliveredBy(id), { output: /^# Write a haiku/ })
  t.match(await child.stop(), { code: 0 })
  const config = JSON.parse(/```json\n([^]*?)```/.exec(readFileSync(join(checkout, 'docs/guides/run-an-agent.md'), 'utf8'))![1]!)
  t.match(configOf(config), { maxSessions: 4, program: 'cat' })
})

t.test('F-31 F-40 F-90 F-91 the guide to a daemon of one\'s own is one, command by command', async (t) => {
  const { id: own } = await api.post('/orchestrators', { name: 'Own' })
  await api.post(`/orchestrators/${own}/activate`)
  const { secret: KEY } = await api.post(`/orchestrators/${own}/keys`, {})
  const { position } = await api.post('/tasks', { owner: own, title: 'By hand' })
  await until(async () => BigInt((await api.get<any>('/position')).position) >= BigInt(position))
  const env: Record<string, string> = { URL: `${baton.urls.gateway}/api/v1`, KEY: KEY!, ORCHESTRATOR: own, INSTANCE: own, DIGEST: '0'.repeat(64) }
  const commands = commandsOf('write-a-daemon.md')
  for (const command of commands) {
    const isOfRows = !command.includes(' -d ')
    const answer = isOfRows ? await until(async () => { const said = shelled(command, env); return said.code === undefined && said }) : shelled(command, env)
    t.equal(answer.code, undefined, `${command}: ${JSON.stringify(answer.detail ?? '')}`)
    if (command.includes('/daemons"') || command.endsWith('/daemons')) env.DAEMON = answer.id
    if (command.endsWith('/claim')) Object.assign(env, { TASK: answer.id, TOKEN: answer.token, SLOT: answer.slot })
  }
  t.ok(commands.length >= 11)
  t.match(await deliveredBy(env.TASK!), { output: 'done' })
  await until(async () => (await api.get<any>(`/daemons/${env.DAEMON}`)).status === 'STOPPED')
  t.match(await sessionOf(env.TASK!), { status: 'COMPLETED', tokens: 1200, output_tail: 'done' })
})
