import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Instant } from '../../kernel/time.ts'
import { Batch, type BatchEvent } from './events.ts'
import type { Plan } from './plan.ts'

export interface Known {
  readonly stage: 'ENABLED' | 'PAUSED' | 'ENDED'
  readonly plan: Plan
  /** The due time that comes next, and when it does; null while nothing is to come. */
  readonly next: Instant | null
  readonly comesAt: Instant | null
  /** The last due time of which something, or nothing, was made. */
  readonly covered: Instant | null
  readonly runs: number
  /** The last run, and whether it is under way. */
  readonly run: string | null
  readonly isRunning: boolean
}
export type BatchState = { readonly stage: 'unknown' } | Known

const known = (state: BatchState) => state as Known

const evolve: Evolve<BatchState, BatchEvent> = {
  BatchDefined: (_, { next, comesAt, ...plan }) =>
    ({ stage: 'ENABLED', plan, next, comesAt, covered: null, runs: 0, run: null, isRunning: false }),
  BatchUpdated: (state, { next, comesAt, ...plan }) => ({ ...known(state), plan, next, comesAt }),
  BatchDisabled: (state, { next, comesAt }) => ({ ...known(state), stage: 'PAUSED', next, comesAt }),
  BatchEnabled: (state, { next, comesAt }) => ({ ...known(state), stage: 'ENABLED', next, comesAt }),
  BatchRunLaunched: (state, { run, no, due, next, comesAt }) =>
    ({ ...known(state), run, isRunning: true, runs: no, covered: due ?? known(state).covered, next, comesAt }),
  BatchRunSkipped: (state, { until, next, comesAt }) => ({ ...known(state), covered: until, next, comesAt }),
  BatchRunEnded: (state) => ({ ...known(state), isRunning: false }),
  BatchEnded: (state, { next, comesAt }) => ({ ...known(state), stage: 'ENDED', next, comesAt }),
}

export const batchState = fold('batch', Batch, { stage: 'unknown' }, evolve)
