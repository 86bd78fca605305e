import { z } from 'zod'
import type { EventOf } from '../../kernel/events.ts'
import { events } from '../../kernel/events.ts'
import { Sealed } from '../../kernel/sealed.ts'
import { Id, OrchestratorId, StoredInstant, text } from '../../vocabulary.ts'

/** Older words for some types of facts of tasks. */
export const groups = {
  'task.created': 'TaskCreated', 'task.assigned': 'TaskAssigned', 'task.completed': 'TaskCompleted', 'task.updated': null,
} as const

/** A type of fact, one of those words, or everything. */
const words = Object.keys(groups).map((name) => name.replace('.', '\\.'))
export const Wanted = z.string().max(100).regex(new RegExp(`^(?:[A-Z][A-Za-z]*|\\*|${words.join('|')})$`))

export const LogPosition = z.string().regex(/^\d{1,19}$/, 'is not a log position: 1 to 19 digits')

export const Terms = z.object({
  url: z.string().min(1).max(2_000),
  types: z.array(Wanted).min(1).max(100),
  /** Only what concerns it first. */
  orchestrator: OrchestratorId.nullable(),
  /** Only what is of streams with this label. */
  workspace: text(100).nullable(),
  description: text(500).nullable(),
  /** How many streams are sent side by side. */
  parallel: z.int().min(1).max(16),
})
export type Terms = z.output<typeof Terms>

export const Webhook = events({
  WebhookRegistered: {
    about: 'Facts are sent to an address outside from now on, or from a position on.',
    data: Terms.extend({ from: LogPosition.nullable(), secret: Sealed }),
  },
  WebhookUpdated: { about: 'What is sent, or where to, is otherwise.', data: Terms },
  WebhookSecretRotated: {
    about: 'Another secret signs; the one before signs beside it for a while.',
    data: z.object({ secret: Sealed, oldUntil: StoredInstant }),
  },
  WebhookPaused: { about: 'Nothing is sent for a while.', data: z.object({ reason: text(500).nullable() }) },
  WebhookResumed: { about: 'It is sent again, from where it ended or from now on.', data: z.object({ from: z.enum(['kept', 'now']) }) },
  WebhookDisabled: {
    about: 'Nothing is sent any more: it failed for too long, or said that it is gone.',
    data: z.object({ cause: z.enum(['failing', 'gone']) }),
  },
  WebhookRedeliveryRequested: {
    about: 'What was sent is sent once more.',
    data: z.object({
      deliveries: z.array(Id).max(100), from: LogPosition.nullable(), to: LogPosition.nullable(),
      types: z.array(Wanted).max(100).nullable(),
    }),
  },
  WebhookTested: { about: 'This is sent, whatever types are wanted.', data: z.object({}) },
  WebhookDeleted: { about: 'Nothing is sent any more.', data: z.object({}) },
})

export type WebhookEvent = EventOf<typeof Webhook>
