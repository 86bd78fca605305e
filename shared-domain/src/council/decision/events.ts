import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { OrchestratorId, StoredInstant, TaskId, text } from '../../vocabulary.ts'

export const decisionTypes = ['task_approval', 'decision', 'resource_allocation', 'priority_change', 'other'] as const
export const protocols = ['majority'] as const
export const Vote = z.enum(['APPROVE', 'REJECT', 'ABSTAIN'])

const Elector = z.object({ orchestrator: OrchestratorId, weight: z.int() })

/** How the vote stands after the fact. `quorumMet` counts abstentions as cast. */
const Tally = z.object({
  electors: z.int(), cast: z.int(), approvals: z.int(), rejections: z.int(), abstentions: z.int(), quorumMet: z.boolean(),
})

const Ballot = z.object({ elector: OrchestratorId, vote: Vote, weight: z.int(), comment: z.string().nullable(), tally: Tally })
const Outcome = z.object({ type: z.enum(decisionTypes), task: TaskId.nullable(), tally: Tally, reason: z.string() })

export const Decision = events({
  DecisionOpened: {
    about: 'A question was put to a fixed electorate.',
    data: z.object({
      type: z.enum(decisionTypes),
      title: text(200),
      description: z.string().nullable(),
      electorate: z.array(Elector),
      protocol: z.enum(protocols),
      quorum: z.number(),
      deadline: StoredInstant.nullable(),
      task: TaskId.nullable(),
    }),
    recipient: ({ electorate }) => electorate[0]?.orchestrator ?? null,
  },
  VoteCast: { about: 'An elector voted.', data: Ballot, recipient: ({ elector }) => elector },
  VoteChanged: {
    about: 'An elector voted differently while the question was still open.',
    data: Ballot.extend({ previous: Vote }),
    recipient: ({ elector }) => elector,
  },
  DecisionApproved: { about: 'The electorate approved.', data: Outcome },
  DecisionRejected: { about: 'The electorate did not approve.', data: Outcome },
  DecisionExpired: { about: 'The deadline came before the quorum was met.', data: Outcome },
  DecisionCancelled: { about: 'The question was withdrawn.', data: z.object({ task: TaskId.nullable(), reason: z.string().nullable() }) },
})

export type DecisionEvent = EventOf<typeof Decision>
