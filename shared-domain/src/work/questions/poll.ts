import { z } from 'zod'
import type { Alias } from '../../kernel/alias.ts'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { later } from '../../kernel/time.ts'
import { Instant, Int64, OrchestratorId, priorities, Priority, text } from '../../vocabulary.ts'
import { backlog } from '../task/backlog.ts'
import { isLevel, OlderPriority } from '../task/older-words.ts'
import { Status } from '../task/shapes.ts'

const items_max = 1_000

/** Position after which nothing is missed, of who has seen nothing yet. */
const beginning = '0'

const older = {
  fields: { vpId: 'owner', workspaceId: 'workspace', minPriority: OlderPriority.optional() },
  meant: (said) => 'vpId' in said || 'workspaceId' in said || isLevel(said.minPriority),
} satisfies Partial<Alias>
const inBody = 'What is asked for stands in the body.'

export const poll = question({
  name: 'taskPoll',
  about: 'Tasks that changed after a position or an instant, in the order of their changes; `next` is where to go on. It claims nothing.',
  path: '/tasks/poll',
  params: z.object({}),
  query: z.object({
    after: Int64.optional(),
    since: Instant.optional(),
    owner: OrchestratorId.optional(),
    workspace: text(100).optional(),
    status: Status.optional(),
    minPriority: Priority.optional(),
    limit: z.int().min(1).max(items_max).default(100),
  }),
  answer: z.object({ items: z.array(backlog.row).max(items_max), next: Int64, hasMore: z.boolean() }),
  reads: [backlog],
  aliases: [
    { ...older, route: 'GET /tasks/poll' },
    { ...older, route: 'POST /tasks/poll', about: inBody },
    { route: 'POST /tasks/poll', about: inBody },
  ],
  *reply({ query: { after = beginning, since, minPriority, limit, ...where } }) {
    const { rows } = yield* asks({
      rows: rowsOf(backlog, {
        columns: columnsIn(backlog.row), where, order: ['changed_position'], limit: limit + 1,
        atLeast: { changed_position: String(BigInt(after) + 1n), ...(since && { updated_at: later(since, 1) }) },
        ...(minPriority && { atMost: { rank: priorities.indexOf(minPriority) } }),
      }),
    })
    const items = rows.slice(0, limit)
    return { items, next: items.at(-1)?.changed_position ?? after, hasMore: rows.length > limit }
  },
})
