import t from 'tap'
import { Task, type TaskEvent } from './events.ts'
import { blocked, cancelled, created, escalated, first, lease, owner, running, scene, token, waitingFor } from './scene.ts'
import { taskState } from './state.ts'

t.test('S-8 blocking ends a lease and says what it was', async (t) => {
  scene(t)(...running).when('block', { reason: 'no key' })
    .yields(Task.TaskBlocked({ owner, from: 'IN_PROGRESS', kind: 'manual', reason: 'no key', waitsFor: [], lease: lease(token) }))
  scene(t)(created(), blocked('manual', 'no key')).when('block', { reason: 'no key' }).changesNothing()
})

t.test('S-9 whatever was laid over open dependencies, they block again when it goes', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created({ dependsOn: [first] }), ...facts)
  const reblocked = (from: 'TODO') =>
    Task.TaskBlocked({ owner, from, kind: 'dependencies', reason: 'waits for other tasks', waitsFor: [first], lease: null })
  const gone = (kind: 'manual' | 'failure' | 'dependencies') =>
    Task.TaskUnblocked({ owner, from: 'BLOCKED', kind, reason: 'unblocked by hand' })
  const decided = Task.TaskEscalationResolved({ owner, from: 'BLOCKED', resolution: 'go on' })
  const again = Task.TaskReopened({ owner, from: 'CANCELLED', reason: null })
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
