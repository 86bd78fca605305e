import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Instant } from '../../kernel/time.ts'
import { Recurrence, type RecurrenceEvent } from './events.ts'
import type { Plan } from './plan.ts'

export type Known = {
  readonly stage: 'ENABLED' | 'PAUSED' | 'ENDED'
  readonly organization: string
  readonly plan: Plan
  /** The due time that comes next, and when it does; null while nothing is to come. */
  readonly next: Instant | null
  readonly comesAt: Instant | null
  readonly runs: number
  /** The last due time of which something, or nothing, was made: none comes twice, whatever the clocks say. */
  readonly covered: Instant | null
  readonly last: { readonly task: string; readonly at: Instant } | null
}
export type RecurrenceState = { readonly stage: 'unknown' } | Known

const known = (state: RecurrenceState) => state as Known

const evolve: Evolve<RecurrenceState, RecurrenceEvent> = {
  RecurrenceDefined: (_, { grounds: _grounds, next, comesAt, ...plan }, { organization }) =>
    ({ stage: 'ENABLED', organization, plan, next, comesAt, runs: 0, covered: null, last: null }),
  RecurrenceChanged: (state, { next, comesAt, ...plan }) => ({ ...known(state), plan, next, comesAt }),
  RecurrencePaused: (state, { next, comesAt }) => ({ ...known(state), stage: 'PAUSED', next, comesAt }),
  RecurrenceResumed: (state, { next, comesAt }) => ({ ...known(state), stage: 'ENABLED', next, comesAt }),
  RecurrenceSkipped: (state, { to, next, comesAt }) => ({ ...known(state), covered: to, next, comesAt }),
  RecurrenceFired: (state, { due, task, run, next, comesAt }, { at }) =>
    ({ ...known(state), covered: due, last: { task, at }, runs: run, next, comesAt }),
  RecurrenceEnded: (state, { next, comesAt }) => ({ ...known(state), stage: 'ENDED', next, comesAt }),
}

export const recurrenceState = fold('recurrence', Recurrence, { stage: 'unknown' }, evolve)
