import t from 'tap'
import { asking } from '../../command-service/src/fixture.ts'
import { older } from '../../shared-domain/src/fleet/agent/fixture.ts'
import { house, until } from './house.ts'

const { baton, admin: api, differences, log } = await house(t)
const asks = (key: string) => asking(baton.urls.gateway, key)
const admin = asks(baton.adminKey.key)

async function orchestrator(name: string) {
  const { id } = await api.post('/orchestrators', { name, maxConcurrentTasks: 50 })
  await api.post(`/orchestrators/${id}/activate`, {})
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  return { id, ask: asks(secret!) }
}

const [ada, bob] = [await orchestrator('Ada'), await orchestrator('Bob')]
const task = async (more: object = {}) => (await api.post('/tasks', { owner: ada.id, title: 'Work', ...more })).id
const rowOf = (path: string, isSo: (row: any) => boolean) => until(async () => {
  const row = await api.get<any>(path).catch(() => undefined)
  return row && isSo(row) ? row : undefined
})
/** When the rows have all that was told so far. */
const level = async () => ({ minPosition: (await api.get<{ position: string }>('/position')).position })

interface Wanted { readonly name: string; readonly skills: readonly string[]; readonly max?: number; readonly reliability?: number }
async function agent({ name, skills, max = 1, reliability = 0.9 }: Wanted) {
  const { id } = await api.post('/agents', { name, capabilities: skills.map((skill) => ({ skill })), maxConcurrent: max, reliability })
  return id
}

/** F-74. */
const agents = new Map<string, string>()
for (const one of older) agents.set(await agent(one), one.name)
const idOf = (name: string) => [...agents].find(([, other]) => other === name)![0]
const nameOf = (assignee: string | null) => (assignee === null ? 'nobody' : agents.get(assignee.slice('agent:'.length)))
const first = await task()
await api.post(`/tasks/${first}/assign`, { assignee: `agent:${idOf('antigravity-main')}` })
await api.post(`/tasks/${first}/start`, {})
for (const { name, status } of older) if (status === 'ACTIVE') await admin(`PUT /agents/${idOf(name)}/status`, { status })
await rowOf(`/agents/${idOf('copilot-agent')}`, ({ status }) => status === 'ACTIVE')
await rowOf(`/agents/${idOf('antigravity-main')}`, ({ current }) => current === 1)

t.test('W-22 W-25 F-74 work goes to whom it fits, and who was not fit is said with the reason', async (t) => {
  const cases = [
    ['github documentation', 'copilot-agent', 0.47], ['frontend react features', 'agent-qr-feature', 0.92],
    ['n8n workflows deployment', 'agent-n8n-integration', 0.5867], ['devcontainer vscode docker', 'nobody', null], ['', 'agent-security-cleanup', 0.475],
  ] as const
  for (const [required, name, score] of cases) {
    const id = await task({ requiredCapabilities: required.split(' ').filter(Boolean) })
    const { status, body } = await admin(`POST /tasks/${id}/assign`, {}, { 'idempotency-key': id })
    t.match({ status, name: nameOf(body.assignee), score: body.score }, { status: 200, name, score }, required)
    t.match((await admin(`POST /tasks/${id}/assign`, {}, { 'idempotency-key': id })).body, body, 'a repetition is answered as the first time')
    if (name === 'nobody') {
      t.match(body, { assignee: null, counts: { NO_MATCH: 6 }, rejected: Array(5).fill({ code: 'NO_MATCH' }) })
      t.match((await admin(`GET /choices?task=${id}&kind=none&minPosition=${body.position}`)).body.items, [{ chosen: null, counts: { NO_MATCH: 6 } }])
      t.match(await rowOf(`/tasks/${id}`, ({ unplaced }) => unplaced), { unplaced: { NO_MATCH: 6 }, assigned: false, worker: ada.id })
      continue
    }
    t.match(await rowOf(`/tasks/${id}`, (row) => row.assignee), { agent: body.assignee.slice(6), assigned: true, worker: null })
    const { body: { position } } = await ada.ask(`POST /tasks/${id}/unassign`, { reason: 'only asked' })
    t.match((await admin(`GET /tasks/${id}?minPosition=${position}`)).body, { assignee: null, agent: null, agent_slot: null, worker: ada.id })
    await rowOf(`/agents/${body.assignee.slice(6)}`, ({ current }) => current === 0)
  }
  const id = await task()
  t.match(await admin(`POST /tasks/${id}/assign`, { assignee: 'grace', policy: 'load-balanced/1' }), { status: 400, body: { errors: [{ pointer: '/assignee' }] } })
  t.match(await admin(`POST /tasks/${id}/assign`, { policy: 'federation/1' }), { status: 400 })
  t.match(await admin(`POST /tasks/${id}/assign`, { assignee: `agent:${ada.id}` }), { status: 409, body: { code: 'ASSIGNEE_UNKNOWN' } })
  t.match(await bob.ask(`POST /tasks/${id}/assign`, {}), { status: 403, body: { code: 'INVALID_OWNERSHIP' } })
})

t.test('W-31 the queue is stopped by no item, places one at a time, and says of each that it passed over why', async (t) => {
  const carl = await orchestrator('Carl')
  const make = (required: string, more: object = {}) => task({ owner: carl.id, requiredCapabilities: required.split(' '), ...more })
  // What fits nobody is first by its priority.
  const stuck = await make('devcontainer vscode docker', { priority: 'CRITICAL' })
  const ids = [await make('github documentation'), await make('frontend react features'), await make('n8n workflows deployment')]
  const next = async (more: object = {}, headers: Record<string, string> = {}) => admin('POST /tasks/queue/next', { owner: carl.id, ...await level(), ...more }, headers)
  const skipped = [{ task: stuck, counts: { NO_MATCH: 6 } }]
  const placed = await next({}, { 'idempotency-key': 'queue' })
  t.match(placed, { status: 200, body: { changed: true, placed: { task: ids[0], assignee: `agent:${idOf('copilot-agent')}`, score: 0.47 }, skipped } })
  t.match((await admin('POST /tasks/queue/next', { owner: carl.id }, { 'idempotency-key': 'queue' })).body.placed, placed.body.placed, 'the first placement')
  t.match((await next()).body.placed, { task: ids[1], assignee: `agent:${idOf('agent-qr-feature')}` })
  t.match((await next()).body.placed, { task: ids[2], assignee: `agent:${idOf('agent-n8n-integration')}` })
  t.match(await next(), { status: 409, body: { code: 'NOTHING_PLACEABLE', retryable: true, context: { skipped: [{ task: stuck, counts: { NO_MATCH: 5, FULL: 1 } }] } } })
  t.match(await admin('POST /tasks/queue/next', { owner: bob.id }), { status: 409, body: { code: 'QUEUE_EMPTY' } })
  t.match(await bob.ask('POST /tasks/queue/next', {}), { status: 409, body: { code: 'QUEUE_EMPTY' } })
  t.match(await bob.ask('POST /tasks/queue/next', { owner: carl.id }), { status: 403 })
  t.match(await next({ policy: 'federation/1' }), { status: 400, body: { errors: [{ pointer: '/policy' }] } })
  t.match(await next({ after: 'there' }), { status: 400, body: { errors: [{ pointer: '/after' }] } })
  t.match(await next({ after: '[99]' }), { status: 409, body: { code: 'QUEUE_EMPTY' } }, 'behind the last there is nothing')
  const doing = ids.map((id) => admin(`POST /tasks/${id}/unassign`, {}))
  t.match(await Promise.all(doing), Array(3).fill({ status: 200 }))
})

t.test('W-15 W-16 F-71 F-73 work does not stay taken: who goes offline loses what it has not begun, and what it did is known', async (t) => {
  const skills = ['harvest']
  const [one, other] = [await agent({ name: 'one', skills, reliability: 0.99 }), await agent({ name: 'other', skills })]
  await rowOf(`/agents/${other}`, () => true)
  const id = await task({ requiredCapabilities: skills })
  t.match((await admin(`POST /tasks/${id}/assign`, {})).body, { assignee: `agent:${one}`, score: 0.99 })
  t.match(await bob.ask(`POST /tasks/${id}/start`, {}), { status: 403, body: { code: 'INVALID_OWNERSHIP' } })
  await admin(`PUT /agents/${one}/status`, { status: 'OFFLINE' })
  await rowOf(`/tasks/${id}`, ({ assigned }) => !assigned)
  await rowOf(`/agents/${one}`, ({ status }) => status === 'OFFLINE')
  t.match((await admin(`POST /tasks/${id}/assign`, {})).body, { assignee: `agent:${other}`, counts: { UNAVAILABLE: 1 } })
  const { body: { revision: token } } = await ada.ask(`POST /tasks/${id}/start`, {})
  t.match(await rowOf(`/tasks/${id}`, ({ status }) => status === 'IN_PROGRESS'), { lease_holder: ada.id, lease_agent: other })
  t.match(await admin(`POST /tasks/${id}/unassign`, {}), { status: 409, body: { code: 'INVALID_STATE_TRANSITION' } })
  await ada.ask(`POST /tasks/${id}/complete`, { token, metrics: { cost: 7 } })
  const row = await rowOf(`/agents/${other}`, ({ good }) => good === 1)
  t.match(row, { current: 0, capabilities: [{ skill: 'harvest', successRate: 1, cost: 7 }], reliability: 0.9091 })
})

t.test('W-3 W-20 W-30 an orchestrator that is assigned claims and leads with its own slot, the owner still answers', async (t) => {
  const id = await task({ priority: 'CRITICAL' })
  const { body: { position } } = await admin(`POST /tasks/${id}/assign`, { assignee: `orchestrator:${bob.id}` })
  t.match(await ada.ask(`POST /tasks/${id}/start`, {}), { status: 403, body: { code: 'INVALID_OWNERSHIP', context: { owner: ada.id, holder: bob.id } } })
  t.match((await bob.ask(`GET /orchestrators/${bob.id}/next?minPosition=${position}&limit=1`)).body, { best: { task: id }, runnersUp: [], policy: 'deadline-priority/2' })
  const claimed = await bob.ask(`POST /orchestrators/${bob.id}/claim`, { minPosition: position }, { 'idempotency-key': id })
  const { body } = claimed
  t.match(body, { id, token: body.revision, slot: String, agent: null, context: `/tasks/${id}/context` }, 'W-3 what whoever works needs')
  t.strictSame((await bob.ask(`POST /orchestrators/${bob.id}/claim`, { minPosition: position }, { 'idempotency-key': id })).body, body)
  t.match((await bob.ask(`GET ${body.context}`)).body, { task: { task: id }, owner: { orchestrator: ada.id } })
  t.match(await rowOf(`/tasks/${id}`, ({ status }) => status === 'IN_PROGRESS'), { owner: ada.id, lease_holder: bob.id, waiting_since: String })
  t.match(await bob.ask(`POST /tasks/${id}/complete`, { token: body.revision }), { status: 200 })
})

t.test('W-9 F-4 the same is done with up to a hundred tasks, each answered for itself; again under one key it is done once', async (t) => {
  const ids = await Promise.all(Array.from({ length: 100 }, () => task({ requiredCapabilities: ['bulk'] })))
  const many = (action: string, more: object = {}, key?: string) =>
    admin('POST /tasks/bulk', { ids, action, ...more }, key === undefined ? {} : { 'idempotency-key': key })
  const all = { status: 200, body: { summary: { total: 100, success: 100, failed: 0, skipped: 0 } } }
  const changed = async (action: string, more: object = {}) => t.match(await many(action, more), all, action)
  await changed('edit', { priority: 'HIGH', tags: ['bulk'] })
  await changed('assign', { assignee: 'grace', reason: 'her field' })
  t.match((await many('assign', { assignee: 'grace', reason: 'her field' })).body.summary, { success: 0, failed: 0, skipped: 100 })
  await changed('unassign')
  const two = await agent({ name: 'two', skills: ['bulk'], max: 2 })
  await rowOf(`/agents/${two}`, () => true)
  const chosen = await many('assign', { need: 'all' }, 'the same')
  t.match(chosen.body.summary, { total: 100, failed: 0 })
  t.equal(chosen.body.results.filter(({ assignee }: any) => assignee === `agent:${two}`).length, 2, 'no more than it has places for')
  const again = await many('assign', { need: 'all' }, 'the same')
  const placed = ({ body: { results } }: typeof again) => results.map(({ assignee }: any) => assignee).filter(Boolean)
  t.strictSame(placed(again), placed(chosen))
  await changed('delegate', { to: bob.id })
  await changed('cancel', { reason: 'no more' })
  await changed('reopen')
  t.match((await many('retry')).body.summary, { success: 0, failed: 0, skipped: 100 }, 'nothing has failed')
  const stranger = '00000000-0000-7000-8000-00000000dead'
  t.match(await ada.ask('POST /tasks/bulk', { ids: [ids[0], stranger], action: 'cancel' }), {
    status: 207, body: { summary: { failed: 2 }, results: [{ status: 403, code: 'INVALID_OWNERSHIP' }, { status: 404, code: 'NOT_FOUND' }] },
  })
  for (const said of [
    { action: 'complete' }, { action: 'assign', assignee: 'grace', need: 'all' }, { action: 'cancel', ids: [...ids, stranger] },
    { action: 'cancel', ids: [] }, { action: 'edit', assignee: 'grace' },
  ]) t.match(await admin('POST /tasks/bulk', { ids, ...said }), { status: 400, body: { code: 'VALIDATION_ERROR' } }, JSON.stringify(said).slice(-50))
  t.match(await admin('POST /tasks/bulk', { ids, action: 'cancel' }), all)
})

t.test('F-100 W-71 two hundred assignments at once give an agent of five slots five tasks', async (t) => {
  const five = await agent({ name: 'five', skills: [], max: 5 })
  const ids = await Promise.all(Array.from({ length: 200 }, () => task({ requiredCapabilities: ['none of these'] })))
  const replies = await Promise.all(ids.map((id) => admin(`POST /tasks/${id}/assign`, { assignee: `agent:${five}` })))
  t.equal(replies.filter(({ status }) => status === 200).length, 5)
  t.match(replies.filter(({ status }) => status !== 200).map(({ status, body }) => [status, body.code]), Array(195).fill([409, 'CAPACITY_EXCEEDED']))
  await rowOf(`/agents/${five}`, ({ current, status }) => current === 5 && status === 'OVERLOADED')
})

t.test('W-71 racing assignments, calls of the queue and claims give no task to two and no agent more than its slots', async (t) => {
  const dora = await orchestrator('Dora')
  const skills = ['race']
  const racers = await Promise.all([1, 2, 3].map((n) => agent({ name: `racer ${n}`, skills, max: 2 })))
  const ids = await Promise.all(Array.from({ length: 12 }, () => task({ owner: dora.id, requiredCapabilities: skills })))
  const at = await level()
  const wishes = ids.flatMap((id) => [
    admin(`POST /tasks/${id}/assign`, {}), admin('POST /tasks/queue/next', { owner: dora.id, ...at }), dora.ask(`POST /orchestrators/${dora.id}/claim`, at),
    admin(`POST /tasks/${id}/assign`, { assignee: `agent:${racers[0]}` }),
  ])
  for (const { status } of await Promise.all(wishes)) t.ok(status === 200 || status === 409, String(status))
  const facts = (await log()).map(({ fact }) => fact)
  for (const id of ids) {
    let place: unknown = null
    for (const { type, data } of facts.filter((fact) => fact.id === id) as { type: string; data: any }[]) {
      if (type === 'TaskAssigned') {
        t.strictSame(data.previousAgentSlot, place, 'whom it is given instead of gives its place back')
        place = data.agentSlot
      } else if (type === 'TaskStarted') t.equal(place, null, 'what an agent has nobody claims')
    }
  }
  for (const racer of racers) {
    const named = ids.filter((id) => (facts.findLast((fact) => fact.id === id && fact.type === 'TaskAssigned')?.data as any)?.agentSlot.agent === racer)
    t.ok(named.length <= 2, `${named.length} tasks for two slots`)
    await rowOf(`/agents/${racer}`, ({ current }) => current === named.length)
  }
})

t.test('what is shown is what the facts say', async (t) => {
  t.strictSame(await differences(), [])
})
