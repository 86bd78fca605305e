import { fold, type Evolve } from '../../kernel/decider.ts'
import { Webhook, type Terms, type WebhookEvent } from './events.ts'

interface Secret {
  /** Sealed. */
  readonly secret: string
  /** It signs before that; null for as long as it is the last. */
  readonly until: string | null
}

export interface Known {
  readonly stage: 'ACTIVE' | 'PAUSED' | 'DISABLED' | 'DELETED'
  readonly organization: string
  readonly terms: Terms
  readonly secrets: readonly Secret[]
}
export type WebhookState = { readonly stage: 'unknown' } | Known

const altered = (state: WebhookState, change: Partial<Known>): WebhookState => (state.stage === 'unknown' ? state : { ...state, ...change })

const evolve: Evolve<WebhookState, WebhookEvent> = {
  WebhookRegistered: (_, { from: _from, secret, ...terms }, { organization }) =>
    ({ stage: 'ACTIVE', organization, terms, secrets: [{ secret, until: null }] }),
  WebhookUpdated: (state, terms) => altered(state, { terms }),
  WebhookSecretRotated: (state, { secret, oldUntil }) => (state.stage === 'unknown' ? state
    : { ...state, secrets: [{ secret, until: null }, { secret: state.secrets[0]!.secret, until: oldUntil }] }),
  WebhookPaused: (state) => altered(state, { stage: 'PAUSED' }),
  WebhookResumed: (state) => altered(state, { stage: 'ACTIVE' }),
  WebhookDisabled: (state) => altered(state, { stage: 'DISABLED' }),
  WebhookRedeliveryRequested: (state) => state,
  WebhookTested: (state) => state,
  WebhookDeleted: (state) => altered(state, { stage: 'DELETED' }),
}

export const webhookState = fold('webhook', Webhook, { stage: 'unknown' } as WebhookState, evolve)
