import t from 'tap'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, created, escalated, first, lease, owner, reopened, resolved, running, scene, token, waitingFor,
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
  const again = reopened({ dependsOn: [first] })
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
