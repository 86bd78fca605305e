import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { admin, now, on, orchestrator, subject, system, tool } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { task } from './decider.ts'
import { Task, type TaskEvent } from './events.ts'
import { heartbeat_ms } from './lease.ts'
import {
  blocked, codeOf, completed, created, delegated, expired, failed, first, inWorld, lease, other, owner, progressed, released, running,
  scene, seed, slot, started, token, work,
} from './scene.ts'
import { taskState } from './state.ts'

t.test('S-4 the holder reports progress, with the token of its lease', async (t) => {
  const given = scene(t)
  given(...running).by(orchestrator(owner)).when('reportProgress', { token, percentage: 40 }).yields(progressed(40))
  given(...running, progressed(40)).when('reportProgress', { token, percentage: 40, message: 'half' })
    .yields(progressed(40, { message: 'half', previous: 40 }))
  given(...running, progressed(40)).when('reportProgress', { token, percentage: 40, metadata: { step: 2 } })
    .yields(progressed(40, { metadata: { step: 2 }, previous: 40 }))
  given(...running, progressed(40)).when('reportProgress', { token, percentage: 40 }).changesNothing()
  given(...running).when('reportProgress', { token: '0', percentage: 40 }).refuses('STALE_LEASE')
  given(...running).by(orchestrator(other)).when('reportProgress', { token, percentage: 40 }).refuses('STALE_LEASE')
})

t.test('what another log tells of the work is not before its start, however clocks differ on what happens here', async (t) => {
  const given = (imported: boolean, by_ms: number) => scene(t)(...running).with({ imported }).at(later(now, by_ms))
  const acts = {
    complete: { token }, fail: { token, error: 'no' }, reportProgress: { token, percentage: 1 }, heartbeat: { token },
  } as const
  for (const [command, data] of Object.entries(acts)) {
    given(true, -1).when(command as 'heartbeat', data).refuses('BEFORE_START', { startedAt: now })
  }
  given(true, 0).when('complete', { token }).yields(completed(token))
  given(false, -1).when('complete', { token }).yields(completed(token))
  given(true, -1).when('complete', { token: '0' }).refuses('STALE_LEASE')
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
  const gone = (lastSeen: string) => expired({ lastSeen })
  given(60_000).when('expireLease', { token }).yields(gone(now))
  given(59_999).when('expireLease', { token }).changesNothing()
  given(60_000).when('expireLease', { token: '0' }).changesNothing()
  const beat = on(Task.LeaseRenewed({ owner, token }), { at: later(now, 30_000) })
  given(89_999, beat).when('expireLease', { token }).changesNothing()
  given(90_000, beat).when('expireLease', { token }).yields(gone(later(now, 30_000)))
})

t.test('S-22 the lease of a holder who left for good ends at once, whenever it was heard of, and once', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(...facts).by(system)
  given(...running).when('endLease', { slot }).yields(expired())
  given(...running).when('endLease', { slot: first }).changesNothing()
  given(...running, expired()).when('endLease', { slot }).changesNothing()
  given(created()).when('endLease', { slot }).changesNothing()
})

t.test('W-13 the fifth lease in a row that expires blocks the task, however many retries it has left', async (t) => {
  const ends: Readonly<Record<string, object | undefined>> = {
    expireLease: {}, release: {}, fail: { error: 'no' }, handoff: { to: other, force: true }, block: { reason: 'why' },
    escalate: { reason: 'why' }, cancel: {},
  }
  const onward: Readonly<Record<string, [string, object]>> = {
    block: ['unblock', {}], escalate: ['resolveEscalation', { resolution: 'go on' }], cancel: ['reopen', {}],
    handoff: ['handoff', { to: owner, force: true }],
  }
  const end = fc.constantFrom('expireLease', 'expireLease', 'expireLease', 'expireLease', ...Object.keys(ends))
  const rows = new Set<number>()
  fc.assert(fc.property(fc.array(end, { maxLength: 14, size: 'max' }), fc.constantFrom(0, 10), (ended, maxRetries) => {
    const { world, wish } = inWorld(created({ maxRetries }))
    for (const id of [owner, other]) world.do({ category: 'capacity', id, command: 'set', data: { maxConcurrentTasks: 50 } })
    let row = 0
    for (const command of ended) {
      world.pass(hour_ms)
      wish('start')
      const known = world.look(taskState, subject)
      if (known.status !== 'IN_PROGRESS') throw new Error(`it does not start after ${row} expiries`)
      world.pass(hour_ms)
      wish(command, { token: known.lease.token, ...ends[command] })
      if (onward[command]) wish(...onward[command])
      rows.add(row = command === 'expireLease' ? row + 1 : 0)
      const { status, block } = world.look(taskState, subject) as { status: string; block?: { kind: string; reason: string } }
      const gaveUp = command === 'fail' && maxRetries === 0
      if ((status === 'BLOCKED') !== (row === 5 || gaveUp)) throw new Error(`${status} after ${row} expiries`)
      if (status !== 'BLOCKED') continue
      if (block!.kind !== 'failure') throw new Error(`blocked for ${block!.kind}`)
      if (row === 5 && block!.reason !== 'the lease expired 5 times in a row') throw new Error(block!.reason)
      wish('unblock')
      row = 0
    }
  }), { seed, numRuns: 200 })
  t.ok(rows.has(5), 'a row of five was met')
})

t.test('S-20 S-22 however a lease ends, the task waits once more for what is wanted again', async (t) => {
  const ends: Readonly<Record<string, object>> =
    { expireLease: { token }, release: { token }, fail: { token, error: 'no' }, handoff: { to: other } }
  for (const [command, data] of Object.entries(ends)) {
    const { world, tell, wish } = inWorld(created({ dependsOn: [first] }), started())
    tell(taskState, first, created())
    world.pass(hour_ms)
    wish(command, data)
    const whose = command === 'handoff' ? other : owner
    const blocked = { owner: whose, from: 'TODO', kind: 'dependencies', waitsFor: [first], lease: null }
    t.match(world.log.at(-1), { type: 'TaskBlocked', data: blocked })
    t.match(world.look(taskState, subject), { status: 'BLOCKED', owner: whose, block: { kind: 'dependencies' } }, command)
  }
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
    priority: 'HIGH', lease: lease(token, { since: later(now, 1_000) }), startedAt: later(now, 1_000), durationMs: 9_000,
    work: work({ priority: 'HIGH', dueAt: due, wait_ms: 1_000 }), ...over,
  })
  given(10_000).when('complete', { token }).yields(delivered({}))
  given(10_001).when('complete', { token, output: { ok: true }, artifacts: [{ name: 'report', uri: 'file:r' }], metrics: { tokens: 5 } })
    .yields(delivered({
      durationMs: 9_001, onTime: false, output: { ok: true },
      artifacts: [{ name: 'report', uri: 'file:r', type: null }], metrics: { tokens: 5 },
    }))
  scene(t)(...running, completed(token)).when('complete', { token }).changesNothing()
  for (const other of [{ token: '0' }, { output: 'another' }, { artifacts: [{ name: 'a', uri: 'file:a' }] }, { metrics: { tokens: 1 } }])
    scene(t)(...running, completed(token)).when('complete', { token, ...other })
      .refuses('INVALID_STATE_TRANSITION', { command: 'complete', status: 'DONE' })
})

const gaveUp = (reason: string) => blocked('failure', reason, [], { work: work({ failures: 1 }) })

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
      else outcome.yields(fact, gaveUp(`failed after ${attempt} retries`))
    }
  }
  scene(t)(...running).when('fail', { token, error: 'no', retryable: false })
    .yields(failed(0, false), gaveUp('failed for good'))
})

t.test('S-7 a task is given back by its holder or an admin', async (t) => {
  const given = scene(t)(...running)
  given.by(orchestrator(owner)).when('release', { token }).yields(released())
  given.by(admin).when('release', { reason: 'a holder that hangs' })
    .yields(released({ reason: 'a holder that hangs' }))
  given.by(tool).when('release', { token }).yields(released())
  for (const by of [orchestrator(owner), orchestrator(other), tool]) given.by(by).when('release', {}).refuses('STALE_LEASE')
  given.by(orchestrator(other)).when('release', { token }).refuses('STALE_LEASE')
})

t.test('W-5 progress tells the hours so far, also fewer than before, and where it was', async (t) => {
  const given = scene(t)(...running, progressed(60, { hoursSpent: 4 }))
  given.when('reportProgress', { token, percentage: 40, hoursSpent: 3 }).yields(progressed(40, { hoursSpent: 3, previous: 60 }))
  given.when('reportProgress', { token, percentage: 60, hoursSpent: 4 }).changesNothing()
})

t.test('W-6 a result is told after the deadline that it missed; how long it took and the end of each delegation follow', async (t) => {
  const artifacts = [{ name: 'report', uri: 'file:report', type: 'text/plain' }]
  const dependsOn = [first]
  const late = later(now, 1)
  const terms = { slaDeadline: now, estimatedHours: 4, dependsOn } as const
  const said = { token: '2', actualHours: 5, artifacts }
  const ended = Task.DelegationEnded({
    owner: other, delegation: '1', from: owner, to: other, outcome: 'COMPLETED', reason: null, youngest: null,
  } as never)
  const recorded = Task.TaskTimeRecorded({
    owner: other, estimatedHours: 4, actualHours: 5, variance: 1, accuracy: 80, source: 'given', notes: null,
  } as never)
  const done = completed('2', {
    owner: other, lease: lease('2', { holder: other } as object), durationMs: 1, slaMet: false, actualHours: 5, artifacts, dependsOn,
    work: work({ moves: 1 }),
  } as object)
  const violated = Task.TaskSlaViolated({
    owner: other, slaDeadline: now, overdue_ms: 1, status: 'IN_PROGRESS', priority: 'MEDIUM', assignee: null, work: work({ moves: 1 }),
  } as never)
  scene(t)(created(terms as object), delegated(other, owner, { depth: 1 }), started({ owner: other } as object)).at(late)
    .when('complete', said).yields(violated, done, recorded, ended)
  scene(t)(...running).when('complete', { token, artifacts: [{ name: 'a', uri: 'b' }] })
    .yields(completed(token, { artifacts: [{ name: 'a', uri: 'b', type: null }] }))
  const { artifacts: shape } = task.commands.complete.data.shape
  t.notOk(shape.safeParse([{ ...artifacts[0], type: 'x'.repeat(101) }]).success)
})

t.test('W-3 an admin may leave the token out: the lease of now is meant; nobody else may', async (t) => {
  const given = scene(t)(...running)
  given.when('reportProgress', { percentage: 10 }).yields(progressed(10))
  given.when('complete', {}).yields(completed(token))
  given.when('release', {}).yields(released())
  given.when('heartbeat', {}).changesNothing()
  given.when('fail', { error: 'no', retryable: false }).yields(failed(0, false), gaveUp('failed for good'))
  scene(t)(...running, completed(token)).when('complete', {}).changesNothing()
  for (const by of [orchestrator(owner), tool]) for (const command of ['heartbeat', 'release', 'complete'] as const)
    given.by(by).when(command, {}).refuses('STALE_LEASE')
})
