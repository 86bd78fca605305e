import type { z } from 'zod'
import { fold, type Evolve } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { Decision, type DecisionEvent, type decisionTypes, type Vote } from './events.ts'

export type VoteName = z.output<typeof Vote>

export interface Question {
  readonly organization: string
  readonly proposer: Actor
  /** The orchestrator that asked, itself or by its daemon; null when it was somebody else. */
  readonly asker: string | null
  readonly type: (typeof decisionTypes)[number]
  readonly task: string | null
  readonly electorate: ReadonlyMap<string, { readonly weight: number }>
  readonly quorum: number
  readonly deadline: string | null
  readonly votes: ReadonlyMap<string, { readonly vote: VoteName; readonly comment: string | null }>
}

export type DecisionState =
  | { readonly stage: 'unknown' }
  | Question & { readonly stage: 'pending' | 'approved' | 'rejected' | 'expired' | 'cancelled' }

/** What a daemon asks concerns the orchestrator that it asks for. */
const askerOf = ({ kind, id }: Actor, concerns: string | null) =>
  (kind === 'orchestrator' ? id : kind === 'daemon' ? concerns : null)

const known = (state: DecisionState) => state as Extract<DecisionState, Question>

const voted = (state: DecisionState, { elector, vote, comment }: { elector: string; vote: VoteName; comment: string | null }) =>
  ({ ...known(state), votes: new Map(known(state).votes).set(elector, { vote, comment }) })

const evolve: Evolve<DecisionState, DecisionEvent> = {
  DecisionOpened: (_, { type, task, electorate, quorum, deadline, concerns }, { organization, by }) => ({
    stage: 'pending', organization, proposer: by, asker: askerOf(by, concerns), type, task, quorum, deadline, votes: new Map(),
    electorate: new Map(electorate.map(({ orchestrator, weight }) => [orchestrator, { weight }])),
  }),
  VoteRequested: (state) => state,
  VoteCast: voted,
  VoteChanged: voted,
  DecisionApproved: (state) => ({ ...known(state), stage: 'approved' }),
  DecisionRejected: (state) => ({ ...known(state), stage: 'rejected' }),
  DecisionExpired: (state) => ({ ...known(state), stage: 'expired' }),
  DecisionCancelled: (state) => ({ ...known(state), stage: 'cancelled' }),
}

export const decisionState = fold('decision', Decision, { stage: 'unknown' }, evolve)

/** It asks whether this task may start. */
export const asksAbout = (state: DecisionState, task: string): boolean =>
  state.stage !== 'unknown' && state.type === 'task_approval' && state.task === task

/** What was asked for leave to do may be done: it was approved, or the question was withdrawn. */
export const permits = (state: DecisionState): boolean => state.stage === 'approved' || state.stage === 'cancelled'
