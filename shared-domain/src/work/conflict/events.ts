import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { OrchestratorId, TaskId } from '../../vocabulary.ts'

export const Kind = z.enum(['resource', 'priority', 'dependency', 'ownership', 'deadline', 'other'])
export const Severity = z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])
export const Strategy = z.enum(['first', 'priority', 'split', 'reschedule', 'transfer', 'cancel', 'other'])

const orchestrators = z.array(OrchestratorId).min(1).max(10)

const toFirst = ({ orchestrators: [first] }: { orchestrators: readonly string[] }) => first!

export const Conflict = events({
  ConflictDetected: {
    about: 'Orchestrators stand in one another\'s way: at most one such conflict is open per kind and subject.',
    data: z.object({
      kind: Kind,
      subject: z.string(),
      orchestrators,
      tasks: z.array(TaskId),
      severity: Severity,
      note: z.string().nullable(),
      evidence: z.json(),
      hold: z.boolean(),
      cause: z.enum(['hand', 'detected']),
      grounds: Cited.nullable(),
    }),
    recipient: toFirst,
  },
  ConflictResolved: {
    about: 'The conflict is over: somebody resolved it, or what was detected is gone. `held` are the tasks that it held back.',
    data: z.object({ orchestrators, strategy: Strategy.or(z.literal('gone')), resolution: z.json(), held: z.array(TaskId) }),
    recipient: toFirst,
  },
  ConflictDismissed: {
    about: 'Somebody decided that this is no conflict. `held` are the tasks that it held back.',
    data: z.object({ orchestrators, reason: z.string(), held: z.array(TaskId) }),
    recipient: toFirst,
  },
})

export type ConflictEvent = EventOf<typeof Conflict>
