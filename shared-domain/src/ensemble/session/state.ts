import { fold, type Evolve } from '../../kernel/decider.ts'
import { elapsed_ms } from '../../kernel/time.ts'
import type { Pattern } from '../patterns.ts'
import { Ensemble, type EnsembleEvent } from './events.ts'
import { nothingDone, performanceOf } from './performance.ts'
import type { Estimate, Member, Performance, Seated } from './shapes.ts'

interface Formed {
  readonly organization: string
  readonly owner: string
  readonly pattern: Pattern
  readonly estimate: Estimate
  readonly deadline: string
  readonly members: readonly Member[]
  /** Who leads, in which term; nobody before the beginning. */
  readonly leader: string | null
  readonly term: number
}

/** A member with the slot that is held for it, and since when. */
export interface Held extends Seated {
  readonly since: string
}

export interface Pending extends Formed {
  readonly stage: 'PENDING'
}

export interface Active extends Formed {
  readonly stage: 'ACTIVE'
  readonly members: readonly Held[]
  readonly startedAt: string
}

export interface Over extends Formed {
  readonly stage: 'COMPLETED' | 'FAILED' | 'CANCELLED'
}

export type Known = Pending | Active | Over
export type EnsembleState = { readonly stage: 'unknown' } | Known

const over = (stage: Over['stage']) => (state: EnsembleState): Over => ({ ...(state as Known), stage })

const evolve: Evolve<EnsembleState, EnsembleEvent> = {
  EnsembleFormed: (_, { owner, pattern, members, estimate, deadline }, { organization }) =>
    ({ stage: 'PENDING', organization, owner, pattern, members, estimate, deadline, leader: null, term: 0 }),
  EnsembleStarted: (state, { members }, { at }) =>
    ({ ...(state as Pending), stage: 'ACTIVE', members: members.map((member) => ({ ...member, since: at })), startedAt: at }),
  LeaderElected: (state, { agent: leader, term }) => ({ ...(state as Active), leader, term }),
  EnsembleCompleted: over('COMPLETED'),
  EnsembleFailed: over('FAILED'),
  EnsembleCancelled: over('CANCELLED'),
}

export const ensembleState = fold('ensemble', Ensemble, { stage: 'unknown' }, evolve)

/** How it went until now. */
export function performanceAt(state: Pending | Active, at: string): Performance {
  const [duration_ms, reserved_ms] = state.stage === 'PENDING' ? [0, 0]
    : [elapsed_ms(state.startedAt, at), state.members.reduce((sum, { since }) => sum + elapsed_ms(since, at), 0)]
  return performanceOf(nothingDone, state.estimate, duration_ms, reserved_ms)
}

/** The skills of the member that has this slot, if one has. */
export function seatOf(state: EnsembleState, agent: string, slot: string): readonly string[] | undefined {
  if (state.stage !== 'ACTIVE') return undefined
  return state.members.find((member) => member.agent === agent && member.slot === slot)?.skills
}
