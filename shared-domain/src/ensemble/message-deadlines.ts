import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { sessionMessage } from './message/decider.ts'
import type { MessageEvent } from './message/events.ts'

const keyOf = (message: string) => `ack-${message}`

export const messageDeadlines = process<MessageEvent>({
  name: 'messageDeadlines',
  about: 'Tells when those who were addressed have not taken note in time, unless all have.',
  react: {
    MessageSent: ({ id, data: { ackDueAt: due } }) =>
      (due === null ? [] : [send(sessionMessage, id, 'expire', {}, { due, key: keyOf(id) })]),
    MessageAcknowledged: ({ id, data: { missing } }) => (missing === 0 ? [forget(keyOf(id))] : []),
  },
})
