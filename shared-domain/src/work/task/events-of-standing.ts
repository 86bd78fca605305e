import { z } from 'zod'
import { eventsOf, plus } from '../../kernel/events.ts'
import { DecisionId, Int64, OrchestratorId, priorities, Priority, StoredInstant, TaskId } from '../../vocabulary.ts'
import { Step } from './ladder.ts'
import { anew } from './older-facts.ts'
import { AgentSlot, BlockKind, Lease, moving, Origin, Work, toOwner } from './shapes.ts'

/** What each member of an electorate may be asked with; what is null is left to the council. */
const Question = z.object({
  electorate: z.json(), protocol: z.json(), quorum: z.json(), threshold: z.json(), weights: z.json(), deadline: z.json(),
})

/** Which step of which escalation it is, and when the next begins, if there is one: who keeps the time has no memory. */
const standing = { owner: OrchestratorId, escalation: Int64, level: z.int(), raiseAt: StoredInstant.nullable() }

/** That the task cannot go on, that it can again, that it is wanted no more. */
export const eventsOfStanding = eventsOf({
  TaskBlocked: {
    about: 'The task cannot go on for now.',
    data: z.object({
      ...moving, kind: BlockKind.exclude(['escalation']), reason: z.string(), waitsFor: z.array(TaskId), lease: Lease.nullable(),
      agentSlot: AgentSlot.nullable(), origin: Origin.nullable(), work: Work.nullable(),
    }),
    upcast: [anew({ agentSlot: null, origin: null, work: null })],
    recipient: toOwner,
  },
  TaskUnblocked: {
    about: 'What blocked the task is gone.',
    data: z.object({ ...moving, kind: BlockKind, reason: z.string() }),
    recipient: toOwner,
  },
  TaskEscalated: {
    about: 'Somebody else has to decide before the task can go on.',
    data: z.object({
      ...moving,
      to: z.string().nullable(),
      reason: z.string(),
      severity: z.enum(priorities),
      context: z.record(z.string(), z.json()),
      lease: Lease.nullable(),
      people: z.array(z.string()).max(10),
      /** Who is asked in turn, and after how long the next. */
      steps: z.array(Step).max(5).nullable(),
      cause: z.enum(['hand', 'sla']),
      agentSlot: AgentSlot.nullable(),
    }),
    upcast: [anew({ people: [], steps: null, cause: 'hand', agentSlot: null })],
    recipient: toOwner,
  },
  TaskEscalationAcknowledged: {
    about: 'Somebody looks at the escalation: nobody else is asked for a while.',
    data: z.object({ ...standing, person: z.string().nullable(), note: z.string().nullable() }),
    recipient: toOwner,
  },
  TaskEscalationRaised: {
    about: 'Nobody answered the escalation in time: the people of the next step are asked.',
    data: z.object({ ...standing, people: z.array(z.string()) }),
    recipient: toOwner,
  },
  TaskEscalationResolved: {
    about: 'It was decided how the escalated task goes on.',
    data: z.object({
      ...moving, resolution: z.string(),
      /** The revision of the fact that it answers. */
      escalation: Int64.nullable(),
      person: z.string().nullable(),
      paused_ms: z.int(),
      /** After the pause, and when the warning before it is due: who keeps the time has no memory. */
      slaDeadline: StoredInstant.nullable(),
      warnAt: StoredInstant.nullable(),
    }),
    upcast: [plus({ escalation: null, person: null, paused_ms: 0, slaDeadline: null, warnAt: null })],
    recipient: toOwner,
  },
  TaskCancelled: {
    about: 'The task is no longer wanted.',
    data: z.object({
      ...moving, reason: z.string().nullable(), lease: Lease.nullable(), priority: Priority.nullable(),
      /** The revision of its open escalation. */
      escalation: Int64.nullable(),
      dependsOn: z.array(TaskId).nullable(), agentSlot: AgentSlot.nullable(), origin: Origin.nullable(), work: Work.nullable(),
    }),
    upcast: [anew({ priority: null, escalation: null, dependsOn: null, agentSlot: null, origin: null, work: null })],
    recipient: toOwner,
  },
  TaskReopened: {
    about: 'A cancelled task is wanted again.',
    data: z.object({
      ...moving, reason: z.string().nullable(), slaDeadline: StoredInstant.nullable(), dependsOn: z.array(TaskId).nullable(),
    }),
    upcast: [plus({ slaDeadline: null, dependsOn: null })],
    recipient: toOwner,
  },
  ApprovalRequired: {
    about: 'The task may only start once one more decision about it has been approved, which is about to be opened.',
    data: z.object({
      owner: OrchestratorId, decision: DecisionId, decisions: z.array(DecisionId),
      /** It is required until it is approved or cancelled: no time withdraws it. */
      lasting: z.boolean(),
      question: Question.nullable(),
    }),
    upcast: [plus({ lasting: false, question: null })],
    recipient: toOwner,
  },
  ApprovalWithdrawn: {
    about: 'The task waits for one decision less: the question was never put.',
    data: z.object({ owner: OrchestratorId, decision: DecisionId, decisions: z.array(DecisionId) }),
    recipient: toOwner,
  },
})
