import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { AgentId, Id, json, StoredInstant, TaskId } from '../../vocabulary.ts'

export const types = [
  'task_assignment', 'status_update', 'result_share', 'error_report', 'coordination', 'context_handoff', 'capability_query',
  'resource_request',
] as const
export const MessageType = z.enum(types)

export const Payload = json(64 * 1024)
export const Result = json(4 * 1024)

const session = Id
const agent = AgentId
/** The agent that is addressed, or that answers: whoever stands for it filters by it. */
const recipient = ({ agent }: { agent: string }) => agent

export const SessionMessage = events({
  MessageSent: {
    about: 'A member of a session wrote to another, or to all others.',
    data: z.object({
      session, from: AgentId, to: AgentId.nullable(), addressees: z.array(AgentId), type: MessageType, payload: Payload,
      ackDueAt: StoredInstant.nullable(), inReplyTo: Id.nullable(), task: TaskId.nullable(),
    }),
    recipient: ({ to }) => to,
  },
  MessageAddressed: {
    about: 'What was written to all is for this member, too.',
    data: z.object({ session, from: AgentId, agent, type: MessageType }),
    recipient,
  },
  MessageAcknowledged: {
    about: 'A member who was addressed has taken note; of so many a note is still missing.',
    data: z.object({ session, agent, late: z.boolean(), missing: z.int() }),
    recipient,
  },
  MessageProcessed: {
    about: 'A member who was addressed has done something with it.',
    data: z.object({ session, agent, result: Result.nullable() }),
    recipient,
  },
  MessageAcknowledgementTimedOut: {
    about: 'By the time that was given not all have taken note.',
    data: z.object({ session, from: AgentId, missing: z.array(AgentId), reason: z.literal('COORDINATION_TIMEOUT') }),
    recipient: ({ from }) => from,
  },
})

export type MessageEvent = EventOf<typeof SessionMessage>
