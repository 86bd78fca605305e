import { z } from 'zod'
import { reject, type Context } from '../../kernel/decider.ts'
import { CommandId, Id } from '../../vocabulary.ts'
import { conversationState } from '../conversation/state.ts'
import { Capacity } from './events.ts'
import { room, type Decision } from './guards.ts'
import { announced } from './setting.ts'
import { placeOf, talking, type CapacityState } from './state.ts'

/** What a place is taken for: the beginning of a conversation. */
const Talk = z.object({ conversation: Id, command: CommandId })
type Talk = z.output<typeof Talk>

/** The counts that stand after the place is used so, or is given back. */
function told(state: CapacityState, { conversation, command }: Talk, use?: 'reserved' | 'open') {
  const talk = { conversation, command }
  const conversations = new Map(state.conversations)
  if (use) conversations.set(placeOf(talk), use)
  else conversations.delete(placeOf(talk))
  return { ...talk, ...talking({ ...state, conversations }) }
}

const confirmed = (state: CapacityState, talk: Talk): Decision => [Capacity.ConversationSlotConfirmed(told(state, talk, 'open'))]

/** The conversation began with this place, and goes on. */
function goesOn({ conversation, command }: Talk, { id, look }: Context): boolean {
  const known = look(conversationState, conversation)
  return known.stage === 'open' && known.slot === command && known.orchestrator === id
}

const exceeded = (state: CapacityState) => {
  const counts = talking(state)
  return counts.open + counts.reserved >= counts.max ? reject('CAPACITY_EXCEEDED', { kind: 'conversations', ...counts }) : undefined
}

export const talks = room({
  reserveConversation: {
    about: 'Take a place for a conversation that is about to begin.',
    internal: true,
    data: Talk,
    decide(state, talk, context) {
      if (state.conversations.has(placeOf(talk))) return []
      if (state.closed) return reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: context.id })
      return exceeded(state)
        ?? [...announced(state, context), Capacity.ConversationSlotReserved(told(state, talk, 'reserved'))]
    },
  },

  confirmConversation: {
    about: 'The conversation began: its place is in use until it is over.',
    internal: true,
    data: Talk,
    decide(state, talk, context) {
      const use = state.conversations.get(placeOf(talk))
      if (use === 'reserved') return confirmed(state, talk)
      if (use === 'open' || !goesOn(talk, context)) return []
      return exceeded(state) ?? confirmed(state, talk)
    },
  },

  releaseConversation: {
    about: 'Give the place of a conversation back.',
    internal: true,
    data: Talk.extend({ reason: z.enum(['ended', 'not-started']) }),
    decide: (state, { reason, ...talk }) => (state.conversations.has(placeOf(talk))
      ? [Capacity.ConversationSlotReleased({ ...told(state, talk), reason })] : []),
  },

  expireConversation: {
    about: 'The time of a reservation is up: it is confirmed if its conversation did begin, else given back.',
    internal: true,
    data: Talk,
    decide(state, talk, context) {
      if (state.conversations.get(placeOf(talk)) !== 'reserved') return []
      if (goesOn(talk, context)) return confirmed(state, talk)
      return [Capacity.ConversationSlotReleased({ ...told(state, talk), reason: 'expired' })]
    },
  },
})
