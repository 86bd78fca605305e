import { fold, type Evolve } from '../../kernel/decider.ts'
import type { TaskId } from '../../vocabulary.ts'
import { Dependents, type DependentsEvent } from './events.ts'

/** The tasks that wait for one task: the other direction of `dependsOn`, kept in a stream of its own under the same id. */
export interface DependentsState {
  readonly waiting: readonly TaskId[]
}

const evolve: Evolve<DependentsState, DependentsEvent> = {
  DependentAdded: ({ waiting }, { dependent }) => ({ waiting: [...waiting, dependent] }),
  DependentsReleased: () => ({ waiting: [] }),
}

export const dependentsState = fold('dependents', Dependents, { waiting: [] }, evolve)
