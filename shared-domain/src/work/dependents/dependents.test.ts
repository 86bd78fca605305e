import t, { type Test } from 'tap'
import { behaviour, subject, system } from '../../kernel/testing.ts'
import { blocked, cancelled, completed, created, first, reopened, second, started } from '../task/scene.ts'
import { taskState } from '../task/state.ts'
import { dependents } from './decider.ts'
import { Dependents, type DependentsEvent } from './events.ts'

const added = (dependent: string) => Dependents.DependentAdded({ dependent })
const released = (...ids: string[]) => Dependents.DependentsReleased({ dependents: ids })
const recalled = (...ids: string[]) => Dependents.DependentsRecalled({ dependents: ids })

const whileOpen = (t: Test, ...history: readonly DependentsEvent[]) =>
  behaviour(t, dependents).given(...history).by(system).seeing(taskState, subject, created())
const whenDone = (t: Test, ...history: readonly DependentsEvent[]) =>
  whileOpen(t, ...history).seeing(taskState, subject, created(), started(), completed('1'))
const whenCancelled = (t: Test, ...history: readonly DependentsEvent[]) =>
  whileOpen(t, ...history).seeing(taskState, subject, created(), cancelled())
const onceReopened = (t: Test, ...history: readonly DependentsEvent[]) =>
  whileOpen(t, ...history).seeing(taskState, subject, created(), cancelled(), reopened())

t.test('S-20 a task remembers who waits for it, and lets those go at once that come too late', async (t) => {
  whileOpen(t).when('add', { dependent: first }).yields(added(first))
  whileOpen(t, added(first)).when('add', { dependent: first }).changesNothing()
  for (const ended of [whenDone, whenCancelled]) {
    ended(t).when('add', { dependent: first }).yields(added(first), released(first))
    ended(t, added(first)).when('add', { dependent: second }).yields(added(second), released(first, second))
    ended(t, added(first), released(first)).when('add', { dependent: first }).changesNothing()
  }
})

t.test('S-20 when a task ends, all that wait for it are let go', async (t) => {
  for (const ended of [whenDone, whenCancelled]) {
    ended(t, added(first), added(second)).when('release', {}).yields(released(first, second))
    ended(t).when('release', {}).changesNothing()
  }
  const late = onceReopened(t, added(first), added(second)).seeing(taskState, first, created(), blocked('dependencies'))
  late.seeing(taskState, second, created(), blocked('manual')).when('release', {}).changesNothing()
  late.seeing(taskState, second, created()).when('release', {}).changesNothing()
  late.seeing(taskState, second, created({ dependsOn: [subject] })).when('release', {}).yields(released(first, second))
})

t.test('S-13 S-20 when a task is reopened(), those that were let go wait once more', async (t) => {
  onceReopened(t, added(first), released(first)).when('recall', {}).yields(recalled(first))
  onceReopened(t, added(first)).when('recall', {}).changesNothing()
  whenCancelled(t, added(first), released(first)).when('recall', {}).changesNothing()
  whenCancelled(t, added(first), released(first), recalled(first)).when('release', {}).yields(released(first))
})

t.test('S-20 where nobody waits, the end of a task asks for no other stream', async (t) => {
  const look = () => { throw new Error('somebody was looked at') }
  t.strictSame(dependents.commands.release.decide(dependents.initial, {}, { id: subject, look } as never), [])
})
