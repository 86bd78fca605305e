import t from 'tap'
import { agentState } from '../../fleet/agent/state.ts'
import { Agent } from '../../fleet/agent/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { now, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import type { TaskEvent } from '../task/events.ts'
import {
  assigned, became, blocked, cancelled, completed, created, escalated, failed, hand, inWorld, needsApproval, owner, started, toHand,
  waitingFor,
} from '../task/scene.ts'
import { Task } from '../task/events.ts'
import { taskState } from '../task/state.ts'
import { why } from './why.ts'

interface Answer {
  readonly choices: readonly object[]
  readonly now: readonly { readonly code: string; readonly detail: object }[]
}

/** Why the task does not run after these facts, with what else has happened. */
const scene = (...facts: readonly TaskEvent[]) => {
  const { world, tell } = inWorld(...facts)
  const ask = (n = 1) => world.ask(why, { params: { task: uuid(n) } }) as Answer | undefined
  return { world, tell, ask, now: (n = 1) => ask(n)!.now, happened: (n: number, ...more: TaskEvent[]) => tell(taskState, uuid(n), ...more) }
}

t.test('W-61 a task that runs has no reason not to, one that is over has the reason that it is', async (t) => {
  t.strictSame(scene(created(), started()).now(), [])
  t.strictSame(scene(created(), started(), completed('1')).now(), [{ code: 'INVALID_STATE_TRANSITION', detail: { status: 'DONE' } }])
  t.strictSame(scene(created(), cancelled()).now(), [{ code: 'INVALID_STATE_TRANSITION', detail: { status: 'CANCELLED' } }])
  t.equal(scene(created()).ask(99), undefined)
})

t.test('W-61 what blocks a task is told, and of others that it waits for those that are open', async (t) => {
  const { world, now, happened } = scene(created({ dependsOn: [uuid(2), uuid(3)] as never }), waitingFor(uuid(2), uuid(3)))
  happened(2, created())
  happened(3, created(), cancelled())
  t.strictSame(now(), [{ code: 'DEPENDENCIES_UNMET', detail: { open: [uuid(2)] } }])
  const manual = scene(created(), blocked('manual', 'no rope'))
  t.strictSame(manual.now(), [{ code: 'BLOCKED', detail: { kind: 'manual', reason: 'no rope', since: world.at } }])
})

t.test('W-61 W-47 of an escalation it is told who has been asked by now, and who looks at it', async (t) => {
  const steps = [{ people: ['ann'], after_s: 900 }, { people: ['bob'], after_s: 600 }, { people: ['admins'], after_s: 900 }]
  const { now, happened } = scene(created(), escalated('ann', { steps }))
  t.match(now(), [{ code: 'BLOCKED', detail: { kind: 'escalation', asked: ['ann'], acknowledgedBy: null } }])
  const standing = { owner: owner as never, escalation: '1', level: 2, raiseAt: null }
  happened(1, Task.TaskEscalationRaised({ ...standing, people: ['bob'] }))
  happened(1, Task.TaskEscalationAcknowledged({ ...standing, person: 'bob', note: null }))
  t.match(now(), [{ detail: { asked: ['ann', 'bob'], acknowledgedBy: 'bob' } }])
})

t.test('W-61 every reason that holds is told, in the order in which a start would be refused', async (t) => {
  const later_ms = 2 * hour_ms
  const { world, now, tell } = scene(created(), needsApproval(uuid(5)), started(), failed(1))
  tell(taskState, uuid(1), Task.TaskRetryScheduled({ owner: owner as never, attempt: 1, nextRetryAt: later(world.at, later_ms) }))
  tell(orchestratorState, owner, became('AWAY'))
  t.match(now(), [
    { code: 'RETRY_NOT_DUE', detail: { nextRetryAt: later(world.at, later_ms) } },
    { code: 'CONSENSUS_REQUIRED', detail: { decisions: [uuid(5)] } },
    { code: 'ORCHESTRATOR_UNAVAILABLE', detail: { orchestrator: owner, status: 'AWAY' } },
  ])
  world.pass(later_ms)
  t.strictSame(now().map(({ code }) => code), ['CONSENSUS_REQUIRED', 'ORCHESTRATOR_UNAVAILABLE'])
})

t.test('W-61 a full orchestrator and an agent that is away are reasons', async (t) => {
  const { world, now, tell } = scene(created(), toHand())
  const registered = { orchestrator: owner as never, description: null, capabilities: [], maxConcurrent: 1, reliability: 0.9, tags: [] }
  tell(agentState, hand.id, Agent.AgentRegistered({ name: 'Hand', ...registered }))
  t.strictSame(now(), [{ code: 'ASSIGNED', detail: { assignee: `agent:${hand.id}` } }], 'it waits for the one that it is assigned to')
  const change = { orchestrator: owner as never, from: 'IDLE', to: 'SUSPENDED', reason: null } as const
  tell(agentState, hand.id, Agent.AgentStatusChanged({ ...change, slots: [] }))
  t.match(now(), [{ code: 'AGENT_NOT_AVAILABLE', detail: { status: 'SUSPENDED' } }])
  world.do({ category: 'capacity', id: owner, command: 'set', data: { maxConcurrentTasks: 1 } })
  world.do({ category: 'capacity', id: owner, command: 'reserve', data: { task: uuid(8), command: uuid(901) } })
  t.match(now()[0], { code: 'CAPACITY_EXCEEDED', detail: { max: 1 } })
})

t.test('W-61 where nothing is in the way, those that are taken up before it are: the first five, and how many', async (t) => {
  const { world, now, happened, tell } = scene(created({ priority: 'MEDIUM' }))
  t.strictSame(now(), [{ code: 'PRECEDED', detail: { count: 0, first: [] } }])
  happened(2, created({ priority: 'LOW' }))
  happened(3, created({ priority: 'HIGH' }))
  happened(4, created({ priority: 'MEDIUM', dueAt: later(world.at, hour_ms) }))
  happened(5, created({ priority: 'CRITICAL' }), assigned('grace'))
  happened(6, created({ priority: 'CRITICAL' }), needsApproval(uuid(7)))
  t.strictSame(now(), [{ code: 'PRECEDED', detail: { count: 2, first: [uuid(3), uuid(4)] } }], 'what may not be claimed precedes nothing')
  for (let n = 11; n <= 19; n++) happened(n, created({ priority: 'HIGH' }))
  t.match(now(), [{ detail: { count: 11, first: { length: 5 } } }])
  world.pass(169 * hour_ms)
  t.match(now(2), [{ detail: { count: 1, first: [uuid(1)] } }], 'who waited long comes first, whatever the priority')
  t.match(now(1), [{ detail: { count: 0 } }])
  tell(orchestratorState, owner, became('OFFLINE'))
  t.match(now(1), [{ code: 'ORCHESTRATOR_UNAVAILABLE' }])
})

t.test('W-61 nobody was found, and every choice that was made is shown, the oldest first', async (t) => {
  const rejected = [{ id: uuid(9), code: 'FULL' }]
  const failure = { owner, policy: 'capability-reliability/1', rejected, counts: { FULL: 1 }, since: now, grounds: null }
  const { ask } = scene(created(), Task.TaskPlacementFailed(failure as never))
  t.match(ask(), {
    choices: [{ revision: 1, kind: 'none', rejected: [{ id: uuid(9), code: 'FULL' }], counts: { FULL: 1 } }],
    now: [{ code: 'NOBODY_PLACED', detail: { counts: { FULL: 1 } } }],
  })
})
