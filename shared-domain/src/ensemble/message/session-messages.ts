import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, Id, Int64, StoredInstant, TaskId } from '../../vocabulary.ts'
import { MessageType, type MessageEvent } from './events.ts'

const row = z.object({
  message: Id,
  session: Id,
  log_position: Int64,
  from: AgentId,
  to: AgentId.nullable(),
  addressees: z.array(z.string()),
  type: MessageType,
  payload: z.json(),
  ack_due_at: StoredInstant.nullable(),
  /** How many have not taken note yet, where that is asked for. */
  missing: z.int(),
  timed_out: z.boolean(),
  task: TaskId.nullable(),
  in_reply_to: Id.nullable(),
  sent_at: StoredInstant,
})

const project: Project<typeof row, 'message', MessageEvent> = {
  MessageSent: ({ id: message, at, position, data: { session, from, to, addressees, type, payload, ackDueAt, inReplyTo, task } }) =>
    [{ put: {
    message, session, log_position: position, from, to, addressees: [...addressees], type, payload, ack_due_at: ackDueAt,
    missing: ackDueAt === null ? 0 : addressees.length, timed_out: false, task, in_reply_to: inReplyTo, sent_at: at,
  } }],
  MessageAcknowledged: ({ id: message, data: { missing } }) => [{
    // Where nobody asked for it nothing was missing.
    alter: (sent) => ({ ...sent!, missing: sent!.ack_due_at === null ? 0 : missing }), at: { message },
  }],
  MessageAcknowledgementTimedOut: ({ id: message }) => [{ patch: { timed_out: true }, at: { message } }],
}

export const sessionMessages = readModel({
  name: 'session_message',
  about: 'What members of sessions wrote to one another, in the order in which it was taken.',
  version: 1,
  path: '/session-messages',
  row,
  key: ['message'],
  filters: ['session', 'from', 'to', 'type'],
  contains: { addressee: 'addressees' },
  order: ['log_position'],
  indexes: [['session', 'log_position']],
  project,
})
