import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, Named, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Message, No, Target, type ConversationEvent } from './events.ts'

const row = z.object({
  conversation: Id,
  orchestrator: OrchestratorId,
  target_kind: Target.shape.kind,
  target: Named,
  status: z.enum(['OPEN', 'CLOSED']),
  messages: z.int(),
  opened_at: StoredInstant,
  last_at: StoredInstant,
})

const project: Project<typeof row, 'conversation', ConversationEvent> = {
  ConversationInitiated: ({ id: conversation, at, data: { orchestrator, target } }) => [{
    put: {
      conversation, orchestrator, target_kind: target.kind, target: target.id, status: 'OPEN', messages: 0, opened_at: at, last_at: at,
    },
  }],
  MessagePosted: ({ id: conversation, at, data: { no } }) => [{ patch: { messages: no, last_at: at }, at: { conversation } }],
  ConversationClosed: ({ id: conversation }) => [{ patch: { status: 'CLOSED' }, at: { conversation } }],
}

export const conversations = readModel({
  name: 'conversation',
  about: 'Whom orchestrators talk to, and when something was said last.',
  version: 1,
  path: '/conversations',
  row,
  key: ['conversation'],
  filters: ['orchestrator', 'status', 'target'],
  project,
})

const message = Message.extend({ conversation: Id, no: No, orchestrator: OrchestratorId, at: StoredInstant })

const messages: Project<typeof message, 'conversation' | 'no', ConversationEvent> = {
  MessagePosted: ({ id: conversation, at, data }) => [{ put: { conversation, ...data, at } }],
}

export const conversationMessages = readModel({
  name: 'conversation_message',
  about: 'What was said in conversations, in its order.',
  version: 1,
  path: '/conversation-messages',
  row: message,
  key: ['conversation', 'no'],
  filters: ['conversation'],
  project: messages,
})
