import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { OrchestratorId, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { Plan, Template } from './plan.ts'

const recipient = ({ owner }: { readonly owner: string }) => owner

/** What comes next after everything that was told together: the due time, and when it comes. Nothing, while nothing is to come. */
const ahead = { next: StoredInstant.nullable(), comesAt: StoredInstant.nullable() }

const nothing = { next: z.null(), comesAt: z.null() }

export const Ending = z.enum(['asked', 'runs', 'until', 'never', 'owner'])

export const Recurrence = events({
  RecurrenceDefined: {
    about: 'A task is to be made whenever a rule says so.',
    data: Plan.extend({ ...ahead, grounds: Cited }),
    recipient,
  },
  RecurrenceChanged: {
    about: 'It follows other words from now on: all of them are told.',
    data: Plan.extend(ahead),
    recipient,
  },
  RecurrencePaused: {
    about: 'Nothing is due for a while.',
    data: z.object({ owner: OrchestratorId, reason: text(500).nullable(), ...nothing }),
    recipient,
  },
  RecurrenceResumed: {
    about: 'It goes on; what would have been due meanwhile is not made up for.',
    data: z.object({ owner: OrchestratorId, ...ahead }),
    recipient,
  },
  RecurrenceSkipped: {
    about: 'Nothing was made of these due times: they were missed by too much, or the last task was still open.',
    data: z.object({
      owner: OrchestratorId, from: StoredInstant, to: StoredInstant, missed: z.int().min(1), reason: z.enum(['late', 'open']), ...ahead,
    }),
    recipient,
  },
  RecurrenceFired: {
    about: 'It was due, and so late: the task is made of what was wanted then.',
    data: z.object({
      owner: OrchestratorId, due: StoredInstant, task: TaskId, run: z.int().min(1), late_ms: z.int().min(0), template: Template, ...ahead,
    }),
    recipient,
  },
  RecurrenceEnded: {
    about: 'It comes round no more: as asked, after so many runs, after so long, because it is never due again or its owner has left.',
    data: z.object({ owner: OrchestratorId, reason: Ending, ...nothing }),
    recipient,
  },
})

export type RecurrenceEvent = EventOf<typeof Recurrence>
