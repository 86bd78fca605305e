import t from 'tap'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { on, orchestrator, subject, tool } from '../../kernel/testing.ts'
import type { TaskEvent } from './events.ts'
import {
  cancelled, completed, created, elsewhere, escalated, first, last, lease, other, owner, reopened, resolved, running, scene, second,
  started, stranger, token, waitingFor, week, work,
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
