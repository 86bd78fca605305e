import type { z } from 'zod'
import { decisions } from '../../council/decision/decisions.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import type { Choice, Selection as Chosen } from '../../kernel/choice.ts'
import { conflict } from '../../kernel/refusal.ts'
import { dayOf, elapsed_ms, hour_ms } from '../../kernel/time.ts'
import { priorities, type Priority } from '../../vocabulary.ts'
import { backlog } from './backlog.ts'
import { task } from './decider.ts'
import { rejected_max } from './shapes.ts'

type Row = Pick<z.output<typeof backlog.row>, 'task' | 'priority' | 'due_at' | 'created_at'>

const weights: Readonly<Record<Priority, number>> = { CRITICAL: 1000, HIGH: 100, MEDIUM: 10, LOW: 1 }
const soon_ms = 72 * hour_ms

/** How much the due time presses: the first that fits (S-21). */
function boost(due: string | null, zone: string, at: string): number {
  if (due === null) return 1
  if (due < at) return 10
  if (dayOf(due, zone) === dayOf(at, zone)) return 5
  return elapsed_ms(at, due) <= soon_ms ? 2 : 1
}

/** After every instant, as text. */
const never = 'never'

/** Higher priority, earlier due time (none last), earlier creation, id. */
const ties = (a: Row, b: Row): number =>
  weights[b.priority] - weights[a.priority]
  || compare(a.due_at ?? never, b.due_at ?? never)
  || compare(a.created_at, b.created_at)
  || compare(a.task, b.task)

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** The selection as the fact keeps it: of those that were refused the first few, with their codes alone. */
const toStart = ({ policy, candidates, rejected }: Chosen) =>
  ({ selection: { policy, candidates, rejected: rejected.slice(0, rejected_max).map(({ id, code }) => ({ id, code })) } })

/** Within one priority an earlier due time never presses less, so the first rows by due time are the best of that priority. */
export const nextTask: Choice<Row> = {
  name: 'nextTask',
  about: 'The task that the orchestrator should take up next. Priority counts first: while more of a higher one keeps coming, lower ones '
    + 'are not served.',
  path: '/orchestrators',
  question: 'next',
  command: 'claim',
  aliases: [{ route: 'GET /orchestrators/:orchestrator/next-task' }, { route: 'POST /orchestrators/:id/work/claim' }],
  policy: 'deadline-priority/1',
  from: backlog,
  of: 'owner',
  where: { status: 'TODO' },
  notBefore: 'next_retry_at',
  standing: { column: 'approvals', in: decisions, where: { status: ['approved', 'cancelled'] } },
  among: { priority: priorities },
  order: ['due_at', 'created_at', 'task'],
  top: 6,
  chooser: orchestrators,
  score: ({ priority, due_at }, { timezone }: { timezone: string }, at) => weights[priority] * boost(due_at, timezone, at),
  ties,
  idOf: (row) => row.task,
  sends: { to: task, command: 'startSelected', data: toStart },
  outdated: ['INVALID_STATE_TRANSITION', 'INVALID_OWNERSHIP', 'DEPENDENCIES_UNMET', 'NOT_FOUND'],
  passing: ['RETRY_NOT_DUE', 'CONSENSUS_REQUIRED'],
  nothing: { code: 'NOTHING_TO_CLAIM', ...conflict('Nothing waits that could be taken up now.') },
}
