import t from 'tap'
import { Decision } from '../../council/decision/events.ts'
import { decisionState } from '../../council/decision/state.ts'
import { capacity, reservation_ms } from '../../fleet/capacity/decider.ts'
import { counted } from '../../fleet/capacity/state.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { Rejection } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { admin, now, on, orchestrator, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { heartbeat_ms, opening_ms, task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, codeOf, completed, created, delegated, failed, first, inWorld, lease, other, owner, registered, running, scene,
  started, third, token, waitingFor,
} from './scene.ts'
import { taskState } from './state.ts'

t.test('S-3 a task is started by its owner, at work, with nothing in the way', async (t) => {
  const given = scene(t)
  given(created()).by(orchestrator(owner)).when('start', {}).yields(started())
  given(created(), delegated(other)).at(later(now, 5_000)).when('start', {}).yields(started({ owner: other, waited_ms: 5_000 }))
  given(created(), delegated(third)).when('start', {}).refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: third })
  given(created()).seeing(orchestratorState, owner, registered).when('start', {})
    .refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: owner })
  given(created()).by(orchestrator(other)).when('start', {}).refuses('INVALID_OWNERSHIP', { owner })
  const selection = { policy: 'deadline-priority/1', candidates: [{ id: subject, score: 10 }] }
  given(created()).when('startSelected', { selection }).yields(started({ selection: selection }))
})

t.test('S-3 a task does not start before what it depends on has ended', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created({ dependsOn: [first] }), ...facts)
  given(waitingFor(first)).seeing(taskState, first, created()).when('start', {}).refuses('DEPENDENCIES_UNMET', { dependsOn: [first] })
  given().seeing(taskState, first, created(), cancelled(), Task.TaskReopened({ owner, from: 'CANCELLED', reason: null }))
    .when('start', {}).refuses('DEPENDENCIES_UNMET', { open: [first] })
  given().seeing(taskState, first, created(), cancelled()).when('start', {}).yields(started())
})

t.test('S-3 a task that needs approvals waits for all of them', async (t) => {
  const [decision, another] = [uuid(31), uuid(32)]
  const opened = Decision.DecisionOpened({
    type: 'task_approval', title: 'May it?', description: null,
    electorate: [{ orchestrator: owner, weight: 1 }, { orchestrator: other, weight: 1 }], protocol: 'majority', quorum: 0.5,
    deadline: null, task: subject, concerns: owner,
  })
  const tally = { electors: 2, cast: 2, approvals: 2, rejections: 0, abstentions: 0, quorumMet: true }
  const voted = { type: 'task_approval' as const, task: subject, concerns: owner, tally, reason: 'voted' }
  const approved = Decision.DecisionApproved(voted)
  const cancelled = Decision.DecisionCancelled({ task: subject, concerns: owner, reason: null })
  const required = Task.ApprovalRequired({ owner, decision, decisions: [decision] })
  const both = Task.ApprovalRequired({ owner, decision: another, decisions: [decision, another] })
  const given = scene(t)(created(), required)
  given.seeing(decisionState, decision, opened).when('start', {}).refuses('CONSENSUS_REQUIRED', { decisions: [decision] })
  for (const outcome of [Decision.DecisionRejected, Decision.DecisionExpired])
    given.seeing(decisionState, decision, opened, outcome(voted)).when('start', {}).refuses('CONSENSUS_REQUIRED')
  for (const outcome of [approved, cancelled]) given.seeing(decisionState, decision, opened, outcome).when('start', {}).yields(started())
  scene(t)(created()).when('requireApproval', { decision }).yieldsEachTime(required)
  given.when('requireApproval', { decision: another }).yieldsEachTime(both)
  // Another electorate that approves does not make good for the one that did not.
  const wanting = scene(t)(created(), required, both).seeing(decisionState, another, opened, approved)
  wanting.seeing(decisionState, decision, opened, Decision.DecisionRejected(voted)).when('start', {})
    .refuses('CONSENSUS_REQUIRED', { decisions: [decision] })
  wanting.seeing(decisionState, decision, opened, approved).when('start', {}).yields(started())
})

t.test('S-3 a task does not wait for the approval of a question that was not put', async (t) => {
  const [decision, another] = [uuid(31), uuid(32)]
  const ask = (over: object = {}) => Decision.DecisionOpened({
    type: 'task_approval', title: 'May it?', description: null, electorate: [], protocol: 'majority', quorum: 0.5, deadline: null,
    task: subject, concerns: owner, ...over,
  })
  const required = Task.ApprovalRequired({ owner, decision, decisions: [decision] })
  const both = Task.ApprovalRequired({ owner, decision: another, decisions: [decision, another] })
  const withdrawn = Task.ApprovalWithdrawn({ owner, decision, decisions: [another] })
  const given = scene(t)(created(), required, both)
  given.when('withdrawApproval', { decision, taken: '1' }).yields(withdrawn)
  given.when('withdrawApproval', { decision, taken: '0' }).changesNothing()
  // What has the same id may be another question, or one about another task.
  for (const over of [{ task: first }, { type: 'decision' as const }])
    given.seeing(decisionState, decision, ask(over)).when('withdrawApproval', { decision, taken: '1' }).yields(withdrawn)
  given.seeing(decisionState, decision, ask()).when('withdrawApproval', { decision, taken: '1' }).changesNothing()
  // Whoever announced it as well may still open it.
  const twice = (wait_ms: number) => scene(t)(created(), required, required).at(later(now, wait_ms))
  for (const taken of ['1', '2']) twice(opening_ms - 1).when('withdrawApproval', { decision, taken }).changesNothing()
  twice(opening_ms).when('withdrawApproval', { decision, taken: '1' }).changesNothing()
  twice(opening_ms).when('withdrawApproval', { decision, taken: '2' }).yields(Task.ApprovalWithdrawn({ owner, decision, decisions: [] }))
  scene(t)(created(), required, Task.ApprovalWithdrawn({ owner, decision, decisions: [] })).when('start', {}).yields(started())
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
  const { take, giveBack, within_ms } = task.commands.start.holds!(world.look(taskState, subject), {}, context)!
  t.equal(within_ms, reservation_ms)
  world.carryOut(take)
  t.strictSame(counted(world.look(capacity, owner)), { max: 5, active: 0, reserved: 1 })
  world.carryOut(giveBack('0'))
  t.strictSame(counted(world.look(capacity, owner)), { max: 5, active: 0, reserved: 0 })
})

t.test('S-4 the holder reports progress, with the token of its lease', async (t) => {
  const given = scene(t)
  const progressed = (percentage: number, over = {}) =>
    Task.TaskProgressed({ owner, token, percentage, message: null, metadata: {}, ...over })
  given(...running).by(orchestrator(owner)).when('reportProgress', { token, percentage: 40 }).yields(progressed(40))
  given(...running, progressed(40)).when('reportProgress', { token, percentage: 40, message: 'half' })
    .yields(progressed(40, { message: 'half' }))
  given(...running, progressed(40)).when('reportProgress', { token, percentage: 40, metadata: { step: 2 } })
    .yields(progressed(40, { metadata: { step: 2 } }))
  given(...running, progressed(40)).when('reportProgress', { token, percentage: 40 }).changesNothing()
  given(...running).when('reportProgress', { token: '0', percentage: 40 }).refuses('STALE_LEASE')
  given(...running).by(orchestrator(other)).when('reportProgress', { token, percentage: 40 }).refuses('STALE_LEASE')
})

t.test('S-22 a sign of life renews the lease, where the last one is old enough to matter', async (t) => {
  const renewed = Task.LeaseRenewed({ owner, token })
  const given = (wait_ms: number) => scene(t)(...running).at(later(now, wait_ms))
  given(heartbeat_ms).when('heartbeat', { token }).yields(renewed)
  given(999).when('heartbeat', { token }).changesNothing()
  given(1_000).when('reportProgress', { token, percentage: 0 }).yields(renewed)
})

t.test('S-22 the lease expires when two heartbeats of 30 s were missed', async (t) => {
  const given = (wait_ms: number, ...facts: readonly TaskEvent[]) => scene(t)(...running, ...facts).by(system).at(later(now, wait_ms))
  const expired = (lastSeen: string) => Task.LeaseExpired({ owner, from: 'IN_PROGRESS', lease: lease(token), lastSeen })
  given(60_000).when('expireLease', { token }).yields(expired(now))
  given(59_999).when('expireLease', { token }).changesNothing()
  given(60_000).when('expireLease', { token: '0' }).changesNothing()
  const beat = on(Task.LeaseRenewed({ owner, token }), { at: later(now, 30_000) })
  given(89_999, beat).when('expireLease', { token }).changesNothing()
  given(90_000, beat).when('expireLease', { token }).yields(expired(later(now, 30_000)))
})

t.test('S-22 however a lease ends, its token is good for nothing any more', async (t) => {
  const endings: Record<string, object> = {
    complete: { token }, fail: { token, error: 'no' }, release: { token }, handoff: { to: other }, block: { reason: 'why' },
    escalate: { reason: 'why' }, cancel: {}, expireLease: { token },
  }
  const uses: Record<string, object> = {
    heartbeat: { token }, reportProgress: { token, percentage: 99 }, complete: { token }, fail: { token, error: 'late' },
    release: { token },
  }
  const anew: Record<string, [string, object]> = { BLOCKED: ['unblock', {}], CANCELLED: ['reopen', {}] }
  for (const [ending, data] of Object.entries(endings)) {
    const { world, wish } = inWorld(...running)
    world.pass(hour_ms)
    t.notOk(codeOf(wish(ending, data)), ending)
    const refused = () => {
      for (const [use, data] of Object.entries(uses)) {
        const decision = wish(use, data, { by: orchestrator(owner) })
        t.ok(decision instanceof Rejection || decision.length === 0, `${use} after ${ending}`)
      }
    }
    refused()
    if (ending === 'complete') continue
    if (ending === 'escalate') wish('resolveEscalation', { resolution: 'go on' })
    const known = world.look(taskState, subject)
    if (known.status in anew) wish(...anew[known.status]!)
    world.pass(hour_ms)
    t.notOk(codeOf(wish('start')), `it starts again after ${ending}`)
    refused()
  }
})

t.test('S-5 the holder delivers, and the fact says all that readers want to know', async (t) => {
  const due = later(now, 10_000)
  const given = (wait_ms: number) =>
    scene(t)(created({ priority: 'HIGH', dueAt: due }), on(started(), { at: later(now, 1_000) }))
      .by(orchestrator(owner)).at(later(now, wait_ms))
  const delivered = (over: object) => completed(token, {
    priority: 'HIGH', lease: lease(token, { since: later(now, 1_000) }), startedAt: later(now, 1_000), durationMs: 9_000, ...over,
  })
  given(10_000).when('complete', { token }).yields(delivered({}))
  given(10_001).when('complete', { token, output: { ok: true }, artifacts: [{ name: 'report', uri: 'file:r' }], metrics: { tokens: 5 } })
    .yields(delivered({
      durationMs: 9_001, onTime: false, output: { ok: true }, artifacts: [{ name: 'report', uri: 'file:r' }], metrics: { tokens: 5 },
    }))
  scene(t)(...running, completed(token)).when('complete', { token }).changesNothing()
  for (const other of [{ token: '0' }, { output: 'another' }, { artifacts: [{ name: 'a', uri: 'file:a' }] }, { metrics: { tokens: 1 } }])
    scene(t)(...running, completed(token)).when('complete', { token, ...other })
      .refuses('INVALID_STATE_TRANSITION', { command: 'complete', status: 'DONE' })
})

t.test('S-6 a failed task is tried again after twice as long each time, at most a minute, until its retries are used up', async (t) => {
  for (const maxRetries of [0, 3, 10]) {
    for (let attempt = 0; attempt <= maxRetries; attempt++) {
      const retried = attempt === 0 ? [] : [Task.TaskRetryScheduled({ owner, attempt, nextRetryAt: now })]
      const outcome = scene(t)(created({ maxRetries }), ...retried, started({ attempt }))
        .when('fail', { token: String(1 + retried.length), error: 'no' })
      const fact = Task.TaskFailed({ ...failed(attempt).data, lease: lease(String(1 + retried.length)) })
      if (attempt < maxRetries)
        outcome.yields(fact, Task.TaskRetryScheduled({
          owner, attempt: attempt + 1, nextRetryAt: later(now, Math.min(60_000, 1_000 * 2 ** attempt)),
        }))
      else outcome.yields(fact, blocked('failure', `failed after ${attempt} retries`))
    }
  }
  scene(t)(...running).when('fail', { token, error: 'no', retryable: false })
    .yields(failed(0, false), blocked('failure', 'failed for good'))
})

t.test('S-3 a failed task does not start before its time', async (t) => {
  const nextRetryAt = later(now, 1_000)
  const retry = Task.TaskRetryScheduled({ owner, attempt: 1, nextRetryAt })
  const given = scene(t)(...running, failed(0), retry)
  given.at(later(now, 999)).when('start', {}).refuses('RETRY_NOT_DUE', { nextRetryAt })
  given.at(nextRetryAt).when('start', {}).yields(started({ attempt: 1, waited_ms: 1_000 }))
  const unblocked = Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'manual', reason: 'by hand' })
  scene(t)(...running, failed(0), retry, blocked('manual'), unblocked).at(later(now, 999)).when('start', {}).refuses('RETRY_NOT_DUE')
})

t.test('S-7 a task is given back by its holder or an admin', async (t) => {
  const released = Task.TaskReleased({ owner, from: 'IN_PROGRESS', lease: lease(token), reason: null })
  const given = scene(t)(...running)
  given.by(orchestrator(owner)).when('release', { token }).yields(released)
  given.by(admin).when('release', { reason: 'a holder that hangs' })
    .yields(Task.TaskReleased({ ...released.data, reason: 'a holder that hangs' }))
  given.by(tool).when('release', { token }).yields(released)
  for (const by of [orchestrator(owner), orchestrator(other), tool]) given.by(by).when('release', {}).refuses('STALE_LEASE')
  given.by(orchestrator(other)).when('release', { token }).refuses('STALE_LEASE')
})
