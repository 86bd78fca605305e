import { fold, type Evolve } from '../../kernel/decider.ts'
import type { TaskId } from '../../vocabulary.ts'
import { Dependents, type DependentsEvent } from './events.ts'

/** The tasks that wait for one task: the other direction of `dependsOn`, kept in a stream of its own under the same id. */
interface DependentsState {
  readonly waiting: readonly TaskId[]
  /** Those that were let go when the task ended: should it be reopened, they wait again. */
  readonly released: readonly TaskId[]
}

const evolve: Evolve<DependentsState, DependentsEvent> = {
  DependentAdded: ({ waiting, released }, { dependent }) => ({ waiting: [...waiting, dependent], released }),
  DependentsReleased: ({ waiting, released }) => ({ waiting: [], released: [...released, ...waiting] }),
  DependentsRecalled: ({ waiting, released }) => ({ waiting: [...waiting, ...released], released: [] }),
}

export const dependentsState = fold('dependents', Dependents, { waiting: [], released: [] }, evolve)
