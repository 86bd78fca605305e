import { now, on, orchestrator, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { Decision, type DecisionEvent } from './events.ts'

export const electors = [11, 12, 13, 14, 15].map(uuid) as [string, string, string, string, string]
export const deadline = later(now, hour_ms)

type Opened = Parameters<typeof Decision.DecisionOpened>[0]
export type VoteName = 'APPROVE' | 'REJECT' | 'ABSTAIN'

export const seat = (elector: string, weight = '1', over: Partial<Opened['electorate'][number]> = {}) =>
  ({ elector, kind: 'orchestrator' as const, weight, base: weight, judged: null, proxy: null, ...over })

/** A question of five orchestrators that a majority decides, as the first of them asks it. */
export const question = {
  type: 'decision', title: 'Shall we?', description: null, electorate: electors.map((elector) => seat(elector)), excluded: [],
  selection: null,
  deadline, task: null, concerns: null, reminders_s: [86_400, 3_600], effect: null, reopens: null, evidence: null, origin: null,
  protocol: 'majority', quorum: '1/2', minElectorate: 2, weighing: 'heads', threshold: '1/2', over: false, quorumBy: 'heads', vetoers: [],
  options: null, ballot: 'open', early: true, tally: 'tally/1',
} as const satisfies Opened

export const opened = (over: Partial<Opened> = {}) =>
  on(Decision.DecisionOpened({ ...question, ...over }), { by: orchestrator(electors[0]) })

/** The opening of a question together with what asks each elector. */
export const asking = ({ data }: ReturnType<typeof opened>): readonly DecisionEvent[] => {
  const { type, title, deadline, task } = data
  return [Decision.DecisionOpened(data), ...data.electorate.map(({ elector, weight, proxy }) =>
    Decision.VoteRequested({ elector, orchestrator: OrchestratorId.parse(elector), weight, type, title, deadline, task, proxy }))]
}

/** So many of five electors, each weighing one. */
export const tally = (approvals: number, rejections: number, abstentions: number, quorumMet: boolean, electors = 5) => {
  const cast = approvals + rejections + abstentions
  const weights = {
    all: String(electors), approve: String(approvals), reject: String(rejections), abstain: String(abstentions), cast: String(cast),
  }
  return { electors, cast, approvals, rejections, abstentions, quorumMet, weights }
}
export type Standing = ReturnType<typeof tally>

type Ballot = Parameters<typeof Decision.VoteCast>[0]
const ballot = (elector: string, vote: VoteName | null, tally: Standing, over: Partial<Ballot> = {}): Ballot => ({
  elector, orchestrator: elector, vote, ranking: null, weight: '1', comment: null, confidence: null, carries: [], tally, ...over,
})

export const cast = (elector: string, vote: VoteName | null, tally: Standing, over: Partial<Ballot> = {}) =>
  Decision.VoteCast(ballot(elector, vote, tally, over))

export const changed = (elector: string, vote: VoteName, previous: VoteName, tally: Standing, over: Partial<Ballot> = {}) =>
  Decision.VoteChanged({ ...ballot(elector, vote, tally, over), previous, previousRanking: null })

/** Who was for the outcome, and who was carried to it. */
export const turnout = (agreed: readonly string[], carried: readonly string[] = [], concerns: string | null = electors[0]) =>
  Decision.TurnoutTaken({ agreed: [...agreed], carried: [...carried], concerns })

type Ended = Parameters<typeof Decision.DecisionApproved>[0]

/** An outcome that the last of the given electors decided, after as many facts; those behind it are missing. */
export const ended = (tally: Standing, reason: string, over: Partial<Ended> = {}): Ended => ({
  type: 'decision', task: null, concerns: electors[0], tally, reason, option: null, rounds: null, strengths: null,
  missing: electors.slice(tally.cast), decidedBy: { elector: electors[tally.cast - 1] ?? null, revision: String(tally.cast) },
  effect: null, origin: null, ...over,
})

export const cancelled = (over: Partial<Parameters<typeof Decision.DecisionCancelled>[0]> = {}) =>
  Decision.DecisionCancelled({ task: null, concerns: electors[0], reason: null, missing: [...electors], origin: null, ...over })
