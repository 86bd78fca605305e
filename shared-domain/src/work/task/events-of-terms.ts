import { z } from 'zod'
import { eventsOf } from '../../kernel/events.ts'
import { OrchestratorId, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { DeferralCause, moving, toOwner, Work } from './shapes.ts'

const reason = z.string().nullable()

/** What of a task has no fact of its own when it changes. */
const details = {
  title: text(500),
  description: z.string().nullable(),
  estimatedHours: z.number().nullable(),
  tags: z.array(z.string()),
  requiredCapabilities: z.array(z.string()),
  maxRetries: z.int(),
  metadata: z.record(z.string(), z.json()),
  workspace: text(100).nullable(),
  channel: text(100).nullable(),
  storyPoints: z.number().nullable(),
}

/** The same, where what is long or may tell too much stands as its SHA-256. */
const known = { ...details, metadata: z.string() }

/** What was agreed about the task: its fields, its priority, its times. */
export const eventsOfTerms = eventsOf({
  TaskDetailsChanged: {
    about: 'Fields of the task are others; of the description and the metadata before there is the SHA-256.',
    data: z.object({ owner: OrchestratorId, changed: z.object(details).partial(), before: z.object(known).partial(), reason }),
    recipient: toOwner,
  },
  TaskPriorityChanged: {
    about: 'The task is more or less pressing than it was.',
    data: z.object({
      owner: OrchestratorId, from: Priority, to: Priority, cause: z.enum(['hand', 'decision']),
      /** After it. */
      slaDeadline: StoredInstant.nullable(),
      reason,
    }),
    recipient: toOwner,
  },
  TaskDueChanged: {
    about: 'The task is due at another time.',
    data: z.object({
      owner: OrchestratorId, from: StoredInstant.nullable(), to: StoredInstant.nullable(), dependsOn: z.array(TaskId), reason,
    }),
    recipient: toOwner,
  },
  TaskSlaSet: {
    about: 'The deadline of the task is another one, by hand or because a new priority moved it.',
    data: z.object({
      owner: OrchestratorId, from: StoredInstant.nullable(), to: StoredInstant.nullable(),
      /** It was given; else it follows from the priority. */
      given: z.boolean(),
      /** When the warning before it is due. */
      warnAt: StoredInstant.nullable(),
      reason,
    }),
    recipient: toOwner,
  },
  TaskSlaWarned: {
    about: 'A fifth of the time until the deadline is left.',
    data: z.object({ owner: OrchestratorId, slaDeadline: StoredInstant, assignee: z.string().nullable() }),
    recipient: toOwner,
  },
  TaskSlaViolated: {
    about: 'The deadline has passed while the task was open.',
    data: z.object({
      owner: OrchestratorId, slaDeadline: StoredInstant, overdue_ms: z.int(), status: moving.from, priority: Priority,
      assignee: z.string().nullable(), work: Work,
    }),
    recipient: toOwner,
  },
  TaskDeferred: {
    about: 'The task waits until then: as somebody wants it, or for the hours of the orchestrator that is to take it.',
    data: z.object({
      owner: OrchestratorId, until: StoredInstant, orchestrator: OrchestratorId.nullable(), cause: DeferralCause,
      /** In the words of whoever wants it; of hours why they are closed. */
      reason: text(500),
    }),
    recipient: toOwner,
  },
  TaskDeferralEnded: {
    about: 'The task waits no longer: the time has come, somebody wants it, or it is with somebody else.',
    data: z.object({ owner: OrchestratorId, cause: z.enum(['due', 'asked', 'moved']) }),
    recipient: toOwner,
  },
})
