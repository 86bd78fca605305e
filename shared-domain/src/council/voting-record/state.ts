import { fold, type Evolve } from '../../kernel/decider.ts'
import type { DecisionType } from '../decision/decision-types.ts'
import { VotingRecord, type VotingRecordEvent } from './events.ts'

export interface Judged { readonly n: number; readonly sum: number }

/** How an elector's votes turned out. */
export interface VotingRecordState {
  readonly byType: ReadonlyMap<DecisionType, Judged>
  /** By decision, of those that were judged. */
  readonly briers: ReadonlyMap<string, number>
}

export const unjudged: Judged = { n: 0, sum: 0 }

const evolve: Evolve<VotingRecordState, VotingRecordEvent> = {
  VoteJudged: ({ byType, briers }, { decision, type, brier, n, sum }) => ({
    byType: new Map(byType).set(type, { n, sum }), briers: new Map(briers).set(decision, brier),
  }),
}

export const votingRecordState = fold('votingRecord', VotingRecord, { byType: new Map(), briers: new Map() }, evolve)
