import { z } from 'zod'
import { eventsOf } from '../../kernel/events.ts'
import { Int64, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { AgentSlot, Lease, moving, toTarget } from './shapes.ts'

/** Of which move it is told: its revision, who made it and to whom. */
const Delegated = z.object({
  owner: OrchestratorId,
  delegation: Int64,
  from: OrchestratorId,
  to: OrchestratorId,
  outcome: z.enum(['COMPLETED', 'CANCELLED', 'DECLINED', 'RECALLED', 'TIMED_OUT', 'FAILED', 'RETURNED']).nullable(),
  reason: z.string().nullable(),
})

const toDelegator = ({ from }: { from: string }) => from

/** What becomes of moves. */
export const eventsOfMoves = eventsOf({
  DelegationAccepted: {
    about: 'The target of a move said that it has the task, or showed it.',
    data: Delegated,
    recipient: toDelegator,
  },
  DelegationStarted: {
    about: 'The task that was passed on is being worked on.',
    data: Delegated,
    recipient: toDelegator,
  },
  DelegationFailed: {
    about: 'The task that was passed on gave up trying.',
    data: Delegated,
    recipient: toDelegator,
  },
  DelegationEnded: {
    about: 'What was passed on has come to its end, which is told once. `youngest` is the delegation that is then open.',
    data: Delegated.extend({
      youngest: z.object({
        delegation: Int64, from: OrchestratorId, depth: z.int(), answerBy: StoredInstant.nullable(), finishBy: StoredInstant.nullable(),
      }).nullable(),
    }),
    recipient: toDelegator,
  },
  TaskReturned: {
    about: 'The task went back to whoever had passed it on; a lease on it ended.',
    data: z.object({
      ...moving,
      to: OrchestratorId,
      delegation: Int64,
      cause: z.enum(['declined', 'recalled', 'timed out', 'failed']),
      lease: Lease.nullable(),
      agentSlot: AgentSlot.nullable(),
      /** Then somebody else is looked for. */
      retryAt: StoredInstant.nullable(),
    }),
    recipient: toTarget,
  },
})
