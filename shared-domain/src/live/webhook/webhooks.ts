import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, StoredInstant } from '../../vocabulary.ts'
import { Terms, type WebhookEvent } from './events.ts'

const row = z.object({
  webhook: Id,
  status: z.enum(['ACTIVE', 'PAUSED', 'DISABLED', 'DELETED']),
  ...Terms.shape,
  /** Why it is paused; why it is disabled. */
  reason: z.string().nullable(),
  cause: z.enum(['failing', 'gone']).nullable(),
  /** Until then the secret before the last one signs as well. */
  old_until: StoredInstant.nullable(),
  registered_at: StoredInstant,
  updated_at: StoredInstant,
})
type Row = z.output<typeof row>

const patched = ({ id: webhook, at: updated_at }: { id: string; at: string }, patch: Partial<Row>) =>
  [{ patch: { ...patch, updated_at }, at: { webhook } }]

const project: Project<typeof row, 'webhook', WebhookEvent> = {
  WebhookRegistered: ({ id: webhook, at, data: { from: _, secret: __, ...terms } }) =>
    [{ put: { webhook, status: 'ACTIVE', ...terms, reason: null, cause: null, old_until: null, registered_at: at, updated_at: at } }],
  WebhookUpdated: (fact) => patched(fact, fact.data),
  WebhookSecretRotated: (fact) => patched(fact, { old_until: fact.data.oldUntil }),
  WebhookPaused: (fact) => patched(fact, { status: 'PAUSED', reason: fact.data.reason }),
  WebhookResumed: (fact) => patched(fact, { status: 'ACTIVE', reason: null, cause: null }),
  WebhookDisabled: (fact) => patched(fact, { status: 'DISABLED', cause: fact.data.cause }),
  WebhookDeleted: (fact) => patched(fact, { status: 'DELETED' }),
}

export const webhooks = readModel({
  name: 'webhook',
  about: 'To which addresses outside facts are sent, and which.',
  version: 1,
  path: '/webhooks',
  row,
  key: ['webhook'],
  filters: ['status'],
  order: ['registered_at'],
  project,
})
