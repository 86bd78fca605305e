import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { DecisionId, Int64, Named, OrchestratorId, Priority, StoredInstant, TaskId } from '../../vocabulary.ts'
import { BlockKind, Status, type TaskEvent } from './events.ts'
import { olderLists } from './older-words.ts'

const row = z.object({
  task: TaskId,
  owner: OrchestratorId,
  assignee: Named.nullable(),
  title: z.string(),
  description: z.string().nullable(),
  priority: Priority,
  status: Status,
  block_kind: BlockKind.nullable(),
  block_reason: z.string().nullable(),
  due_at: StoredInstant.nullable(),
  estimated_hours: z.number().nullable(),
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
  metadata: z.record(z.string(), z.json()),
  created_at: StoredInstant,
  started_at: StoredInstant.nullable(),
  completed_at: StoredInstant.nullable(),
  updated_at: StoredInstant,
})

const noLease = { lease_holder: null, lease_token: null }
const noBlock = { block_kind: null, block_reason: null }
const waiting = { status: 'TODO' as const, ...noLease, ...noBlock }

const patch = ({ id, at }: { id: string; at: string }, columns: Partial<z.output<typeof row>>) =>
  [{ patch: { ...columns, updated_at: at }, at: { task: id as TaskId } }]

const project: Project<typeof row, 'task', TaskEvent> = {
  TaskCreated: ({ id, at, data }) => [{
    put: {
      task: id as TaskId, owner: data.owner, assignee: null, title: data.title, description: data.description, priority: data.priority,
      ...waiting, due_at: data.dueAt, estimated_hours: data.estimatedHours, tags: data.tags,
      required_capabilities: data.requiredCapabilities,
      depends_on: data.dependsOn, approvals: [], attempt: 0, next_retry_at: null, max_retries: data.maxRetries, progress: 0,
      progress_message: null,
      metadata: data.metadata, created_at: at, started_at: null, completed_at: null, updated_at: at,
    },
  }],
  DependencyAdded: (fact) => patch(fact, { depends_on: fact.data.dependsOn }),
  DependencyWithdrawn: (fact) => patch(fact, { depends_on: fact.data.dependsOn }),
  TaskStarted: (fact) => patch(fact, {
    ...waiting, status: 'IN_PROGRESS', next_retry_at: null, lease_holder: fact.data.owner, lease_token: String(fact.revision),
    started_at: fact.at,
  }),
  LeaseRenewed: (fact) => patch(fact, {}),
  LeaseExpired: (fact) => patch(fact, waiting),
  TaskProgressed: (fact) => patch(fact, { progress: fact.data.percentage, progress_message: fact.data.message }),
  TaskCompleted: (fact) => patch(fact, { ...waiting, status: 'DONE', progress: 100, completed_at: fact.at }),
  TaskFailed: (fact) => patch(fact, waiting),
  TaskRetryScheduled: (fact) => patch(fact, { attempt: fact.data.attempt, next_retry_at: fact.data.nextRetryAt }),
  TaskReleased: (fact) => patch(fact, waiting),
  TaskBlocked: (fact) => patch(fact, { ...waiting, status: 'BLOCKED', block_kind: fact.data.kind, block_reason: fact.data.reason }),
  TaskUnblocked: (fact) => patch(fact, waiting),
  TaskEscalated: (fact) => patch(fact, { ...waiting, status: 'BLOCKED', block_kind: 'escalation', block_reason: fact.data.reason }),
  TaskEscalationResolved: (fact) => patch(fact, waiting),
  TaskCancelled: (fact) => patch(fact, { ...waiting, status: 'CANCELLED' }),
  TaskReopened: (fact) => patch(fact, waiting),
  TaskDelegated: (fact) => patch(fact, { owner: fact.data.to, priority: fact.data.priority, due_at: fact.data.dueAt }),
  TaskHandedOff: (fact) => patch(fact, {
    ...(fact.data.from === 'IN_PROGRESS' ? waiting : {}), owner: fact.data.to, progress: fact.data.snapshot.percentage,
  }),
  TaskAssigned: (fact) => patch(fact, { assignee: fact.data.assignee }),
  CollaborationRequested: (fact) => patch(fact, {}),
  CollaborationAccepted: (fact) => patch(fact, {}),
  CollaborationDeclined: (fact) => patch(fact, {}),
  ApprovalRequired: (fact) => patch(fact, { approvals: fact.data.decisions }),
  ApprovalWithdrawn: (fact) => patch(fact, { approvals: fact.data.decisions }),
}

export const backlog = readModel({
  name: 'backlog',
  about: 'What is to be done, by whom, in which order.',
  version: 4,
  path: '/tasks',
  row,
  key: ['task'],
  filters: ['owner', 'assignee', 'status', 'priority', 'block_kind', 'lease_holder'],
  search: { columns: ['title', 'description'], length_min: 3 },
  contains: { tag: 'tags', required_capability: 'required_capabilities' },
  ranges: ['due_at', 'created_at', 'updated_at', 'completed_at'],
  sorts: ['due_at', 'created_at', 'updated_at', 'completed_at', 'title'],
  order: ['created_at'],
  indexes: [['owner', 'status', 'priority', 'due_at', 'created_at', 'task']],
  aliases: olderLists,
  project,
})
