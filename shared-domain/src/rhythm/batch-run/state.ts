import { fold, type Evolve } from '../../kernel/decider.ts'
import { BatchRun, type BatchRunEvent } from './events.ts'
import type { ItemOutcome } from './shapes.ts'

export interface Item {
  readonly no: number
  readonly task: string
  readonly owner: string
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

type Started = ReturnType<typeof BatchRun.BatchRunStarted>['data']

export interface Run {
  readonly stage: 'RUNNING' | 'STOPPING' | 'COMPLETED'
  readonly said: Omit<Started, 'grounds' | 'timeOutAt'>
  /** Whose turn it is; and what became of the others, until now of those that were refused. */
  readonly dispatched: ReadonlySet<number>
  readonly outcomes: ReadonlyMap<number, { readonly outcome: ItemOutcome; readonly code: string | null }>
  readonly cause: 'failure' | 'cancelled' | null
}
export type RunState = { readonly stage: 'unknown' } | Run

const known = (state: RunState) => state as Run

const evolve: Evolve<RunState, BatchRunEvent> = {
  BatchRunStarted: (_, { grounds: _grounds, timeOutAt: _timeOutAt, ...said }) =>
    ({ stage: 'RUNNING', said, dispatched: new Set(), outcomes: new Map(), cause: null }),
  BatchItemDispatched: (state, { no }) => ({ ...known(state), dispatched: new Set(known(state).dispatched).add(no) }),
  BatchItemProcessed(state, { no, outcome, code }) {
    const dispatched = new Set(known(state).dispatched)
    dispatched.delete(no)
    return { ...known(state), dispatched, outcomes: new Map(known(state).outcomes).set(no, { outcome, code }) }
  },
  BatchRunStopping: (state, { cause }) => ({ ...known(state), stage: 'STOPPING', cause }),
  BatchRunCompleted: (state) => ({ ...known(state), stage: 'COMPLETED' }),
}

export const batchRunState = fold('batchRun', BatchRun, { stage: 'unknown' }, evolve)
