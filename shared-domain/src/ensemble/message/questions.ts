import { z } from 'zod'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { AgentId, Id, Int64 } from '../../vocabulary.ts'
import { sessions } from '../session/sessions.ts'
import { MessageType } from './events.ts'
import { sessionMessages } from './session-messages.ts'

const messages_max = 200

export const sessionReplay = question({
  name: 'sessionReplay',
  about: `What members of a session wrote to one another, as it was taken: the first ${messages_max} behind a position.`,
  path: '/orchestration/sessions/:session/messages',
  params: z.object({ session: Id }),
  query: z.object({
    after: Int64.default('0').describe('A position of the log: what was written behind it.'),
    to: AgentId.optional().describe('What is addressed to this agent, also together with others.'),
    type: MessageType.optional(),
    missing: z.boolean().optional().describe('What somebody has not taken note of yet.'),
  }),
  answer: z.object({ items: z.array(sessionMessages.row).max(messages_max) }),
  reads: [sessions, sessionMessages],
  *reply({ params: { session }, query: { after, to, type, missing } }) {
    const { own: [own], items } = yield* asks({
      own: rowsOf(sessions, { columns: ['session'], where: { session }, limit: 1 }),
      items: rowsOf(sessionMessages, {
        columns: columnsIn(sessionMessages.row), where: { session, ...(type && { type }) }, order: ['log_position'],
        atLeast: { log_position: String(BigInt(after) + 1n), ...(missing && { missing: 1 }) },
        ...(missing === false && { atMost: { missing: 0 } }),
        ...(to && { meets: [{ column: 'addressees', holdsAll: [to] }] }), limit: messages_max,
      }),
    })
    return own && { items: [...items] }
  },
})
