import type { Recorded } from '../../kernel/fact.ts'
import { outlet, type Directive } from '../../kernel/outlet.ts'
import { send } from '../../kernel/process.ts'
import { taskState } from '../../work/task/state.ts'
import { webhook } from './decider.ts'
import { groups, type WebhookEvent } from './events.ts'
import { webhookState } from './state.ts'

/** Whether a fact is of one of the types that somebody wants. */
export function isOf(types: readonly string[], { type, category }: Pick<Recorded, 'type' | 'category'>): boolean {
  return types.some((wanted) => {
    if (wanted === '*' || wanted === type) return true
    const group = groups[wanted as keyof typeof groups]
    return group === null ? category === taskState.category : group === type
  })
}

const directives: { readonly [E in WebhookEvent as E['type']]?: (event: Recorded<E>) => Directive | undefined } = {
  WebhookRegistered: ({ data: { from } }) => ({ begin: from ?? 'here' }),
  WebhookResumed: ({ data: { from } }) => (from === 'now' ? { begin: 'here' } : undefined),
  WebhookTested: () => ({ send: 'this' }),
  WebhookRedeliveryRequested({ data: { deliveries, from, to, types } }) {
    if (from === null) return { again: { events: deliveries } }
    return { again: { from, to, types: types && ((fact) => isOf(types, fact)) } }
  },
}

export const webhookOutlet = outlet({
  name: 'webhooks',
  about: 'Sends facts to the addresses that are registered for them.',
  fold: webhookState,
  target(state) {
    if (state.stage === 'unknown' || state.stage === 'DELETED') return undefined
    const { stage, secrets, terms: { url, parallel, types, orchestrator, workspace } } = state
    return {
      url, secrets, parallel, isOpen: stage === 'ACTIVE', wantsLabel: workspace !== null,
      wants: ({ fact, recipient, label }) => isOf(types, fact)
        && (orchestrator === null || recipient === orchestrator) && (workspace === null || label() === workspace),
    }
  },
  directive: (fact) => (directives as Readonly<Record<string, ((event: any) => Directive | undefined) | undefined>>)[fact.type]?.(fact),
  gaveUp: (id, cause) => send(webhook, id, 'disable', { cause }),
})
