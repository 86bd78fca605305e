import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { DecisionId, StoredInstant } from '../../vocabulary.ts'
import type { DecisionEvent } from './events.ts'
import { DecidedBy, ElectorId, OptionId, question, rule, type Tally } from './shapes.ts'
import { decisionTypes } from './decision-types.ts'

const Sum = z.string().nullable()

const row = z.object({
  decision: DecisionId,
  type: z.enum(decisionTypes),
  title: z.string(),
  description: z.string().nullable(),
  task: question.task,
  proposer: z.string(),
  status: z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled']),
  protocol: rule.protocol,
  /** How many may vote, and what they weigh together: decimal text, of any size. */
  electorate: z.int(),
  electors: z.array(ElectorId),
  weight: z.string(),
  quorum: rule.quorum,
  cast: z.int(),
  approvals: z.int(),
  rejections: z.int(),
  abstentions: z.int(),
  quorum_met: z.boolean(),
  deadline: StoredInstant.nullable(),
  outcome: z.string().nullable(),
  opened_at: StoredInstant,
  closed_at: StoredInstant.nullable(),
  threshold: rule.threshold,
  over: z.boolean(),
  weighing: rule.weighing,
  ballot: rule.ballot,
  early: z.boolean(),
  options: rule.options,
  option: OptionId.nullable(),
  approve_weight: Sum,
  reject_weight: Sum,
  cast_weight: Sum,
  /** Those who did not vote, and for whom nobody did; once it has ended. */
  missing: z.array(ElectorId).nullable(),
  decided_by: DecidedBy.nullable(),
  extensions: z.int(),
  effect_state: z.enum(['none', 'pending', 'applied', 'failed']),
  reopens: DecisionId.nullable(),
  reopened_by: DecisionId.nullable(),
  result: z.object({ right: z.string(), note: z.string().nullable() }).nullable(),
  origin: question.origin,
})

const at = (id: string) => ({ decision: id as z.output<typeof DecisionId> })

const standing = ({ cast, approvals, rejections, abstentions, quorumMet, weights }: z.output<typeof Tally>) => ({
  cast, approvals, rejections, abstentions, quorum_met: quorumMet,
  approve_weight: weights?.approve ?? null, reject_weight: weights?.reject ?? null, cast_weight: weights?.cast ?? null,
})

type Told = Recorded<Extract<DecisionEvent, { data: { tally: unknown } }>>
type Outcome = Recorded<Extract<DecisionEvent, { type: 'DecisionApproved' | 'DecisionRejected' | 'DecisionExpired' }>>

const counted = ({ id, data }: Pick<Told, 'id'> & { readonly data: { readonly tally: z.output<typeof Tally> } }) =>
  [{ patch: standing(data.tally), at: at(id) }]

const closed = (status: 'approved' | 'rejected' | 'expired') => ({ id, at: closed_at, data }: Outcome) => {
  const { tally, reason: outcome, option, missing, decidedBy: decided_by } = data
  const effect_state = data.effect ? 'pending' as const : 'none' as const
  return [{ patch: { ...standing(tally), status, outcome, option, missing, decided_by, closed_at, effect_state }, at: at(id) }]
}

const effect = (effect_state: 'pending' | 'applied' | 'failed') => ({ id }: { readonly id: string }) =>
  [{ patch: { effect_state }, at: at(id) }]

const sumOf = (electorate: readonly { readonly weight: string }[]) =>
  String(electorate.reduce((sum, { weight }) => sum + BigInt(weight), 0n))

const weighed = (sum: string | null) => ({ approve_weight: sum, reject_weight: sum, cast_weight: sum })

const project: Project<typeof row, 'decision', DecisionEvent> = {
  DecisionOpened: ({ id, at: opened_at, by, data }) => {
    const { type, title, description, task, electorate, deadline, reopens, origin } = data
    const { protocol, quorum, threshold, over, weighing, ballot, early, options } = data
    return [{
      put: {
        ...at(id), type, title, description, task, proposer: by.id, status: 'pending',
        electorate: electorate.length, electors: electorate.map(({ elector }) => elector), weight: sumOf(electorate),
        protocol, quorum, threshold, over, weighing, ballot, early, options,
        cast: 0, approvals: 0, rejections: 0, abstentions: 0, quorum_met: false, ...weighed(ballot === 'sealed' ? null : '0'),
        deadline, outcome: null, option: null, missing: null, decided_by: null, opened_at, closed_at: null,
        extensions: 0, effect_state: 'none', reopens, reopened_by: null, result: null, origin,
      },
    }]
  },
  DecisionExtended: ({ id, data: { to: deadline } }) => [{ patch: { deadline }, at: at(id) }, { add: { extensions: 1 }, at: at(id) }],
  VoteCast: counted,
  VoteChanged: counted,
  BallotSealed: ({ id, data: { cast } }) => [{ patch: { cast }, at: at(id) }],
  ProxyChosen: counted,
  DecisionApproved: closed('approved'),
  DecisionRejected: closed('rejected'),
  DecisionExpired: closed('expired'),
  DecisionCancelled: ({ id, at: closed_at, data: { reason, missing } }) =>
    [{ patch: { status: 'cancelled', outcome: reason, missing, closed_at }, at: at(id) }],
  DecisionResultRecorded: ({ id, data: { right, note } }) => [{ patch: { result: { right, note } }, at: at(id) }],
  EffectApplied: effect('applied'),
  EffectFailed: effect('failed'),
  EffectRetried: effect('pending'),
  DecisionReopened: ({ id, data: { by: reopened_by } }) => [{ patch: { reopened_by }, at: at(id) }],
}

export const decisions = readModel({
  name: 'decision',
  about: 'What is being decided, by what rule, and how it stands.',
  version: 3,
  path: '/decisions',
  row,
  key: ['decision'],
  filters: ['status', 'type', 'task', 'protocol', 'effect_state', 'proposer'],
  contains: { elector: 'electors' },
  ranges: ['deadline', 'opened_at'],
  sorts: ['deadline'],
  order: ['opened_at'],
  indexes: [['closed_at']],
  aliases: [
    { route: 'GET /orchestrators/:orchestrator/consensus/:decision', item: true },
    {
      route: 'GET /orchestrators/:orchestrator/consensus', fields: { vpId: 'elector' },
      about: 'All of the organization, whichever orchestrator the path names.',
    },
    { route: 'GET /orchestrators/consensus', fields: { vpId: 'elector' } },
  ],
  project,
})
