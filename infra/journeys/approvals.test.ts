import t from 'tap'
import { asking } from '../../command-service/src/fixture.ts'
import { house, until } from './house.ts'

const { baton, admin: api, differences, log } = await house(t)
const asks = (key: string) => asking(baton.urls.gateway, key)
const admin = asks(baton.adminKey.key)
const other = asks((await api.post('/keys', { name: 'second pair of eyes', scopes: ['read', 'write', 'execute', 'admin'] })).secret!)

async function orchestrator(name: string, document?: object) {
  const { id } = await api.post('/orchestrators', { name })
  await api.post(`/orchestrators/${id}/activate`, {})
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  const path = `/orchestrators/${id}`
  if (document) {
    const { body } = await admin(`POST ${path}/charter`, { document })
    t.equal(body.changed, true)
    await heeds(id, 1)
  }
  return { id, path, ask: asks(secret!) }
}

/** Noted a moment after it was said, by the service that is asked here. */
const heeds = (id: string, version: number) =>
  until(async () => {
    const row = await api.get<{ charter_version: number | null }>(`/orchestrators/${id}`).catch(() => undefined)
    return row?.charter_version === version
  })

/** An approval of exactly this, granted by somebody else. */
async function granted(who: { id: string; ask: typeof admin }, envelope: object): Promise<string> {
  const { body: { id } } = await who.ask('POST /approvals', { orchestrator: who.id, envelope, reason: 'it is needed' })
  const { hash } = (await until(() => api.get<{ hash: string }>(`/approvals/${id}`).catch(() => undefined)))
  t.match(await admin(`POST /approvals/${id}/approve`, { hash }), { status: 200, body: { changed: true } })
  return id
}

const facts = async (type: string) => (await log()).filter(({ fact }) => fact.type === type).map(({ fact }) => fact)

t.test('F-20 F-76 a charter is written, asked and rolled back; what it denies is told once an hour', async (t) => {
  const { id, path, ask } = await orchestrator('Ruled', { constraints: { forbiddenCommands: ['rm -rf'] }, mission: 'Keep the harbour open.' })
  const question = { action: 'shell.run', command: 'rm   -rf /tmp' }
  const first = await ask(`POST ${path}/charter/check`, question)
  t.match(first, {
    status: 200, body: { verdict: 'denied', rule: { list: 'forbiddenCommands', pattern: 'rm -rf' }, charterVersion: 1, hash: /^[0-9a-f]{64}$/, changed: true },
  })
  t.match(await admin(`POST ${path}/charter/check`, question), { status: 200, body: { verdict: 'denied', changed: false } })
  t.match(await ask(`POST ${path}/charter/check`, { action: 'shell.run', command: 'ls' }), { body: { verdict: 'allowed', rule: null, changed: false } })
  t.equal((await facts('CharterConstraintViolated')).length, 1)
  const buying = { action: 'buy', cost: 6 }
  t.match(await ask(`POST ${path}/charter/check`, buying), { body: { verdict: 'allowed' } })
  t.match(await admin(`PUT ${path}/budget`, { cost: { daily: 5 } }), { status: 200 })
  t.match(await ask(`POST ${path}/charter/check`, buying), { body: { verdict: 'denied', rule: { list: 'budget', pattern: '5' } } }, 'more than is left')
  t.match(await ask(`POST ${path}/charter`, { document: {} }), { status: 403, body: { code: 'FORBIDDEN' } })
  t.match(await admin(`POST ${path}/charter`, { document: { hopes: 1 } }), { status: 400, body: { errors: [{ pointer: '/document' }] } })
  t.match(await admin(`POST ${path}/charter`, { document: {} }), { status: 200 })
  t.match(await admin(`POST ${path}/charter/1/activate`, {}), { status: 200, body: { changed: true } })
  t.match(await admin(`POST ${path}/charter/x/activate`, {}), { status: 400, body: { errors: [{ pointer: '/version' }] } })
  t.match(await admin(`POST ${path}/charter/9/activate`, {}), { status: 404 })
  t.match(await admin(`GET ${path}/charter/diff?from=1&to=2`), { body: { total: 2, differences: [{ op: 'remove', path: '/constraints' }, { path: '/mission' }] } })
  const { body: { position } } = await admin(`POST ${path}/charter/rollback`, { reason: 'calmer' })
  t.match(await admin(`GET /charters?orchestrator=${id}&minPosition=${position}`), { body: { items: [{ version: 1, active: false }, { version: 2, active: true }] } })
})

t.test('F-78 what a charter denies is refused at the gate, and recorded like a check', async (t) => {
  const { id, path, ask } = await orchestrator('Denied', { constraints: { forbiddenActions: ['task.create'] } })
  const wish = { owner: id, title: 'x' }
  const rule = { list: 'forbiddenActions', pattern: 'task.create' }
  t.match(await ask('POST /tasks', wish), { status: 403, body: { code: 'CHARTER_DENIED', context: { rule } } })
  t.match(await ask('POST /commands', { commands: [{ method: 'POST', path: '/api/v1/tasks', body: wish }] }), {
    status: 207, body: { results: [{ status: 403, body: { code: 'CHARTER_DENIED' } }] },
  })
  t.match(await admin('POST /tasks', wish), { status: 201 }, 'an admin heeds no charter')
  const told = (await facts('CharterConstraintViolated')).filter(({ data }) => (data as { orchestrator: string }).orchestrator === id)
  t.match(told, [{ data: { action: 'task.create', path: '/tasks', rule } }])
  t.match(await ask(`POST ${path}/charter/check`, { action: 'task.create', path: '/tasks', payload: wish }), {
    body: { verdict: 'denied', hash: (told[0]!.data as { hash: string }).hash },
  })
})

t.test('F-7 F-22 F-23 F-24 F-78 an approval is granted to exactly one action, done once', async (t) => {
  const who = await orchestrator('Watched', { constraints: { requireApprovalFor: ['task.create'] } })
  const wish = { owner: who.id, title: 'Deploy the site' }
  const refused = await who.ask('POST /tasks', wish)
  const { envelope, hash } = refused.body.context
  t.match(refused, { status: 409, body: { code: 'APPROVAL_REQUIRED' } })
  t.strictSame(envelope, { action: 'task.create', path: '/tasks', payload: wish })
  const asked = await who.ask('POST /approvals', { orchestrator: who.id, envelope, reason: 'the site is ready', needed: 2 })
  const { id } = asked.body
  const show = { 'baton-approval': id }
  t.equal(asked.status, 201)
  t.match(await who.ask(`POST /approvals/${id}/approve`, { hash }), { status: 403 })
  t.match(await admin(`POST /approvals/${id}/approve`, { hash: '0'.repeat(64) }), { status: 409, body: { code: 'ACTION_MISMATCH' } })
  t.match(await admin(`POST /approvals/${id}/approve`, { hash }), { body: { changed: true } })
  t.match(await admin(`POST /approvals/${id}/approve`, { hash }), { body: { changed: false } }, 'each key once')
  t.match(await who.ask('POST /tasks', wish, show), { status: 409, body: { code: 'APPROVAL_REQUIRED' } }, 'one is missing')
  await other(`POST /approvals/${id}/approve`, { hash })
  t.match(await who.ask('POST /tasks', { ...wish, title: 'Delete the site' }, show), { status: 409, body: { code: 'APPROVAL_REQUIRED' } }, 'another action')
  t.match(await who.ask('POST /tasks', wish, { 'baton-approval': 'x' }), { status: 400, body: { errors: [{ pointer: '#/header/baton-approval' }] } })
  const done = await who.ask('POST /tasks', wish, { ...show, 'idempotency-key': 'deploy' })
  t.match(done, { status: 201, body: { changed: true } })
  t.match(await who.ask('POST /tasks', wish, { 'idempotency-key': 'deploy' }), { body: { id: done.body.id } }, 'a repetition is not asked')
  t.match(await who.ask('POST /tasks', wish, show), { status: 409, body: { code: 'APPROVAL_REQUIRED' } }, 'it was used')
  t.match(await admin(`GET /approvals/${id}?minPosition=${done.body.position}`), {
    body: { status: 'USED', approvers: { length: 2 }, envelope, verdict: 'needs_approval', rule: { list: 'requireApprovalFor', pattern: 'task.create' } },
  })
  const own = await admin('POST /approvals', { orchestrator: who.id, envelope, reason: 'x' })
  t.match(await admin(`POST /approvals/${own.body.id}/approve`, { hash }), { status: 403, body: { code: 'SELF_APPROVAL' } })
  t.match(await other(`POST /approvals/${own.body.id}/reject`, { comment: 'once is enough' }), { body: { changed: true } })
})

t.test('F-102 of uses at the same moment one succeeds, at the gate and beside it', async (t) => {
  const who = await orchestrator('Raced', { constraints: { requireApprovalFor: ['task.create'] } })
  const wish = { owner: who.id, title: 'Once' }
  const envelope = { action: 'task.create', path: '/tasks', payload: wish }
  const tally = (statuses: readonly number[]) => [statuses.filter((status) => status < 300).length, statuses.filter((status) => status === 409).length]
  const gate = await granted(who, envelope)
  const at = await Promise.all(Array.from({ length: 8 }, () => who.ask('POST /tasks', wish, { 'baton-approval': gate })))
  t.strictSame(tally(at.map(({ status }) => status)), [1, 7])
  const beside = await granted(who, envelope)
  const uses = await Promise.all(Array.from({ length: 8 }, () => who.ask(`POST /approvals/${beside}/use`, { envelope })))
  t.strictSame(tally(uses.map(({ status }) => status)), [1, 7])
  t.match(uses.find(({ status }) => status === 409), { body: { code: 'APPROVAL_NOT_GRANTED' } })
})

t.test('F-78 an approval whose command led to nothing is given back', async (t) => {
  const who = await orchestrator('Full', { constraints: { requireApprovalFor: ['task.start'] } })
  await api.send('PUT', `${who.path}/capacity`, { maxConcurrentTasks: 1 })
  const tasks = await Promise.all([1, 2].map((n) => who.ask('POST /tasks', { owner: who.id, title: `Task ${n}` })))
  const start = (n: number, approval: string) => who.ask(`POST /tasks/${tasks[n]!.body.id}/start`, {}, { 'baton-approval': approval })
  const envelope = (n: number) => ({ action: 'task.start', path: `/tasks/${tasks[n]!.body.id}`, payload: {} })
  const claimed = await who.ask(`POST ${who.path}/claim`, { minPosition: tasks[1]!.body.position })
  t.match(claimed, { status: 409, body: { code: 'APPROVAL_REQUIRED', context: { envelope: { action: 'task.start' } } } })
  t.match(await start(0, await granted(who, envelope(0))), { status: 200 })
  const approval = await granted(who, envelope(1))
  t.match(await start(1, approval), { status: 409, body: { code: 'CAPACITY_EXCEEDED' } })
  await api.send('PUT', `${who.path}/capacity`, { maxConcurrentTasks: 2 })
  t.match(await start(1, approval), { status: 200 }, 'it is good still')
})

t.test('F-73 F-78 an agent heeds the charter of the orchestrator that it works for, and asks for itself', async (t) => {
  const { id: owner, path } = await orchestrator('Supervisor', { constraints: { requireApprovalFor: ['task.start'], forbiddenCommands: ['rm -rf'] } })
  const agent = async (name: string, more: object) => {
    const { id } = await api.post('/agents', { name, ...more })
    const { id: task } = await api.post('/tasks', { owner, title: `Work of ${name}` })
    await api.post(`/tasks/${task}/assign`, { assignee: `agent:${id}` })
    return { id, task, ask: asks((await api.post(`/agents/${id}/keys`, {})).secret!) }
  }
  const [hers, nobodys] = [await agent('Hers', { orchestrator: owner }), await agent('Nobody\'s', {})]
  t.match(await nobodys.ask(`POST /tasks/${nobodys.task}/start`, {}), { status: 200 }, 'of nobody, it heeds nobody')
  const start = (more?: Record<string, string>) => hers.ask(`POST /tasks/${hers.task}/start`, {}, more)
  const envelope = { action: 'task.start', path: `/tasks/${hers.task}`, payload: {} }
  t.match(await start(), { status: 409, body: { code: 'APPROVAL_REQUIRED', context: { envelope } } })
  const { body: asked } = await hers.ask('POST /approvals', { orchestrator: owner, envelope, reason: 'it is assigned to me' })
  const show = { 'baton-approval': asked.id }
  t.match(await start(show), { status: 409, body: { code: 'APPROVAL_REQUIRED' } }, 'it is not granted yet')
  const { body: { context: { hash } } } = await start()
  t.match(await nobodys.ask('POST /approvals', { orchestrator: owner, envelope, reason: 'x' }), { status: 403 })
  t.match(await hers.ask(`POST /approvals/${asked.id}/approve`, { hash }), { status: 403 })
  t.match(await admin(`POST /approvals/${asked.id}/approve`, { hash }), { status: 200 })
  const { status, body: { id: task, revision: token, position } } = await start(show)
  t.strictSame([status, task], [200, hers.task])
  t.match(await admin(`GET /approvals/${asked.id}?minPosition=${position}`), { body: { status: 'USED', asked_by: hers.id } })
  t.match(await hers.ask(`POST /tasks/${task}/complete`, { token }), { status: 200 }, 'the gate asks of starts alone')
  const check = (who: typeof hers) => who.ask(`POST ${path}/charter/check`, { action: 'shell.run', command: 'rm -rf /' })
  t.match(await check(hers), { status: 200, body: { verdict: 'denied', changed: true } })
  t.match(await check(nobodys), { status: 403 })
})

t.test('F-79 who has drifted too far is paused, and its charter rolled back when that is critical', async (t) => {
  const { id, path } = await orchestrator('Drifter', { mission: 'a' })
  await admin(`POST ${path}/charter`, { document: { mission: 'b' } })
  t.match(await admin(`POST ${path}/charter/drift`, { score: 70, critical: true, evidence: { commits: 3 } }), { body: { changed: true } })
  const row = await until(async () => {
    const found = await api.get<{ status: string; charter_version: number; interventions: string[] }>(`/orchestrators/${id}`)
    return found.status === 'AWAY' && found.charter_version === 1 ? found : undefined
  })
  t.strictSame(row.interventions, ['reduce_autonomy', 'audit', 'notify', 'rollback', 'pause'])
  const { body: { position } } = await admin(`POST ${path}/charter/clear-intervention`, { reason: 'seen to' })
  t.match(await api.get(`/orchestrators/${id}?minPosition=${position}`), { status: 'AWAY', interventions: [] })
  t.match(await api.get(`${path}/charter?minPosition=${position}`), {
    active: { version: 1, document: { mission: 'a' } }, drift: { score: 70, critical: true, evidence: { commits: 3 } }, interventions: [],
  })
})

t.test('read models agree with a replay of the log', async (t) => t.strictSame(await differences(), []))
