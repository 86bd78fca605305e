import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { capacity } from './capacity/decider.ts'
import type { CapacityEvent } from './capacity/events.ts'
import { reservation_ms } from './capacity/slots.ts'
import type { ConversationEvent } from './conversation/events.ts'

interface Talk { readonly conversation: string; readonly command: string }

const keyOf = (orchestrator: string, command: string) => `conversation-slot-${orchestrator}-${command}`

/** As with tasks, what became of a reservation is said when its time is up. */
const inTime = (
  how: 'expireConversation' | 'confirmConversation', orchestrator: string, { conversation, command }: Talk, at: string,
) => send(capacity, orchestrator, how, { conversation, command }, { due: later(at, reservation_ms), key: keyOf(orchestrator, command) })

export const conversationSlots = process<ConversationEvent | CapacityEvent>({
  name: 'conversationSlots',
  about: 'Confirms the places of conversations that have begun, and gives back those of conversations that are over.',
  react: {
    ConversationInitiated: ({ id: conversation, at, data: { orchestrator, slot } }) =>
      (slot === null ? [] : [inTime('confirmConversation', orchestrator, { conversation, command: slot }, at)]),
    ConversationClosed: ({ id: conversation, data: { orchestrator, slot } }) => (slot === null ? []
      : [send(capacity, orchestrator, 'releaseConversation', { conversation, command: slot, reason: 'ended' })]),
    ConversationSlotReserved: ({ id, at, data }) => [inTime('expireConversation', id, data, at)],
    ConversationSlotConfirmed: ({ id, data: { command } }) => [forget(keyOf(id, command))],
    ConversationSlotReleased: ({ id, at, data }) =>
      [data.reason === 'expired' ? inTime('confirmConversation', id, data, at) : forget(keyOf(id, data.command))],
  },
})
