import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { DecisionId, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import { decisionTypes, protocols, Vote, type DecisionEvent } from './events.ts'
import type { Tally } from './majority.ts'

const row = z.object({
  decision: DecisionId,
  type: z.enum(decisionTypes),
  title: z.string(),
  description: z.string().nullable(),
  task: TaskId.nullable(),
  proposer: z.string(),
  status: z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled']),
  protocol: z.enum(protocols),
  electorate: z.int(),
  weight: z.int(),
  quorum: z.number(),
  cast: z.int(),
  approvals: z.int(),
  rejections: z.int(),
  abstentions: z.int(),
  quorum_met: z.boolean(),
  deadline: StoredInstant.nullable(),
  outcome: z.string().nullable(),
  opened_at: StoredInstant,
  closed_at: StoredInstant.nullable(),
})

const at = (id: string) => ({ decision: id as z.output<typeof DecisionId> })

const standing = ({ cast, approvals, rejections, abstentions, quorumMet }: Tally) =>
  ({ cast, approvals, rejections, abstentions, quorum_met: quorumMet })

type Ballot = Recorded<Extract<DecisionEvent, { type: 'VoteCast' | 'VoteChanged' }>>
type Outcome = Recorded<Extract<DecisionEvent, { type: 'DecisionApproved' | 'DecisionRejected' | 'DecisionExpired' }>>

const counted = ({ id, data }: Ballot) => [{ patch: standing(data.tally), at: at(id) }]

const closed = (status: 'approved' | 'rejected' | 'expired') => ({ id, at: closed_at, data }: Outcome) =>
  [{ patch: { ...standing(data.tally), status, outcome: data.reason, closed_at }, at: at(id) }]

const project: Project<typeof row, 'decision', DecisionEvent> = {
  DecisionOpened: ({ id, at: opened_at, by, data: { electorate, ...data } }) => [{
    put: {
      ...at(id), type: data.type, title: data.title, description: data.description, task: data.task, proposer: by.id, status: 'pending',
      protocol: data.protocol,
      electorate: electorate.length, weight: electorate.reduce((sum, { weight }) => sum + weight, 0), quorum: data.quorum,
      cast: 0, approvals: 0, rejections: 0, abstentions: 0, quorum_met: false, deadline: data.deadline, outcome: null, opened_at,
      closed_at: null,
    },
  }],
  VoteCast: counted,
  VoteChanged: counted,
  DecisionApproved: closed('approved'),
  DecisionRejected: closed('rejected'),
  DecisionExpired: closed('expired'),
  DecisionCancelled: ({ id, at: closed_at, data: { reason } }) =>
    [{ patch: { status: 'cancelled', outcome: reason, closed_at }, at: at(id) }],
}

export const decisions = readModel({
  name: 'decision',
  about: 'What is being decided, and how it stands.',
  version: 1,
  path: '/decisions',
  row,
  key: ['decision'],
  filters: ['status', 'type', 'task', 'protocol', 'proposer'],
  ranges: ['deadline', 'opened_at'],
  sorts: ['deadline'],
  order: ['opened_at'],
  aliases: [{ route: 'GET /orchestrators/:orchestrator/consensus/:decision', item: true }],
  project,
})

const vote = z.object({
  decision: DecisionId,
  elector: OrchestratorId,
  vote: Vote,
  weight: z.int(),
  comment: z.string().nullable(),
  at: StoredInstant,
})

const voted = ({ id, at: castAt, data: { elector, vote, weight, comment } }: Ballot) =>
  [{ put: { ...at(id), elector, vote, weight, comment, at: castAt } }]

const ballots: Project<typeof vote, 'decision' | 'elector', DecisionEvent> = { VoteCast: voted, VoteChanged: voted }

export const votes = readModel({
  name: 'vote',
  about: 'Who voted how, with what weight, and why.',
  version: 1,
  path: '/votes',
  row: vote,
  key: ['decision', 'elector'],
  filters: ['decision', 'elector'],
  project: ballots,
})
