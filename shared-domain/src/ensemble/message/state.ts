import { fold, type Evolve } from '../../kernel/decider.ts'
import { SessionMessage, type MessageEvent } from './events.ts'

interface Known {
  readonly stage: 'sent'
  readonly organization: string
  readonly session: string
  readonly from: string
  readonly addressees: readonly string[]
  readonly ackDueAt: string | null
  readonly acknowledged: ReadonlySet<string>
  readonly processed: ReadonlySet<string>
  readonly isTimedOut: boolean
}

export type MessageState = { readonly stage: 'unknown' } | Known
export type { Known }

const evolve: Evolve<MessageState, MessageEvent> = {
  MessageSent: (_, { session, from, addressees, ackDueAt }, { organization }) => ({
    stage: 'sent', organization, session, from, addressees, ackDueAt, acknowledged: new Set(), processed: new Set(), isTimedOut: false,
  }),
  MessageAddressed: (state) => state,
  MessageAcknowledged: (state, { agent }) => ({ ...(state as Known), acknowledged: new Set((state as Known).acknowledged).add(agent) }),
  MessageProcessed: (state, { agent }) => ({ ...(state as Known), processed: new Set((state as Known).processed).add(agent) }),
  MessageAcknowledgementTimedOut: (state) => ({ ...(state as Known), isTimedOut: true }),
}

export const messageState = fold('sessionMessage', SessionMessage, { stage: 'unknown' }, evolve)

export const missingOf = ({ addressees, acknowledged }: Known): readonly string[] => addressees.filter((agent) => !acknowledged.has(agent))
