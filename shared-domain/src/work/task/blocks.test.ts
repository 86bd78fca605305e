import t from 'tap'
import { now, orchestrator } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, created, escalated, failed, first, lease, owner, reopened, resolved, running, scene, token, waitingFor,
  week,
} from './scene.ts'
import { taskState } from './state.ts'

t.test('S-8 blocking ends a lease and says what it was', async (t) => {
  scene(t)(...running).when('block', { reason: 'no key' })
    .yields(blocked('manual', 'no key', [], { from: 'IN_PROGRESS', lease: lease(token) }))
  scene(t)(created(), blocked('manual', 'no key')).when('block', { reason: 'no key' }).changesNothing()
})

t.test('S-9 whatever was laid over open dependencies, they block again when it goes', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created({ dependsOn: [first] }), ...facts)
  const reblocked = (from: 'TODO') =>
    blocked('dependencies', 'waits for other tasks', [first], { from })
  const gone = (kind: 'manual' | 'failure' | 'dependencies') =>
    Task.TaskUnblocked({ owner, from: 'BLOCKED', kind, reason: 'unblocked by hand' })
  const decided = resolved({ resolution: 'go on' })
  const again = reopened({ dependsOn: [first], slaDeadline: week })
  const [open, ended] = [[created()], [created(), cancelled()]]
  for (const kind of ['manual', 'failure'] as const) {
    given(blocked(kind)).seeing(taskState, first, ...open).when('unblock', {}).yields(gone(kind), reblocked('TODO'))
    given(blocked(kind)).seeing(taskState, first, ...ended).when('unblock', {}).yields(gone(kind))
  }
  given(waitingFor(first)).seeing(taskState, first, ...open).when('unblock', {}).refuses('DEPENDENCIES_UNMET', { open: [first] })
  given(waitingFor(first)).seeing(taskState, first, ...ended).when('unblock', {}).yields(gone('dependencies'))
  given(escalated()).seeing(taskState, first, ...open).when('resolveEscalation', { resolution: 'go on' }).yields(decided, reblocked('TODO'))
  given(escalated()).seeing(taskState, first, ...ended).when('resolveEscalation', { resolution: 'go on' }).yields(decided)
  given(cancelled()).seeing(taskState, first, ...open).when('reopen', {}).yields(again, reblocked('TODO'))
  given(cancelled()).seeing(taskState, first, ...ended).when('reopen', {}).yields(again)
})

t.test('W-12 what failed is tried anew at once, with all its retries', async (t) => {
  const again = Task.TaskRetryScheduled({ owner, attempt: 0, nextRetryAt: now })
  const waits = Task.TaskRetryScheduled({ owner, attempt: 3, nextRetryAt: later(now, 8_000) })
  const gone = (reason: string) => Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'failure', reason })
  scene(t)(created(), blocked('failure')).by(orchestrator(owner)).when('retry', { reason: 'fixed' }).yields(gone('fixed'), again)
  scene(t)(...running, failed(2), waits).when('retry', {}).yields(again)
  scene(t)(...running, failed(2), waits).at(later(now, 8_000)).when('retry', {}).changesNothing()
  scene(t)(created()).when('retry', {}).changesNothing()
  scene(t)(created(), blocked('manual')).when('retry', {}).refuses('INVALID_STATE_TRANSITION')
})
