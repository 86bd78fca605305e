import { z } from 'zod'
import { Cited } from '../../kernel/grounds.ts'
import { DecisionId, Id, Int64, OrchestratorId, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { Origin } from '../../work/task/shapes.ts'
import { Effect, Resolve } from './effect-shapes.ts'
import { ShareText } from '../tally/share.ts'
import { protocols } from '../tally/standing.ts'
import { decisionTypes } from './decision-types.ts'

export const Vote = z.enum(['APPROVE', 'REJECT', 'ABSTAIN'])
export const Weighing = z.enum(['heads', 'weights'])
export const Protocol = z.enum(protocols)

/** Whoever may vote, an orchestrator or an agent. */
export const ElectorId = Id

/** A whole number from 1 on, of any size: as decimal text. */
export const Weight = z.string().regex(/^[1-9]\d*$/)

/** Decimal text of a sum, which may be none. */
const Sum = z.string().regex(/^\d+$/)

export const OptionId = text(50)
export const Option = z.object({ option: OptionId, title: text(200) })

/** Who may vote, with what weight, from what base it was made, and who votes for it as long as it does not. */
export const Elector = z.object({
  elector: ElectorId,
  kind: z.enum(['orchestrator', 'agent']),
  weight: Weight,
  base: Weight,
  judged: z.object({ n: z.int(), sum: z.int() }).nullable(),
  proxy: ElectorId.nullable(),
})

/** Who was left out, and why. */
export const Excluded = z.object({ id: ElectorId, reason: z.enum(['asked', 'proposer', 'owner', 'holder', 'assignee', 'delegator']) })

/** How the vote stands after the fact. `quorumMet` counts abstentions and carried votes as cast. */
export const Tally = z.object({
  electors: z.int(), cast: z.int(), approvals: z.int(), rejections: z.int(), abstentions: z.int(), quorumMet: z.boolean(),
  weights: z.object({ all: Sum, approve: Sum, reject: Sum, abstain: Sum, cast: Sum }).nullable(),
})

/** By what the question is counted. */
export const rule = {
  protocol: Protocol,
  quorum: ShareText,
  minElectorate: z.int(),
  weighing: Weighing,
  threshold: ShareText,
  over: z.boolean(),
  quorumBy: Weighing,
  vetoers: z.array(ElectorId),
  options: z.array(Option.extend({ resolve: Resolve.nullable() })).nullable(),
  ballot: z.enum(['open', 'sealed']),
  early: z.boolean(),
  tally: z.literal('tally/1'),
}

/** Whom it concerns besides those who vote: the orchestrator that asked, else the owner of the task that the question is about. */
const concerns = OrchestratorId.nullable()

export const toConcerned = ({ concerns }: { concerns: string | null }) => concerns

/** Of an agent its orchestrator hears. */
export const toElector = ({ orchestrator }: { orchestrator: string | null }) => orchestrator

export const asked = { type: z.enum(decisionTypes), title: text(200), deadline: StoredInstant.nullable(), task: TaskId.nullable() }

export const about = { task: TaskId.nullable(), concerns }

export const Selection = z.object({ select: z.record(z.string(), z.json()), grounds: Cited }).nullable()

/** What is decided here, in words and in consequences. */
export const question = {
  ...asked, concerns, description: z.string().nullable(), electorate: z.array(Elector), excluded: z.array(Excluded), selection: Selection,
  reminders_s: z.array(z.int()), effect: Effect.nullable(), reopens: DecisionId.nullable(), evidence: z.string().nullable(),
  origin: Origin.nullable(),
}

export const DecidedBy = z.object({ elector: ElectorId.nullable(), revision: Int64 })

/** An elector, and the orchestrator that hears of it: itself, of an agent its own. */
export const voter = { elector: ElectorId, orchestrator: OrchestratorId.nullable() }

export const Ranking = z.array(OptionId)
