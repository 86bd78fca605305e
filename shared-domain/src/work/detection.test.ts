import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { groundsOf } from '../kernel/grounds.ts'
import { picture, recorded, rowsAfter } from '../kernel/picture.ts'
import { send } from '../kernel/process.ts'
import { admin, behaviour, now, organization, uuid } from '../kernel/testing.ts'
import { hour_ms, later, second_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { deadlineConflict } from './conflict/deadline.ts'
import { conflicts } from './conflict/conflicts.ts'
import { conflict } from './conflict/decider.ts'
import { Conflict } from './conflict/events.ts'
import { conflictId } from './conflict/state.ts'
import { overload } from './conflict/overload.ts'
import { dependents } from './dependents/decider.ts'
import { detection } from './detection.ts'
import { task } from './task/decider.ts'
import { Task } from './task/events.ts'
import { cancelled, completed, created, delegated, handedOff, reopened } from './task/scene.ts'
import { taskState } from './task/state.ts'
import { waits } from './task/waits.ts'
import { unblocking } from './unblocking.ts'

const [ada, bob] = [11, 12].map(uuid) as [string, string]
const [first, second, third] = [1, 2, 3].map(uuid) as [string, string, string]
const due = (hours: number | null) => (hours === null ? null : later(now, hours * hour_ms))
const row = (id: string, hours: number | null, over: object = {}) =>
  ({ task: id, owner: ada, priority: 'MEDIUM', due_at: due(hours), ...over })
const rows = (dependency: object | undefined, ...waiting: readonly object[]) =>
  groundsOf({ dependency: dependency ? [dependency as never] : [], dependents: waiting as never[] }, '7')

t.test('W-57 a task that is due later than one that waits for it is in its way', async (t) => {
  t.equal(deadlineConflict(rows(undefined)), undefined, 'it has ended, or there is none')
  t.equal(deadlineConflict(rows(row(first, 2))), undefined, 'nobody waits for it')
  t.equal(deadlineConflict(rows(row(first, 2), row(second, 2), row(third, null))), undefined, 'due at the same time, or at none')
  t.equal(deadlineConflict(rows(row(first, null), row(second, 1))), undefined, 'it is never due')
  t.strictSame(deadlineConflict(rows(row(first, 2), row(second, 1, { owner: bob }), row(third, 3))), {
    orchestrators: [ada, bob], tasks: [first, second], severity: 'MEDIUM',
    evidence: { due: [{ task: first, at: due(2) }, { task: second, at: due(1) }] },
  })
  for (const [priority, severity] of [['CRITICAL', 'HIGH'], ['HIGH', 'HIGH'], ['LOW', 'MEDIUM']] as const) {
    t.match(deadlineConflict(rows(row(first, 2, { priority }), row(second, 1))), { severity })
    t.match(deadlineConflict(rows(row(first, 2), row(second, 1, { priority }))), { severity })
  }
  t.match(deadlineConflict(rows(row(first, 2), row(second, 1), row(third, 3, { priority: 'HIGH' }))), { severity: 'MEDIUM' })
  const many = Array.from({ length: 20 }, (_, n) => row(uuid(100 + n), 1, { owner: uuid(200 + n) }))
  const found = deadlineConflict(rows(row(first, 2), ...many))!
  t.equal(found.tasks.length, 10)
  t.equal(found.orchestrators.length, 10)
})

const subject = { kind: 'deadline' as const, subject: first }
const grounds = rows(row(first, 2), row(second, 1))
const shown = deadlineConflict(grounds)!
const { position, digest } = grounds
const detected = (over: object = {}) => Conflict.ConflictDetected({
  ...subject, ...shown, note: null, hold: false, cause: 'detected', grounds: { position, digest }, ...over,
})
const ended = { orchestrators: [ada], held: [] }
const gone = Conflict.ConflictResolved({ ...ended, strategy: 'gone', resolution: null })
const resolved = Conflict.ConflictResolved({ ...ended, strategy: 'first', resolution: null })
const dismissed = Conflict.ConflictDismissed({ ...ended, reason: 'they know' })

t.test('W-55 W-57 what the rows show is a conflict as long as they show it', async (t) => {
  const seeing = (...history: ReturnType<typeof detected | typeof Conflict.ConflictResolved | typeof Conflict.ConflictDismissed>[]) =>
    behaviour(t, conflict).given(...history).with({ grounds })
  const blind = { grounds: rows(row(first, 2)) }
  seeing().when('detect', subject).yields(detected())
  seeing().with(blind).when('detect', subject).changesNothing()
  seeing(detected()).when('detect', subject).changesNothing()
  seeing(detected()).with(blind).when('detect', subject).yields(gone)
  seeing(detected(), gone).when('detect', subject).yields(detected())
  seeing(detected(), resolved).when('detect', subject).yields(detected())
  const byHand = detected({ cause: 'hand', grounds: null })
  seeing(byHand).when('detect', subject).changesNothing()
  seeing(byHand).with(blind).when('detect', subject).changesNothing()
})

t.test('W-57 a dismissed one opens again only with other tasks', async (t) => {
  const given = behaviour(t, conflict).given(detected(), dismissed)
  given.with({ grounds }).when('detect', subject).changesNothing()
  const more = rows(row(first, 2), row(third, 1))
  given.with({ grounds: more }).when('detect', subject)
    .yields(detected({ ...deadlineConflict(more), grounds: { position: more.position, digest: more.digest } }))
})

t.test('W-57 it is looked for five seconds after the last fact that concerns it, and closed when it is over', async (t) => {
  const world = new World([task, dependents, conflict, orchestrator])
  const courier = new Courier(world, [detection, unblocking])
  const wish = (command: string, id: string, data: unknown = {}) => world.do({ category: 'task', id, command, data, by: admin })
  const states = () => rowsAfter(conflicts, world.log).map(({ subject, state, strategy }) => [subject, state, strategy])
  world.carryOut(send(orchestrator, ada, 'register', { name: 'Ada' }))
  wish('create', first, { owner: ada, title: 'Foundation', dueAt: due(2) })
  wish('create', second, { owner: ada, title: 'Roof', dueAt: due(1), dependsOn: [first] })
  courier.settle()
  t.strictSame(states(), [], 'not at once')
  world.pass(4 * second_ms)
  wish('create', third, { owner: ada, title: 'Windows', dueAt: due(1) })
  wish('addDependency', third, { dependency: first })
  courier.settle()
  world.pass(4 * second_ms)
  courier.settle()
  t.strictSame(states(), [], 'somebody said something meanwhile')
  world.pass(second_ms)
  courier.settle()
  t.strictSame(states(), [[first, 'OPEN', null]])
  t.match(world.log.filter(({ type }) => type === 'ConflictDetected'),
    [{ id: conflictId(organization, 'deadline', first), data: { tasks: [first, second, third] } }])
  wish('cancel', first)
  courier.settle()
  world.pass(5 * second_ms)
  courier.settle()
  t.strictSame(states(), [[first, 'RESOLVED', 'gone']])
  wish('reopen', first)
  courier.settle()
  world.pass(5 * second_ms)
  courier.settle()
  t.strictSame(states(), [[first, 'OPEN', null]], 'it is wanted again')
})

t.test('what concerns no conflict is looked at by nobody', async (t) => {
  const reacts = (fact: object) => (detection.react[(fact as { type: string }).type]?.(recorded(taskState, fact as never)) ?? [])
    .map((wish) => (wish as any).data.kind)
  t.strictSame(reacts(created()), [])
  t.strictSame(reacts(created({ dependsOn: [second, third] as never })), ['deadline', 'deadline'])
  const withdrawn = Task.DependencyWithdrawn({ owner: ada, dependency: second, dependsOn: [], cycle: [] } as never)
  t.strictSame(reacts(withdrawn), ['deadline'])
  const removed = Task.DependencyRemoved({ owner: ada, dependency: second, dependsOn: [], reason: null } as never)
  t.strictSame(reacts(removed), ['deadline'])
  const dueChanged = Task.TaskDueChanged({ owner: ada, from: null, to: now, dependsOn: [second], reason: null } as never)
  t.strictSame(reacts(dueChanged), ['deadline', 'deadline', 'priority'], 'itself, what it waits for, and who has it')
  const both = ['deadline', 'deadline', 'priority', 'priority']
  for (const fact of [delegated(bob, ada, { dependsOn: [second] as never }), handedOff({ dependsOn: [second] as never })])
    t.strictSame(reacts(fact), both, `${fact.type}: and who had it`)
  t.strictSame(reacts(delegated(bob, ada, { dependsOn: null })), ['deadline', 'priority', 'priority'], 'an older fact: who knows for what')
  t.strictSame(reacts(completed('1', { dependsOn: [second] as never })), ['deadline'])
  t.strictSame(reacts(cancelled({ dependsOn: [second] as never })), ['deadline'])
  t.strictSame(reacts(reopened({ dependsOn: [second] as never })), ['deadline', 'priority'])
  t.strictSame(reacts(completed('1')), [])
  t.strictSame(reacts(cancelled({ dependsOn: null })), [])
  const critical = { priority: 'CRITICAL' } as const
  t.strictSame(reacts(created({ ...critical, dueAt: now })), [], 'nobody knows how long it takes')
  t.strictSame(reacts(created({ ...critical, dueAt: now, estimatedHours: 1 })), ['priority'])
  t.strictSame(reacts(created({ dueAt: now, estimatedHours: 1 })), [])
  t.strictSame(reacts(completed('1', critical)), ['priority'])
  t.strictSame(reacts(cancelled(critical)), ['priority'])
  t.strictSame(reacts(cancelled({ priority: null })), ['priority'], 'an older fact')
  const changed = (from: string, to: string) =>
    Task.TaskPriorityChanged({ owner: ada, from, to, cause: 'hand', slaDeadline: null, reason: null } as never)
  t.strictSame(reacts(changed('CRITICAL', 'LOW')), ['priority'])
  t.strictSame(reacts(changed('HIGH', 'CRITICAL')), ['priority'])
  t.strictSame(reacts(changed('HIGH', 'LOW')), [])
  const details = (details: object) => Task.TaskDetailsChanged({ owner: ada, changed: details, before: {}, reason: null } as never)
  t.strictSame([reacts(details({ estimatedHours: 3 })), reacts(details({ title: 'Other' }))], [['priority'], []])
  const returned = Task.TaskReturned({
    owner: bob, from: 'TODO', to: ada, delegation: '1', cause: 'declined', lease: null, agentSlot: null, retryAt: null,
  } as never)
  t.strictSame(reacts(returned), ['priority', 'priority'])
})

/** At noon, of tasks that each take so long and are due then. */
const load = (max: number | null, ...tasks: readonly (readonly [hours: number, due: number, progress?: number])[]) => overload({
  rows: {
    capacity: max === null ? [] : [{ max }],
    critical: tasks.map(([estimated_hours, hour, progress = 0], n) =>
      ({ task: uuid(n + 1), owner: ada, due_at: due(hour), estimated_hours, progress })) as never,
  },
}, due(12)!)

t.test('W-57 whose critical work cannot be done in time has more than there is time for', async (t) => {
  t.match(load(2, [3, 15], [2, 15], [4, 16]), {
    orchestrators: [ada], tasks: [first, second, third], severity: 'HIGH', evidence: { max: 2, left: 9, until: due(16) },
  }, 'the example: 3 <= 6, 5 <= 6, 9 > 8')
  t.equal(load(2, [3, 15], [2, 15], [3, 16]), undefined, '8 <= 8')
  t.match(load(2, [4, 15]), { tasks: [first] }, 'one alone that takes longer than there is time')
  t.equal(load(2, [4, 15, 25]), undefined, 'of which a quarter is done')
  t.match(load(2, [0.01, 11]), { tasks: [first] }, 'what is overdue')
  t.match(load(2, [4, 11, 100]), { tasks: [first] }, 'until it is completed, however little there is left to do')
  t.equal(load(2), undefined)
  t.equal(load(null, [3, 15], [3, 15], [3, 15], [3, 15], [3, 15]), undefined, 'five at once, unless it is said')
  t.match(load(null, ...Array.from({ length: 20 }, () => [3, 15] as const)), { tasks: { length: 6 } })
  const many = load(50, ...Array.from({ length: 60 }, () => [3, 15] as const))!
  t.strictSame([many.tasks.length, many.tasks.at(-1)], [10, uuid(51)], 'the ten that are due last of them')
})

t.test('W-57 what is critical is looked at after five seconds, and the conflict ends with what was too much', async (t) => {
  const world = new World([task, dependents, conflict, capacity, orchestrator])
  const courier = new Courier(world, [detection, unblocking])
  const wish = (command: string, id: string, data: unknown = {}) => {
    world.do({ category: 'task', id, command, data, by: admin })
    courier.settle()
    world.pass(5 * second_ms)
    courier.settle()
  }
  const states = () => rowsAfter(conflicts, world.log).map(({ kind, subject, state, strategy }) => [kind, subject, state, strategy])
  world.carryOut(send(orchestrator, ada, 'register', { name: 'Ada' }))
  world.do({ category: 'capacity', id: ada, command: 'set', data: { maxConcurrentTasks: 1 } })
  wish('create', first, { owner: ada, title: 'a', priority: 'CRITICAL', dueAt: due(3), estimatedHours: 2 })
  t.strictSame(states(), [])
  wish('create', second, { owner: ada, title: 'b', priority: 'CRITICAL', dueAt: due(3), estimatedHours: 2 })
  t.strictSame(states(), [['priority', ada, 'OPEN', null]])
  world.do({ category: 'capacity', id: ada, command: 'set', data: { maxConcurrentTasks: 2 } })
  wish('note', first, { text: 'two at once' })
  t.strictSame(states(), [['priority', ada, 'RESOLVED', 'gone']])
  wish('edit', second, { estimatedHours: 9 })
  t.strictSame(states(), [['priority', ada, 'OPEN', null]])
  wish('edit', second, { priority: 'HIGH' })
  t.strictSame(states(), [['priority', ada, 'RESOLVED', 'gone']])
})

t.test('the read model shows which task waits for which other', async (t) => {
  const facts = [
    created({ dependsOn: [second] }), Task.DependencyAdded({ owner: ada, dependency: third, dependsOn: [second, third] }),
    Task.DependencyWithdrawn({ owner: ada, dependency: second, dependsOn: [third], cycle: [] }),
  ].map((fact, revision) => recorded(taskState, fact, { revision, id: first }))
  picture(t, waits).after(...facts.slice(0, 2))
    .shows({ task: first, depends_on: second, at: now }, { task: first, depends_on: third, at: now })
  picture(t, waits).after(...facts).shows({ task: first, depends_on: third, at: now })
  const removed = Task.DependencyRemoved({ owner: ada, dependency: third, dependsOn: [], reason: null })
  picture(t, waits).after(...facts, recorded(taskState, removed, { revision: 3, id: first })).shows()
})
