import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Id, StoredInstant, text } from '../../vocabulary.ts'
import { Counts, RunCause } from '../batch-run/shapes.ts'
import { Plan, Work } from './plan.ts'

const ahead = { next: StoredInstant.nullable(), comesAt: StoredInstant.nullable() }
const nothing = { next: z.null(), comesAt: z.null() }

export const Batch = events({
  BatchDefined: {
    about: 'The same is to be done with many tasks, at times or when somebody says so.',
    data: Plan.extend(ahead),
  },
  BatchUpdated: {
    about: 'It follows other words from now on: all of them are told.',
    data: Plan.extend(ahead),
  },
  BatchDisabled: {
    about: 'No run begins for a while.',
    data: z.object({ reason: text(500).nullable(), ...nothing }),
  },
  BatchEnabled: {
    about: 'Runs begin again; what would have been due meanwhile is not made up for.',
    data: z.object(ahead),
  },
  BatchRunLaunched: {
    about: 'A run begins, at a due time or by hand: it does what was wanted then.',
    data: z.object({ run: Id, no: z.int().min(1), due: StoredInstant.nullable(), work: Work, ...ahead }),
  },
  BatchRunSkipped: {
    about: 'No run began at these due times: they were missed by too much, outside of its windows, or found another run under way.',
    data: z.object({
      due: StoredInstant, until: StoredInstant, missed: z.int().min(1), reason: z.enum(['outside_window', 'already_running', 'missed']),
      ...ahead,
    }),
  },
  BatchRunEnded: {
    about: 'The run that was under way is over; another may begin.',
    data: z.object({ run: Id, counts: Counts, cause: RunCause, ...ahead }),
  },
  BatchEnded: {
    about: 'No run begins any more: as asked, or after so many.',
    data: z.object({ reason: z.enum(['asked', 'runs']), ...nothing }),
  },
})

export type BatchEvent = EventOf<typeof Batch>
