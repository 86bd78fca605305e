import { z } from 'zod'
import { settingOf } from '../../fleet/organization/settings.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { decider, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import { destinationOf, isForbidden } from '../../kernel/destination.ts'
import { digestOf } from '../../kernel/digest.ts'
import { given } from '../../kernel/given.ts'
import { countsOf } from '../../kernel/grounds.ts'
import { conflict, invalid, unknown } from '../../kernel/refusal.ts'
import { later, second_ms } from '../../kernel/time.ts'
import { Id } from '../../vocabulary.ts'
import { LogPosition, Terms, Wanted, Webhook, type WebhookEvent } from './events.ts'
import { webhookState, type Known, type WebhookState } from './state.ts'
import { webhooks } from './webhooks.ts'

const webhooks_max = 100

const { shape } = Terms

const Definition = z.object({
  url: shape.url, types: shape.types,
  orchestrator: shape.orchestrator.default(null), workspace: shape.workspace.default(null), description: shape.description.default(null),
  parallel: shape.parallel.default(4),
  from: LogPosition.nullable().default(null).describe('Facts behind this log position; without it those that come from now on.'),
})

const Again = z.object({
  deliveries: z.array(Id).min(1).max(100).default([]).describe('Ids of events.'),
  from: LogPosition.optional().describe('Facts behind this log position, instead.'),
  to: LogPosition.optional(),
  types: z.array(Wanted).min(1).max(100).optional(),
})
  .refine(({ deliveries, from }) => (deliveries.length > 0) !== (from !== undefined), {
    path: ['from'], error: 'is said, or deliveries are, and not both',
  })
  .refine(({ from, to }) => to === undefined || (from !== undefined && BigInt(from) <= BigInt(to)), {
    path: ['to'], error: 'is not behind from',
  })

type Code = 'NOT_FOUND' | 'INVALID_STATE_TRANSITION' | 'VALIDATION_ERROR' | 'DESTINATION_FORBIDDEN'
type Decision = readonly WebhookEvent[] | Rejection<Code>

/** One that has not been deleted. */
const inside = (state: WebhookState, decide: (known: Known) => Decision): Decision =>
  (state.stage === 'unknown' || state.stage === 'DELETED' ? reject('NOT_FOUND') : decide(state))

const wrong = (command: string, status: string) => reject('INVALID_STATE_TRANSITION', { command, status })

/** Why nothing may be sent to an address, if so (L-36). */
function barred(url: string, context: Context): Rejection<'VALIDATION_ERROR' | 'DESTINATION_FORBIDDEN'> | undefined {
  const destination = destinationOf(url)
  if (destination === 'malformed') return reject('VALIDATION_ERROR', { errors: [{ pointer: '/url', message: 'is no URL' }] })
  const reach = { networks: context.networks ?? [], narrowed: settingOf(context, 'webhookNetworks') }
  return destination === 'forbidden' || isForbidden(destination, reach) ? reject('DESTINATION_FORBIDDEN') : undefined
}

const isStrange = (orchestrator: string | null, { look, organization }: Context) => {
  if (orchestrator === null) return false
  const known = look(orchestratorState, orchestrator)
  return known.stage === 'unknown' || known.organization !== organization
}

export const webhook = decider(webhookState, {
  collection: 'webhooks',
  rejections: {
    NOT_FOUND: unknown('There is no such webhook, or no such orchestrator.'),
    VALIDATION_ERROR: invalid('The address is no URL.'),
    INVALID_STATE_TRANSITION: conflict('The webhook does not stand so that this could be done.'),
    LIMIT_REACHED: conflict(`An organization has ${webhooks_max} webhooks at the most.`),
    DESTINATION_FORBIDDEN: conflict('Nothing may be sent there: https, a public address, no userinfo and no fragment.'),
  },

  commands: {
    register: {
      about: 'Have facts sent to an address outside, signed with a secret that is shown once.',
      creates: true, secret: { sealed: 'whsec_' }, fresh: true, scope: 'admin',
      settings: ['webhookNetworks'],
      data: Definition,
      grounds: () => ({ others: countsOf(webhooks, { columns: [], where: { status: ['ACTIVE', 'PAUSED', 'DISABLED'] }, limit: 1 }) }),
      decide(state, { from, ...terms }, context) {
        if (state.stage !== 'unknown') return []
        if (isStrange(terms.orchestrator, context)) return reject('NOT_FOUND')
        const why = barred(terms.url, context)
        if (why) return why
        const count = Number(context.grounds?.rows.others![0]?.count ?? 0)
        if (count >= webhooks_max) return reject('LIMIT_REACHED', { max: webhooks_max })
        return [Webhook.WebhookRegistered({ ...terms, from, secret: context.sealedSecret! })]
      },
    },

    update: {
      about: 'Let something else be sent, or elsewhere: what is given is replaced whole.',
      route: 'PATCH /webhooks/:id', scope: 'admin',
      settings: ['webhookNetworks'],
      data: Terms.partial(),
      decide: (state, wish, context) => inside(state, ({ terms }) => {
        const next = { ...terms, ...given(wish) }
        if (digestOf(next) === digestOf(terms)) return []
        if (isStrange(next.orchestrator, context)) return reject('NOT_FOUND')
        return (next.url === terms.url ? undefined : barred(next.url, context)) ?? [Webhook.WebhookUpdated(next)]
      }),
    },

    rotate: {
      about: 'Have it signed with another secret, which is shown once; the one before signs beside it for a while.',
      secret: { sealed: 'whsec_' }, fresh: true, scope: 'admin',
      data: z.object({ overlap_s: z.int().min(0).max(604_800).default(86_400) }),
      decide: (state, { overlap_s }, { at, sealedSecret }) => inside(state, () =>
        [Webhook.WebhookSecretRotated({ secret: sealedSecret!, oldUntil: later(at, overlap_s * second_ms) })]),
    },

    pause: {
      about: 'Let nothing be sent for a while.', scope: 'admin',
      data: z.object({ reason: z.string().trim().min(1).max(500).optional() }),
      decide: (state, { reason = null }) => inside(state, ({ stage }) => {
        if (stage === 'PAUSED') return []
        return stage === 'ACTIVE' ? [Webhook.WebhookPaused({ reason })] : wrong('pause', stage)
      }),
    },

    resume: {
      about: 'Let it be sent again, from where it ended or from now on.', scope: 'admin',
      data: z.object({ from: z.enum(['kept', 'now']).default('kept') }),
      decide: (state, { from }) => inside(state, ({ stage }) => (stage === 'ACTIVE' ? [] : [Webhook.WebhookResumed({ from })])),
    },

    disable: {
      about: 'Send nothing any more: it failed for too long, or said that it is gone.', internal: true,
      data: z.object({ cause: z.enum(['failing', 'gone']) }),
      decide: (state, { cause }) => (state.stage === 'ACTIVE' ? [Webhook.WebhookDisabled({ cause })] : []),
    },

    redeliver: {
      about: 'Send once more: by the ids of events, or whatever is wanted of a part of the log, at most 100,000 facts.', scope: 'admin',
      data: Again,
      decide: (state, { deliveries, from = null, to = null, types = null }) => inside(state, ({ stage }) =>
        (stage === 'ACTIVE' ? [Webhook.WebhookRedeliveryRequested({ deliveries, from, to, types })] : wrong('redeliver', stage))),
    },

    test: {
      about: 'Send a fact that says so, to see whether it arrives.', scope: 'admin',
      data: z.object({}),
      decide: (state) => inside(state, ({ stage }) => (stage === 'ACTIVE' ? [Webhook.WebhookTested({})] : wrong('test', stage))),
    },

    delete: {
      about: 'Send nothing any more.', route: 'DELETE /webhooks/:id', scope: 'admin',
      data: z.object({}),
      decide: (state) => (state.stage === 'DELETED' ? [] : inside(state, () => [Webhook.WebhookDeleted({})])),
    },
  },
})
