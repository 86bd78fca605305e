import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Who } from '../../scripts/api.ts'
import { serveHttp } from '../../scripts/mcp/http.ts'
import { Leases } from '../../scripts/mcp/leases.ts'
import { Session } from '../../scripts/mcp/session.ts'
import { cliWith, scripts } from './command-line.ts'
import { configFrom } from '../gateway/config.ts'
import { gateway } from '../gateway/gateway.ts'
import { house, until } from './house.ts'

const { root, baton, admin } = await house(t)
const url = baton.urls.gateway

async function orchestrator(name: string) {
  const { id } = await admin.post('/orchestrators', { name })
  await admin.post(`/orchestrators/${id}/activate`)
  const { secret } = await admin.post(`/orchestrators/${id}/keys`, {})
  return { id, key: secret!, api: admin.as(secret!) }
}
const ada = await orchestrator('Ada')
const keyFile = join(root, 'ada.key')
writeFileSync(keyFile, ada.key)

/** As the guide says it is started; `words` instead of its last. */
const [, told] = /```json\n([^]*?)```/.exec(readFileSync(join(scripts, '../docs/guides/mcp.md'), 'utf8'))!
const { mcpServers: { baton: { args: told_args, env: told_env } } } = JSON.parse(told!)

async function overStdio(...words: string[]) {
  const client = new Client({ name: 'journey', version: '1' })
  t.same(Object.keys(told_env), ['BATON_URL', 'BATON_KEY_FILE'])
  const transport = new StdioClientTransport({
    command: process.execPath, args: [...told_args.slice(0, 2), ...words], cwd: join(scripts, '..'), stderr: 'ignore',
    env: { ...process.env as Record<string, string>, BATON_URL: url, BATON_KEY_FILE: keyFile },
  })
  await client.connect(transport)
  return client
}

const used = async (client: Client, name: string, said: Record<string, unknown> = {}) => {
  const { structuredContent, isError = false, content } = await client.callTool({ name, arguments: said })
  return { isError, said: structuredContent as Record<string, any>, text: (content[0] as { text: string }).text }
}
const named = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)

t.test('L-80, L-81: an agent works with Baton by tools alone, over standard input and output', async (t) => {
  const client = await overStdio(...told_args.slice(2))
  const { tools } = await client.listTools()
  t.same(tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name),
    ['next_task', 'list_tasks', 'get_task', 'read_context', 'why', 'timeline', 'list_decisions', 'get_decision', 'who_can_take'])
  t.same(tools.filter(({ annotations }) => !annotations?.readOnlyHint).map(({ name }) => name),
    ['claim_next', 'report_progress', 'complete', 'fail', 'release', 'create_task', 'delegate', 'hand_off', 'ask_for_help', 'vote'])
  t.match(tools.find(({ name }) => name === 'report_progress')?.inputSchema,
    { required: ['task', 'percentage'], properties: { percentage: { type: 'integer', minimum: 0, maximum: 100 }, idempotency_key: { maxLength: 255 } } }, 'the schema is that of the command')

  const { said: made } = await used(client, 'create_task', { title: 'Tidy up', idempotency_key: 'once' })
  t.same((await used(client, 'create_task', { title: 'Tidy up', idempotency_key: 'once' })).said.id, made.id, 'told twice, done once')
  t.equal((await used(client, 'next_task', { minPosition: made.position })).said.best.task, made.id)
  const claimed = await used(client, 'claim_next', { minPosition: made.position })
  t.equal(claimed.said.id, made.id)
  t.same(JSON.parse(claimed.text), claimed.said, 'who reads no structure reads the same as text')
  t.match((await used(client, 'read_context', { task: made.id, minPosition: claimed.said.position })).said, { task: { task: made.id } })
  t.equal((await used(client, 'report_progress', { task: made.id, percentage: 40 })).isError, false, 'L-82: the token is known here')
  const done = await used(client, 'complete', { task: made.id, output: { tidy: true } })
  t.equal(done.isError, false)
  t.match((await used(client, 'get_task', { task: made.id, minPosition: done.said.position })).said, { status: 'DONE' })
  t.equal((await used(client, 'timeline', { stream: `task-${made.id}`, minPosition: done.said.position })).said.items.length, 4)

  t.match((await used(client, 'claim_next', { minPosition: done.said.position })).said, { code: 'NOTHING_TO_CLAIM', retryable: false, next: /Come back/ }, 'L-83')
  t.match(await used(client, 'complete', { task: made.id, token: '0' }), { isError: true, said: { next: /./ } })
  t.match((await used(client, 'get_task', {})).said, { code: 'VALIDATION_ERROR', next: 'Say task.' })
  t.match((await used(client, 'report_progress', { task: made.id, percentage: 400 })).said, { code: 'VALIDATION_ERROR', errors: [{ pointer: '/percentage' }] })
  await t.rejects(client.callTool({ name: 'recall', arguments: {} }), /no tool/)
  await client.close()
})

t.test('L-81: without --write there is nothing that changes anything', async (t) => {
  const client = await overStdio()
  t.notOk((await named(client)).some((name) => ['claim_next', 'create_task', 'vote'].includes(name)))
  await client.close()
})

t.test('L-82: what was claimed is confirmed while somebody calls, and given back at the end of the session', async (t) => {
  let now_ms = 0
  const session = new Session(await ada.api.get<Who>('/keys/validate'), { mayWrite: true, leases: new Leases(() => now_ms) })
  const { id, position } = await ada.api.post('/tasks', { title: 'Long' })
  t.match(await session.use('claim_next', { minPosition: position }, ada.api), { isError: false, content: { id } })
  const renewals = async () => (await ada.api.get(`/timeline?stream=task-${id}&type=LeaseRenewed`)).items.length
  now_ms = 15 * 60_000
  await session.leases.beat()
  t.equal(await renewals(), 0, 'nobody has called for a quarter of an hour')
  now_ms--
  await until(async () => {
    await session.leases.beat()
    return await renewals() > 0
  })
  await session.close()
  t.equal(session.leases.tokenOf(id), undefined)
  const { position: now } = await ada.api.post('/tasks', { title: 'Another' })
  t.match(await ada.api.get(`/tasks/${id}?minPosition=${now}`), { status: 'TODO' })
})

t.test('L-80, L-84: over HTTP every request shows its key, pages of others may not ask, and what is subscribed to tells that it changed', async (t) => {
  let now_ms = 0
  const serving = await serveHttp({ host: '127.0.0.1', port: 0, url, mayWrite: true, now_ms: () => now_ms })
  t.teardown(() => serving.close())
  const front = await gateway(configFrom({
    COMMAND_URL: baton.urls.command, QUERY_URL: baton.urls.query, GATEWAY_PORT: '0', MCP_URL: `http://127.0.0.1:${serving.port}`, LOG_LEVEL: 'silent',
  }))
  t.teardown(() => front.close())
  t.equal((await fetch(`${url}/mcp`, { method: 'POST' })).status, 404, 'where it is not served, the gateway has no such place')
  const place = new URL('/mcp', await front.listen())
  const withKey = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } })
  const asked = (headers: Record<string, string>) => fetch(place, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', ...headers } })
  t.equal((await asked({})).status, 401)
  t.equal((await asked({ authorization: 'Bearer bk_no' })).status, 401)
  t.equal((await asked({ authorization: `Bearer ${ada.key}`, origin: place.origin.replace('127.0.0.1', 'elsewhere.example') })).status, 403)
  t.equal((await fetch(`http://127.0.0.1:${serving.port}/else`)).status, 404)

  const client = new Client({ name: 'journey', version: '1' })
  const transport = new StreamableHTTPClientTransport(place, withKey(ada.key))
  const updated: string[] = []
  client.setNotificationHandler('notifications/resources/updated', ({ params: { uri } }) => { updated.push(uri) })
  await client.connect(transport)
  t.equal((await asked({ authorization: `Bearer ${baton.adminKey.key}`, 'mcp-session-id': transport.sessionId! })).status, 403, 'a session is one key\'s')

  t.same((await client.listResources()).resources.map(({ uri }) => uri), ['baton://backlog', 'baton://decisions'])
  t.equal((await client.listResourceTemplates()).resourceTemplates.length, 2)
  const { said: { id } } = await used(client, 'create_task', { title: 'Watched' })
  const text = async (uri: string) => JSON.parse(((await client.readResource({ uri })).contents[0] as { text: string }).text)
  await until(async () => text(`baton://tasks/${id}`).catch(() => undefined))
  t.match(await text(`baton://context/${id}`), { task: { task: id } })
  await t.rejects(client.readResource({ uri: 'baton://else' }), /no resource/)
  await client.subscribeResource({ uri: `baton://tasks/${id}` })
  await client.subscribeResource({ uri: 'baton://decisions' })
  let nth = 0
  await until(async () => {
    await used(client, 'create_task', { title: 'Noise' })
    await ada.api.send('PATCH', `/tasks/${id}`, { title: `Watched ${nth++}` })
    return updated.length > 0
  })
  t.same([...new Set(updated)], [`baton://tasks/${id}`])
  await client.unsubscribeResource({ uri: 'baton://decisions' })

  now_ms = 30 * 60_000
  await serving.tidy()
  t.equal((await asked({ authorization: `Bearer ${ada.key}`, 'mcp-session-id': transport.sessionId! })).status, 404, 'half an hour unused, it is over')
  await client.close()
})

t.test('L-90: a person works with Baton from a terminal', async (t) => {
  const env = { ...process.env, BATON_URL: undefined, BATON_API_KEY: undefined, XDG_CONFIG_HOME: join(root, 'config') }
  const baton = (...words: string[]) => cliWith(env, ...words)
  const json = async (...words: string[]) => {
    const { out, err } = await baton(...words, '--json')
    t.equal(err, '', words.join(' '))
    return out.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
  }

  const login = spawn(process.execPath, [join(scripts, 'baton.ts'), 'login', '--url', url], { env, stdio: ['pipe', 'ignore', 'inherit'] })
  login.stdin.end(`${ada.key}\n`)
  t.same(await once(login, 'close'), [0, null])
  const profile = join(root, 'config', 'baton', 'profile.json')
  t.equal(statSync(profile).mode & 0o777, 0o600, 'for nobody else to read')

  const { id, position } = await ada.api.post('/tasks', { title: 'By hand', priority: 'CRITICAL' })
  await ada.api.get(`/tasks/${id}?minPosition=${position}`)
  t.match((await json('tasks', '--priority', 'CRITICAL')), [{ task: id, title: 'By hand' }], 'a row in a line')
  const tailed = spawn(process.execPath, [join(scripts, 'baton.ts'), 'tail', '--stream', `task-${id}`, '--after', String(BigInt(position) - 1n), '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let facts = ''
  tailed.stdout.setEncoding('utf8').on('data', (text: string) => { facts += text })

  const [claimed] = await json('claim', '--minPriority', 'CRITICAL')
  t.match(claimed, { id, changed: true })
  t.match((await baton('complete', id, '--output', '{"by":"hand"}')).out, new RegExp(`^${id} is at revision \\d+, position \\d+\n$`), 'the lease that is held is known')
  const again = await baton('complete', id)
  t.match(again, { code: 1, out: '' })
  t.match(again.err, /^baton: \w+: [^]*\n  [A-Z].*\.\n$/, 'a refusal says what to do next')
  t.match((await baton('task', id)).out, /\nstatus +DONE\n/)
  t.match(await baton('escalations'), { code: 0, out: 'Nothing of that kind that fits.\n' })
  t.match((await baton('complete')), { code: 2, err: /^baton: Say which task/ })
  t.match(await baton('status'), { code: 0, out: /All is well/ })

  await until(async () => facts.split('\n').filter(Boolean).length >= 3)
  t.same(facts.trim().split('\n').map((line) => JSON.parse(line).type), ['TaskCreated', 'TaskStarted', 'TaskCompleted'])
  tailed.kill('SIGINT')
  t.same(await once(tailed, 'close'), [0, null])
})
