import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { later } from '../../kernel/time.ts'
import {
  AgentId, CommandId, DecisionId, Int64, Named, OrchestratorId, Priority, StoredInstant, TaskId, text,
} from '../../vocabulary.ts'
import { Derived, derived } from './backlog-derived.ts'
import { head_start_ms, type Delegation } from './chain.ts'
import type { TaskEvent } from './events.ts'
import { olderLists } from './older-words.ts'
import { BlockKind, DeferralCause, isFreed, Status, type AgentSlot } from './shapes.ts'

const row = z.object({
  task: TaskId,
  owner: OrchestratorId,
  assignee: Named.nullable(),
  /** The assigned one, and its place. */
  agent: AgentId.nullable(),
  agent_slot: CommandId.nullable(),
  title: z.string(),
  description: z.string().nullable(),
  workspace: text(100).nullable(),
  channel: text(100).nullable(),
  priority: Priority,
  story_points: z.number().nullable(),
  status: Status,
  since: StoredInstant,
  waiting_since: StoredInstant,
  block_kind: BlockKind.nullable(),
  block_reason: z.string().nullable(),
  deferred_until: StoredInstant.nullable(),
  deferred_cause: DeferralCause.nullable(),
  due_at: StoredInstant.nullable(),
  sla_deadline: StoredInstant.nullable(),
  sla_warned: z.boolean(),
  sla_violated: z.boolean(),
  sla_met: z.boolean().nullable(),
  estimated_hours: z.number().nullable(),
  hours_spent: z.number().nullable(),
  tags: z.array(z.string()),
  required_capabilities: z.array(z.string()),
  depends_on: z.array(TaskId),
  approvals: z.array(DecisionId),
  attempt: z.int(),
  max_retries: z.int(),
  next_retry_at: StoredInstant.nullable(),
  progress: z.int(),
  progress_message: z.string().nullable(),
  lease_holder: OrchestratorId.nullable(),
  lease_token: Int64.nullable(),
  lease_agent: AgentId.nullable(),
  lease_slot: CommandId.nullable(),
  /** Of the youngest open delegation. */
  delegated_by: OrchestratorId.nullable(),
  depth: z.int().nullable(),
  answer_by: StoredInstant.nullable(),
  finish_by: StoredInstant.nullable(),
  escalation_level: z.int().nullable(),
  /** Why nobody was found for it, and how many were not fit for each reason. */
  unplaced: z.record(z.string(), z.int()).nullable(),
  unplaced_since: StoredInstant.nullable(),
  metadata: z.record(z.string(), z.json()),
  created_at: StoredInstant,
  started_at: StoredInstant.nullable(),
  completed_at: StoredInstant.nullable(),
  updated_at: StoredInstant,
  /** Of the last fact that was more than a sign of life. */
  changed_position: Int64,
})

type Columns = Partial<z.output<typeof row>>

const noLease = { lease_holder: null, lease_token: null, lease_agent: null, lease_slot: null }
const noBlock = { block_kind: null, block_reason: null, escalation_level: null }
const waiting = { status: 'TODO' as const, ...noLease, ...noBlock }

interface Told { readonly id: string; readonly at: string; readonly position: string }

const patch = ({ id, at, position }: Told, columns: Columns) =>
  [{ patch: { ...columns, updated_at: at, changed_position: position }, at: { task: id as TaskId } }]

/** A deadline that nobody was warned of, and that holds. */
const unbroken = { sla_warned: false, sla_violated: false }

const names = {
  title: 'title', description: 'description', estimatedHours: 'estimated_hours', tags: 'tags',
  requiredCapabilities: 'required_capabilities', maxRetries: 'max_retries', metadata: 'metadata', workspace: 'workspace',
  channel: 'channel', storyPoints: 'story_points',
} as const

/** The columns of fields that have no fact of their own. */
const columnsOf = (changed: Readonly<Partial<Record<keyof typeof names, unknown>>>): Columns =>
  Object.fromEntries(Object.entries(changed).map(([name, value]) => [names[name as keyof typeof names], value]))

/** It stands in another status from now on. */
const turned = (fact: Told, columns: Columns) => patch(fact, { ...waiting, since: fact.at, ...columns })

/** It waits for no time. */
const undeferred = { deferred_until: null, deferred_cause: null }

const placed = { unplaced: null, unplaced_since: null }
const nobody = { assignee: null, agent: null, agent_slot: null, ...placed }

/** A lease ends, and the assignment of an agent whose place is not kept. */
const left = (fact: Told & { readonly data: { readonly agentSlot: AgentSlot | null } }, columns: Columns = {}) =>
  turned(fact, { ...(isFreed(fact.data.agentSlot) ? nobody : {}), ...columns })

type Open = Pick<Delegation, 'from' | 'answerBy' | 'finishBy'> & { readonly depth: number }

/** The delegation by which the owner has it, if there is one. */
const delegatedBy = (open: Open | null) =>
  ({ delegated_by: open?.from ?? null, depth: open?.depth ?? null, answer_by: open?.answerBy ?? null, finish_by: open?.finishBy ?? null })

type Move = Extract<TaskEvent, { type: 'TaskDelegated' | 'TaskHandedOff' }>['data']

/** It belongs to another, for whom nobody does it yet. A move that opens no delegation leaves those that are open. */
const passed = ({ owner, to, depth, answerBy, finishBy, retryOf }: Move) => ({
  owner: to, ...nobody, ...(depth === null ? {} : delegatedBy({ from: owner, depth, answerBy, finishBy })),
  ...(retryOf === null ? {} : { next_retry_at: null }),
})

/** It waits from now on, as nobody let it before. */
const free = (fact: Told, columns: Columns = {}) => turned(fact, { waiting_since: fact.at, ...columns })

const project: Project<typeof row, 'task', TaskEvent> = {
  TaskCreated: ({ id, at, position, data }) => [{
    put: {
      task: id as TaskId, owner: data.owner, assignee: null, agent: null, agent_slot: null, title: data.title,
      description: data.description, workspace: data.workspace, channel: data.channel, priority: data.priority,
      story_points: data.storyPoints, ...waiting, since: at, waiting_since: at, ...undeferred,
      due_at: data.dueAt, sla_deadline: data.slaDeadline, sla_warned: false, sla_violated: false, sla_met: null,
      estimated_hours: data.estimatedHours, hours_spent: null, tags: data.tags, required_capabilities: data.requiredCapabilities,
      depends_on: data.dependsOn, approvals: [], attempt: 0, next_retry_at: null, max_retries: data.maxRetries, progress: 0,
      progress_message: null, delegated_by: null, depth: null, answer_by: null, finish_by: null, unplaced: null, unplaced_since: null,
      metadata: data.metadata, created_at: at, started_at: null, completed_at: null, updated_at: at, changed_position: position,
    },
  }],
  DependencyAdded: (fact) => patch(fact, { depends_on: fact.data.dependsOn }),
  DependencyRemoved: (fact) => patch(fact, { depends_on: fact.data.dependsOn }),
  DependencyWithdrawn: (fact) => patch(fact, { depends_on: fact.data.dependsOn }),
  TaskStarted: (fact) => turned(fact, {
    ...placed, ...undeferred, status: 'IN_PROGRESS', next_retry_at: null, lease_holder: fact.data.holder,
    lease_token: String(fact.revision), lease_agent: fact.data.agent, lease_slot: fact.data.slot, started_at: fact.at,
  }),
  LeaseRenewed: ({ id, at }) => [{ patch: { updated_at: at }, at: { task: id as TaskId } }],
  LeaseExpired: (fact) => left(fact),
  TaskProgressed: (fact) => patch(fact, {
    progress: fact.data.percentage, progress_message: fact.data.message,
    ...(fact.data.hoursSpent === null ? {} : { hours_spent: fact.data.hoursSpent }),
  }),
  TaskCompleted: (fact) => left(fact, { status: 'DONE', progress: 100, sla_met: fact.data.slaMet, completed_at: fact.at }),
  TaskFailed: (fact) => left(fact),
  TaskRetryScheduled: (fact) => patch(fact, { attempt: fact.data.attempt, next_retry_at: fact.data.nextRetryAt }),
  TaskReleased: (fact) => left(fact),
  TaskBlocked: (fact) => left(fact, { status: 'BLOCKED', block_kind: fact.data.kind, block_reason: fact.data.reason }),
  TaskUnblocked: (fact) => free(fact),
  TaskEscalated: (fact) => left(fact, { status: 'BLOCKED', block_kind: 'escalation', block_reason: fact.data.reason, escalation_level: 1 }),
  TaskEscalationAcknowledged: (fact) => patch(fact, {}),
  TaskEscalationRaised: (fact) => patch(fact, { escalation_level: fact.data.level }),
  TaskEscalationResolved: (fact) => free(fact, { sla_deadline: fact.data.slaDeadline }),
  TaskCancelled: (fact) => left(fact, { ...placed, ...undeferred, status: 'CANCELLED' }),
  TaskReopened: (fact) => free(fact, { sla_deadline: fact.data.slaDeadline, ...unbroken }),
  TaskDelegated: (fact) => patch(fact, { ...passed(fact.data), priority: fact.data.priority, due_at: fact.data.dueAt }),
  TaskHandedOff: (fact) => {
    const columns = { ...passed(fact.data), progress: fact.data.snapshot.percentage }
    return fact.data.from === 'IN_PROGRESS' ? left(fact, columns) : patch(fact, columns)
  },
  DelegationAccepted: (fact) => patch(fact, {}),
  DelegationStarted: (fact) => patch(fact, {}),
  DelegationFailed: (fact) => patch(fact, {}),
  DelegationEnded: (fact) => patch(fact, delegatedBy(fact.data.youngest)),
  TaskReturned: (fact) => {
    const { to, from, retryAt } = fact.data
    const columns = { owner: to, ...nobody, ...(retryAt === null ? {} : { next_retry_at: later(retryAt, head_start_ms) }) }
    return from === 'IN_PROGRESS' ? left(fact, columns) : patch(fact, columns)
  },
  TaskAssigned: (fact) => patch(fact, {
    ...placed, assignee: fact.data.assignee, agent: fact.data.agentSlot?.agent ?? null, agent_slot: fact.data.agentSlot?.slot ?? null,
  }),
  TaskUnassigned: (fact) => patch(fact, nobody),
  TaskPlacementFailed: (fact) => patch(fact, { unplaced: fact.data.counts, unplaced_since: fact.data.since }),
  TaskDeferred: (fact) => patch(fact, { deferred_until: fact.data.until, deferred_cause: fact.data.cause }),
  TaskDeferralEnded: (fact) => patch(fact, undeferred),
  TaskDetailsChanged: (fact) => patch(fact, columnsOf(fact.data.changed)),
  TaskPriorityChanged: (fact) => patch(fact, { priority: fact.data.to }),
  TaskDueChanged: (fact) => patch(fact, { due_at: fact.data.to }),
  TaskSlaSet: (fact) => patch(fact, { sla_deadline: fact.data.to, ...unbroken }),
  TaskSlaWarned: (fact) => patch(fact, { sla_warned: true }),
  TaskSlaViolated: (fact) => patch(fact, { sla_violated: true }),
  TaskNoted: (fact) => patch(fact, {}),
  TaskTimeRecorded: (fact) => patch(fact, {}),
  TaskQualityRated: (fact) => patch(fact, {}),
  CollaborationRequested: (fact) => patch(fact, {}),
  CollaborationAccepted: (fact) => patch(fact, {}),
  CollaborationDeclined: (fact) => patch(fact, {}),
  CollaborationCompleted: (fact) => patch(fact, {}),
  CollaboratorRemoved: (fact) => patch(fact, {}),
  ApprovalRequired: (fact) => patch(fact, { approvals: fact.data.decisions }),
  ApprovalWithdrawn: (fact) => patch(fact, { approvals: fact.data.decisions }),
}

export const backlog = readModel({
  name: 'backlog',
  about: 'What is to be done, by whom, in which order.',
  version: 5,
  path: '/tasks',
  row,
  derived: Derived,
  derive: derived,
  key: ['task'],
  filters: [
    'owner', 'assignee', 'status', 'priority', 'block_kind', 'lease_holder', 'worker', 'assigned', 'workspace', 'channel', 'sla_state',
    'agent', 'lease_agent',
  ],
  search: { columns: ['title', 'description'], length_min: 3 },
  contains: { tag: 'tags', required_capability: 'required_capabilities' },
  ranges: ['due_at', 'sla_deadline', 'created_at', 'updated_at', 'completed_at'],
  sorts: ['due_at', 'sla_deadline', 'created_at', 'updated_at', 'completed_at', 'rank', 'deadline', 'title'],
  order: ['created_at'],
  indexes: [
    ['worker', 'status', 'priority', 'due_at', 'created_at', 'task'], ['worker', 'status', 'waiting_since', 'task'],
    ['status', 'assigned', 'priority', 'deadline', 'created_at', 'task'], ['status', 'assigned', 'waiting_since', 'task'],
    ['owner', 'status', 'rank', 'due_at', 'created_at', 'task'], ['changed_position', 'task'], ['owner', 'changed_position', 'task'],
    ['workspace', 'created_at', 'task'], ['owner', 'status', 'due_at', 'task'],
  ],
  counts: [['status', 'assigned', 'priority']],
  aliases: olderLists,
  project,
})
