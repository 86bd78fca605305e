import t from 'tap'
import { older } from '../../fleet/agent/fixture.ts'
import { registered as agentRegistered } from '../../fleet/agent/scene.ts'
import { reservation_ms } from '../../fleet/agent/slots.ts'
import { agentState } from '../../fleet/agent/state.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { now, on, orchestrator, subject, tool, uuid } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { house } from '../policies/scene.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  assigned, cancelled, completed, created, elsewhere, escalated, first, hand, last, lease, needsApproval, other, owner, reopened, resolved,
  running, scene, second, started, stranger, third, toHand, token, waitingFor, week, work,
} from './scene.ts'
import { taskState } from './state.ts'

t.test('S-1 a task is created', async (t) => {
  const given = scene(t)
  given().when('create', { owner, title: ' Work ' }).yields(created({ slaDeadline: week }))
  given().by(orchestrator(owner)).when('create', { title: 'Work', dueAt: '2030-01-02T01:00:00+01:00' })
    .yields(created({ dueAt: '2030-01-02T00:00:00.000Z', slaDeadline: week }))
  given().when('create', { title: 'Work' }).refuses('OWNER_REQUIRED')
  given().by(tool).when('create', { title: 'Work' }).refuses('OWNER_REQUIRED')
  given().by(orchestrator(other)).when('create', { owner, title: 'Work' }).refuses('INVALID_OWNERSHIP', { owner })
  given().when('create', { owner: stranger, title: 'Work' }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
  given().seeing(orchestratorState, owner, elsewhere).when('create', { owner, title: 'Work' }).refuses('ORCHESTRATOR_UNKNOWN')
})

const helping = (collaborator: string, role: string) => Task.CollaborationRequested({ owner, collaborator, role, note: null })

t.test('W-4 W-45 who is to help may be said with the task', async (t) => {
  const [reader, writer] = [{ orchestrator: other, role: 'reader' }, { orchestrator: third, role: 'writer' }]
  const wish = (...collaborators: object[]) => scene(t)().when('create', { owner, title: 'Work', collaborators } as never)
  wish(reader, writer).yields(created({ slaDeadline: week }), helping(other, 'reader'), helping(third, 'writer'))
  wish(reader, { ...reader, role: 'writer' }).yields(created({ slaDeadline: week }), helping(other, 'writer'))
  wish({ ...reader, orchestrator: owner }).refuses('SELF_COLLABORATION')
  wish({ ...reader, orchestrator: stranger }).refuses('ORCHESTRATOR_UNKNOWN')
})

t.test('W-4 W-20 who is to do it may be said with the task, as an assignment would say it', async (t) => {
  const given = (orchestrator: string | null = null) =>
    scene(t)().seeing(agentState, hand.id, agentRegistered({ orchestrator: orchestrator as OrchestratorId | null }))
  const fresh = created({ slaDeadline: week })
  const said = { owner, title: 'Work' }
  given().when('create', { ...said, assignee: 'Grace' }).yields(fresh, assigned('Grace'))
  given().when('create', { ...said, assignee: `orchestrator:${other}` }).yields(fresh, assigned(`orchestrator:${other}`))
  const helpers = [{ orchestrator: other, role: 'reader' }]
  given().when('create', { ...said, assignee: `agent:${hand.id}`, collaborators: helpers })
    .yields(fresh, toHand(), helping(other, 'reader'))
  given().by(orchestrator(owner)).when('create', { title: 'Work', assignee: `agent:${hand.id}` }).yields(fresh, toHand())
  given(other).by(orchestrator(owner)).when('create', { title: 'Work', assignee: `agent:${hand.id}` }).refuses('FORBIDDEN')
  given().when('create', { ...said, assignee: `agent:${uuid(999)}` }).refuses('ASSIGNEE_UNKNOWN', { assignee: `agent:${uuid(999)}` })
  given().when('create', { ...said, assignee: `orchestrator:${stranger}` }).refuses('ASSIGNEE_UNKNOWN')
  const approval = { electorate: [owner, other] }
  given().when('create', { ...said, assignee: `agent:${hand.id}`, approval }).refuses('CONSENSUS_REQUIRED', { decisions: [uuid(900)] })
  const waits = given().seeing(taskState, first, created())
  waits.when('create', { ...said, assignee: `agent:${hand.id}`, dependsOn: [first] }).refuses('INVALID_STATE_TRANSITION')
  waits.when('create', { ...said, assignee: 'Grace', dependsOn: [first] })
    .yields(created({ dependsOn: [first], slaDeadline: week }), waitingFor(first), assigned('Grace'))
})

t.test('W-4 F-14 an agent that is full gets no task with its creation either, and there is no task then', async (t) => {
  const { create, agentOf, world, courier } = house()
  const one = older.find(({ max }) => max === 1)!.id
  const wish = (n: number) => create(uuid(n), { assignee: `agent:${one}` })
  t.match(wish(1), [{ type: 'TaskCreated' }, { type: 'TaskAssigned', data: { agentSlot: { agent: one, kept: false } } }])
  courier.settle()
  world.pass(reservation_ms)
  courier.settle()
  t.match([...agentOf(one).slots.values()], [{ task: uuid(1), use: 'active' }])
  t.match(wish(2), { code: 'CAPACITY_EXCEEDED' })
  t.notOk(world.log.some(({ id }) => id === uuid(2)))
})

t.test('W-46 a task may wait for an approval from the start, which could be asked for as it is said', async (t) => {
  const decision = uuid(900)
  const asked = (electorate: unknown[], over: object = {}) => needsApproval(decision, [decision], {
    lasting: true, question: { electorate, protocol: null, quorum: null, threshold: null, weights: null, deadline: null, ...over },
  } as never)
  const given = scene(t)()
  const wish = (approval: object, more: object = {}) => given.when('create', { owner, title: 'Work', approval, ...more } as never)
  const fresh = created({ slaDeadline: week })
  wish({ electorate: [other, third] }).yields(fresh, asked([other, third]))
  wish({}, { collaborators: [{ orchestrator: other, role: 'reader' }] }).yields(fresh, helping(other, 'reader'), asked([owner, other]))
  const deadline = later(now, day_ms)
  wish({ electorate: [owner, other], protocol: 'weighted', threshold: '66%', quorum: 1, weights: 'equal', deadline })
    .yields(fresh, asked([owner, other], { protocol: 'weighted', threshold: '33/50', quorum: '1/1', weights: 'equal', deadline }))
  const weighty = [{ elector: owner, weight: 2 }, { elector: other, weight: 1 }]
  wish({ electorate: weighty, weights: 'given' })
    .yields(fresh, asked([{ elector: owner, weight: '2' }, { elector: other, weight: '1' }], { weights: 'given' }))
  const byOwner = { title: 'Work', approval: { electorate: weighty, weights: 'given' as const } }
  given.by(orchestrator(owner)).when('create', byOwner).refuses('FORBIDDEN')
  wish({}).refuses('ELECTORATE_TOO_SMALL')
  wish({ electorate: [owner, owner] }).refuses('ELECTORATE_TOO_SMALL')
  wish({ electorate: [owner, stranger] }).refuses('ORCHESTRATOR_UNKNOWN')
  wish({ electorate: [owner, other], deadline: now }).refuses('DEADLINE_PASSED')
  wish({ electorate: [owner, other], deadline: later(now, 367 * day_ms) }).refuses('DEADLINE_TOO_FAR')
  const { data } = task.commands.create
  const wrong = [
    { electorate: [owner] }, { electorate: [owner, other], threshold: '1/2' }, { electorate: [owner, other], protocol: 'schulze' },
    { electorate: [owner, other], weights: 'given' }, { electorate: weighty }, { electorate: [owner, other], quorum: 1e-60 },
    { electorate: [owner, other], threshold: 'most' },
  ]
  for (const approval of wrong) t.notOk(data.safeParse({ owner, title: 'Work', approval }).success, JSON.stringify(approval))
})

t.test('S-1 what a task depends on exists in its organization, and is not the task itself', async (t) => {
  const given = () => scene(t)().seeing(taskState, first, created()).seeing(taskState, second, on(created(), { organization: 'umbrella' }))
  const wish = (...dependsOn: string[]) => given().when('create', { owner, title: 'Work', dependsOn })
  wish(last).refuses('DEPENDENCY_UNKNOWN', { unknown: [last] })
  wish(first, second).refuses('DEPENDENCY_UNKNOWN', { unknown: [second] })
  wish(first, subject).refuses('DEPENDENCY_CYCLE', { cycle: [subject, subject] })
})

t.test('S-2 a task that waits for others is blocked from the start', async (t) => {
  const given = scene(t)().seeing(taskState, first, created()).seeing(taskState, second, created(), started(), completed('1'))
    .seeing(taskState, last, created(), cancelled())
  const wish = (...dependsOn: string[]) => given.when('create', { owner, title: 'Work', dependsOn })
  wish(first, second, first).yields(created({ dependsOn: [first, second], slaDeadline: week }), waitingFor(first))
  wish(second, last).yields(created({ dependsOn: [second, last], slaDeadline: week }))
})

t.test('S-12 S-13 what was cancelled is reopened by an admin alone', async (t) => {
  scene(t)(...running).by(orchestrator(owner)).when('cancel', { reason: 'not needed' })
    .yields(cancelled({ from: 'IN_PROGRESS', reason: 'not needed', lease: lease(token) }))
  for (const by of [orchestrator(owner), tool]) scene(t)(created(), cancelled()).by(by).when('reopen', {}).refuses('FORBIDDEN')
})

t.test('W-8 a cancellation tells the priority, the escalation that it ends and what the task waited for', async (t) => {
  const dependsOn = [first, second]
  const wish = (...facts: readonly TaskEvent[]) => scene(t)(created({ priority: 'HIGH', dependsOn } as object), ...facts).when('cancel', {})
  const told = { priority: 'HIGH', dependsOn, work: work({ priority: 'HIGH' }) } as const
  wish().yields(cancelled(told as object))
  wish(escalated('ann')).yields(cancelled({ ...told, from: 'BLOCKED', escalation: '1' } as object))
  wish(escalated('ann'), resolved()).yields(cancelled(told as object))
  wish(waitingFor(first)).yields(cancelled({ ...told, from: 'BLOCKED' } as object))
  scene(t)(created(), cancelled()).when('cancel', {}).changesNothing()
  scene(t)(...running, completed(token)).when('cancel', {}).refuses('INVALID_STATE_TRANSITION')
})

t.test('W-8 what is reopened tells its deadline and what it waits for, and waits again for what is open', async (t) => {
  const dependsOn = [first, second]
  const given = scene(t)(created({ dependsOn } as object), cancelled({ dependsOn } as object))
    .seeing(taskState, first, created()).seeing(taskState, second, created(), cancelled())
  given.when('reopen', { reason: 'after all' })
    .yields(reopened({ reason: 'after all', slaDeadline: week, dependsOn } as object), waitingFor(first))
  scene(t)(created()).when('reopen', {}).changesNothing()
})
