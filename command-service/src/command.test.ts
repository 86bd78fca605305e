import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonEvent } from '@eventstore/db-client'
import t from 'tap'
import { startEventStore } from '../../infra/embedded/engines.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { orchestrators } from 'shared-domain/fleet/orchestrator/orchestrators.ts'
import { toldColumns } from 'shared-domain/rhythm/schedule/told.ts'
import { walled } from 'shared-service/wall.ts'
import { asking, freshKey, house, until } from './fixture.ts'
import { heard } from 'shared-service/heard.ts'

const { client, db, key, service, replica, engines } = await house(t, undefined, { keyUses_ms: 50 })
const admin = asking(service.url, key)
const otherKey = freshKey()
await (await replica({ BATON_ORGANIZATION: 'globex', BATON_ADMIN_KEY: otherKey })).stop()
const stranger = asking(service.url, otherKey)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

async function orchestrator(name = 'Ada', more: object = {}) {
  const { body: { id } } = await admin('POST /orchestrators', { name, ...more })
  await admin(`POST /orchestrators/${id}/activate`)
  const { body: { secret } } = await admin(`POST /orchestrators/${id}/keys`, {})
  return { id: id as string, key: secret as string, ask: asking(service.url, secret) }
}

async function task(owner: string, more: object = {}): Promise<string> {
  return (await admin('POST /tasks', { owner, title: 'Summarise the incident', ...more })).body.id
}

/** As it stands in the log: who begins one asks for rows first, which nobody keeps here. */
async function told(folder: string, category: string, more: object = {}): Promise<string> {
  const [{ facts: [{ type, data, metadata }] }] = JSON.parse(readFileSync(join(import.meta.dirname, `../../shared-domain/src/rhythm/${folder}/history.json`), 'utf8'))
  const id = randomUUID()
  await client.appendToStream(`${category}-${id}`, jsonEvent({ type, data: { ...data, ...more }, metadata: { ...metadata, version: 1, organization: 'default' } }))
  return id
}

const recurrence = (owner: string) => told('recurrence', 'recurrence', { owner })

async function read(stream: string) {
  const events = []
  for await (const { event } of heard(client.readStream(stream))) events.push(event!)
  return events
}

t.test('S-61 an accepted command answers with id, revision, position, changed and an ETag', async (t) => {
  const { id } = await orchestrator()
  const created = await admin('POST /tasks', { owner: id, title: 'x' })
  t.match(created, { status: 201, body: { id: uuid, revision: '0', position: /^\d+$/, changed: true } })
  t.equal(created.headers.get('etag'), '"0"')
  t.equal(created.headers.get('location'), `/api/v1/tasks/${created.body.id}`)
  const again = await admin(`POST /tasks/${created.body.id}/unblock`, {})
  t.match(again, { status: 200, body: { revision: '0', position: created.body.position, changed: false } }, 'S-15 the same wish again')
})

t.test('S-65 every event says version, time, actor, organization, command, correlation and causation', async (t) => {
  const { id } = await orchestrator()
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const { body, headers } = await admin('POST /tasks', { owner: id, title: 'x' }, { 'x-correlation-id': 'mine', traceparent: trace })
  t.equal(headers.get('x-correlation-id'), 'mine')
  const [event] = await read(`task-${body.id}`)
  t.match(event!.metadata, {
    version: 2, at: /^\d{4}-.*\.\d{3}Z$/, by: { kind: 'admin', id: uuid }, organization: 'default', commandId: uuid, $correlationId: 'mine', $causationId: 'mine', traceparent: trace,
  })
  t.match((await admin('POST /tasks', { owner: id, title: 'x' }, { 'x-correlation-id': 'two words' })).headers.get('x-correlation-id'), uuid, 'a bad one is replaced')
})

t.test('S-61 the same Idempotency-Key gives the first answer again, with another body 422', async (t) => {
  const { id } = await orchestrator()
  const first = await admin('POST /tasks', { owner: id, title: 'x' }, { 'idempotency-key': 'k1' })
  const second = await admin('POST /tasks', { owner: id, title: 'x' }, { 'idempotency-key': 'k1' })
  t.strictSame(second.body, first.body)
  t.match(await admin('POST /tasks', { owner: id, title: 'y' }, { 'idempotency-key': 'k1' }), { status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } })
  const path = `/tasks/${first.body.id}`
  const blocked = await admin(`POST ${path}/block`, { reason: 'why' }, { 'idempotency-key': 'k2' })
  await admin(`POST ${path}/unblock`, {})
  t.strictSame((await admin(`POST ${path}/block`, { reason: 'why' }, { 'idempotency-key': 'k2' })).body, blocked.body, 'also after other commands')
  t.match(await admin(`POST ${path}/cancel`, {}, { 'idempotency-key': 'k2' }), { status: 422 })
  t.match(await admin('POST /tasks', { owner: id, title: 'x' }, { 'idempotency-key': 'k'.repeat(256) }), { status: 400, body: { code: 'VALIDATION_ERROR' } })
  await admin(`POST /orchestrators/${id}/pause`, {}, { 'idempotency-key': 'k3' })
  await admin(`PUT /orchestrators/${id}/capacity`, { maxConcurrentTasks: 9 }, { 'idempotency-key': 'k3' })
  const [status, limit] = [(await read(`orchestrator-${id}`)).at(-1)!, (await read(`capacity-${id}`)).at(-1)!]
  t.ok(status.id !== limit.id && (limit.data as any).max === 9, 'one key for two streams of one id makes two facts')
  const fresh = await replica()
  t.strictSame((await asking(fresh.url, key)(`POST ${path}/block`, { reason: 'why' }, { 'idempotency-key': 'k2' })).body, blocked.body, 'also by another replica')
  await fresh.stop()
})

t.test('S-61 If-Match guards the revision', async (t) => {
  const { id } = await orchestrator()
  const path = `/tasks/${await task(id)}`
  t.match(await admin(`POST ${path}/block`, { reason: 'r' }, { 'if-match': '"7"' }), { status: 412, body: { code: 'REVISION_MISMATCH' } })
  t.match(await admin(`POST ${path}/block`, { reason: 'r' }, { 'if-match': 'seven' }), { status: 400 })
  t.match(await admin(`POST ${path}/block`, { reason: 'r' }, { 'if-match': '"0"' }), { status: 200, body: { revision: '1' } })
})

t.test('S-62 what is wrong with a body is said by pointer', async (t) => {
  const { id } = await orchestrator()
  const bad = await admin('POST /tasks', { owner: id, title: '', priority: 'URGENT', bogus: 1, tags: [5] })
  t.match(bad, { status: 400, body: { type: 'urn:baton:problem:validation-error', code: 'VALIDATION_ERROR', retryable: false, status: 400, correlationId: String } })
  t.equal(bad.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  t.strictSame(bad.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), ['/bogus', '/priority', '/tags/0', '/title'])
})

t.test('S-62 every kind of bad input has its code', async (t) => {
  const { id, ask } = await orchestrator()
  const path = `/tasks/${await task(id)}`
  const unknown = '00000000-0000-7000-8000-000000000000'
  const cases: readonly (readonly [string, Promise<{ status: number; body: any }>, number, string])[] = [
    ['not JSON', admin('POST /tasks', '{'), 400, 'VALIDATION_ERROR'],
    ['an array', admin('POST /tasks', '[1]'), 400, 'VALIDATION_ERROR'],
    ['a poisoned prototype', admin('POST /tasks', '{"__proto__":{"x":1}}'), 400, 'VALIDATION_ERROR'],
    ['NUL', admin('POST /tasks', JSON.stringify({ owner: id, title: 'a\u0000b' })), 400, 'VALIDATION_ERROR'],
    ['half a surrogate pair', admin('POST /tasks', JSON.stringify({ owner: id, title: 'a\ud800b' })), 400, 'VALIDATION_ERROR'],
    ['an oversized body', admin('POST /tasks', { owner: id, title: 'x', description: 'x'.repeat(1_100_000) }), 413, 'PAYLOAD_TOO_LARGE'],
    ['another media type', admin('POST /tasks', '<a/>', { 'content-type': 'text/xml' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['an unknown route', admin('POST /nothing', {}), 404, 'NOT_FOUND'],
    ['an id that is none', admin('POST /tasks/x/start', {}), 400, 'VALIDATION_ERROR'],
    ['an unknown id', admin(`POST /tasks/${unknown}/start`, {}), 404, 'NOT_FOUND'],
    ['no key', asking(service.url, undefined)(`POST ${path}/start`, {}), 401, 'INVALID_API_KEY'],
    ['an unknown key', asking(service.url, freshKey())(`POST ${path}/start`, {}), 401, 'INVALID_API_KEY'],
    ['an orchestrator that registers others', ask('POST /orchestrators', { name: 'x' }), 403, 'FORBIDDEN'],
    ['another organization', stranger(`POST ${path}/block`, { reason: 'mine' }), 404, 'NOT_FOUND'],
    ['an owner in another organization', stranger('POST /tasks', { owner: id, title: 'x' }), 409, 'ORCHESTRATOR_UNKNOWN'],
    ['an imported time without being an admin', ask('POST /tasks', { title: 'x' }, { 'baton-imported-at': '2020-01-01T00:00:00Z' }), 403, 'FORBIDDEN'],
    ['an imported time that lies ahead', admin('POST /tasks', { owner: id, title: 'x' }, { 'baton-imported-at': '2999-01-01T00:00:00Z' }), 400, 'VALIDATION_ERROR'],
    ['an imported time before the year 1', admin('POST /tasks', { owner: id, title: 'x' }, { 'baton-imported-at': '0000-01-01T00:00:00Z' }), 400, 'VALIDATION_ERROR'],
    ['a stale lease', admin(`POST ${path}/complete`, { token: '9' }), 409, 'STALE_LEASE'],
    ['no owner', admin('POST /tasks', { title: 'x' }), 400, 'OWNER_REQUIRED'],
    ['a claim for another', ask(`POST /orchestrators/${unknown}/claim`, {}), 403, 'FORBIDDEN'],
    ['a claim by an id that is none', ask('POST /orchestrators/x/claim', {}), 400, 'VALIDATION_ERROR'],
    ['a claim with a strange field', ask(`POST /orchestrators/${id}/claim`, { x: 1 }), 400, 'VALIDATION_ERROR'],
    ['nesting without end', admin('POST /tasks', `{"metadata":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_001)}`), 400, 'VALIDATION_ERROR'],
    ['a claim of a revision', ask(`POST /orchestrators/${id}/claim`, {}, { 'if-match': '"3"' }), 400, 'VALIDATION_ERROR'],
    ['a secret under an idempotency key', admin(`POST /orchestrators/${id}/keys`, {}, { 'idempotency-key': 'k' }), 400, 'VALIDATION_ERROR'],
  ]
  for (const [what, reply, status, code] of cases) t.match(await reply, { status, body: { code, status } }, what)
  const anonymous = await asking(service.url, undefined)(`POST ${path}/start?x=1`, {})
  t.equal(anonymous.headers.get('www-authenticate'), 'Bearer')
  t.equal(anonymous.body.instance, `/api/v1${path}/start`)
})

t.test('O-4 tenancy: no command of any route reaches another organization', async (t) => {
  const { id } = await orchestrator()
  const mine = { tasks: await task(id), escalations: '', orchestrators: id, capacity: id, decisions: '', keys: '', agents: '', conflicts: '', conversations: '', approvals: '', delegations: '', recurrences: '', batches: '', 'batch-runs': '', organizations: 'default', rebalances: '', daemons: '', webhooks: '', 'work-sessions': '', orchestration: '', daemon: '' }
  const { body: decision } = await admin('POST /decisions', { title: 'q', electorate: [id, (await orchestrator('Bob')).id] })
  Object.assign(mine, { escalations: mine.tasks, decisions: decision.id, keys: (await admin(`POST /orchestrators/${id}/keys`, {})).body.id, agents: (await admin('POST /agents', { name: 'Hand' })).body.id })
  const conflict = await admin('POST /conflicts', { kind: 'other', subject: 'the desk', orchestrators: [id, (await orchestrator('Cy')).id] })
  const conversation = await admin(`POST /orchestrators/${id}/conversations`, { target: { kind: 'user', id: 'ada' }, content: 'Ahoy.' })
  const approval = await admin('POST /approvals', { orchestrator: id, envelope: { action: 'deploy' }, reason: 'It is time.' })
  Object.assign(mine, { conflicts: conflict.body.id, conversations: conversation.body.id, approvals: approval.body.id, delegations: mine.tasks, recurrences: await recurrence(id), batches: (await admin('POST /batches', { name: 'Night', command: 'cancel', select: { tasks: [id] }, run: false })).body.id, 'batch-runs': await told('batch-run', 'batchRun'), rebalances: await told('rebalance', 'rebalance'), daemons: (await admin('POST /daemons', { orchestrator: id, name: 'quay' })).body.id, webhooks: await told('../live/webhook', 'webhook'), 'work-sessions': await told('../fleet/work-session', 'workSession'), orchestration: await told('../ensemble/session', 'ensemble') })
  mine.daemon = mine['work-sessions']
  const openapi = await (await fetch(`${service.url}/openapi.json`)).json() as { paths: Record<string, Record<string, unknown>> }
  const categories = { tasks: 'task', escalations: 'task', orchestrators: 'orchestrator', capacity: 'capacity', decisions: 'decision', keys: 'apiKey', agents: 'agent', conflicts: 'conflict', conversations: 'conversation', approvals: 'actionApproval', delegations: 'task', recurrences: 'recurrence', batches: 'batch', 'batch-runs': 'batchRun', organizations: 'organization', rebalances: 'rebalance', daemons: 'daemon', webhooks: 'webhook', 'work-sessions': 'workSession', orchestration: 'ensemble', daemon: 'workSession' }
  const lengthOf = async (collection: keyof typeof mine) => (await read(`${categories[collection]}-${mine[collection]}`)).length
  let routes = 0
  for (const [path, methods] of Object.entries(openapi.paths)) {
    if (!path.includes('{')) continue
    const collection = path.split('/')[3] as keyof typeof mine
    for (const method of Object.keys(methods)) {
      const url = path.replace(/\{\w+\}/g, mine[collection])
      const before = await lengthOf(collection)
      const reply = await stranger(`${method.toUpperCase()} ${url}`, bodies[path.replace('/api/v1', '')] ?? { reason: 'x', vote: 'APPROVE', token: '0' })
      t.ok([400, 403, 404, 409, 503].includes(reply.status), `${method} ${path}: ${reply.status} ${reply.body.code}`)
      t.equal(await lengthOf(collection), before)
      routes++
    }
  }
  t.ok(routes > 30, `${routes} routes were tried`)
})

const bodies: Record<string, object> = {
  '/orchestrators/{id}/capacity': { maxConcurrentTasks: 9 },
  '/orchestrators/{orchestrator}/keys': {},
  '/agents/{agent}/keys': {},
  '/daemons/{daemon}/keys': {},
  '/keys/{replaces}/rotate': {},
  '/orchestrators/{id}/claim': {},
  '/orchestration/sessions/{session}/messages': { from: randomUUID(), type: 'coordination', payload: 1 },
  '/tasks/{id}/start': {},
  '/agents/{id}': { reason: 'x' },
  '/agents/{id}/status': { status: 'ACTIVE' },
  '/agents/{id}/capabilities': { skill: 'x' },
  '/agents/{id}/versions': { version: '1', manifest: {} },
  '/agents/{id}/supervisor': { agent: null },
  '/agents/{agent}/peers': { peer: '00000000-0000-7000-8000-00000000dead' },
}

t.test('S-31 keys: hashed, scoped, revoked, rotated, expiring', async (t) => {
  const { id, key: secret, ask } = await orchestrator()
  t.match(secret, /^bk_[A-Za-z0-9_-]{43}$/)
  const reader = (await admin(`POST /orchestrators/${id}/keys`, { scopes: ['read'] })).body
  t.match(await asking(service.url, reader.secret)('POST /tasks', { title: 'x' }), { status: 403, body: { code: 'FORBIDDEN' } })
  const [event] = await read(`apiKey-${reader.id}`)
  t.notMatch(JSON.stringify([event!.data, event!.metadata]), reader.secret)
  t.match(event!.data, { prefix: reader.secret.slice(0, 12), hash: /^[0-9a-f]{64}$/ })
  const rotated = (await admin(`POST /keys/${reader.id}/rotate`, {})).body
  t.match(rotated.secret, /^bk_/)
  await until(async () => (await asking(service.url, reader.secret)('POST /tasks', { title: 'x' })).status === 401)
  t.match(await asking(service.url, rotated.secret)('POST /tasks', { title: 'x' }), { status: 403 }, 'it has the scopes of the old one')
  const soon = (await admin(`POST /orchestrators/${id}/keys`, { expiresAt: new Date(Date.now() + 2_000).toISOString() })).body
  t.equal((await asking(service.url, soon.secret)('POST /tasks', { title: 'x' })).status, 201)
  await until(async () => (await asking(service.url, soon.secret)('POST /tasks', { title: 'x' })).body.code === 'API_KEY_EXPIRED')
  t.match(await ask('POST /tasks', { title: 'x' }, {}), { status: 201 })
  const own = (await admin('POST /keys', { name: 'ci', scopes: ['write'] })).body
  t.match(await asking(service.url, own.secret)('POST /orchestrators', { name: 'x' }), { status: 403 }, 'an organization key without the scope admin')
  await admin(`POST /keys/${own.id}/revoke`, {})
  await until(async () => (await asking(service.url, own.secret)('POST /tasks', { owner: id, title: 'x' })).status === 401)
})

t.test('F-63 keys of an orchestrator that has left are refused by every replica, whatever they are for', async (t) => {
  const { id, key: secret, ask } = await orchestrator()
  const other = await replica()
  const there = asking(other.url, secret)
  const spare = (await admin(`POST /orchestrators/${id}/keys`, {})).body
  t.equal((await ask('POST /tasks', { title: 'x' })).status, 201)
  t.equal((await there('POST /tasks', { title: 'x' })).status, 201)
  await admin(`POST /orchestrators/${id}/deactivate`, {})
  t.equal((await there('POST /tasks', { title: 'x' })).status, 201, 'being offline is no leaving')
  t.match(await admin(`DELETE /orchestrators/${id}`, {}), { status: 200 })
  const refused = { status: 401, body: { code: 'INVALID_API_KEY' } }
  t.match(await ask('POST /tasks', { title: 'x' }), refused, 'at once where it was heard of')
  await until(async () => (await there('POST /tasks', { title: 'x' })).status === 401)
  for (const one of [ask, there]) t.match(await one(`POST /keys/${spare.id}/rotate`, {}), refused)
  t.match(await asking(other.url, spare.secret)('POST /decisions', { title: 'x', electorate: [id] }), refused, 'also one that was never seen there')
  t.match(await admin(`POST /keys/${spare.id}/rotate`, {}), { status: 404 }, 'an admin makes no new one of it')
  await other.stop()
})

t.test('S-31 a key of an orchestrator rotates another one that allows as much or less, and none that allows more', async (t) => {
  const { id, ask } = await orchestrator()
  const made = async (...scopes: string[]) => (await admin(`POST /orchestrators/${id}/keys`, { scopes })).body as { id: string; secret: string }
  const [lesser, usual, mighty] = [await made('write'), await made('read', 'write', 'execute'), await made('admin')]
  for (const { id } of [usual, mighty])
    t.match(await asking(service.url, lesser.secret)(`POST /keys/${id}/rotate`, {}), { status: 403, body: { code: 'FORBIDDEN' } })
  t.match(await ask(`POST /keys/${mighty.id}/rotate`, {}), { status: 403, body: { code: 'FORBIDDEN' } })
  for (const { secret } of [usual, mighty]) t.match(await asking(service.url, secret)('POST /tasks', { title: 'x' }), { status: 201 }, 'it was not revoked')
  for (const [asked, by] of [[lesser, lesser], [usual, mighty], [mighty, mighty]] as const)
    t.match(await asking(service.url, by.secret)(`POST /keys/${asked.id}/rotate`, {}), { status: 201, body: { secret: /^bk_/ } })
})

t.test('F-64 whoever is shown a key learns whom it speaks for, without one of its own', async (t) => {
  const { id, key: secret } = await orchestrator('Offline', {})
  await admin(`POST /orchestrators/${id}/deactivate`, {})
  const check = (body: object) => asking(service.url, undefined)('POST /orchestrators/validate', body)
  t.match(await check({ apiKey: secret, orchestrator: id, requiredPermissions: ['read', 'execute'] }), {
    status: 200,
    body: {
      organization: 'default', actor: { kind: 'orchestrator', id }, scopes: ['read', 'write', 'execute'], expiresAt: null, name: 'key',
      orchestrator: { id, name: 'Offline', status: 'OFFLINE' }, position: /^\d+$/,
    },
  })
  t.match(await check({ apiKey: key }), { status: 200, body: { actor: { kind: 'admin' }, orchestrator: null, name: 'bootstrap' } })
  const { body: { id: agent } } = await admin('POST /agents', { name: 'Hand', orchestrator: id })
  const { body: hand } = await admin(`POST /agents/${agent}/keys`, {})
  t.match(await check({ apiKey: hand.secret }), { status: 200, body: { key: hand.id, actor: { kind: 'agent', id: agent }, orchestrator: null } })
  const cases = [
    [{ apiKey: secret, orchestrator: agent }, 403, 'FORBIDDEN'], [{ apiKey: hand.secret, orchestrator: id }, 403, 'FORBIDDEN'],
    [{ apiKey: secret, requiredPermissions: ['admin'] }, 403, 'FORBIDDEN'], [{ apiKey: freshKey() }, 401, 'INVALID_API_KEY'],
    [{ apiKey: 'nothing' }, 401, 'INVALID_API_KEY'], [{}, 400, 'VALIDATION_ERROR'], [{ apiKey: secret, x: 1 }, 400, 'VALIDATION_ERROR'],
  ] as const
  for (const [body, status, code] of cases) t.match(await check(body), { status, body: { code } }, JSON.stringify(Object.keys(body)))
  t.match(await asking(service.url, undefined)('POST /api/vps/validate', { apiKey: secret }), { status: 200, body: { name: 'key' } })
  await admin(`POST /keys/${hand.id}/revoke`, {})
  t.match(await check({ apiKey: hand.secret }), { status: 401 }, 'at once')
  const replies = await Promise.all(Array.from({ length: 300 }, () => check({ apiKey: 'nothing' })))
  t.match(replies.filter(({ status }) => status === 429)[0], { body: { code: 'RATE_LIMITED' } }, '300 a minute of one address')
  t.equal((await admin('POST /tasks', { owner: id, title: 'x' })).status, 201, 'others may go on')
})

t.test('F-65 it is written which keys came, how often and from where', async (t) => {
  const { ask } = await orchestrator()
  for (let n = 0; n < 3; n++) await ask('POST /tasks', { title: 'x' }, { 'x-forwarded-for': '10.3.0.1' })
  await until(async () => (await db.query<{ count: string }>(`select count from key_use where address = '10.3.0.1'`)).rows[0]?.count === '3')
  t.strictSame((await db.query(`select organization from key_use where address = '10.3.0.1'`)).rows, [{ organization: 'default' }])
})

t.test('S-60 the alias and the unversioned prefix lead to the same routes', async (t) => {
  const { id } = await orchestrator()
  t.match(await admin(`POST /api/vps/${id}/pause`, {}), { status: 200, body: { changed: true } })
  t.match(await admin(`POST /api/v1/orchestrators/${id}/pause`, {}), { status: 200, body: { changed: false } })
})

t.test('secrets in what people write are not stored', async (t) => {
  const { id } = await orchestrator()
  const leaked = freshKey()
  const made = await task(id, { title: `use ${leaked}`, metadata: { password: 'x1y2', note: 'Bearer abcdefghijklmnop1234' } })
  const stored = JSON.stringify((await read(`task-${made}`))[0]!.data)
  for (const secret of [leaked, 'x1y2', 'abcdefghijklmnop1234']) t.notMatch(stored, secret)
  t.match(stored, /\[REDACTED\]/)
})

t.test('S-41 many starts race for few slots: the limit holds at every revision, and slots come back', async (t) => {
  const { id } = await orchestrator('Busy', { maxConcurrentTasks: 3 })
  const tasks = await Promise.all(Array.from({ length: 12 }, () => task(id)))
  const other = await replica()
  // Who is told that a service is busy asks again, as a client does.
  async function start(task: string, n: number, tries = 0): ReturnType<typeof admin> {
    const reply = await (n % 2 ? admin : asking(other.url, key))(`POST /tasks/${task}/start`, {})
    return reply.status === 503 && tries < 20 ? start(task, n, tries + 1) : reply
  }
  const replies = await Promise.all(tasks.map((task, n) => start(task, n)))
  const started = replies.filter(({ status }) => status === 200)
  t.equal(started.length, 3)
  for (const { status, body } of replies) if (status !== 200) t.match(body, { code: 'CAPACITY_EXCEEDED', retryable: true })
  for (const { data } of await read(`capacity-${id}`)) {
    const { max, active, reserved } = data as unknown as Record<string, number>
    t.ok(active! + reserved! <= max!, `${active} + ${reserved} <= ${max}`)
  }
  for (const { body } of started) t.match(await admin(`POST /tasks/${body.id}/complete`, { token: body.revision }), { status: 200 })
  await until(async () => {
    const { active, reserved } = (await read(`capacity-${id}`)).at(-1)!.data as any
    return active + reserved === 0
  })
  t.match(await admin(`POST /tasks/${tasks.find((task) => !started.some(({ body }) => body.id === task))}/start`, {}), { status: 200 })
  await other.stop()
})

t.test('S-3 a task started twice at once has one lease, and the slot of the loser comes back', async (t) => {
  const { id } = await orchestrator('One', { maxConcurrentTasks: 4 })
  const wanted = await task(id)
  const other = await replica()
  const replies = await Promise.all([admin, asking(other.url, key), admin, asking(other.url, key)].map((ask) => ask(`POST /tasks/${wanted}/start`, {})))
  t.equal(replies.filter(({ status }) => status === 200).length, 1)
  await until(async () => {
    const { active, reserved } = (await read(`capacity-${id}`)).at(-1)!.data as any
    return active + reserved === 1
  })
  await until(async () => (await db.query('select 1 from timer where key like $1', [`slot-${id}-%`])).rowCount === 1)
  await other.stop()
})

t.test('S-20 dependents go on when the last dependency ends', async (t) => {
  const { id } = await orchestrator()
  const [a, b] = [await task(id), await task(id)]
  const waiting = await task(id, { dependsOn: [a, b] })
  t.match(await admin(`POST /tasks/${waiting}/start`, {}), { body: { code: 'DEPENDENCIES_UNMET' } })
  t.match(await admin('POST /tasks', { owner: id, title: 'x', dependsOn: ['00000000-0000-7000-8000-000000000000'] }), { body: { code: 'DEPENDENCY_UNKNOWN' } })
  await admin(`POST /tasks/${a}/cancel`, {})
  const { body } = await admin(`POST /tasks/${b}/start`, {})
  await admin(`POST /tasks/${b}/complete`, { token: body.revision })
  await until(async () => (await read(`task-${waiting}`)).some(({ type }) => type === 'TaskUnblocked'))
  t.equal((await read(`task-${waiting}`)).filter(({ type }) => type === 'TaskUnblocked').length, 1)
})

t.test('S-53 a deadline closes a decision by timer', async (t) => {
  const [a, b] = [await orchestrator('A'), await orchestrator('B')]
  const { body } = await admin('POST /decisions', { title: 'q', electorate: [a.id, b.id], quorum: 1, deadline: new Date(Date.now() + 2_000).toISOString() })
  t.match(await a.ask(`POST /decisions/${body.id}/votes`, { vote: 'APPROVE' }), { status: 200 })
  t.match(await admin(`POST /decisions/${body.id}/votes`, { vote: 'APPROVE' }), { status: 403, body: { code: 'NOT_AN_ELECTOR' } })
  await until(async () => (await read(`decision-${body.id}`)).some(({ type }) => type === 'DecisionExpired'))
  t.match(await b.ask(`POST /decisions/${body.id}/votes`, { vote: 'APPROVE' }), { status: 409, body: { code: 'DECISION_CLOSED' } })
})

t.test('S-3 C-17 a task whose approval is being decided cannot start before it is approved, and then nobody is reminded', async (t) => {
  const [a, b] = [await orchestrator('A'), await orchestrator('B')]
  const wanted = await task(a.id)
  const deadline = new Date(Date.now() + 172_800_000).toISOString()
  const { body } = await admin('POST /decisions', { type: 'task_approval', title: 'go?', electorate: [a.id, b.id], taskId: wanted, deadline })
  t.match(await admin(`POST /tasks/${wanted}/start`, {}), { body: { code: 'CONSENSUS_REQUIRED' } })
  const timers = async () => (await db.query('select from timer where key like $1', [`%${body.id}%`])).rowCount
  await until(async () => await timers() === 3)
  for (const { ask } of [a, b]) await ask(`POST /decisions/${body.id}/votes`, { vote: 'APPROVE' })
  await until(async () => await timers() === 0)
  t.match(await admin(`POST /tasks/${wanted}/start`, {}), { status: 200 })
})

t.test('S-3 from the moment a question is open nothing starts without its approval, whoever asks where', async (t) => {
  const [a, b] = [await orchestrator('A', { maxConcurrentTasks: 50 }), await orchestrator('B')]
  const other = await replica()
  const [here, there] = [admin, asking(other.url, key)]
  const open = (ask: typeof admin, taskId: string, more: object = {}) =>
    ask('POST /decisions', { type: 'task_approval', title: 'go?', electorate: [a.id, b.id], taskId, ...more })
  const tasks = await Promise.all(Array.from({ length: 24 }, () => task(a.id)))
  await Promise.all(tasks.map(async (id, n) => {
    // Both have seen the task before, so that neither knows of the question but by what the other wrote.
    await there(`POST /tasks/${id}/assign`, { assignee: 'grace' })
    await open(here, id)
    t.match(await (n % 2 ? here : there)(`POST /tasks/${id}/start`, {}), { status: 409, body: { code: 'CONSENSUS_REQUIRED' } })
  }))
  const racing = await Promise.all(Array.from({ length: 24 }, () => task(a.id)))
  await Promise.all(racing.map(async (id, n) => {
    const [opened, started] = await Promise.all([open(n % 2 ? here : there, id), here(`POST /tasks/${id}/start`, {})])
    t.equal(opened.status, 201)
    if (started.status === 200) t.ok(BigInt(started.body.position) < BigInt(opened.body.position), 'it started before')
    else t.match(started.body, { code: 'CONSENSUS_REQUIRED' })
  }))
  const [one, another] = [await task(a.id), await task(a.id)]
  const id = randomUUID()
  const replies = await Promise.all([open(here, one, { id }), open(there, another, { id })])
  t.strictSame(replies.map(({ status }) => status).sort(), [201, 409])
  const starts = await Promise.all([one, another].map((id) => here(`POST /tasks/${id}/start`, {})))
  t.strictSame(starts.map(({ status }) => status), replies.map(({ status }) => (status === 201 ? 409 : 200)), 'the refused opening holds nothing back')
  await until(async () => (await db.query(`select 1 from timer where key like 'approval-%'`)).rowCount === 0)
  await other.stop()
})

t.test('S-3 a task that waits for a question which nobody opened in time waits for it no more', async (t) => {
  const { id } = await orchestrator()
  const [wanted, decision, commandId] = [await task(id), randomUUID(), randomUUID()]
  // As an opening leaves it that died half a minute ago, before the question was stored.
  const at = new Date(Date.now() - 30_000).toISOString()
  await client.appendToStream(`task-${wanted}`, [jsonEvent({
    type: 'ApprovalRequired', data: { owner: id, decision, decisions: [decision] },
    metadata: { version: 1, at, by: { kind: 'admin', id }, organization: 'default', commandId, $correlationId: commandId, $causationId: commandId },
  })])
  await until(async () => (await read(`task-${wanted}`)).some(({ type }) => type === 'ApprovalWithdrawn'))
  t.match(await admin(`POST /tasks/${wanted}/start`, {}), { status: 200 })
})

t.test('S-21 a claim goes on past rows that are old and tasks that may not start yet, and says so only when none is left', async (t) => {
  // As the projections would show it, and then let it grow old.
  const typed = (columns: readonly string[]) => columns.map((column) => `"${column}" ${column === 'orchestrator' ? 'uuid' : 'text'}`).join()
  await db.query(`create table backlog (organization text, worker uuid, task uuid, status text, priority text, due_at timestamptz, created_at timestamptz, next_retry_at timestamptz, approvals jsonb, waiting_since timestamptz, deferred_until timestamptz);
    create table decision (organization text, decision uuid, status text);
    create table orchestrator (organization text, ${typed(Object.keys(orchestrators.row.shape))});
    create table schedule (organization text, ${typed(toldColumns)});
    create table checkpoint (model text, active boolean, commit bigint);
    insert into checkpoint values ('orchestrator', true, 7), ('schedule', true, 7);
    ${walled('checkpoint', 'checkpoint', 'everybody')}`)
  for (const table of ['backlog', 'decision', 'orchestrator', 'schedule']) await db.query(walled(table, table))
  const [a, b] = [await orchestrator('A'), await orchestrator('B')]
  await db.query(`insert into orchestrator (organization, orchestrator, timezone) values ('default', $1, 'UTC')`, [a.id])
  t.match(await a.ask(`POST /orchestrators/${a.id}/claim`, {}), { status: 409, body: { code: 'NOTHING_TO_CLAIM' } })
  const shown = async (id: string, ...approvals: string[]) =>
    db.query(`insert into backlog values ('default', $1, $2, 'TODO', 'HIGH', null, now(), null, $3, now())`, [a.id, id, JSON.stringify(approvals)])
  const gone = await task(a.id)
  await admin(`POST /tasks/${gone}/cancel`, {})
  await shown(gone)
  t.match(await a.ask(`POST /orchestrators/${a.id}/claim`, {}), { status: 409, body: { code: 'NOTHING_TO_CLAIM' } }, 'a row that is old')
  const question = async (taskId: string) => (await admin('POST /decisions', { type: 'task_approval', title: 'go?', electorate: [a.id, b.id], taskId })).body.id
  const open = await task(a.id)
  await shown(open, await question(open))
  t.match(await a.ask(`POST /orchestrators/${a.id}/claim`, {}), { status: 409, body: { code: 'NOTHING_TO_CLAIM' } }, 'of its approval nothing is known')
  await db.query(`insert into decision select 'umbrella', (approvals->>0)::uuid, 'approved' from backlog where task = $1`, [open])
  await db.query(`insert into decision select 'default', (approvals->>0)::uuid, 'pending' from backlog where task = $1`, [open])
  t.match(await a.ask(`POST /orchestrators/${a.id}/claim`, {}), { status: 409, body: { code: 'NOTHING_TO_CLAIM' } }, 'it is not approved here')
  await db.query(`update decision set status = 'cancelled' where organization = 'default'`)
  t.match(await a.ask(`POST /orchestrators/${a.id}/claim`, {}), { status: 409, body: { code: 'CONSENSUS_REQUIRED' } }, 'it is asked for, and not yet so')
  await db.query('delete from backlog where task = $1', [open])
  for (let n = 0; n < 7; n++) {
    const held = await task(a.id)
    await question(held)
    await shown(held)
  }
  t.match(await a.ask(`POST /orchestrators/${a.id}/claim`, {}), { status: 409, body: { code: 'CONSENSUS_REQUIRED' } })
  const free = await task(a.id)
  await shown(free)
  const claimed = await a.ask(`POST /orchestrators/${a.id}/claim`, {}, { 'idempotency-key': 'c1' })
  t.match(claimed, { status: 200, body: { id: free, changed: true } })
  t.strictSame((await a.ask(`POST /orchestrators/${a.id}/claim`, {}, { 'idempotency-key': 'c1' })).body, claimed.body)
  t.equal(((await read(`task-${free}`)).at(-1)!.data as any).selection.candidates.length, 6, 'the best six are recorded')
})

t.test('an imported fact keeps its own time, is marked, and sets no timer', async (t) => {
  const { id } = await orchestrator()
  const at = '2020-03-04T05:06:07.000Z'
  const { body } = await admin('POST /tasks', { owner: id, title: 'old' }, { 'baton-imported-at': '2020-03-04T06:06:07+01:00' })
  const started = await admin(`POST /tasks/${body.id}/start`, {}, { 'baton-imported-at': at })
  t.equal(started.status, 200)
  const [, event] = await read(`task-${body.id}`)
  t.match(event!.metadata, { at, imported: true })
  const early = await admin(`POST /tasks/${body.id}/complete`, { token: started.body.revision }, { 'baton-imported-at': '2020-03-04T05:06:06Z' })
  t.match(early, { status: 409, body: { code: 'BEFORE_START' } }, 'work does not end before it begins')
  // As far as the timer of the reservation is concerned, half a minute has passed.
  await until(async () => (await db.query(`update timer set due = now() where key like $1`, [`slot-${id}-%`])).rowCount)
  await until(async () => (await read(`capacity-${id}`)).some(({ type }) => type === 'SlotConfirmed'))
  t.equal((await db.query('select * from timer where key = $1', [`lease-${body.id}`])).rowCount, 0)
  const [reserved] = (await read(`capacity-${id}`)).filter(({ type }) => type === 'SlotReserved')
  t.notMatch(reserved!.metadata, { imported: true }, 'the slot is reserved now, so that its own timer gives it back if the start does not stand')
})

t.test('S-22 a lease has a timer that its end withdraws; one that is due ends it', async (t) => {
  const { id } = await orchestrator()
  const wanted = await task(id)
  const { body } = await admin(`POST /tasks/${wanted}/start`, {})
  const timer = await until(async () => (await db.query('select due from timer where key = $1', [`lease-${wanted}`])).rows[0])
  t.ok(timer.due.getTime() > Date.now() + 50_000)
  // The holder is dead: as far as the timer is concerned a minute has passed, and the lease itself decides by the clock.
  await db.query(`update timer set due = now() where key = $1`, [`lease-${wanted}`])
  await until(async () => (await db.query('select 1 from timer where key = $1', [`lease-${wanted}`])).rowCount === 0)
  t.equal((await read(`task-${wanted}`)).at(-1)!.type, 'TaskStarted', 'a holder that was heard of within a minute keeps its lease')
  t.match(await admin(`POST /tasks/${wanted}/release`, {}), { status: 200 })
  t.match(await admin(`POST /tasks/${wanted}/complete`, { token: body.revision }), { body: { code: 'STALE_LEASE' } })
})

t.test('a stored event that cannot be read refuses its stream and nothing else', async (t) => {
  const { id } = await orchestrator()
  const broken = await task(id)
  await client.appendToStream(`task-${broken}`, [jsonEvent({ type: 'TaskProgressed', data: { nonsense: true }, metadata: { version: 1 } })])
  const fresh = await replica()
  t.match(await asking(fresh.url, key)(`POST /tasks/${broken}/block`, { reason: 'r' }), { status: 500, body: { code: 'STREAM_UNREADABLE' } })
  t.match(await asking(fresh.url, key)('POST /tasks', { owner: id, title: 'x' }), { status: 201 })
  await until(async () => (await db.query('select 1 from unread_fact where stream = $1', [`task-${broken}`])).rowCount)
  t.match(await (await fetch(`${service.url}/metrics`)).text(), /baton_unread_facts 1/)
  await fresh.stop()
})

t.test('the service says how it is, what it counts and what it offers', async (t) => {
  t.match(await admin('GET /healthz'), { status: 200, body: { status: 'ok' } })
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  t.match(metrics, /^baton_requests_total\{route="\/api\/v1\/tasks",status="201"\} [1-9]/m)
  for (const total of ['appends', 'reads']) t.match(metrics, new RegExp(`^baton_store_${total}_total [1-9]\\d*$`, 'm'))
  const document = await (await fetch(`${service.url}/openapi.json`)).json() as any
  t.equal(document.openapi, '3.1.0')
  const operations = Object.values<any>(document.paths).flatMap((path) => Object.values<any>(path))
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  for (const { summary, responses } of operations) t.ok(summary && responses['400'] && responses['401'] && responses['429'])
})

t.test('too many requests of one key are put off', async (t) => {
  const slow = await replica({ COMMAND_RATE_LIMIT_PER_MINUTE: '3' })
  const ask = asking(slow.url, key)
  const replies = []
  for (let n = 0; n < 5; n++) replies.push(await ask('POST /tasks', {}))
  t.match(replies.at(-1), { status: 429, body: { code: 'RATE_LIMITED', retryable: true } })
  t.ok(Number(replies.at(-1)!.headers.get('retry-after')) > 0)
  await slow.stop()
})

t.test('without a given key the first start makes one, and only the first', async (t) => {
  const first = await replica({ BATON_ORGANIZATION: 'initech', BATON_ADMIN_KEY: '' })
  const made = /shown this once: (bk_\S{43})/.exec(first.said())?.[1]
  t.match(await asking(first.url, made)('POST /orchestrators', { name: 'x' }), { status: 201 })
  t.match(await first.stop(), { code: 0 })
  const second = await replica({ BATON_ORGANIZATION: 'initech', BATON_ADMIN_KEY: '' })
  t.notMatch(second.said(), /shown this once/)
  await second.stop()
})

t.test('wrong settings are said in one sentence each', async (t) => {
  const failure = await replica({ COMMAND_PORT: 'x', BATON_ADMIN_KEY: 'short' }).catch((error: { tail: string }) => error)
  t.match(failure, { tail: /cannot start: .*COMMAND_PORT.*BATON_ADMIN_KEY: is bk_ and 43/ })
})

t.test('an admin key that speaks for somebody else, or no more, is refused at the start', async (t) => {
  t.match(await replica({ BATON_ADMIN_KEY: otherKey }).catch((error: unknown) => error), { tail: /cannot start: BATON_ADMIN_KEY belongs to the organization globex, not to default/ })
  const revoked = (await admin('POST /keys', { name: 'old', scopes: ['admin'] })).body
  await admin(`POST /keys/${revoked.id}/revoke`, {})
  t.match(await replica({ BATON_ADMIN_KEY: revoked.secret }).catch((error: unknown) => error), { tail: /cannot start: BATON_ADMIN_KEY was revoked/ })
})

t.test('whoever guesses keys is put off, and those whose key is known are not', async (t) => {
  const guessed = await replica()
  // A service that is too busy for a moment says so, and is asked again.
  const guess = () => until(async () => {
    const reply = await asking(guessed.url, freshKey())('POST /tasks', {})
    return reply.status !== 503 && reply
  })
  const guesses = await Promise.all(Array.from({ length: 320 }, guess))
  const last = await guess()
  t.strictSame([401, 429].map((status) => guesses.filter((reply) => reply.status === status).length), [300, 20])
  t.match(last, { status: 429, body: { code: 'RATE_LIMITED' } })
  t.match(last.headers.get('retry-after'), /^([1-9]|[1-5]\d|60)$/)
  await guessed.stop()
})

t.test('another log than before is refused: checkpoints and timers mean nothing there', async (t) => {
  const dir = folderFor(t, 'foreign')
  const foreign = await startEventStore({ dir })
  t.teardown(() => foreign.stop())
  const failure = await replica({ EVENTSTORE_URL: foreign.url }).catch((error: { tail: string }) => error)
  t.match(failure, { tail: /cannot start: this database belongs to another log .*, this one with .*EVENTSTORE_URL/ })
})

t.test('while the event store is away commands are answered 503, and after it is back they work', async (t) => {
  const { id } = await orchestrator()
  const store = engines.processes.eventstore!
  const before = store.restarts
  store.kill()
  const refused = await until(async () => {
    const reply = await admin('POST /tasks', { owner: id, title: 'x' })
    return reply.status === 201 && store.restarts > before ? reply : reply.status === 503 ? reply : undefined
  })
  t.ok([201, 503].includes(refused.status))
  if (refused.status === 503) t.match(refused, { body: { code: 'SERVICE_UNAVAILABLE', retryable: true } })
  await until(async () => (await admin('POST /tasks', { owner: id, title: 'x' })).status === 201)
})

t.test('a store that dies under many large appends takes no service with it', async (t) => {
  const { id } = await orchestrator()
  const busy = await replica()
  const ask = asking(busy.url, key)
  const create = (length: number) => ask('POST /tasks', { owner: id, title: 'x', metadata: { pad: 'x'.repeat(length) } })
  t.equal((await create(1)).status, 201)
  const store = engines.processes.eventstore!
  const reads = async () => (await Promise.all([service, busy].map(async ({ url }) => {
    return Number(/^baton_store_reads_total (\d+)/m.exec(await (await fetch(`${url}/metrics`)).text())![1])
  }))).reduce((a, b) => a + b)
  process.kill(store.pid, 'SIGSTOP')
  const before = await reads()
  const errand = { intent: { category: 'task', id: randomUUID(), command: 'unblock', data: {} }, process: 'p', commandId: randomUUID(), organization: 'unheard-of', correlationId: 'c', causationId: 'c' }
  await db.query('insert into timer (key, due, position, intent) values ($1, now(), 0, $2)', [errand.commandId, JSON.stringify(errand)])
  // Whoever leads asks first whether the organization is suspended.
  await until(async () => await reads() > before)
  // Its next look at the timers waits, so that it can wait for nothing else when the question fails.
  await db.query('begin; lock table timer in access exclusive mode')
  await until(async () => (await db.query("select from pg_locks where relation = 'timer'::regclass and not granted")).rowCount! > 0)
  const replies = Array.from({ length: 200 }, () => create(8_000))
  // Time for them to be taken up.
  for (let turns = 0; turns < 20; turns++) await fetch(`${busy.url}/openapi.json`)
  store.kill()
  for (const reply of replies) t.ok([201, 503].includes((await reply).status))
  await db.query('rollback')
  await until(async () => (await create(1)).status === 201)
  await until(async () => (await db.query('select from timer where key = $1', [errand.commandId])).rowCount === 0)
  t.strictSame(await busy.stop(), { code: 0, signal: null })
})

t.test('S-31 a key that expires makes none that lives longer, neither a new one nor by rotating another; an admin may', async (t) => {
  const { id } = await orchestrator()
  const [soon, later] = [3_600_000, 7_200_000].map((life_ms) => new Date(Date.now() + life_ms).toISOString())
  const made = async (route: string, wish: object) => (await admin(`POST ${route}`, wish)).body as { id: string; secret: string }
  const sibling = await made(`/orchestrators/${id}/keys`, {})
  const expiring = asking(service.url, (await made(`/orchestrators/${id}/keys`, { scopes: ['admin'], expiresAt: soon })).secret)
  for (const expiresAt of [undefined, later]) {
    for (const route of [`/keys/${sibling.id}/rotate`, `/orchestrators/${id}/keys`])
      t.match(await expiring(`POST ${route}`, { expiresAt }), { status: 403, body: { code: 'FORBIDDEN' } }, route)
  }
  t.match(await asking(service.url, sibling.secret)('POST /tasks', { title: 'x' }), { status: 201 }, 'it was not revoked')
  for (const route of [`/orchestrators/${id}/keys`, `/keys/${sibling.id}/rotate`])
    t.match(await expiring(`POST ${route}`, { expiresAt: soon }), { status: 201, body: { secret: /^bk_/ } }, route)
  const guest = asking(service.url, (await made('/keys', { scopes: ['admin'], expiresAt: soon })).secret)
  for (const route of ['/keys', `/orchestrators/${id}/keys`]) t.match(await guest(`POST ${route}`, {}), { status: 201 }, route)
})
