import t from 'tap'
import { day_ms, minute_ms, second_ms } from '../../shared-domain/src/kernel/time.ts'
import { derived } from '../../shared-domain/src/work/task/backlog-derived.ts'
import { Api } from '../../scripts/api.ts'
import { house, until } from './house.ts'

const { baton, admin: api, pass, differences } = await house(t, { timed: true })

async function orchestrator(name: string) {
  const { id } = await api.post('/orchestrators', { name })
  await api.post(`/orchestrators/${id}/activate`)
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  return { id, api: new Api(baton.urls.gateway, secret!) }
}

const [ada, bob, cleo] = [await orchestrator('Ada'), await orchestrator('Bob'), await orchestrator('Cleo')]

const shown = (path: string, isSo: (row: any) => boolean) => until(async () => {
  const row = await api.get<any>(path).catch(() => undefined)
  return row && isSo(row) ? row : undefined
})
/** As of a command at the earliest: each list has come as far as it has. */
const states = async (task: string, { position }: { readonly position: string }) =>
  (await api.get<any>(`/delegations?task=${task}&minPosition=${position}`)).items.map(({ state }: { state: string }) => state).reverse()

// It is tried with somebody else some seconds later.
const tried = await ada.api.post('/tasks', { title: 'Sort the post', tags: ['post'] })
await ada.api.post(`/tasks/${tried.id}/delegate`, { to: bob.id, retries: 1, note: 'by noon' })
await bob.api.post(`/tasks/${tried.id}/decline-delegation`, { reason: 'no time' })

t.test('W-33 W-35 W-37 W-40 a task that is passed on comes back with all that came of it', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  await ada.api.post(`/tasks/${id}/delegate`, { to: bob.id })
  await bob.api.post(`/tasks/${id}/delegate`, { to: cleo.id })
  t.match(await shown(`/tasks/${id}`, ({ depth }) => depth === 2), { owner: cleo.id, delegated_by: bob.id })
  const { revision: token } = await cleo.api.post(`/tasks/${id}/start`)
  await cleo.api.post(`/tasks/${id}/progress`, { token, percentage: 40 })
  await t.rejects(ada.api.post(`/tasks/${id}/recall`, { reason: 'needed here' }), /INVALID_STATE_TRANSITION/, 'while it is worked on')
  await cleo.api.post(`/tasks/${id}/release`, { token })
  const recalled = await ada.api.post(`/tasks/${id}/recall`, { reason: 'needed here' })
  t.match(await shown(`/tasks/${id}`, ({ owner }) => owner === ada.id), { status: 'TODO', progress: 40, delegated_by: null, depth: null })
  t.strictSame(await states(id, recalled), ['RECALLED', 'RECALLED'])
})

t.test('W-36 W-39 W-40 whoever passed it on sees what became of it', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post', maxRetries: 0 })
  await ada.api.post(`/tasks/${id}/delegate`, { to: bob.id })
  await bob.api.post(`/tasks/${id}/decline-delegation`, { reason: 'no time' })
  t.match(await shown(`/tasks/${id}`, ({ owner }) => owner === ada.id), { delegated_by: null })
  await ada.api.post(`/tasks/${id}/delegate`, { to: cleo.id })
  await cleo.api.post(`/tasks/${id}/accept-delegation`)
  const { revision: token } = await cleo.api.post(`/tasks/${id}/start`)
  const failed = await cleo.api.post(`/tasks/${id}/fail`, { token, error: 'no stamps' })
  await shown(`/tasks/${id}`, ({ block_kind }) => block_kind === 'failure')
  t.strictSame(await states(id, failed), ['DECLINED', 'FAILED'])
  await cleo.api.post(`/tasks/${id}/unblock`, {})
  const { revision: again } = await cleo.api.post(`/tasks/${id}/start`)
  const completed = await cleo.api.post(`/tasks/${id}/complete`, { token: again })
  await shown(`/tasks/${id}`, ({ status, depth }) => status === 'DONE' && depth === null)
  t.strictSame(await states(id, completed), ['DECLINED', 'COMPLETED'])
  const { items } = await api.get<any>(`/delegation-pairs-daily?from=${ada.id}&to=${cleo.id}&minPosition=${completed.position}`)
  t.match(items, [{ accepted: 1, completed: 1 }])
})

t.test('W-42 nobody gives more than it was left', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post', priority: 'LOW' })
  await ada.api.post(`/tasks/${id}/delegate`, { to: bob.id })
  await t.rejects(bob.api.post(`/tasks/${id}/delegate`, { to: cleo.id, priority: 'HIGH' }), /TERMS_EXCEEDED/)
})

t.test('W-42 nor by an edit, and what is less urgent is not later', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post', priority: 'MEDIUM' })
  await ada.api.post(`/tasks/${id}/delegate`, { to: bob.id })
  await t.rejects(bob.api.send('PATCH', `/tasks/${id}`, { priority: 'HIGH' }), /TERMS_EXCEEDED/)
  const { sla_deadline: deadline } = await api.get<any>(`/tasks/${id}`)
  const { position } = await bob.api.send('PATCH', `/tasks/${id}`, { priority: 'LOW' })
  t.match(await api.get<any>(`/tasks/${id}?minPosition=${position}`), { priority: 'LOW', sla_deadline: deadline })
})

t.test('W-43 what is passed on without a target goes to whom the policy chooses, and the answer says to whom', async (t) => {
  const { id } = await bob.api.post('/tasks', { title: 'Sort the post', tags: ['letters'] })
  const { position } = await api.send('PATCH', `/orchestrators/${cleo.id}`, { capabilities: ['letters'] })
  await api.get(`/orchestrators?minPosition=${position}`)
  const answer: any = await bob.api.post(`/tasks/${id}/delegate`)
  t.equal(answer.owner, cleo.id)
  const [choice] = (await api.get<any>(`/choices?task=${id}&minPosition=${answer.position}`)).items
  t.match(choice, { kind: 'delegate', policy: 'federation/1', chosen: cleo.id, rejected: [{ id: bob.id, code: 'DELEGATOR' }] })
})

t.test('W-43 what came to nothing is tried with somebody else, and everybody can see why with whom', async (t) => {
  pass(5 * second_ms)
  t.match(await shown(`/tasks/${tried.id}`, ({ owner }) => owner === cleo.id), { delegated_by: ada.id, next_retry_at: null })
  const { items } = await api.get<any>(`/delegations?task=${tried.id}`)
  t.match(items, [
    { to: cleo.id, state: 'OFFERED', attempt: 2, retry_of: String(items[1].revision), reason: 'by noon', policy: 'federation/1' },
    { to: bob.id, state: 'DECLINED', attempt: 1, outcome_reason: 'no time' },
  ])
})

t.test('W-45 helpers say when their part is done', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  await ada.api.post(`/tasks/${id}/collaborators`, { collaborators: [{ orchestrator: bob.id, role: 'reader' }] })
  await t.rejects(bob.api.post(`/tasks/${id}/collaborators/complete`, {}), /NOT_ASKED/)
  await bob.api.post(`/tasks/${id}/collaborators/accept`)
  await bob.api.post(`/tasks/${id}/collaborators/complete`, { note: 'all read' })
  t.match(await shown(`/collaborations/${id}/${bob.id}`, ({ state }) => state === 'completed'), { note: 'all read', role: 'reader' })
})

t.test('W-46 a task that is made with an approval starts when it is approved', async (t) => {
  const wish = { title: 'Open the post', collaborators: [{ orchestrator: bob.id, role: 'reader' }], approval: { protocol: 'unanimous' } }
  const { id } = await ada.api.post('/tasks', wish)
  await t.rejects(ada.api.post(`/tasks/${id}/start`), /CONSENSUS_REQUIRED/)
  const { items: [asked] } = await shown(`/decisions?task=${id}`, ({ items }) => items.length > 0)
  t.match(asked, { status: 'pending', type: 'task_approval', title: 'Open the post', protocol: 'unanimous' })
  for (const { api } of [ada, bob]) await api.post(`/decisions/${asked.decision}/votes`, { vote: 'APPROVE' })
  await ada.api.post(`/tasks/${id}/start`)
})

t.test('W-17 W-18 W-19 W-47 everybody sees who is asked, and only who was asked answers', async (t) => {
  await api.post('/organizations/self/configure', { escalationLadder: [{ people: ['bob'], after_s: 600 }, { people: ['admins'] }] })
  const { secret } = await api.post('/keys', { scopes: ['read', 'write'] })
  const desk = new Api(baton.urls.gateway, secret!)
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  // What an organization has set is known everywhere a second later.
  const row = await until(async () => {
    const { position } = await api.post(`/tasks/${id}/escalate`, { reason: 'no key', to: 'ann', severity: 'HIGH' })
    const { items } = await api.get<any>(`/escalations?task=${id}&minPosition=${position}`)
    if (items[0].steps.length === 3) return items[0]
    await api.post(`/tasks/${id}/resolve-escalation`, { resolution: 'too early' })
    return undefined
  })
  t.match(row, { state: 'OPEN', level: 1, to: 'ann', cause: 'hand', steps: [{ people: ['ann'] }, { people: ['bob'] }, { people: ['admins'] }] })
  const { now: [why] } = await api.get<any>(`/tasks/${id}/why`)
  t.match(why, { code: 'BLOCKED', detail: { kind: 'escalation', asked: ['ann'], acknowledgedBy: null } })
  await t.rejects(desk.post(`/tasks/${id}/acknowledge-escalation`, { person: 'bob' }), /FORBIDDEN/, 'who is not yet asked')
  await t.rejects(ada.api.post(`/tasks/${id}/resolve-escalation`, { resolution: 'mine', person: 'ann' }), /FORBIDDEN/, 'the owner')
  const { position } = await desk.post(`/tasks/${id}/acknowledge-escalation`, { person: 'ann', note: 'soon' })
  const { items: [known] } = await api.get<any>(`/escalations?task=${id}&state=ACKNOWLEDGED&minPosition=${position}`)
  t.match(known, { acknowledged_by: 'ann' })
  const end = await desk.post(`/tasks/${id}/resolve-escalation`, { resolution: 'here it is', person: 'ann' })
  const { items: [gone] } = await api.get<any>(`/escalations?task=${id}&state=RESOLVED&minPosition=${end.position}`)
  t.match(gone, { resolved_by: 'ann', resolution: 'here it is', level: 1 })
})

t.test('W-48 what is overdue is escalated once, and nothing that comes of it', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  await api.post('/organizations/self/configure', { slaEscalates: true })
  // What an organization has set is known everywhere a second later.
  await until(async () => {
    await ada.api.send('PATCH', `/tasks/${id}`, { slaDeadline: new Date(Date.now() - 1_000).toISOString() })
    return (await api.get<any>(`/escalations?task=${id}`)).items.length > 0
  })
  await api.post('/organizations/self/configure', { slaEscalates: false })
  const { items } = await api.get<any>(`/escalations?task=${id}`)
  t.match(items, [{ cause: 'sla', severity: 'MEDIUM', state: 'OPEN', reason: 'the deadline has passed' }])
  t.equal(items.length, 1)
  await api.post(`/tasks/${id}/resolve-escalation`, { resolution: 'it may be late' })
  const { position } = await ada.api.post(`/tasks/${id}/notes`, { text: 'still to do' })
  t.equal((await api.get<any>(`/escalations?task=${id}&minPosition=${position}`)).items.length, 1)
})

t.test('W-70 S-22 work does not stay taken and is not done twice: who fell silent has lost it, and who has it delivers it once', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  const path = `/tasks/${id}`
  const { revision: token } = await ada.api.post(`${path}/start`)
  pass(minute_ms)
  t.match(await shown(path, ({ status }) => status === 'TODO'), { lease_holder: null, lease_token: null })
  await shown(`/capacity/${ada.id}`, ({ free, max }) => free === max)
  await ada.api.post(`${path}/delegate`, { to: bob.id })
  const { revision: later } = await bob.api.post(`${path}/start`)
  for (const [command, more] of [['heartbeat', {}], ['progress', { percentage: 90 }], ['complete', {}], ['fail', { error: 'no' }]] as const)
    for (const one of [ada, bob]) await t.rejects(one.api.post(`${path}/${command}`, { token, ...more }), /STALE_LEASE/, command)
  const delivered = await Promise.all([1, 2, 3].map(() => bob.api.post(`${path}/complete`, { token: later, output: 'sorted' })))
  t.strictSame(delivered.map(({ changed }) => changed).sort(), [false, false, true], 'three times told, once done')
  await t.rejects(bob.api.post(`${path}/complete`, { token: later, output: 'thrown away' }), /INVALID_STATE_TRANSITION/)
  const { items } = await api.get<any>(`/attempts?task=${id}&minPosition=${delivered[0]!.position}`)
  t.match(items, [{ holder: bob.id, outcome: 'completed' }, { holder: ada.id, outcome: 'expired' }])
  await shown(`/timeline?stream=task-${id}&type=TaskCompleted`, (list) => list.items.length === 1)
})

t.test('W-38 W-79 a move that nobody answers comes back by itself, and says so to who made it', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  const { position } = await ada.api.post(`/tasks/${id}/delegate`, { to: bob.id, answerWithin_s: 120 })
  t.match(await api.get(`/tasks/${id}?minPosition=${position}`), { owner: bob.id, delegated_by: ada.id })
  pass(2 * minute_ms)
  await shown(`/tasks/${id}`, ({ owner }) => owner === ada.id)
  await shown(`/delegations?task=${id}`, ({ items }) => items[0].state === 'TIMED_OUT')
  await t.rejects(bob.api.post(`/tasks/${id}/accept-delegation`), /INVALID_OWNERSHIP/, 'too late')
})

t.test('W-21 W-23 what an agent does not begin in time goes to another, and its place is free again', async (t) => {
  const capabilities = [{ skill: 'sorting' }]
  const [quick, slow] = [await api.post('/agents', { name: 'quick', capabilities }), await api.post('/agents', { name: 'slow', capabilities, reliability: 1 })]
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post', requiredCapabilities: ['sorting'] })
  await shown(`/agents/${slow.id}`, () => true)
  t.match(await api.post(`/tasks/${id}/assign`), { assignee: `agent:${slow.id}` })
  pass(15 * minute_ms)
  await shown(`/tasks/${id}`, ({ assigned }) => !assigned)
  await shown(`/agents/${slow.id}`, ({ current }) => current === 0)
  await shown(`/lapses?agent=${slow.id}`, ({ items }) => items.length > 0)
  t.match(await api.post(`/tasks/${id}/assign`), { assignee: `agent:${quick.id}`, counts: { LAPSED: 1 }, rejected: [{ id: slow.id, code: 'LAPSED' }] })
})

t.test('W-18 W-47 who does not answer is passed by: the next are asked when it is time, each once, and the last stay asked', async (t) => {
  const { id } = await ada.api.post('/tasks', { title: 'Sort the post' })
  const { position } = await api.post(`/tasks/${id}/escalate`, { reason: 'no key', to: 'ann' })
  const asked = (is: (row: any) => boolean) => shown(`/escalations?task=${id}&minPosition=${position}`, ({ items: [row] }) => is(row))
  t.match((await asked(({ level }) => level === 1)).items, [{ steps: [{ people: ['ann'] }, { people: ['bob'] }, { people: ['admins'] }] }])
  pass(15 * minute_ms)
  await asked(({ level, state }) => level === 2 && state === 'OPEN')
  const { secret } = await api.post('/keys', { scopes: ['read', 'write'] })
  await api.as(secret!).post(`/tasks/${id}/acknowledge-escalation`, { person: 'bob' })
  pass(10 * minute_ms)
  await asked(({ level, state }) => level === 2 && state === 'ACKNOWLEDGED')
  pass(day_ms)
  await asked(({ level, state }) => level === 3 && state === 'OPEN')
  pass(2 * day_ms)
  t.match(await api.get(`/tasks/${id}/why`), { now: [{ code: 'BLOCKED', detail: { kind: 'escalation', asked: ['ann', 'bob', 'admins'] } }] })
  const { items } = await api.get<any>(`/timeline?stream=task-${id}&type=TaskEscalationRaised`)
  t.strictSame(items.map(({ by_kind }: any) => by_kind), ['process', 'process'])
  await api.post(`/tasks/${id}/resolve-escalation`, { resolution: 'the door was open' })
})

t.test('W-76 the backlog is what a replay makes of it, also anew from an empty table, and what follows from a row is in it', async (t) => {
  t.strictSame(await differences(), [])
  const rows = async () => (await api.get<{ items: any[] }>('/tasks?limit=200')).items
  const before = await rows()
  t.ok(before.length > 10)
  for (const row of before) t.match(row, derived(row), `${row.task}: ${row.title}`)
  const { status } = await fetch(`${baton.urls.projection}/models/backlog/rebuild`, { method: 'POST' })
  t.equal(status, 200)
  t.strictSame(await rows(), before)
  t.strictSame(await differences(), [])
})
