import { fold, type Evolve } from '../../kernel/decider.ts'
import { elapsed_ms } from '../../kernel/time.ts'
import { leadRoles, type Config, type Pattern, type Role } from '../patterns.ts'
import type { Criteria } from '../selection/criteria.ts'
import { Ensemble, type EnsembleEvent } from './events.ts'
import { nothingDone, performanceOf } from './performance.ts'
import type { Estimate, Member, Performance, Seated, Vacancy } from './shapes.ts'

interface Formed {
  readonly organization: string
  readonly owner: string
  readonly pattern: Pattern
  readonly estimate: Estimate
  readonly deadline: string
  readonly config: Config
  readonly criteria: Criteria
  readonly costBudget: number | null
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
  /** How long those were members who left. */
  readonly past_ms: number
  readonly lost: ReadonlySet<string>
  /** Places that are to be filled, and how often nobody was found for the first. */
  readonly vacancies: readonly Vacancy[]
  readonly attempt: number
}

export interface Over extends Formed {
  readonly stage: 'COMPLETED' | 'FAILED' | 'CANCELLED'
}

export type Known = Pending | Active | Over
export type EnsembleState = { readonly stage: 'unknown' } | Known

/** Whoever leads has the role of who does. */
export const leading = <One extends { readonly role: Role }>(pattern: Pattern, member: One): One =>
  ({ ...member, role: leadRoles[pattern] })

const over = (stage: Over['stage']) => (state: EnsembleState): Over => ({ ...(state as Known), stage })

const evolve: Evolve<EnsembleState, EnsembleEvent> = {
  EnsembleFormed: (_, { owner, pattern, members, estimate, deadline, config, criteria, costBudget }, { organization }) => ({
    stage: 'PENDING', organization, owner, pattern, members, estimate, deadline, config, criteria, costBudget, leader: null, term: 0,
  }),
  EnsembleStarted: (state, { members }, { at }) => ({
    ...(state as Pending), stage: 'ACTIVE', members: members.map((member) => ({ ...member, since: at })), startedAt: at, past_ms: 0,
    lost: new Set(), vacancies: [], attempt: 0,
  }),
  LeaderElected: (state, { agent: leader, term }) => {
    const active = state as Active
    return { ...active, leader, term, members: active.members.map((one) => (one.agent === leader ? leading(active.pattern, one) : one)) }
  },
  MemberJoined: (state, { agent, orchestrator, role, skills, score, cost, slot }, { at }) => {
    const active = state as Active
    const member = { agent, orchestrator, role, skills, score, cost, slot, since: at }
    return { ...active, members: [...active.members, member], vacancies: active.vacancies.slice(1), attempt: 0 }
  },
  MemberLeft: (state, { agent, cause, vacancy }, { at }) => {
    const { members, leader, past_ms, lost, vacancies, ...same } = state as Active
    const [gone, stay] = [members.find((one) => one.agent === agent)!, members.filter((one) => one.agent !== agent)]
    return {
      ...same, members: stay, leader: leader === agent ? null : leader, past_ms: past_ms + elapsed_ms(gone.since, at),
      lost: cause === 'lost' ? new Set(lost).add(agent) : lost, vacancies: vacancy ? [...vacancies, vacancy] : vacancies, attempt: 0,
    }
  },
  AgentsWanted: (state, { attempt }) => ({ ...(state as Active), attempt }),
  EnsembleCompleted: over('COMPLETED'),
  EnsembleFailed: over('FAILED'),
  EnsembleCancelled: over('CANCELLED'),
}

export const ensembleState = fold('ensemble', Ensemble, { stage: 'unknown' }, evolve)

/** How it went until now. */
export function performanceAt(state: Pending | Active, at: string): Performance {
  const [duration_ms, reserved_ms] = state.stage === 'PENDING' ? [0, 0]
    : [elapsed_ms(state.startedAt, at), state.members.reduce((sum, { since }) => sum + elapsed_ms(since, at), state.past_ms)]
  return performanceOf(nothingDone, state.estimate, duration_ms, reserved_ms)
}

/** The skills of the member that has this slot, if one has. */
export function seatOf(state: EnsembleState, agent: string, slot: string): readonly string[] | undefined {
  if (state.stage !== 'ACTIVE') return undefined
  return state.members.find((member) => member.agent === agent && member.slot === slot)?.skills
}
