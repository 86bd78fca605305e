import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, OrchestratorId, text, Who } from '../../vocabulary.ts'

/** Whom an orchestrator talks to. */
export const Target = z.object({ kind: z.enum(['user', 'channel']), id: Who })
export type Target = z.output<typeof Target>

export const messages_max = 1_000

const concerned = { orchestrator: OrchestratorId }
const recipient = ({ orchestrator }: { readonly orchestrator: string }) => orchestrator

/** A message by its number in the conversation. */
export const No = z.int().min(1).max(messages_max)

export const Message = z.object({ content: text(10_000), parent: No.nullable(), from: Who })

export const Conversation = events({
  ConversationInitiated: {
    about: 'An orchestrator began to talk to somebody. The slot is the place that it takes.',
    data: z.object({ ...concerned, target: Target, slot: CommandId.nullable() }),
    recipient,
  },
  MessagePosted: {
    about: 'Somebody said something; `parent` is the number of the message that it answers.',
    data: z.object({ ...concerned, no: No, ...Message.shape }),
    recipient,
  },
  ConversationClosed: {
    about: 'It is over: somebody asked for it, or nobody said anything for a day.',
    data: z.object({
      ...concerned, cause: z.enum(['asked', 'idle']), reason: text(500).nullable(), messages: No, slot: CommandId.nullable(),
    }),
    recipient,
  },
})

export type ConversationEvent = EventOf<typeof Conversation>
