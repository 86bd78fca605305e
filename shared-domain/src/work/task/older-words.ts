import { z } from 'zod'
import type { Alias, Said } from '../../kernel/alias.ts'
import { reject, type Bulk, type OlderWords } from '../../kernel/decider.ts'
import { percentage } from '../../council/decision/older-words.ts'
import { Int64, OrchestratorId, priorities, text, type Priority } from '../../vocabulary.ts'
import { holderOf } from './assignees.ts'
import { openStatuses, Status } from './shapes.ts'
import type { TaskState } from './state.ts'

type Older = readonly OlderWords<TaskState>[]

const levels: Readonly<Record<string, Priority>> = { P0: 'CRITICAL', P1: 'HIGH', P2: 'MEDIUM', P3: 'LOW' }

/** A priority by its name or its level, P0 the highest. */
export const OlderPriority = z.enum([...priorities, 'P0', 'P1', 'P2', 'P3']).transform((said) => levels[said] ?? said as Priority)

export const isLevel = (said: unknown): boolean => Object.hasOwn(levels, String(said))

const terms = { dueDate: 'dueAt', priority: OlderPriority.optional() }
const wanted = { ...terms, workspaceId: 'workspace', channelId: 'channel' }
const given = { assigneeId: 'assignee', assignedToId: 'assignee', targetUserId: 'assignee' }

/** Whether something is said that only older words say. */
const saysOlder = (names: readonly string[]) => (said: Said) =>
  names.some((name) => name in said) || isLevel(said.priority)

/** The orchestrator in the path must own the task that the body names. */
const ofOwner = {
  about: 'The orchestrator in the path must own the task, else `INVALID_OWNERSHIP`.',
  id: 'taskId',
  guard: (task, { orchestrator }) =>
    (task.status !== 'NONE' && task.owner !== orchestrator ? reject('INVALID_OWNERSHIP', { owner: task.owner }) : undefined),
} satisfies Partial<OlderWords<TaskState>>

const asCaller = {
  about: 'The orchestrator in the path must be the one that calls, else `NOT_ASKED`.',
  id: 'task',
  guard: (_, { orchestrator }, { by }) => (by.id === orchestrator ? undefined : reject('NOT_ASKED')),
} satisfies Partial<OlderWords<TaskState>>

/** No lease has this token: the first fact of a task is that it was asked for. */
const none = '0'

/** Older systems know no tokens: what comes without one is said by whoever may act as the holder, about the lease there is. */
const byHolder = {
  fields: { token: Int64.optional() },
  fill: (task: TaskState, data: Said): Said => {
    const token = task.status === 'IN_PROGRESS' ? task.lease.token : task.status === 'DONE' ? task.token : none
    return { token, ...data }
  },
  warns: ({ token }: Said) => (token === undefined ? 'unfenced: no token was given' : undefined),
}
const withoutToken = 'Without `token` the lease that there is is meant.'

const isStatus = (status: string) => (said: Said) => said.status === status
const statusOf = (...statuses: readonly string[]) => z.enum(statuses)

const Share = z.number().transform((share) => Math.round(Math.min(100, Math.max(0, share))))

const Artifact = z.strictObject({ type: text(100), content: text(2_000) })
  .transform(({ type, content }) => ({ name: type, uri: content, type }))
const Figures = z.record(z.string(), z.json())
  .transform((figures) => Object.fromEntries(Object.entries(figures).filter(([, figure]) => typeof figure === 'number')))

/** What older systems call the commands of a task. */
export const olderWords = {
  create: [
    {
      route: 'POST /tasks', fields: { vpId: 'owner', ...wanted, ...given },
      meant: saysOlder(['vpId', 'dueDate', 'workspaceId', 'channelId', ...Object.keys(given)]),
    },
    { route: 'POST /orchestrators/:owner/backlog', fields: { ...wanted, ...given } },
    {
      route: 'POST /orchestrators/coordination', without: ['collaborators', 'approval'],
      about: 'Who is required helps, and starting it is approved by a share of all of them and the owner, each weighing the same.',
      fields: {
        ...wanted, primaryVpId: 'owner', requiredVpIds: z.array(OrchestratorId).min(1).max(10), consensusThreshold: percentage(100),
      },
      say: ({ requiredVpIds, consensusThreshold: threshold, ...said }) => ({
        ...said, approval: { protocol: 'weighted', weights: 'equal', threshold, quorum: 1 },
        collaborators: (requiredVpIds as OrchestratorId[]).map((orchestrator) => ({ orchestrator, role: 'collaborator' })),
      }),
    },
  ],
  start: [{
    about: 'The orchestrator in the path must be the one that leads the task, else `INVALID_OWNERSHIP`.', id: 'task',
    route: 'POST /orchestrators/:orchestrator/tasks/:task/execute',
    guard: (task, { orchestrator }) => (task.status !== 'NONE' && holderOf(task) !== orchestrator
      ? reject('INVALID_OWNERSHIP', { owner: task.owner, holder: holderOf(task) }) : undefined),
  }],
  edit: [
    { route: 'PUT /tasks/:id', fields: wanted, meant: saysOlder(['dueDate', 'workspaceId', 'channelId']) },
    { route: 'PUT /tasks/:id', about: 'As PATCH.' },
  ],
  recordTime: [{ ...ofOwner, route: 'POST /orchestrators/:orchestrator/time-estimates' }],
  rate: [{ ...ofOwner, route: 'POST /orchestrators/:orchestrator/analytics/quality' }],
  cancel: [{ route: 'DELETE /tasks/:id' }],
  reportProgress: [{
    ...byHolder, route: 'PUT /tasks/:id/progress', about: `Clamped to 0..100, and 100 completes. ${withoutToken}`,
    fields: { ...byHolder.fields, progress: Share, status: statusOf('IN_PROGRESS').optional() }, without: ['percentage'],
    say: ({ progress, ...said }) => ({ ...said, percentage: progress }),
  }],
  complete: [
    {
      ...byHolder, route: 'PUT /tasks/:id/progress', about: `With \`progress\` 100 or \`status\` COMPLETED. ${withoutToken}`,
      fields: {
        ...byHolder.fields, progress: Share.optional(), status: statusOf('COMPLETED', 'IN_PROGRESS').optional(),
        message: text(1_000).optional(),
      },
      say: ({ output, message, ...said }) => ({ ...said, output: output ?? message }),
      meant: (said) => Number(said.progress) >= 100 || isStatus('COMPLETED')(said),
    },
    {
      ...byHolder, route: 'POST /tasks/:id/complete', about: `With \`status\` completed; of the metrics the numbers. ${withoutToken}`,
      fields: {
        ...byHolder.fields, status: statusOf('completed'), artifacts: z.array(Artifact).optional(), metrics: Figures.optional(),
      },
      meant: isStatus('completed'),
    },
  ],
  fail: [
    { ...byHolder, route: 'POST /tasks/:id/fail', fields: { ...byHolder.fields, reason: 'error' }, about: withoutToken },
    {
      ...byHolder, route: 'POST /tasks/:id/complete', about: `With \`status\` failed. ${withoutToken}`,
      fields: { ...byHolder.fields, status: statusOf('failed') }, meant: isStatus('failed'),
    },
  ],
  block: [{
    route: 'POST /tasks/:id/complete', about: 'With `status` blocked.', fields: { status: statusOf('blocked'), error: 'reason' },
    meant: isStatus('blocked'),
  }],
  delegate: [{ ...ofOwner, route: 'POST /orchestrators/:orchestrator/delegate', fields: { toVpId: 'to', ...terms } }],
  recall: [{ route: 'POST /delegations/:id/cancel', about: 'The id is that of the task.' }],
  handoff: [{ ...ofOwner, route: 'POST /orchestrators/:orchestrator/handoff', fields: { toVpId: 'to' } }],
  assign: [
    { route: 'POST /tasks/:id/assign', fields: given },
    {
      ...ofOwner, route: 'POST /orchestrators/:orchestrator/delegate', about: `With \`targetUserId\`. ${ofOwner.about}`,
      fields: { targetUserId: 'assignee', note: 'reason' }, meant: (said) => 'targetUserId' in said,
    },
  ],
  collaborate: [{
    ...ofOwner, route: 'POST /orchestrators/:orchestrator/collaborate', without: ['collaborators'],
    fields: { requiredVpIds: z.array(OrchestratorId), roles: z.record(OrchestratorId, text(100)).default({}) },
    say: ({ requiredVpIds, roles, ...said }) => ({
      ...said, collaborators: (requiredVpIds as OrchestratorId[]).map((orchestrator) =>
        ({ orchestrator, role: (roles as Record<string, string>)[orchestrator] ?? 'collaborator' })),
    }),
  }],
  removeCollaborator: [{
    route: 'DELETE /orchestrators/:orchestrator/collaborate', id: 'taskId', about: 'The orchestrator in the path is asked no more.',
  }],
  acceptCollaboration: [{ ...asCaller, route: 'POST /orchestrators/:orchestrator/collaborations/:task/accept' }],
  declineCollaboration: [{ ...asCaller, route: 'POST /orchestrators/:orchestrator/collaborations/:task/decline' }],
  escalate: [{
    ...ofOwner, route: 'POST /orchestrators/:orchestrator/escalate',
    about: `The priority stands for a severity that is not said; channel and metadata join the context. ${ofOwner.about}`,
    fields: {
      assignTo: 'to', severity: z.enum(priorities).optional(), priority: OlderPriority.optional(), channelId: text(100).optional(),
      metadata: z.record(z.string(), z.json()).default({}), targetUserIds: 'people',
    },
    say: ({ severity, priority, channelId, metadata, context, ...said }) => ({
      ...said, severity: severity ?? priority,
      context: { ...(context as object), ...(metadata as object), ...(channelId === undefined ? {} : { channelId }) },
    }),
  }],
  acknowledgeEscalation: [{ route: 'POST /escalations/:id/acknowledge', about: 'The id is that of the task.' }],
  resolveEscalation: [{ route: 'POST /escalations/:id/resolve', about: 'The id is that of the task.' }],
} satisfies Readonly<Record<string, Older>>

/** What older systems call one thing that is done with many tasks. */
export const olderBulk = [{
  action: 'assign', route: 'POST /tasks/assign', fields: { taskIds: 'ids', assigneeId: 'assignee' }, without: ['policy', 'exclude', 'need'],
}] as const satisfies Bulk['aliases']

/** What older systems call the criteria of what is next. */
export const olderCriteria = {
  minPriority: OlderPriority.optional(), maxPriority: OlderPriority.optional(), workspaceId: 'workspace',
} satisfies Alias['fields']

const older: Readonly<Record<string, Said>> = {
  PENDING: { status: 'TODO', assigned: false }, ASSIGNED: { status: 'TODO', assigned: true }, COMPLETED: { status: 'DONE' },
  FAILED: { status: 'BLOCKED', block_kind: 'failure' },
}

/** What older systems call the columns that tasks are sorted by. */
const sorts: Readonly<Record<string, string>> = {
  createdAt: 'created_at', updatedAt: 'updated_at', priority: 'rank', dueDate: 'due_at', title: 'title',
}
const Levels = z.union([OlderPriority, z.array(OlderPriority).max(priorities.length)]).optional()

const ofOlderLists = ['vpId', 'assignedToId', 'workspaceId', 'tags', 'sortBy', 'includeCompleted']
const saysOlderList = (said: Said) => ofOlderLists.some((name) => name in said) || [said.priority].flat().some(isLevel)

/** What older systems call the lists of tasks. */
export const olderLists: readonly Alias[] = [
  {
    route: 'GET /tasks', without: ['sort', 'priority'], meant: saysOlderList,
    about: 'Open tasks alone, where no `status` is said and `includeCompleted` is not true.',
    fields: {
      vpId: 'owner', assignedToId: 'assignee', workspaceId: 'workspace', tags: 'tag', priority: Levels,
      sortBy: z.enum(Object.keys(sorts)).optional(), includeCompleted: z.enum(['true', 'false']).optional(),
    },
    say: ({ sortBy, includeCompleted, ...said }) => ({
      ...said, ...(sortBy === undefined ? {} : { sort: sorts[String(sortBy)] }),
      ...(said.status === undefined && includeCompleted !== 'true' ? { status: [...openStatuses] } : {}),
    }),
  },
  {
    route: 'GET /tasks/status/:value', without: ['status', 'block_kind', 'assigned'],
    fields: { value: z.enum([...Object.keys(older), ...Status.options]) },
    about: 'PENDING is TODO with nobody assigned, ASSIGNED TODO with somebody, COMPLETED DONE, FAILED BLOCKED with the kind failure.',
    say: ({ value, ...said }) => ({ ...said, ...older[String(value)] ?? { status: value } }),
  },
  {
    route: 'GET /tasks/priority/:value', without: ['priority'], fields: { value: OlderPriority }, about: 'P0 is CRITICAL, P3 is LOW.',
    say: ({ value, ...said }) => ({ ...said, priority: value }),
  },
]
