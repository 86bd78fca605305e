import { z } from 'zod'
import { eventsOf, plus } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { Int64, OrchestratorId, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { anew } from './older-facts.ts'
import { AgentSlot, chosen, Lease, moving, Origin, OutsideHours, Status, toOwner, toTarget, UnassignCause } from './shapes.ts'

const Move = z.object({
  ...moving,
  to: OrchestratorId,
  note: text(2_000).nullable(),
  forced: z.boolean(),
  agentSlot: AgentSlot.nullable(),
  slaDeadline: StoredInstant.nullable(),
  dependsOn: z.array(TaskId).nullable(),
  retries: z.int(),
  answerBy: StoredInstant.nullable(),
  finishBy: StoredInstant.nullable(),
  attempt: z.int(),
  /** The revision of the move that is tried again. */
  retryOf: Int64.nullable(),
  /** Open delegations of the task, with this one; null when it opens none. */
  depth: z.int().nullable(),
  /** How many of its latest moves the target had made. */
  back: z.int(),
  ...chosen,
  grounds: Cited.nullable(),
  outsideHours: OutsideHours.nullable(),
})

const notChosen = { policy: null, candidates: [], rejected: [], grounds: null }

const unopened = {
  agentSlot: null, slaDeadline: null, dependsOn: null, retries: 0, answerBy: null, finishBy: null, attempt: 1, retryOf: null, depth: null,
  back: 0, ...notChosen, outsideHours: null,
}

/** Who answers for the task, who does it, who helps. */
export const eventsOfHands = eventsOf({
  TaskDelegated: {
    about: 'The owner passed a task that is not being worked on to another orchestrator.',
    data: Move.extend({ priority: Priority, dueAt: StoredInstant.nullable() }),
    upcast: [plus(unopened)],
    recipient: toTarget,
  },
  TaskHandedOff: {
    about: 'The owner passed the task to another orchestrator together with its context; a lease on it ended.',
    data: Move.extend({
      context: z.record(z.string(), z.json()),
      lease: Lease.nullable(),
      snapshot: z.object({
        status: Status, percentage: z.int(), attempt: z.int(), priority: Priority, dueAt: StoredInstant.nullable(),
        assignee: z.string().nullable(),
      }),
    }),
    upcast: [anew(unopened)],
    recipient: toTarget,
  },
  TaskAssigned: {
    about: 'Somebody is to do the work; the owner still answers for it.',
    data: z.object({
      owner: OrchestratorId, assignee: z.string(), previous: z.string().nullable(), reason: z.string().nullable(),
      /** What was taken for it, and what was given back. */
      agentSlot: AgentSlot.nullable(), previousAgentSlot: AgentSlot.nullable(),
      /** The assignment ends when the work has not started by then. */
      startBy: StoredInstant.nullable(),
      ...chosen,
      /** How many were not fit, by the reason. */
      counts: z.record(z.string(), z.int()),
      grounds: Cited.nullable(),
      outsideHours: OutsideHours.nullable(),
    }),
    upcast: [plus({
      agentSlot: null, previousAgentSlot: null, startBy: null, ...notChosen, counts: {}, outsideHours: null,
    })],
    recipient: toOwner,
  },
  TaskUnassigned: {
    about: 'Nobody is to do the work any more; the owner still answers for it.',
    data: z.object({
      owner: OrchestratorId, assignee: z.string(),
      /** What is given back. */
      agentSlot: AgentSlot.nullable(),
      cause: UnassignCause, reason: z.string().nullable(), origin: Origin.nullable(),
    }),
    recipient: toOwner,
  },
  TaskPlacementFailed: {
    about: 'A policy found no agent that the task fits.',
    data: z.object({
      owner: OrchestratorId, policy: text(100), rejected: chosen.rejected,
      /** When it was first told, of those that follow one another. */
      since: StoredInstant,
      /** How many agents were not fit, by the reason. */
      counts: z.record(z.string(), z.int()),
      grounds: Cited,
    }),
    recipient: toOwner,
  },
  CollaborationRequested: {
    about: 'Another orchestrator is asked to help.',
    data: z.object({ owner: OrchestratorId, collaborator: OrchestratorId, role: z.string(), note: z.string().nullable() }),
    recipient: ({ collaborator }) => collaborator,
  },
  CollaborationAccepted: {
    about: 'An orchestrator that was asked to help will.',
    data: z.object({ owner: OrchestratorId, collaborator: OrchestratorId, role: z.string() }),
    recipient: toOwner,
  },
  CollaborationDeclined: {
    about: 'An orchestrator that was asked to help will not.',
    data: z.object({ owner: OrchestratorId, collaborator: OrchestratorId, reason: z.string().nullable() }),
    recipient: toOwner,
  },
  CollaborationCompleted: {
    about: 'An orchestrator that helped has done its part.',
    data: z.object({ owner: OrchestratorId, collaborator: OrchestratorId, role: z.string(), note: z.string().nullable() }),
    recipient: toOwner,
  },
  CollaboratorRemoved: {
    about: 'An orchestrator is asked to help no more; who owns the task needs not be asked.',
    data: z.object({ owner: OrchestratorId, collaborator: OrchestratorId, reason: z.string().nullable() }),
    recipient: ({ collaborator }) => collaborator,
  },
})
