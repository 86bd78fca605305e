import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, Id, StoredInstant } from '../../vocabulary.ts'
import type { MessageEvent } from './events.ts'

const row = z.object({
  message: Id,
  agent: AgentId,
  session: Id,
  acknowledged_at: StoredInstant,
  late: z.boolean(),
  processed_at: StoredInstant.nullable(),
  result: z.json().nullable(),
})

const project: Project<typeof row, 'message' | 'agent', MessageEvent> = {
  MessageAcknowledged: ({ id: message, at, data: { session, agent, late } }) =>
    [{ put: { message, agent, session, acknowledged_at: at, late, processed_at: null, result: null } }],
  MessageProcessed: ({ id: message, at, data: { agent, result } }) =>
    [{ patch: { processed_at: at, result }, at: { message, agent } }],
}

export const messageReceipts = readModel({
  name: 'message_receipt',
  about: 'Who has taken note of which message, whether in time, and what came of it.',
  version: 1,
  path: '/message-receipts',
  row,
  key: ['message', 'agent'],
  filters: ['session', 'agent'],
  project,
})
