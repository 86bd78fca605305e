import { z } from 'zod'
import { inOrderOf } from '../../kernel/condition.ts'
import { columnsIn, countsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { OrchestratorId, Priority, StoredInstant, TaskId } from '../../vocabulary.ts'
import { backlogSummary, columns, completionRate } from '../task/backlog-summary.ts'
import { backlog } from '../task/backlog.ts'
import { isLevel, OlderPriority } from '../task/older-words.ts'
import { openStatuses, Status, type TaskStatus } from '../task/shapes.ts'

const page_max = 200

/** What is most pressing comes first. */
const order = ['rank', 'due_at', 'created_at', 'task'] as const
const Place = z.tuple([z.int(), StoredInstant.nullable(), StoredInstant, TaskId])

/** The place of a row as a text, which means nothing to whoever hands it back. */
const placeIn = (cursor: string): unknown => {
  try {
    return JSON.parse(cursor)
  } catch {
    return undefined
  }
}
const Cursor = z.string().max(300).refine((said) => Place.safeParse(placeIn(said)).success, { error: 'is not a cursor of this list' })

const counts = Object.values(columns)

const Count = z.int().min(0)

export const orchestratorBacklog = question({
  name: 'orchestratorBacklog',
  about: 'What an orchestrator has to do, the most pressing first, and how much of it is done.',
  path: '/orchestrators/:orchestrator/backlog',
  params: z.object({ orchestrator: OrchestratorId }),
  query: z.object({
    status: Status.optional(),
    priority: Priority.optional(),
    includeCompleted: z.boolean().default(false),
    limit: z.int().min(1).max(page_max).default(50),
    cursor: Cursor.optional(),
  }),
  answer: z.object({
    items: z.array(backlog.row).max(page_max),
    next: z.string().nullable(),
    metrics: z.object({ total: Count, byStatus: z.record(Status, Count), completionRate: z.number(), slaViolated: Count }),
  }),
  reads: [orchestrators, backlog, backlogSummary],
  aliases: [{
    route: 'GET /orchestrators/:orchestrator/backlog', about: 'The order is that of priorities, whatever `sortBy` says.',
    fields: {
      sortBy: z.enum(['priority', 'createdAt', 'updatedAt', 'dueDate', 'title']).optional(),
      priority: OlderPriority.optional(),
    },
    meant: ({ sortBy, priority }) => sortBy !== undefined || isLevel(priority),
  }],
  *reply({ params: { orchestrator }, query: { status, priority, includeCompleted, limit, cursor } }) {
    const wanted: readonly TaskStatus[] = status ? [status] : includeCompleted ? Status.options : openStatuses
    const after = cursor === undefined ? {} : { after: Place.parse(placeIn(cursor)) }
    // Of each status an index gives the first ones in order.
    const slice = (one: TaskStatus) => rowsOf(backlog, {
      columns: columnsIn(backlog.row), order: order.slice(0, -1), limit: wanted.includes(one) ? limit + 1 : 0, ...after,
      where: { owner: orchestrator, status: one, ...(priority && { priority }) },
    })
    const { own: [own], summary: [summary], late: [late], ...slices } = yield* asks({
      own: rowsOf(orchestrators, { columns: ['orchestrator'], where: { orchestrator }, limit: 1 }),
      summary: rowsOf(backlogSummary, { columns: ['total', ...counts], where: { owner: orchestrator }, limit: 1 }),
      late: countsOf(backlog, { columns: [], where: { owner: orchestrator, status: openStatuses, sla_violated: true }, limit: 1 }),
      todo: slice('TODO'), inProgress: slice('IN_PROGRESS'), blocked: slice('BLOCKED'), done: slice('DONE'),
      cancelled: slice('CANCELLED'),
    })
    if (!own) return undefined
    const rows = Object.values(slices).flat().sort(inOrderOf(order))
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const { total, done, cancelled } = summary ?? { total: 0, done: 0, cancelled: 0 }
    return {
      items,
      next: rows.length > limit ? JSON.stringify(order.map((column) => last![column])) : null,
      metrics: {
        total,
        byStatus: Object.fromEntries(Status.options.map((one) => [one, summary?.[columns[one]] ?? 0])) as Record<TaskStatus, number>,
        completionRate: completionRate({ total, done, cancelled }),
        slaViolated: late?.count ?? 0,
      },
    }
  },
})
