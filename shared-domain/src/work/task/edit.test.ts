import t from 'tap'
import { digestOf } from '../../kernel/digest.ts'
import { now, on, orchestrator, uuid } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { Task } from './events.ts'
import { blocked, cancelled, created, escalated, first, other, owner, running, scene, second, waitingFor, week } from './scene.ts'
import { taskState } from './state.ts'

const [soon, tomorrow] = [later(now, hour_ms), later(now, day_ms)]

const detailed = (changed: object, before: object, reason: string | null = null) =>
  Task.TaskDetailsChanged({ owner, changed, before, reason })
const prioritised = (from: 'MEDIUM', to: 'CRITICAL' | 'HIGH' | 'LOW', slaDeadline: string | null) =>
  Task.TaskPriorityChanged({ owner, from, to, cause: 'hand', slaDeadline, reason: null })
const due = (from: string | null, to: string | null, dependsOn: string[] = []) =>
  Task.TaskDueChanged({ owner, from, to, dependsOn, reason: null })
const slaSet = (from: string | null, to: string | null, given: boolean, warnAt: string | null) =>
  Task.TaskSlaSet({ owner, from, to, given, warnAt, reason: null })

t.test('W-4 a task is asked for with all its fields; its deadline is the one given, else the one of its priority', async (t) => {
  const given = scene(t)()
  const fields = { workspace: 'berlin', channel: 'press', storyPoints: 5 }
  given.when('create', { owner, title: 'Work', ...fields }).yields(created({ ...fields, slaDeadline: week }))
  given.when('create', { owner, title: 'Work', slaDeadline: tomorrow }).yields(created({ slaDeadline: tomorrow, slaGiven: true }))
  const hours = { CRITICAL: soon, HIGH: tomorrow, LOW: null }
  for (const [priority, slaDeadline] of Object.entries(hours) as ['CRITICAL' | 'HIGH' | 'LOW', string | null][])
    given.when('create', { owner, title: 'Work', priority }).yields(created({ priority, slaDeadline }))
  given.with({ imported: true }).when('create', { owner, title: 'Work' }).yields(created())
  given.with({ imported: true }).when('create', { owner, title: 'Work', slaDeadline: soon })
    .yields(created({ slaDeadline: soon, slaGiven: true }))
})

t.test('W-10 fields without a fact of their own are told with what was there before, long ones by their digest', async (t) => {
  const given = scene(t)(created({ description: 'all', metadata: { a: 1 }, tags: ['x'], estimatedHours: 4, workspace: 'berlin' }))
  given.by(orchestrator(owner)).when('edit', { title: 'Other', reason: 'a typo' })
    .yields(detailed({ title: 'Other' }, { title: 'Work' }, 'a typo'))
  given.when('edit', { description: 'none', metadata: {} })
    .yields(detailed({ description: 'none', metadata: {} }, { description: digestOf('all'), metadata: digestOf({ a: 1 }) }))
  given.when('edit', { description: null, estimatedHours: null, workspace: null }).yields(detailed(
    { description: null, estimatedHours: null, workspace: null },
    { description: digestOf('all'), estimatedHours: 4, workspace: 'berlin' }))
  given.when('edit', { tags: ['y'], requiredCapabilities: ['z'], maxRetries: 0, channel: 'press', storyPoints: 3 }).yields(detailed(
    { tags: ['y'], requiredCapabilities: ['z'], maxRetries: 0, channel: 'press', storyPoints: 3 },
    { tags: ['x'], requiredCapabilities: [], maxRetries: 3, channel: null, storyPoints: null }))
  given.when('edit', { title: 'Work', metadata: { a: 1 }, tags: ['x'], description: 'all', priority: 'MEDIUM', dueAt: null })
    .changesNothing()
  given.when('edit', {}).changesNothing()
  for (const history of [running, [created(), escalated()]])
    scene(t)(...history).when('edit', { channel: 'press' }).yields(detailed({ channel: 'press' }, { channel: null }))
  given.by(orchestrator(other)).when('edit', { title: 'Mine' }).refuses('INVALID_OWNERSHIP', { owner })
})

t.test('W-10 another priority, another due time, each is a fact; together they are one append', async (t) => {
  const given = scene(t)(created({ dependsOn: [first] }))
  given.when('edit', { dueAt: tomorrow }).yields(due(null, tomorrow, [first]))
  scene(t)(created({ dueAt: soon })).when('edit', { dueAt: null }).yields(due(soon, null))
  scene(t)(created()).when('edit', { title: 'Other', priority: 'LOW', dueAt: soon })
    .yields(detailed({ title: 'Other' }, { title: 'Work' }), prioritised('MEDIUM', 'LOW', null), due(null, soon))
})

t.test('W-50 a deadline that follows from the priority moves with it; one that is given stays, and null goes back', async (t) => {
  const follows = scene(t)(created({ slaDeadline: week })).at(later(now, 60_000))
  follows.when('edit', { priority: 'CRITICAL' })
    .yields(prioritised('MEDIUM', 'CRITICAL', soon), slaSet(week, soon, false, later(now, 0.8 * hour_ms)))
  follows.when('edit', { priority: 'LOW' }).yields(prioritised('MEDIUM', 'LOW', null), slaSet(week, null, false, null))
  follows.when('edit', { slaDeadline: tomorrow }).yields(slaSet(week, tomorrow, true, later(now, 0.8 * day_ms)))
  follows.when('edit', { slaDeadline: null }).changesNothing()
  const fixed = scene(t)(created({ slaDeadline: soon, slaGiven: true }))
  fixed.when('edit', { priority: 'HIGH' }).yields(prioritised('MEDIUM', 'HIGH', soon))
  fixed.when('edit', { slaDeadline: null }).yields(slaSet(soon, week, false, later(now, 0.8 * 168 * hour_ms)))
  fixed.when('edit', { slaDeadline: null, priority: 'HIGH' })
    .yields(prioritised('MEDIUM', 'HIGH', tomorrow), slaSet(soon, tomorrow, false, later(now, 0.8 * day_ms)))
  const taken = scene(t)(on(created({ slaDeadline: soon, slaGiven: true }), { imported: true }))
  taken.when('edit', { slaDeadline: null }).yields(slaSet(soon, null, false, null))
})

t.test('W-11 a task waits for one less, and goes on when that was the last', async (t) => {
  const removed = (dependency: string, dependsOn: string[], reason: string | null = null) =>
    Task.DependencyRemoved({ owner, dependency, dependsOn, reason })
  const gone = Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'dependencies', reason: 'the last dependency was removed' })
  const given = scene(t)(created({ dependsOn: [first, second] }), waitingFor(first)).seeing(taskState, first, created())
  given.seeing(taskState, second, created()).when('removeDependency', { dependency: first, reason: 'not needed' })
    .yields(removed(first, [second], 'not needed'))
  given.seeing(taskState, second, created(), cancelled()).when('removeDependency', { dependency: first })
    .yields(removed(first, [second]), gone)
  given.when('removeDependency', { dependency: uuid(9) }).changesNothing()
  scene(t)(created({ dependsOn: [first] }), blocked('manual')).when('removeDependency', { dependency: first }).yields(removed(first, []))
  given.by(orchestrator(other)).when('removeDependency', { dependency: first }).refuses('INVALID_OWNERSHIP')
})
