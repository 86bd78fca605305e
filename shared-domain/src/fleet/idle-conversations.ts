import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { hour_ms, later } from '../kernel/time.ts'
import { conversation } from './conversation/decider.ts'
import type { ConversationEvent } from './conversation/events.ts'

/** Nobody waits longer for another word. */
export const silence_ms = 24 * hour_ms

const keyOf = (id: string) => `conversation-${id}`

export const idleConversations = process<ConversationEvent>({
  name: 'idleConversations',
  about: 'Ends conversations in which nothing was said for a day.',
  react: {
    MessagePosted: ({ id, at, data: { no } }) =>
      [send(conversation, id, 'lapse', { message: String(no) }, { due: later(at, silence_ms), key: keyOf(id) })],
    ConversationClosed: ({ id }) => [forget(keyOf(id))],
  },
})
