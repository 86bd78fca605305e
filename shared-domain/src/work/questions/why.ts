import { z } from 'zod'
import { decisions } from '../../council/decision/decisions.ts'
import { agents } from '../../fleet/agent/agents.ts'
import { budgets } from '../../fleet/budget/budgets.ts'
import { capacities } from '../../fleet/capacity/capacities.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { organizations } from '../../fleet/organization/organizations.ts'
import { withDefaults } from '../../fleet/organization/settings.ts'
import { rank } from '../../kernel/choosing.ts'
import { columnsIn, rowsOf, type Asked } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { verdictAt } from '../../rhythm/calendar/calendar.ts'
import { nextOpen } from '../../rhythm/calendar/hours.ts'
import { said } from '../../rhythm/schedule/keeping.ts'
import { holidaysAsked, hoursIn, readsOfHours, type Hours } from '../../rhythm/schedule/questions.ts'
import { scheduleOverrides, schedules } from '../../rhythm/schedule/schedules.ts'
import { TaskId } from '../../vocabulary.ts'
import { holderOf } from '../task/assignees.ts'
import { backlog } from '../task/backlog.ts'
import { choiceRows } from '../task/choices.ts'
import { escalations } from '../task/escalations.ts'
import { nextTask } from '../task/selection.ts'
import { openStatuses } from '../task/shapes.ts'

const [choices_max, ahead_max, shown_max, others_max, overrides_max] = [200, 1_000, 5, 2_000, 400]

const Reason = z.object({ code: z.string(), detail: z.record(z.string(), z.json()) })
type Reason = z.output<typeof Reason>

/** What tells the place of a task among others. */
const Waiting = backlog.row.pick({
  task: true, priority: true, due_at: true, created_at: true, waiting_since: true, next_retry_at: true, deferred_until: true,
  approvals: true,
})
const Task = Waiting.extend(backlog.row.pick({
  owner: true, assignee: true, worker: true, agent: true, status: true, since: true, block_kind: true, block_reason: true,
  depends_on: true, deferred_cause: true, unplaced: true, unplaced_since: true,
}).shape)
type Task = z.output<typeof Task>
type Waiting = z.output<typeof Waiting>

const stands = ['approved', 'cancelled'] as const
const works = ['ONLINE', 'BUSY']
const isReady = ({ status }: { readonly status: string }) => status === 'IDLE' || status === 'ACTIVE'

const Asked = escalations.row.pick({ revision: true, steps: true, level: true, state: true, acknowledged_by: true })

/** Whom an escalation asks by now, and who looks at it. */
const askedOf = ({ steps, level, acknowledged_by }: z.output<typeof Asked>) =>
  ({ asked: (steps ?? []).slice(0, level).flatMap(({ people }) => people), acknowledgedBy: acknowledged_by })

/** The hours for which its start would be refused. */
function outside(orchestrator: string, priority: string, { terms, calendar }: Hours, at: string): readonly Reason[] {
  const { open, cause } = verdictAt(calendar, Date.parse(at))
  if (open || (priority === 'CRITICAL' && terms?.allowCriticalOutsideHours)) return []
  return [{ code: 'OUTSIDE_WORK_HOURS', detail: { orchestrator, cause, nextAvailableAt: said(nextOpen(calendar, Date.parse(at))) } }]
}

type Asks<Answer> = Generator<Asked, Answer, any>

/** What stands in the way of a task that waits, in the order in which its start would be refused. */
function* obstaclesOf(task: Task, at: string): Asks<readonly Reason[]> {
  const holder = holderOf(task)
  const {
    orchestrator: [own], schedule: [schedule], overrides,
    capacity: [capacity], budget, common, approved, open, agent: [agent], escalation: [escalation], organization, sets,
  } = yield* asks({
    ...holidaysAsked(at),
    orchestrator: rowsOf(orchestrators, { columns: ['status', 'timezone'], where: { orchestrator: holder }, limit: 1 }),
    schedule: rowsOf(schedules, { columns: columnsIn(schedules.row), where: { orchestrator: holder }, limit: 1 }),
    overrides: rowsOf(scheduleOverrides, {
      columns: columnsIn(scheduleOverrides.row), where: { orchestrator: holder }, atLeast: { to: at }, limit: overrides_max,
    }),
    capacity: rowsOf(capacities, { columns: ['max', 'free'], where: { orchestrator: holder }, limit: 1 }),
    budget: rowsOf(budgets, { columns: ['holder', 'blocked'], where: { holder }, limit: 1 }),
    common: rowsOf(budgets, { columns: ['holder', 'blocked'], where: { kind: 'organization' }, limit: 1 }),
    approved: rowsOf(decisions, { columns: ['decision'], where: { decision: task.approvals, status: stands }, limit: others_max }),
    open: rowsOf(backlog, { columns: ['task'], where: { task: task.depends_on, status: openStatuses }, limit: others_max }),
    agent: rowsOf(agents, { columns: ['status'], where: { agent: task.agent }, limit: 1 }),
    escalation: rowsOf(escalations, { columns: columnsIn(Asked), where: { task: task.task, state: ['OPEN', 'ACKNOWLEDGED'] }, limit: 1 }),
  })
  const { status, since, block_kind: kind, block_reason: reason, next_retry_at: nextRetryAt, deferred_until: until } = task
  const unmet = { code: 'DEPENDENCIES_UNMET', detail: { open: open.map((one) => one.task) } }
  const blocked = { code: 'BLOCKED', detail: { kind, reason, since, ...(escalation && askedOf(escalation)) } }
  if (status === 'BLOCKED') return [kind === 'dependencies' ? unmet : blocked]
  const missing = task.approvals.filter((id) => !approved.some(({ decision }) => decision === id))
  const hours = hoursIn(schedule, overrides, own?.timezone ?? 'UTC', { organization, sets })
  const spent = [...budget, ...common].find(({ blocked }) => blocked !== null && at < blocked.until)
  return [
    ...(nextRetryAt !== null && nextRetryAt > at ? [{ code: 'RETRY_NOT_DUE', detail: { nextRetryAt } }] : []),
    ...(until !== null && until > at ? [{ code: 'DEFERRED', detail: { until, cause: task.deferred_cause } }] : []),
    ...(missing.length > 0 ? [{ code: 'CONSENSUS_REQUIRED', detail: { decisions: missing } }] : []),
    ...(open.length > 0 ? [unmet] : []),
    ...(own && works.includes(own.status) ? []
      : [{ code: 'ORCHESTRATOR_UNAVAILABLE', detail: { orchestrator: holder, status: own?.status ?? null } }]),
    ...outside(holder, task.priority, hours, at),
    ...(hours.terms?.mode === 'reactive' ? [{ code: 'REACTIVE', detail: { orchestrator: holder } }] : []),
    ...(capacity && capacity.free <= 0 ? [{ code: 'CAPACITY_EXCEEDED', detail: { max: capacity.max } }] : []),
    ...(spent ? [{ code: 'BUDGET_EXHAUSTED', detail: { holder: spent.holder, ...spent.blocked! } }] : []),
    ...(agent && !isReady(agent) ? [{ code: 'AGENT_NOT_AVAILABLE', detail: { agent: task.agent, status: agent.status } }] : []),
    ...(task.unplaced ? [{ code: 'NOBODY_PLACED', detail: { counts: task.unplaced, since: task.unplaced_since } }] : []),
  ]
}

/** Who is taken up before it by the orchestrator that may claim it; by nobody else than the assigned one, when somebody else is. */
function* placeOf(task: Task, set: Record<string, unknown>, at: string): Asks<Reason> {
  const { worker } = task
  if (worker === null) return { code: 'ASSIGNED', detail: { assignee: task.assignee } }
  const { rows, chooser: [chooser] } = yield* asks({
    chooser: rowsOf(orchestrators, { columns: ['timezone'], where: { orchestrator: worker }, limit: 1 }),
    rows: rowsOf(backlog, {
      columns: columnsIn(Waiting), where: { worker, status: 'TODO' }, order: ['rank', 'due_at', 'created_at'], limit: ahead_max,
    }),
  })
  const asked = [...new Set(rows.flatMap(({ approvals }) => approvals))].slice(0, others_max)
  const { approved } = yield* asks({
    approved: rowsOf(decisions, { columns: ['decision'], where: { decision: asked, status: stands }, limit: others_max }),
  })
  const permitted = new Set(approved.map(({ decision }) => decision))
  const isFree = ({ next_retry_at, deferred_until, approvals }: Waiting) =>
    [next_retry_at, deferred_until].every((due) => due === null || due <= at) && approvals.every((id) => permitted.has(id))
  const first = nextTask.first?.({}, { caller: nobody, wish: {}, at, settings: withDefaults(set) })
  const order = rank(nextTask, [...rows.filter(isFree).filter((one) => one.task !== task.task), task], chooser, at, first)
  const before = order.slice(0, order.findIndex(({ row }) => row.task === task.task)).map(({ row }) => row.task)
  return { code: 'PRECEDED', detail: { count: before.length, first: before.slice(0, shown_max) } }
}

const nobody = { by: { kind: 'process', id: 'why' }, actsFor: null } as const

export const why = question({
  name: 'taskWhy',
  about: 'Why a task does not run: every reason there is now, or how many come before it, and the choices that were made about it.',
  path: '/tasks/:task/why',
  params: z.object({ task: TaskId }),
  answer: z.object({
    choices: z.array(choiceRows.row.omit({ task: true })).max(choices_max),
    now: z.array(Reason),
  }),
  reads: [...readsOfHours, backlog, choiceRows, capacities, budgets, decisions, agents, escalations],
  statements_max: 4,
  *reply({ params, at }) {
    const { own: [own], choices, organization: [organization] } = yield* asks({
      own: rowsOf(backlog, { columns: columnsIn(Task), where: params, limit: 1 }),
      choices: rowsOf(choiceRows, { columns: columnsIn(choiceRows.row.omit({ task: true })), where: params, limit: choices_max }),
      organization: rowsOf(organizations, { columns: ['set'], limit: 1 }),
    })
    if (!own) return undefined
    const { status } = own
    if (status === 'IN_PROGRESS') return { choices, now: [] }
    if (status === 'DONE' || status === 'CANCELLED') return { choices, now: [{ code: 'INVALID_STATE_TRANSITION', detail: { status } }] }
    const obstacles = yield* obstaclesOf(own, at)
    return { choices, now: obstacles.length > 0 ? obstacles : [yield* placeOf(own, organization?.set ?? {}, at)] }
  },
})
