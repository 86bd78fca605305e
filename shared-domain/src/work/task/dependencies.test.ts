import t from 'tap'
import { on, orchestrator, subject, system, uuid } from '../../kernel/testing.ts'
import { Task, type TaskEvent } from './events.ts'
import {
  blocked, cancelled, codeOf, completed, created, escalated, first, inWorld, last, other, owner, scene, second, started, stranger,
  waitingFor,
} from './scene.ts'
import { taskState } from './state.ts'

t.test('S-1 one more dependency', async (t) => {
  const given = (...facts: readonly TaskEvent[]) => scene(t)(created(), ...facts)
    .seeing(taskState, first, created()).seeing(taskState, second, created(), cancelled())
    .seeing(taskState, last, created({ dependsOn: [subject] }))
  const added = (dependency: string, ...before: string[]) => Task.DependencyAdded({ owner, dependency, dependsOn: [...before, dependency] })
  given().when('addDependency', { dependency: first }).yields(added(first), waitingFor(first))
  given().when('addDependency', { dependency: second }).yields(added(second))
  given(blocked('manual')).when('addDependency', { dependency: first }).yields(added(first))
  given(added(first), waitingFor(first)).when('addDependency', { dependency: first }).changesNothing()
  given().when('addDependency', { dependency: stranger }).refuses('DEPENDENCY_UNKNOWN', { unknown: [stranger] })
  given().when('addDependency', { dependency: subject }).refuses('DEPENDENCY_CYCLE', { cycle: [subject, subject] })
  given().when('addDependency', { dependency: last }).refuses('DEPENDENCY_CYCLE', { cycle: [subject, last, subject] })
  given().by(orchestrator(other)).when('addDependency', { dependency: first }).refuses('INVALID_OWNERSHIP')
})

t.test('S-1 a task waits for at most a hundred others, and for none where too many hang together', async (t) => {
  const many = Array.from({ length: 100 }, (_, index) => uuid(100 + index))
  const given = (dependsOn: string[]) => scene(t)(created({ dependsOn })).seeing(taskState, first, created())
  given(many).when('addDependency', { dependency: first }).refuses('DEPENDENCY_LIMIT', { max: 100 })
  given(many.slice(1)).when('addDependency', { dependency: first })
    .yields(Task.DependencyAdded({ owner, dependency: first, dependsOn: [...many.slice(1), first] }), waitingFor(first))
  given(many).when('addDependency', { dependency: many[0]! }).changesNothing()
  const chained = (...facts: readonly TaskEvent[]) => {
    const { tell, wish } = inWorld(created())
    for (let n = 0; n <= 1_001; n++) tell(taskState, uuid(5_000 + n), created({ dependsOn: [uuid(5_001 + n)] }))
    tell(taskState, uuid(5_500), ...facts)
    return codeOf(wish('addDependency', { dependency: uuid(5_000) }))
  }
  t.equal(chained(), 'DEPENDENCY_LIMIT')
  t.equal(chained(started(), completed('1')), undefined, 'what is done waits for nothing')
})

t.test('S-1 of waits that closed a circle unseen, the later one is withdrawn', async (t) => {
  const added = Task.DependencyAdded({ owner, dependency: first, dependsOn: [first] })
  const withdrawn = (...dependsOn: string[]) =>
    Task.DependencyWithdrawn({ owner, dependency: first, dependsOn, cycle: [subject, first, subject] })
  const back = created({ dependsOn: [subject] })
  const given = (...facts: readonly TaskEvent[]) =>
    scene(t)(created(), ...facts).by(system).seeing(taskState, first, back).seeing(taskState, second, created())
  const check = (...facts: readonly TaskEvent[]) => given(...facts).when('breakCircle', { dependency: first })
  check(added, waitingFor(first)).yields(withdrawn(),
    Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'dependencies', reason: 'the last dependency was withdrawn' }))
  const both = [
    Task.DependencyAdded({ owner, dependency: second, dependsOn: [second] }),
    Task.DependencyAdded({ owner, dependency: first, dependsOn: [second, first] }),
  ]
  check(...both, waitingFor(second, first)).yields(withdrawn(second))
  check(added, blocked('manual')).yields(withdrawn())
  check(added, waitingFor(first), withdrawn()).changesNothing()
  check(added, waitingFor(first), cancelled({ from: 'BLOCKED' })).yields(withdrawn())
  check(added, started(), completed('2')).changesNothing()
  const later = on(Task.DependencyAdded({ owner, dependency: subject, dependsOn: [subject] }), { position: '9' })
  given(added, waitingFor(first)).seeing(taskState, first, created(), later).when('breakCircle', { dependency: first }).changesNothing()
  given(added, waitingFor(first)).seeing(taskState, first, created()).when('breakCircle', { dependency: first }).changesNothing()
})

t.test('S-20 S-9 only a block of kind dependencies goes by itself, and only with the last of them', async (t) => {
  const given = (...facts: readonly TaskEvent[]) =>
    scene(t)(created({ dependsOn: [first, second] }), ...facts).by(system).seeing(taskState, first, created(), cancelled())
  const gone = Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'dependencies', reason: 'the last dependency ended' })
  const done = [created(), started(), completed('1')]
  given(waitingFor(first, second)).seeing(taskState, second, created()).when('settleDependencies', {}).changesNothing()
  given(waitingFor(first, second)).seeing(taskState, second, ...done).when('settleDependencies', {}).yields(gone)
  for (const other of [blocked('manual'), blocked('failure'), escalated()])
    given(other).seeing(taskState, second, ...done).when('settleDependencies', {}).changesNothing()
})
