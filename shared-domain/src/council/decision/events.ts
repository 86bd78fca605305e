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

/** Whom it concerns besides those who vote: the orchestrator that asked, else the owner of the task that the question is about. */
const concerns = OrchestratorId.nullable()

const Outcome = z.object({ type: z.enum(decisionTypes), task: TaskId.nullable(), concerns, tally: Tally, reason: z.string() })

const toConcerned = ({ concerns }: { concerns: string | null }) => concerns
const toElector = ({ elector }: { elector: string }) => elector

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
      concerns,
    }),
    recipient: toConcerned,
  },
  VoteRequested: {
    about: 'An elector is asked to vote.',
    data: z.object({
      elector: OrchestratorId,
      weight: z.int(),
      type: z.enum(decisionTypes),
      title: text(200),
      deadline: StoredInstant.nullable(),
      task: TaskId.nullable(),
    }),
    recipient: toElector,
  },
  VoteCast: { about: 'An elector voted.', data: Ballot, recipient: toElector },
  VoteChanged: {
    about: 'An elector voted differently while the question was still open.',
    data: Ballot.extend({ previous: Vote }),
    recipient: toElector,
  },
  DecisionApproved: { about: 'The electorate approved.', data: Outcome, recipient: toConcerned },
  DecisionRejected: { about: 'The electorate did not approve.', data: Outcome, recipient: toConcerned },
  DecisionExpired: { about: 'The deadline came before the quorum was met.', data: Outcome, recipient: toConcerned },
  DecisionCancelled: {
    about: 'The question was withdrawn.',
    data: z.object({ task: TaskId.nullable(), concerns, reason: z.string().nullable() }),
    recipient: toConcerned,
  },
})

export type DecisionEvent = EventOf<typeof Decision>
