import t from 'tap'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { admin, agent, now, on, orchestrator, system, tool } from '../../kernel/testing.ts'
import { day_ms, later, second_ms } from '../../kernel/time.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, completed, created, delegated, failed, handedOff, lease, other, owner, registered, scene, started, third, work,
} from './scene.ts'

type Outcome = ReturnType<typeof Task.DelegationEnded>['data']['outcome']

const told = (delegation: string, from: string, to: string, over: object = {}) =>
  ({ owner: to, delegation, from, to, outcome: null, reason: null, ...over })
const toOther = (over: object = {}) => delegated(other, owner, { depth: 1, ...over })
const toThird = (over: object = {}) => delegated(third, other, { depth: 2, ...over })
const acceptedByOther = Task.DelegationAccepted(told('1', owner, other))
const ended = (delegation: string, from: string, to: string, outcome: Outcome, over: object = {}) =>
  Task.DelegationEnded({ ...told(delegation, from, to), outcome, youngest: null, ...over } as never)
const returned = (by: string, to: string, cause: 'declined' | 'recalled' | 'timed out' | 'failed', over: object = {}) =>
  Task.TaskReturned({ owner: by, from: 'TODO', to, delegation: '1', cause, lease: null, agentSlot: null, retryAt: null, ...over } as never)
const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
const heldBy = (holder: string, token: string) => lease(token, { holder } as never)
const minute = later(now, 60 * second_ms)

t.test('W-33 a move opens a delegation, with retries and times to answer and to finish by', async (t) => {
  const given = scene(t)
  const said = { retries: 2, answerWithin_s: 60, finishWithin_s: 3_600 }
  const opened = { retries: 2, answerBy: minute, finishBy: later(now, 3_600 * second_ms), depth: 1 }
  given(created()).when('delegate', { to: other, ...said }).yields(toOther(opened))
  given(created()).when('handoff', { to: other, ...said }).yields(handedOff({
    from: 'TODO', lease: null, ...opened,
    snapshot: { status: 'TODO', percentage: 0, attempt: 0, priority: 'MEDIUM', dueAt: null, assignee: null },
  }))
  given(created(), on(toOther(), { by: admin })).when('delegate', { to: other }).changesNothing()
  given(created(), on(toOther(opened), { by: admin })).when('delegate', { to: other, ...said }).changesNothing()
  given(created(), on(toOther(opened), { by: admin })).when('delegate', { to: other }).refuses('SELF_DELEGATION')
})

t.test('W-34 whoever passes the task on has accepted it', async (t) => {
  const given = scene(t)(created(), toOther({ answerBy: minute }))
  given.by(orchestrator(other)).when('delegate', { to: third }).yields(acceptedByOther, toThird())
  given.by(orchestrator(other)).when('acceptDelegation', {}).yields(acceptedByOther)
  given.by(orchestrator(other)).at(minute).when('acceptDelegation', {}).refuses('NO_DELEGATION')
  given.by(orchestrator(other)).at(minute).when('delegate', { to: third }).refuses('NO_DELEGATION')
  for (const by of [orchestrator(owner), agent]) given.by(by).when('acceptDelegation', {}).refuses('INVALID_OWNERSHIP')
  scene(t)(created(), toOther(), acceptedByOther).by(orchestrator(other)).when('acceptDelegation', {}).changesNothing()
  scene(t)(created()).when('acceptDelegation', {}).refuses('NO_DELEGATION')
})

t.test('W-35 whoever starts the task starts it for all who passed it on', async (t) => {
  const startOther = Task.DelegationStarted(told('1', owner, other, { owner: third }))
  const startThird = Task.DelegationStarted(told('3', other, third))
  scene(t)(created(), toOther(), acceptedByOther, toThird()).seeing(orchestratorState, third, registered, Orchestrator
    .OrchestratorStatusChanged({ from: 'OFFLINE', to: 'ONLINE', action: 'start', reason: null }))
    .when('start', {}).yields(startOther, startThird, started({ owner: third, work: work({ moves: 2 }) }))
  scene(t)(created(), toOther(), Task.DelegationStarted(told('1', owner, other))).when('start', {})
    .yields(started({ owner: other, work: work({ moves: 1 }) }))
})

t.test('W-36 an offer that is not taken up is declined while it may be answered', async (t) => {
  const declined = [ended('1', owner, other, 'DECLINED', { reason: 'no time' }), returned(other, owner, 'declined')]
  const no = { reason: 'no time' }
  const given = scene(t)(created(), toOther()).by(orchestrator(other))
  given.when('declineDelegation', no).yields(...declined)
  given.at(later(now, day_ms - 1)).when('declineDelegation', no).yields(...declined)
  given.at(later(now, day_ms)).when('declineDelegation', no).refuses('NO_DELEGATION')
  given.by(orchestrator(owner)).when('declineDelegation', no).refuses('INVALID_OWNERSHIP')
  const timed = scene(t)(created(), toOther({ answerBy: minute })).by(orchestrator(other))
  timed.at(later(minute, -1)).when('declineDelegation', no).yields(...declined)
  timed.at(minute).when('declineDelegation', no).refuses('NO_DELEGATION')
  scene(t)(created(), toOther(), acceptedByOther).by(orchestrator(other)).when('declineDelegation', no).refuses('NO_DELEGATION')
  scene(t)(created(), blocked('manual'), delegated(other, owner, { depth: 1, from: 'BLOCKED' })).by(orchestrator(other))
    .when('declineDelegation', no).yields(
      ended('2', owner, other, 'DECLINED', { reason: 'no time' }), returned(other, owner, 'declined', { from: 'BLOCKED', delegation: '2' }))
})

t.test('W-37 whoever passed the task on recalls it; while it is worked on, only an admin does', async (t) => {
  const why = { reason: 'needed here' }
  const open = [created(), toOther(), acceptedByOther, toThird()]
  const youngest = { delegation: '1', from: owner, depth: 1, answerBy: null, finishBy: null }
  const recalledThird = (over: object = {}) => ended('3', other, third, 'RECALLED', { ...why, ...over })
  const given = scene(t)(...open)
  given.by(orchestrator(other)).when('recall', why).yields(
    recalledThird({ youngest }), returned(third, other, 'recalled', { delegation: '3' }))
  given.by(orchestrator(owner)).when('recall', why).yields(
    recalledThird(), ended('1', owner, other, 'RECALLED', { ...why, owner: third }), returned(third, owner, 'recalled'))
  for (const by of [admin, tool]) {
    scene(t)(created(), toOther()).by(by).when('recall', why)
      .yields(ended('1', owner, other, 'RECALLED', why), returned(other, owner, 'recalled'))
  }
  for (const by of [orchestrator(third), agent]) given.by(by).when('recall', why).refuses('NO_DELEGATION')
  const running = [created(), toOther(), Task.DelegationStarted(told('1', owner, other)), started({ owner: other })]
  for (const by of [orchestrator(owner), tool]) scene(t)(...running).by(by).when('recall', why).refuses('INVALID_STATE_TRANSITION')
  scene(t)(...running).by(admin).when('recall', why).yields(
    ended('1', owner, other, 'RECALLED', why),
    returned(other, owner, 'recalled', { from: 'IN_PROGRESS', lease: heldBy(other, '3') }))
})

t.test('W-38 what is not answered for or not finished in time comes back', async (t) => {
  const timedOut = (over: object = {}) => [ended('1', owner, other, 'TIMED_OUT'), returned(other, owner, 'timed out', over)]
  const offered = scene(t)(created(), toOther({ answerBy: minute })).by(system)
  offered.at(later(minute, -1)).when('timeOut', { delegation: '1' }).changesNothing()
  offered.at(minute).when('timeOut', { delegation: '1' }).yields(...timedOut())
  offered.at(minute).when('timeOut', { delegation: '7' }).changesNothing()
  const accepted = scene(t)(created(), toOther({ answerBy: minute, finishBy: later(minute, second_ms) }), acceptedByOther).by(system)
  accepted.at(minute).when('timeOut', { delegation: '1' }).changesNothing()
  accepted.at(later(minute, second_ms)).when('timeOut', { delegation: '1' }).yields(...timedOut())
  const running = [created(), toOther({ finishBy: minute }), Task.DelegationStarted(told('1', owner, other)), started({ owner: other })]
  scene(t)(...running).by(system).at(minute).when('timeOut', { delegation: '1' })
    .yields(...timedOut({ from: 'IN_PROGRESS', lease: heldBy(other, '3') }))
})

t.test('W-39 who passed the task on hears that it gave up, and has it back when somebody else may try', async (t) => {
  const told1 = told('1', owner, other)
  const begun = (over: object) => [created({ maxRetries: 0 }), toOther(over), Task.DelegationStarted(told1), started({ owner: other })]
  const facts = [
    failed(0, true, { owner: other, lease: heldBy(other, '3'), work: work({ moves: 1, failures: 1 }) }),
    blocked('failure', 'failed after 0 retries', [], { owner: other, work: work({ moves: 1, failures: 1 }) }),
    Task.DelegationFailed(told1),
  ]
  const fail = { token: '3', error: 'no' }
  scene(t)(...begun({})).when('fail', fail).yields(...facts)
  const retryAt = later(now, 5 * second_ms)
  scene(t)(...begun({ retries: 1 })).when('fail', fail).yields(
    ...facts, ended('1', owner, other, 'FAILED'), returned(other, owner, 'failed', { from: 'BLOCKED', retryAt }),
    Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'failure', reason: 'it is tried with somebody else' }),
    Task.TaskRetryScheduled({ owner, attempt: 0, nextRetryAt: later(now, 35 * second_ms) }))
  scene(t)(...begun({ retries: 1 })).seeing(orchestratorState, owner, registered, archived).when('fail', fail)
    .yields(...facts, ended('1', owner, other, 'FAILED'))
})

t.test('W-40 with the task end all its delegations', async (t) => {
  const chain: TaskEvent[] = [created(), toOther(), acceptedByOther, toThird()]
  const both = (outcome: Outcome) =>
    [ended('3', other, third, outcome), ended('1', owner, other, outcome, { owner: third })]
  scene(t)(...chain).when('cancel', {}).yields(cancelled({ owner: third, work: work({ moves: 2 }) }), ...both('CANCELLED'))
  scene(t)(...chain, started({ owner: third })).when('complete', { token: '4' }).yields(
    completed('4', { owner: third, lease: heldBy(third, '4'), work: work({ moves: 2 }) }), ...both('COMPLETED'))
})

t.test('W-40 a task that is moved to one of its delegators came back, which opens nothing', async (t) => {
  const youngest = { delegation: '1', from: owner, depth: 1, answerBy: null, finishBy: null }
  const given = scene(t)(created(), toOther(), acceptedByOther, toThird()).by(orchestrator(third))
  given.when('delegate', { to: other, answerWithin_s: 60 })
    .yields(ended('3', other, third, 'RETURNED', { youngest }), delegated(other, third, { back: 1 }))
  given.when('delegate', { to: owner }).yields(
    ended('3', other, third, 'RETURNED'), ended('1', owner, other, 'RETURNED', { owner: third }), delegated(owner, third, { back: 1 }))
})

t.test('W-41 where the delegator has left, the one before it gets the task; where nobody is left, it stays', async (t) => {
  const chain: TaskEvent[] = [created(), toOther(), acceptedByOther, toThird()]
  const no = { reason: 'no time' }
  const back = [
    ended('3', other, third, 'DECLINED', no), ended('1', owner, other, 'RETURNED', { ...no, owner: third }),
  ]
  const given = scene(t)(...chain).by(orchestrator(third)).seeing(orchestratorState, other, registered, archived)
  given.when('declineDelegation', no).yields(...back, returned(third, owner, 'declined', { delegation: '3' }))
  given.seeing(orchestratorState, owner, registered, archived).when('declineDelegation', no).yields(...back)
})

t.test('W-33 a new priority moves the deadline before the task is passed on', async (t) => {
  const [day, week] = [later(now, day_ms), later(now, 7 * day_ms)]
  const set = (from: string | null, to: string | null, warnAt: string | null, who = owner) =>
    Task.TaskSlaSet({ owner: who, from, to, given: false, warnAt, reason: null })
  const moved = (over: object) => delegated(third, owner, { depth: 1, ...over })
  const given = scene(t)(created({ slaDeadline: week })).by(orchestrator(owner))
  given.when('delegate', { to: third, priority: 'HIGH' })
    .yields(set(week, day, later(day, -day_ms / 5)), moved({ priority: 'HIGH', slaDeadline: day }))
  given.when('delegate', { to: third, priority: 'LOW' }).yields(set(week, null, null), moved({ priority: 'LOW' }))
  scene(t)(created({ slaDeadline: day, slaGiven: true })).when('delegate', { to: third, priority: 'HIGH' })
    .yields(moved({ priority: 'HIGH', slaDeadline: day }))
  const chain = [created({ slaDeadline: week }), toOther({ slaDeadline: week }), acceptedByOther]
  scene(t)(...chain).by(orchestrator(other)).when('delegate', { to: third, priority: 'LOW' })
    .yields(toThird({ priority: 'LOW', slaDeadline: week }))
})

t.test('W-42 whoever has the task by a delegation gives no more than it was left; an admin may', async (t) => {
  const given = scene(t)(created(), toOther({ priority: 'MEDIUM', dueAt: minute }), acceptedByOther)
  given.by(orchestrator(other)).when('delegate', { to: third, priority: 'HIGH' })
    .refuses('TERMS_EXCEEDED', { term: 'priority', given: 'MEDIUM' })
  given.by(orchestrator(other)).when('delegate', { to: third, dueAt: later(minute, 1) })
    .refuses('TERMS_EXCEEDED', { term: 'dueAt', given: minute })
  given.by(orchestrator(other)).when('delegate', { to: third, priority: 'LOW', dueAt: now })
    .yields(toThird({ priority: 'LOW', dueAt: now }))
  const day = later(now, day_ms)
  const set = Task.TaskSlaSet({ owner: other, from: null, to: day, given: false, warnAt: later(day, -day_ms / 5), reason: null })
  given.by(admin).when('delegate', { to: third, priority: 'HIGH' })
    .yields(set, toThird({ priority: 'HIGH', dueAt: minute, slaDeadline: day }))
})

t.test('W-42 the same holds of an edit: what is not changed was not given, and less urgent is not later', async (t) => {
  const [day, week] = [later(now, day_ms), later(now, 7 * day_ms)]
  const left = { priority: 'MEDIUM', dueAt: day, slaDeadline: week }
  const given = scene(t)(created({ dueAt: day, slaDeadline: week }), toOther(left), acceptedByOther).by(orchestrator(other))
  const prioritised = (to: 'HIGH' | 'LOW', slaDeadline: string) =>
    Task.TaskPriorityChanged({ owner: other, from: 'MEDIUM', to, cause: 'hand', slaDeadline, reason: null })
  const set = (to: string, over: object = {}) =>
    Task.TaskSlaSet({ owner: other, from: week, to, given: true, warnAt: null, reason: null, ...over } as never)
  given.when('edit', { priority: 'HIGH' }).refuses('TERMS_EXCEEDED', { term: 'priority', given: 'MEDIUM' })
  for (const dueAt of [later(day, 1), null]) given.when('edit', { dueAt }).refuses('TERMS_EXCEEDED', { term: 'dueAt', given: day })
  given.when('edit', { slaDeadline: later(week, 1) }).refuses('TERMS_EXCEEDED', { term: 'slaDeadline', given: week })
  given.when('edit', { priority: 'LOW' }).yields(prioritised('LOW', week))
  given.when('edit', { slaDeadline: day }).yields(set(day, { warnAt: later(day, -day_ms / 5) }))
  given.by(tool).when('edit', { priority: 'HIGH' }).refuses('TERMS_EXCEEDED')
  given.by(admin).when('edit', { priority: 'HIGH' })
    .yields(prioritised('HIGH', day), set(day, { given: false, warnAt: later(day, -day_ms / 5) }))
  // What an admin gave may stay, also when it is passed on.
  const more = prioritised('HIGH', week)
  const byAdmin = scene(t)(created({ dueAt: day, slaDeadline: week }), toOther(left), acceptedByOther, more).by(orchestrator(other))
  byAdmin.when('edit', { priority: 'HIGH' }).changesNothing()
  byAdmin.when('delegate', { to: third }).yields(toThird({ priority: 'HIGH', dueAt: day, slaDeadline: week }))
  // An offer that left no time leaves all of it.
  const free = scene(t)(created(), toOther({ priority: 'LOW' }), acceptedByOther).by(orchestrator(other))
  free.when('edit', { dueAt: week }).yields(Task.TaskDueChanged({ owner: other, from: null, to: week, dependsOn: [], reason: null }))
})

t.test('W-43 what came to nothing gives somebody else a head start', async (t) => {
  const no = { reason: 'no time' }
  for (const [attempt, wait_s] of [[1, 5], [2, 10], [3, 20]] as const) {
    const retryAt = later(now, wait_s * second_ms)
    scene(t)(created(), toOther({ retries: 3, attempt })).by(orchestrator(other)).when('declineDelegation', no)
      .yields(ended('1', owner, other, 'DECLINED', no), returned(other, owner, 'declined', { retryAt }))
    const came = [ended('1', owner, other, 'DECLINED'), returned(other, owner, 'declined', { retryAt })]
    const back = [created(), toOther({ retries: 3, attempt }), ...came]
    scene(t)(...back).at(retryAt).when('start', {}).refuses('RETRY_NOT_DUE', { nextRetryAt: later(retryAt, 30 * second_ms) })
  }
})

t.test('W-44 a move says how often its target had passed the task on of late', async (t) => {
  const moves = [created(), toOther(), ended('1', owner, other, 'RETURNED'), delegated(owner, other)]
  scene(t)(...moves).when('delegate', { to: other }).yields(toOther({ back: 1 }))
  scene(t)(...moves).at(later(now, day_ms)).when('delegate', { to: other }).yields(toOther())
  scene(t)(...moves).when('delegate', { to: third }).yields(delegated(third, owner, { depth: 1 }))
})

t.test('W-45 the owner is no collaborator: who gets the task is asked to help no more', async (t) => {
  const asked = Task.CollaborationRequested({ owner, collaborator: other, role: 'review', note: null })
  const removed = (collaborator: string) => Task.CollaboratorRemoved({ owner: collaborator, collaborator, reason: 'owner' })
  scene(t)(created(), asked).when('delegate', { to: other }).yields(toOther(), removed(other))
  const back = Task.CollaborationRequested({ owner: other, collaborator: owner, role: 'review', note: null })
  scene(t)(created(), toOther(), back).by(orchestrator(other)).when('declineDelegation', { reason: 'no' })
    .yields(ended('1', owner, other, 'DECLINED', { reason: 'no' }), returned(other, owner, 'declined'), removed(owner))
})
