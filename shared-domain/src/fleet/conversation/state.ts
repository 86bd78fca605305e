import { fold, type Evolve } from '../../kernel/decider.ts'
import type { CommandId, OrchestratorId } from '../../vocabulary.ts'
import { Conversation, type ConversationEvent, type Target } from './events.ts'

export type ConversationState = { readonly stage: 'unknown' } | Known & { readonly stage: 'open' | 'closed' }

export interface Known {
  readonly orchestrator: OrchestratorId
  readonly target: Target
  readonly slot: CommandId | null
  /** What it began with. */
  readonly opening: string
  /** How many there are, which is the number of the last one. */
  readonly messages: number
}

const known = (state: ConversationState) => state as Extract<ConversationState, { stage: 'open' | 'closed' }>

const evolve: Evolve<ConversationState, ConversationEvent> = {
  ConversationInitiated: (_, begun) => ({ stage: 'open', ...begun, opening: '', messages: 0 }),
  MessagePosted: (state, { no, content }) => ({ ...known(state), messages: no, ...(no === 1 ? { opening: content } : {}) }),
  ConversationClosed: (state) => ({ ...known(state), stage: 'closed' }),
}

export const conversationState = fold('conversation', Conversation, { stage: 'unknown' }, evolve)
