import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Actor, Meta } from '../../kernel/fact.ts'
import type { Ballot } from '../tally/ballots.ts'
import type { Consequence, Effect } from './effect-shapes.ts'
import { Decision, type DecisionEvent } from './events.ts'
import type { Elector, rule } from './shapes.ts'
import type { decisionTypes } from './decision-types.ts'

export interface Vote extends Ballot {
  readonly comment: string | null
  readonly confidence: number | null
}

type Seat = Pick<z.output<typeof Elector>, 'kind' | 'weight' | 'proxy'>
type Rule = { readonly [Name in Exclude<keyof typeof rule, 'minElectorate' | 'ballot' | 'tally'>]: z.output<(typeof rule)[Name]> }

export interface Question {
  readonly organization: string
  readonly proposer: Actor
  /** The orchestrator that asked, itself or by its daemon; null when it was somebody else. */
  readonly asker: string | null
  readonly type: (typeof decisionTypes)[number]
  readonly title: string
  readonly task: string | null
  /** In the order of ids. */
  readonly electorate: ReadonlyMap<string, Seat>
  readonly rule: Rule
  readonly effect: Effect | null
  readonly deadline: string | null
  readonly extensions: number
  /** How long before the deadline those who have not voted are reminded. */
  readonly reminders_s: readonly number[]
  readonly votes: ReadonlyMap<string, Vote>
  /** Sealed as long as nobody may know how the electors vote. */
  readonly ballot: z.output<(typeof rule)['ballot']>
  /** How often each has voted differently under seal. */
  readonly changes: ReadonlyMap<string, number>
  /** How often somebody argued. */
  readonly argued: ReadonlyMap<string, number>
  /** The revision of its last fact. */
  readonly revision: number
}

export type Outcome = 'approved' | 'rejected' | 'expired' | 'cancelled'

/** What is said after the end. */
export interface Ended {
  readonly stage: Outcome
  readonly endedAt: string
  readonly option: string | null
  readonly dissent: ReadonlyMap<string, string>
  readonly result: { readonly right: string; readonly note: string | null } | null
  readonly reopenedBy: string | null
  /** What follows from it, and how far that is. */
  readonly consequence: Consequence | null
  readonly effectState: 'none' | 'pending' | 'applied' | 'failed'
}

export type Pending = Question & { readonly stage: 'pending' }
export type DecisionState = { readonly stage: 'unknown' } | Pending | Question & Ended

/** What a daemon asks concerns the orchestrator that it asks for. */
const askerOf = ({ kind, id }: Actor, concerns: string | null) =>
  (kind === 'orchestrator' ? id : kind === 'daemon' ? concerns : null)

const known = (state: DecisionState) => state as Pending
const over = (state: DecisionState) => state as Question & Ended

/** What is known after one more fact. */
const next = (state: DecisionState, { revision }: Meta, more: Partial<Question>): Pending => ({ ...known(state), ...more, revision })
const after = (state: DecisionState, { revision }: Meta, more: Partial<Ended>): Question & Ended => ({ ...over(state), ...more, revision })

const voted = (state: DecisionState, { elector, vote, ranking, comment, confidence }: Vote & { elector: string }, meta: Meta) =>
  next(state, meta, { votes: new Map(known(state).votes).set(elector, { vote, ranking, comment, confidence }) })

const unsaid: Vote = { vote: null, ranking: null, comment: null, confidence: null }

const ended = (stage: Outcome) => (state: DecisionState, data: object, { at, revision }: Meta): DecisionState => {
  const option = 'option' in data ? data.option as string | null : null
  const consequence = 'effect' in data ? data.effect as Consequence | null : null
  const effectState = consequence ? 'pending' : 'none'
  return {
    ...known(state), stage, endedAt: at, option, dissent: new Map(), result: null, reopenedBy: null, consequence, effectState, revision,
  }
}

const evolve: Evolve<DecisionState, DecisionEvent> = {
  DecisionOpened: (_, data, { organization, by, revision }) => {
    const { type, title, task, electorate, deadline, concerns, reminders_s, effect, ...said } = data
    const { protocol, quorum, weighing, threshold, over, quorumBy, vetoers, options, early, ballot } = said
    return {
      stage: 'pending', organization, proposer: by, asker: askerOf(by, concerns), type, title, task, effect, deadline, extensions: 0,
      reminders_s,
      rule: { protocol, quorum, weighing, threshold, over, quorumBy, vetoers, options, early },
      electorate: new Map(electorate.map(({ elector, kind, weight, proxy }) => [elector, { kind, weight, proxy }])),
      votes: new Map(), ballot, changes: new Map(), argued: new Map(), revision,
    }
  },
  VoteRequested: (state, _, meta) => next(state, meta, {}),
  DecisionExtended: (state, { to }, meta) => next(state, meta, { deadline: to, extensions: known(state).extensions + 1 }),
  VoteReminded: (state, _, meta) => next(state, meta, {}),
  VoteCast: voted,
  VoteChanged: voted,
  BallotSealed: (state, { elector, again, ballot }, meta) => {
    const { changes } = known(state)
    const after = { ...known(state), changes: again ? new Map(changes).set(elector, (changes.get(elector) ?? 0) + 1) : changes }
    return voted(after, { ...(ballot ?? unsaid), elector }, meta)
  },
  BallotsOpened: (state, { ballots }, meta) => {
    const own = ballots.filter(({ carriedBy }) => carriedBy === null)
    const votes = own.map(({ elector, vote, ranking, comment, confidence }) => [elector, { vote, ranking, comment, confidence }] as const)
    return next(state, meta, { votes: new Map(votes), ballot: 'open' })
  },
  ProxyChosen: (state, { elector, to }, meta) => {
    const { electorate } = known(state)
    return next(state, meta, { electorate: new Map(electorate).set(elector, { ...electorate.get(elector)!, proxy: to }) })
  },
  ArgumentGiven: (state, { elector }, meta) => {
    const { argued } = known(state)
    return next(state, meta, { argued: new Map(argued).set(elector, (argued.get(elector) ?? 0) + 1) })
  },
  DecisionApproved: ended('approved'),
  DecisionRejected: ended('rejected'),
  DecisionExpired: ended('expired'),
  DecisionCancelled: ended('cancelled'),
  TurnoutTaken: (state, _, meta) => after(state, meta, {}),
  DissentRecorded: (state, { elector, text }, meta) => after(state, meta, { dissent: new Map(over(state).dissent).set(elector, text) }),
  DecisionResultRecorded: (state, { right, note }, meta) => after(state, meta, { result: { right, note } }),
  VotesCompared: (state, _, meta) => after(state, meta, {}),
  EffectApplied: (state, _, meta) => after(state, meta, { effectState: 'applied' }),
  EffectFailed: (state, _, meta) => after(state, meta, { effectState: 'failed' }),
  EffectRetried: (state, _, meta) => after(state, meta, { effectState: 'pending' }),
  DecisionReopened: (state, { by: reopenedBy }, meta) => after(state, meta, { reopenedBy }),
}

export const decisionState = fold('decision', Decision, { stage: 'unknown' }, evolve)

/** It asks whether this task may start. */
export const asksAbout = (state: DecisionState, task: string): boolean =>
  state.stage !== 'unknown' && state.type === 'task_approval' && state.task === task

/** What was asked for leave to do may be done: it was approved, or the question was withdrawn. */
export const permits = (state: DecisionState): boolean => state.stage === 'approved' || state.stage === 'cancelled'

export const hasEnded = (state: DecisionState): state is Question & Ended => state.stage !== 'unknown' && state.stage !== 'pending'
