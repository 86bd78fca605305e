import { z } from 'zod'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { settingOf } from '../../fleet/organization/settings.ts'
import { criterion, type Asking, type Choice, type Selection as Chosen } from '../../kernel/choice.ts'
import { downTo, upTo } from '../../kernel/condition.ts'
import { conflict } from '../../kernel/refusal.ts'
import { dayOf, elapsed_ms, hour_ms, later } from '../../kernel/time.ts'
import { priorities, Priority, TaskId, text } from '../../vocabulary.ts'
import { compare } from '../policies/measures.ts'
import { backlog } from './backlog.ts'
import { bounds, ofChooser } from './claiming-hours.ts'
import { task } from './decider.ts'
import { olderCriteria } from './older-words.ts'
import { rejected_max } from './shapes.ts'
import { approved, waitedLong, workspace } from './waiting.ts'

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

/** The selection as the fact keeps it: of those that were refused the first few, with their codes alone. */
const toStart = ({ policy, candidates, rejected }: Chosen, { id }: Asking) => ({
  worker: id, selection: { policy, candidates, rejected: rejected.slice(0, rejected_max).map(({ id, code }) => ({ id, code })) },
})

const criteria = {
  excludeTaskIds: criterion({
    about: 'None of these.', schema: z.array(TaskId).max(100), asks: (ids) => [{ column: 'task', notAmong: ids }],
  }),
  maxPriority: criterion({ about: 'None above.', schema: Priority, asks: (most) => [downTo('priority', priorities, most)] }),
  minPriority: criterion({ about: 'None below.', schema: Priority, asks: (least) => [upTo('priority', priorities, least)] }),
  requireTags: criterion({
    about: 'All of these tags.', schema: z.array(text(50)).max(10), asks: (tags) => [{ column: 'tags', holdsAll: tags }],
  }),
  capabilities: criterion({
    about: 'None that requires another capability.', schema: z.array(text(100)).max(50),
    asks: (skills) => [{ column: 'required_capabilities', holdsOnly: skills }],
  }),
  deadlineWithinHours: criterion({
    about: 'Due within so many hours, or overdue.', schema: z.int().min(1).max(720),
    asks: (hours, at) => [{ column: 'due_at', atMost: later(at, hours * hour_ms) }],
  }),
  workspace,
}

/** Within one priority an earlier due time never presses less, so the first rows by due time are the best of that priority. */
export const nextTask: Choice<Row> = {
  name: 'nextTask',
  about: 'The task that the orchestrator should take up next. Priority counts first, but what has waited for as long as the organization '
    + 'lets anything wait comes before all others.',
  path: '/orchestrators',
  question: 'next',
  command: 'claim',
  aliases: [
    { route: 'GET /orchestrators/:orchestrator/next-task', fields: olderCriteria },
    { route: 'POST /orchestrators/:id/work/claim', fields: olderCriteria },
  ],
  policy: 'deadline-priority/2',
  policyOf: ({ settings }) => settingOf({ settings }, 'nextPolicy'),
  settings: ['nextPolicy', 'maxWait_h'],
  from: backlog,
  of: 'worker',
  where: { status: 'TODO' },
  notBefore: ['next_retry_at', 'deferred_until'],
  standing: approved,
  criteria,
  among: { priority: priorities },
  order: ['due_at', 'created_at', 'task'],
  top: 6,
  chooser: orchestrators,
  ofChooser,
  bounds,
  first: (_, asking) => (settingOf(asking, 'nextPolicy') === 'deadline-priority/1' ? undefined : waitedLong(asking)),
  score: ({ priority, due_at }, { timezone }: { timezone: string }, at) => weights[priority] * boost(due_at, timezone, at),
  ties,
  idOf: (row) => row.task,
  sends: { to: task, command: 'startSelected', data: toStart },
  outdated: ['INVALID_STATE_TRANSITION', 'DEFERRED', 'INVALID_OWNERSHIP', 'DEPENDENCIES_UNMET', 'NOT_FOUND'],
  passing: ['RETRY_NOT_DUE', 'CONSENSUS_REQUIRED', 'OUTSIDE_WORK_HOURS', 'SLOT_WITHHELD'],
  nothing: { code: 'NOTHING_TO_CLAIM', ...conflict('Nothing waits that could be taken up now.') },
}
