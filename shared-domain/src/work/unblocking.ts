import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { dependents } from './dependents/decider.ts'
import type { DependentsEvent } from './dependents/events.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'

/** Who let a dependent go on a view from before the reopening has done so by then. */
const hindsight_ms = 5 * second_ms

/**
 * Intents for one stream are carried out in log order, so a dependent is noted before the end of what it waits for is, or it is noted
 * after and finds the end already there: no release is missed, however the two race.
 */
export const unblocking = process<TaskEvent | DependentsEvent>({
  name: 'unblocking',
  about: 'Lets tasks go on when the last task they wait for is done or cancelled, holds them back again when one is reopened, and none '
    + 'wait for one another.',
  react: {
    TaskCreated: ({ id, data }) => data.dependsOn.map((dependency) => send(dependents, dependency, 'add', { dependent: id })),
    // It was blocked on a view of the others that may have been a moment old: what it waits for may have ended since.
    TaskBlocked: ({ id, data: { kind } }) => (kind === 'dependencies' ? [send(task, id, 'settleDependencies', {})] : []),
    DependencyAdded: ({ id, data: { dependency } }) => [
      send(dependents, dependency, 'add', { dependent: id }),
      // Two waits that were added side by side did not see one another; looked at anew, the later in the log gives way.
      send(task, id, 'breakCircle', { dependency }),
    ],
    TaskCompleted: ({ id }) => [send(dependents, id, 'release', {})],
    TaskCancelled: ({ id }) => [send(dependents, id, 'release', {})],
    TaskReopened: ({ id }) => [send(dependents, id, 'recall', {})],
    // It may have been let start on a view from before what it waits for was reopened.
    DependentAdded: ({ data: { dependent } }) => [send(task, dependent, 'waitForDependencies', {})],
    DependentsRecalled: ({ id, at, data: { dependents } }) => dependents.flatMap((dependent) => [
      send(task, dependent, 'waitForDependencies', {}),
      send(task, dependent, 'waitForDependencies', {}, { due: later(at, hindsight_ms), key: `recall-${id}-${dependent}` }),
    ]),
    DependentsReleased: ({ data }) => data.dependents.map((dependent) => send(task, dependent, 'settleDependencies', {})),
  },
})
