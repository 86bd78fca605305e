import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, DecisionId, Int64, OrchestratorId, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'

export const Status = z.enum(['TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED'])

export const BlockKind = z.enum(['dependencies', 'failure', 'manual', 'escalation'])

/** The right to work on the task. `token` is the revision of the event that granted it, `slot` the command that took the capacity. */
export const Lease = z.object({ holder: OrchestratorId, token: Int64, slot: CommandId, since: StoredInstant })

/** Who was chosen from, by which policy, when a task was not named but picked. */
export const Selection = z.object({
  policy: text(100),
  candidates: z.array(z.object({ id: TaskId, score: z.number() })).max(6),
})

/** What every fact that moves a task says: whose it is, and from which status it comes. */
const moving = { owner: OrchestratorId, from: Status }

const Move = z.object({
  ...moving,
  to: OrchestratorId,
  note: text(2_000).nullable(),
  forced: z.boolean(),
})

const toOwner = ({ owner }: { owner: string }) => owner
const toTarget = ({ to }: { to: string }) => to

export const Task = events({
  TaskCreated: {
    about: 'Somebody asked for a piece of work.',
    data: z.object({
      owner: OrchestratorId,
      title: text(500),
      description: z.string().max(5_000).nullable(),
      priority: Priority,
      dueAt: StoredInstant.nullable(),
      estimatedHours: z.number().nullable(),
      tags: z.array(z.string()),
      requiredCapabilities: z.array(z.string()),
      dependsOn: z.array(TaskId),
      maxRetries: z.int(),
      metadata: z.record(z.string(), z.json()),
    }),
    recipient: toOwner,
  },
  DependencyAdded: {
    about: 'The task waits for one more task.',
    data: z.object({ owner: OrchestratorId, dependency: TaskId, dependsOn: z.array(TaskId) }),
    recipient: toOwner,
  },
  DependencyWithdrawn: {
    about: 'The task waits for one task less: with waits added at the same moment they would have waited for one another for ever.',
    data: z.object({ owner: OrchestratorId, dependency: TaskId, dependsOn: z.array(TaskId), cycle: z.array(TaskId) }),
    recipient: toOwner,
  },
  TaskStarted: {
    about: 'The owner took the task up: this fact grants the lease, and its revision is the fencing token.',
    data: z.object({ ...moving, slot: CommandId, attempt: z.int(), waited_ms: z.int(), selection: Selection.nullable() }),
    recipient: toOwner,
  },
  LeaseRenewed: {
    about: 'The holder of the lease showed that it is alive.',
    data: z.object({ owner: OrchestratorId, token: Int64 }),
    recipient: toOwner,
  },
  LeaseExpired: {
    about: 'Nothing was heard of the holder for two heartbeats: the task waits again.',
    data: z.object({ ...moving, lease: Lease, lastSeen: StoredInstant }),
    recipient: toOwner,
  },
  TaskProgressed: {
    about: 'The holder told how far the work is.',
    data: z.object({
      owner: OrchestratorId, token: Int64, percentage: z.int(), message: z.string().nullable(), metadata: z.record(z.string(), z.json()),
    }),
    recipient: toOwner,
  },
  TaskCompleted: {
    about: 'The holder delivered the result.',
    data: z.object({
      ...moving,
      lease: Lease,
      priority: Priority,
      createdAt: StoredInstant,
      startedAt: StoredInstant,
      durationMs: z.int(),
      onTime: z.boolean(),
      output: z.json(),
      artifacts: z.array(z.object({ name: z.string(), uri: z.string() })),
      metrics: z.record(z.string(), z.number()),
    }),
    recipient: toOwner,
  },
  TaskFailed: {
    about: 'The holder could not do the work.',
    data: z.object({ ...moving, lease: Lease, attempt: z.int(), error: z.string(), kind: z.string(), retryable: z.boolean() }),
    recipient: toOwner,
  },
  TaskRetryScheduled: {
    about: 'The task may be tried again from the given time on.',
    data: z.object({ owner: OrchestratorId, attempt: z.int(), nextRetryAt: StoredInstant }),
    recipient: toOwner,
  },
  TaskReleased: {
    about: 'The holder gave the task back unfinished.',
    data: z.object({ ...moving, lease: Lease, reason: z.string().nullable() }),
    recipient: toOwner,
  },
  TaskBlocked: {
    about: 'The task cannot go on for now.',
    data: z.object({
      ...moving, kind: BlockKind.exclude(['escalation']), reason: z.string(), waitsFor: z.array(TaskId), lease: Lease.nullable(),
    }),
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
      severity: z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']),
      context: z.record(z.string(), z.json()),
      lease: Lease.nullable(),
    }),
    recipient: toOwner,
  },
  TaskEscalationResolved: {
    about: 'It was decided how the escalated task goes on.',
    data: z.object({ ...moving, resolution: z.string() }),
    recipient: toOwner,
  },
  TaskCancelled: {
    about: 'The task is no longer wanted.',
    data: z.object({ ...moving, reason: z.string().nullable(), lease: Lease.nullable() }),
    recipient: toOwner,
  },
  TaskReopened: {
    about: 'A cancelled task is wanted again.',
    data: z.object({ ...moving, reason: z.string().nullable() }),
    recipient: toOwner,
  },
  TaskDelegated: {
    about: 'The owner passed a task that is not being worked on to another orchestrator.',
    data: Move.extend({ priority: Priority, dueAt: StoredInstant.nullable() }),
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
    recipient: toTarget,
  },
  TaskAssigned: {
    about: 'Somebody is to do the work; the owner still answers for it.',
    data: z.object({ owner: OrchestratorId, assignee: z.string(), previous: z.string().nullable(), reason: z.string().nullable() }),
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
  ApprovalRequired: {
    about: 'The task may only start once one more decision about it has been approved.',
    data: z.object({ owner: OrchestratorId, decision: DecisionId, decisions: z.array(DecisionId) }),
    recipient: toOwner,
  },
  ApprovalWithdrawn: {
    about: 'The task waits for one decision less: the question was never put.',
    data: z.object({ owner: OrchestratorId, decision: DecisionId, decisions: z.array(DecisionId) }),
    recipient: toOwner,
  },
})

export type TaskEvent = EventOf<typeof Task>
