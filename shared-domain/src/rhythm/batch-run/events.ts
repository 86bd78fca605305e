import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { Id, jsonObject, OrchestratorId, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { items_max } from '../batch/plan.ts'
import { Counts, ItemOutcome, RunCause, RunCommand } from './shapes.ts'

const item = { no: z.int().min(1).max(items_max), task: TaskId, owner: OrchestratorId }
const toOwner = ({ owner }: { readonly owner: string }) => owner

/** One that is told something else than the others has `data` of its own. */
const Item = z.object({ ...item, data: jsonObject(1_024).optional() })

export const BatchRun = events({
  BatchRunStarted: {
    about: 'These tasks are gone through, so many at once, until it is time to give up.',
    data: z.object({
      batch: Id, command: RunCommand, items: z.array(Item).max(items_max), maxParallel: z.int(), stopOnFailure: z.boolean(),
      data: jsonObject(16 * 1024), timeOutAt: StoredInstant, grounds: Cited,
    }),
  },
  BatchItemDispatched: {
    about: 'It is the turn of this task.',
    data: z.object({ ...item, command: RunCommand, data: jsonObject(16 * 1024) }),
    recipient: toOwner,
  },
  BatchItemProcessed: {
    about: 'What became of an item. One that was refused may have come out otherwise when it was told again: the last word counts.',
    data: z.object({ ...item, outcome: ItemOutcome, code: text(100).nullable() }),
    recipient: toOwner,
  },
  BatchRunStopping: {
    about: 'What has not been begun is skipped.',
    data: z.object({ cause: z.enum(['failure', 'cancelled']), reason: text(500).nullable() }),
  },
  BatchRunCompleted: {
    about: 'Every item has an outcome.',
    data: z.object({ batch: Id, counts: Counts, cause: RunCause }),
  },
})

export type BatchRunEvent = EventOf<typeof BatchRun>
