import { z } from 'zod'
import { eventsOf, plus } from '../../kernel/events.ts'
import { AgentId, CommandId, Int64, OrchestratorId, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { anew } from './older-facts.ts'
import { AgentSlot, Artifact, Lease, moving, Origin, OutsideHours, Run, Selection, Work, toOwner } from './shapes.ts'

const fields = z.record(z.string(), z.json())

/** That the task is wanted, and how the work on it goes. */
export const eventsOfWork = eventsOf({
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
      metadata: fields,
      workspace: text(100).nullable(),
      channel: text(100).nullable(),
      storyPoints: z.number().nullable(),
      slaDeadline: StoredInstant.nullable(),
      slaGiven: z.boolean(),
      origin: Origin.nullable(),
    }),
    upcast: [plus({ workspace: null, channel: null, storyPoints: null, slaDeadline: null, slaGiven: false, origin: null })],
    recipient: toOwner,
  },
  DependencyAdded: {
    about: 'The task waits for one more task.',
    data: z.object({ owner: OrchestratorId, dependency: TaskId, dependsOn: z.array(TaskId) }),
    recipient: toOwner,
  },
  DependencyRemoved: {
    about: 'The task waits for one task less, as somebody wished.',
    data: z.object({ owner: OrchestratorId, dependency: TaskId, dependsOn: z.array(TaskId), reason: z.string().nullable() }),
    recipient: toOwner,
  },
  DependencyWithdrawn: {
    about: 'The task waits for one task less: with waits added at the same moment they would have waited for one another for ever.',
    data: z.object({ owner: OrchestratorId, dependency: TaskId, dependsOn: z.array(TaskId), cycle: z.array(TaskId) }),
    recipient: toOwner,
  },
  TaskStarted: {
    about: 'Somebody took the task up: this fact grants the lease, and its revision is the fencing token.',
    data: z.object({
      ...moving, slot: CommandId, attempt: z.int(), waited_ms: z.int(), selection: Selection.nullable(),
      holder: OrchestratorId, agent: AgentId.nullable(), outsideHours: OutsideHours.nullable(), run: Run.nullable(),
      origin: Origin.nullable(), work: Work.nullable(),
    }),
    upcast: [(old) => ({
      ...old, selection: old.selection && { ...old.selection, rejected: [] },
      holder: old.owner, agent: null, outsideHours: null, run: null, origin: null, work: null,
    })],
    recipient: toOwner,
  },
  LeaseRenewed: {
    about: 'The holder of the lease showed that it is alive.',
    data: z.object({ owner: OrchestratorId, token: Int64 }),
    recipient: toOwner,
  },
  LeaseExpired: {
    about: 'Nothing was heard of the holder for two heartbeats, or it left for good: the task waits again.',
    data: z.object({ ...moving, lease: Lease, lastSeen: StoredInstant, agentSlot: AgentSlot.nullable(), work: Work.nullable() }),
    upcast: [anew({ agentSlot: null, work: null })],
    recipient: toOwner,
  },
  TaskProgressed: {
    about: 'The holder told how far the work is.',
    data: z.object({
      owner: OrchestratorId, token: Int64, percentage: z.int(), message: z.string().nullable(), metadata: fields,
      /** The total so far. */
      hoursSpent: z.number().nullable(),
      previous: z.int().nullable(),
    }),
    upcast: [plus({ hoursSpent: null, previous: null })],
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
      artifacts: z.array(Artifact),
      metrics: z.record(z.string(), z.number()),
      /** Whether it was done by its deadline; null without one. */
      slaMet: z.boolean().nullable(),
      actualHours: z.number().nullable(),
      dependsOn: z.array(TaskId).nullable(),
      agentSlot: AgentSlot.nullable(),
      origin: Origin.nullable(),
      work: Work.nullable(),
    }),
    upcast: [(old) => ({
      ...anew({ slaMet: null, actualHours: null, dependsOn: null, agentSlot: null, origin: null, work: null })(old),
      artifacts: old.artifacts.map(plus({ type: null })),
    })],
    recipient: toOwner,
  },
  TaskFailed: {
    about: 'The holder could not do the work.',
    data: z.object({
      ...moving, lease: Lease, attempt: z.int(), error: z.string(), kind: z.string(), retryable: z.boolean(),
      agentSlot: AgentSlot.nullable(), origin: Origin.nullable(), work: Work.nullable(),
    }),
    upcast: [anew({ agentSlot: null, origin: null, work: null })],
    recipient: toOwner,
  },
  TaskRetryScheduled: {
    about: 'The task may be tried again from the given time on.',
    data: z.object({ owner: OrchestratorId, attempt: z.int(), nextRetryAt: StoredInstant }),
    recipient: toOwner,
  },
  TaskReleased: {
    about: 'The holder gave the task back unfinished.',
    data: z.object({ ...moving, lease: Lease, reason: z.string().nullable(), agentSlot: AgentSlot.nullable(), work: Work.nullable() }),
    upcast: [anew({ agentSlot: null, work: null })],
    recipient: toOwner,
  },
})
