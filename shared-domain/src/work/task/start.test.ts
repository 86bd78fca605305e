import t from 'tap'
import { capacity } from '../../fleet/capacity/decider.ts'
import { reservation_ms } from '../../fleet/capacity/slots.ts'
import { counted } from '../../fleet/capacity/state.ts'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { Organization } from '../../fleet/organization/events.ts'
import { organizationState } from '../../fleet/organization/state.ts'
import { inOrder, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { now, orchestrator, organization, replay, subject } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  became, blocked, cancelled, codeOf, created, delegated, failed, first, hand, inWorld, other, owner, registered, reopened, running, scene,
  slot, started, third, toHand, token, waitingFor, work,
} from './scene.ts'
import { Selection } from './shapes.ts'
import { taskState } from './state.ts'

t.test('S-3 a task is started by its owner, at work, with nothing in the way', async (t) => {
  const given = scene(t)
  given(created()).by(orchestrator(owner)).when('start', {}).yields(started())
  given(created(), delegated(other)).at(later(now, 5_000)).when('start', {})
    .yields(started({ owner: other, waited_ms: 5_000, work: work({ wait_ms: 5_000, moves: 1 }) }))
  given(created(), delegated(third)).when('start', {}).refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: third })
  given(created()).seeing(orchestratorState, owner, registered).when('start', {})
    .refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: owner })
  given(created()).by(orchestrator(other)).when('start', {}).refuses('INVALID_OWNERSHIP', { owner })
  const selection = { policy: 'deadline-priority/1', candidates: [{ id: subject, score: 10 }], rejected: [] }
  given(created()).when('startSelected', { worker: owner, selection }).yields(started({ selection: selection }))
  const kept = (policy_size: number, candidates: number, rejected: number) => Selection.safeParse({
    policy: 'x'.repeat(policy_size), candidates: Array(candidates).fill(selection.candidates[0]),
    rejected: Array(rejected).fill({ id: subject, code: 'RETRY_NOT_DUE' }),
  }).success
  t.strictSame([kept(100, 6, 5), kept(101, 6, 5), kept(100, 7, 5), kept(100, 6, 6)], [true, false, false, false], 'what is kept is bounded')
})

t.test('W-3 whoever takes a task up is told the token, the slot, who works, and where to read of the task', async (t) => {
  const said = (command: 'start' | 'startSelected', ...facts: readonly TaskEvent[]) =>
    task.commands[command].answers!.of(replay(taskState, facts), { id: subject } as never)
  const context = `/tasks/${subject}/context`
  t.strictSame(said('start', ...running), { token, slot, agent: null, context, deferredUntil: null })
  const byHand = said('startSelected', created(), toHand(), started({ agent: hand.id }))
  t.strictSame(byHand, { token: '2', slot, agent: hand.id, context, deferredUntil: null })
  const moved = [created(), delegated(other, owner, { depth: 1 }), started({ owner: other })]
  t.strictSame(said('start', ...moved), { token: '2', slot, agent: null, context, deferredUntil: null })
})

t.test('F-84 F-8 nothing starts while the budget of the holder or of the organization is exhausted; what is imported did', async (t) => {
  const until = later(now, 3_600_000)
  const budget = { until, window: 'hour', unit: 'tokens' } as const
  const guarded = Orchestrator.OrchestratorGuarded({ charterVersion: null, budget })
  const own = scene(t)(created()).seeing(orchestratorState, owner, registered, became('ONLINE'), guarded)
  const all = scene(t)(created()).seeing(organizationState, organization, Organization.OrganizationGuarded({ budget }))
  const selection = { policy: 'deadline-priority/1', candidates: [], rejected: [] }
  for (const [given, holder] of [[own, owner], [all, organization]] as const) {
    given.when('start', {}).refuses('BUDGET_EXHAUSTED', { holder, ...budget })
    given.when('startSelected', { worker: owner, selection }).refuses('BUDGET_EXHAUSTED', { holder })
    given.at(later(until, -1)).when('start', {}).refuses('BUDGET_EXHAUSTED')
    given.at(until).when('start', {}).yields(started({ waited_ms: 3_600_000, work: work({ wait_ms: 3_600_000 }) }))
    given.with({ imported: true }).when('start', {}).yields(started())
  }
})

t.test('S-3 a task does not start before what it depends on has ended', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created({ dependsOn: [first] }), ...facts)
  given(waitingFor(first)).seeing(taskState, first, created()).when('start', {}).refuses('DEPENDENCIES_UNMET', { dependsOn: [first] })
  given().seeing(taskState, first, created(), cancelled(), reopened())
    .when('start', {}).refuses('DEPENDENCIES_UNMET', { open: [first] })
  given().seeing(taskState, first, created(), cancelled()).when('start', {}).yields(started())
})

t.test('S-3 S-40 a task does not start without a capacity slot, and gives none away when it is refused', async (t) => {
  const { world, tell, wish } = inWorld(created())
  world.do({ category: 'capacity', id: owner, command: 'set', data: { maxConcurrentTasks: 1 } })
  tell(taskState, first, created())
  wish('start', {}, { id: first })
  t.equal(codeOf(wish('start')), 'CAPACITY_EXCEEDED')
  t.equal(world.look(taskState, subject).status, 'TODO')
  world.carryOut(send(capacity, owner, 'release', {
    task: first, command: [...world.look(capacity, owner).slots.keys()][0]!.split('/')[1]!, reason: 'ended',
  }))
  t.notOk(codeOf(wish('start')))
})

t.test('S-40 the slot that a start takes is the one that is given back when it fails', async (t) => {
  const { world } = inWorld(created())
  const context = world.contextOf({ id: subject })
  const [{ take, giveBack, within_ms }] = inOrder(task.commands.start.holds!(world.look(taskState, subject), {}, context)) as [Hold]
  t.equal(within_ms, reservation_ms)
  world.carryOut(take)
  t.strictSame(counted(world.look(capacity, owner)), { max: 5, active: 0, reserved: 1 })
  world.carryOut(giveBack('0'))
  t.strictSame(counted(world.look(capacity, owner)), { max: 5, active: 0, reserved: 0 })
})

t.test('S-3 a failed task does not start before its time', async (t) => {
  const nextRetryAt = later(now, 1_000)
  const retry = Task.TaskRetryScheduled({ owner, attempt: 1, nextRetryAt })
  const given = scene(t)(...running, failed(0), retry)
  given.at(later(now, 999)).when('start', {}).refuses('RETRY_NOT_DUE', { nextRetryAt })
  given.at(nextRetryAt).when('start', {}).yields(started({ attempt: 1, waited_ms: 1_000, work: work({ wait_ms: 1_000, failures: 1 }) }))
  const unblocked = Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'manual', reason: 'by hand' })
  scene(t)(...running, failed(0), retry, blocked('manual'), unblocked).at(later(now, 999)).when('start', {}).refuses('RETRY_NOT_DUE')
})
