import { z } from 'zod'
import { waitingVotes } from '../council/decision/waiting-votes.ts'
import { agents } from '../fleet/agent/agents.ts'
import { budgets } from '../fleet/budget/budgets.ts'
import { capacities } from '../fleet/capacity/capacities.ts'
import { capacitySlots } from '../fleet/capacity/capacity-slots.ts'
import { charters } from '../fleet/charter/charters.ts'
import { orchestrators } from '../fleet/orchestrator/orchestrators.ts'
import { posts } from '../fleet/post/posts.ts'
import { columnsIn, rowsOf } from '../kernel/grounds.ts'
import { asks, question } from '../kernel/question.ts'
import { dayOf, day_ms, later } from '../kernel/time.ts'
import { schedules } from '../rhythm/schedule/schedules.ts'
import { OrchestratorId } from '../vocabulary.ts'
import { backlogSummary } from '../work/task/backlog-summary.ts'
import { backlog } from '../work/task/backlog.ts'
import { escalations } from '../work/task/escalations.ts'
import { performance } from '../work/task/performance.ts'

const agents_max = 50
const slots_max = 50
const tasks_max = 20
const days = 7

const Task = backlog.row.pick({
  task: true, title: true, status: true, priority: true, assignee: true, lease_holder: true, progress: true, sla_deadline: true,
  due_at: true, started_at: true,
})
const Hours = schedules.row.pick({ zone: true, open: true, until: true, next_open_at: true, cause: true })
const Charter = charters.row.pick({ version: true, hash: true, activated_at: true })
const Budget = budgets.row.pick({ limits: true, counts: true, blocked: true })
const Agent = agents.row

export const orchestratorDashboard = question({
  name: 'orchestratorDashboard',
  about: `The page of an orchestrator in one answer: how it stands, what runs and waits there, and how it did in the last ${days} days.`,
  path: '/orchestrators/:orchestrator/dashboard',
  params: z.object({ orchestrator: OrchestratorId }),
  answer: z.object({
    orchestrator: orchestrators.row,
    capacity: capacities.row.nullable(),
    backlog_summary: backlogSummary.row.nullable(),
    hours: Hours.nullable(),
    charter: Charter.nullable(),
    budget: Budget.nullable(),
    performance: z.array(performance.row).max(days),
    slots: z.array(capacitySlots.row).max(slots_max),
    agents: z.array(Agent).max(agents_max),
    /** What runs; what pressingly waits. */
    running: z.array(Task).max(tasks_max),
    blocked: z.array(Task).max(tasks_max),
    escalations: z.array(escalations.row).max(tasks_max),
    waiting_votes: z.array(waitingVotes.row).max(tasks_max),
    posts: z.array(posts.row).max(tasks_max),
  }),
  reads: [
    orchestrators, capacities, backlogSummary, schedules, charters, budgets, performance, capacitySlots, agents, backlog, escalations,
    waitingVotes, posts,
  ],
  *reply({ params: { orchestrator }, at }) {
    const where = { orchestrator }
    const tasks = (status: 'IN_PROGRESS' | 'BLOCKED') => rowsOf(backlog, {
      columns: columnsIn(Task), where: { owner: orchestrator, status }, order: ['rank', 'due_at', 'created_at'], limit: tasks_max,
    })
    const found = yield* asks({
      own: rowsOf(orchestrators, { columns: columnsIn(orchestrators.row), where, limit: 1 }),
      capacity: rowsOf(capacities, { columns: columnsIn(capacities.row), where, limit: 1 }),
      summary: rowsOf(backlogSummary, { columns: columnsIn(backlogSummary.row), where: { owner: orchestrator }, limit: 1 }),
      hours: rowsOf(schedules, { columns: columnsIn(Hours), where, limit: 1 }),
      charter: rowsOf(charters, { columns: columnsIn(Charter), where: { orchestrator, active: true }, limit: 1 }),
      budget: rowsOf(budgets, { columns: columnsIn(Budget), where: { holder: orchestrator }, limit: 1 }),
      performance: rowsOf(performance, {
        columns: columnsIn(performance.row), where: { kind: 'orchestrator', subject: orchestrator },
        atLeast: { day: dayOf(later(at, -(days - 1) * day_ms)) }, order: ['day'], limit: days,
      }),
      slots: rowsOf(capacitySlots, { columns: columnsIn(capacitySlots.row), where, order: ['since'], limit: slots_max }),
      agents: rowsOf(agents, { columns: columnsIn(Agent), where, order: ['name'], limit: agents_max }),
      running: tasks('IN_PROGRESS'),
      blocked: tasks('BLOCKED'),
      escalations: rowsOf(escalations, {
        columns: columnsIn(escalations.row), where: { owner: orchestrator, state: ['OPEN', 'ACKNOWLEDGED'] },
        order: ['at'], descending: true, limit: tasks_max,
      }),
      waiting_votes: rowsOf(waitingVotes, {
        columns: columnsIn(waitingVotes.row), where: { elector: orchestrator }, order: ['deadline'], limit: tasks_max,
      }),
      posts: rowsOf(posts, { columns: columnsIn(posts.row), where, order: ['at'], descending: true, limit: tasks_max }),
    })
    const { own: [own], capacity: [capacity = null], summary: [summary = null], hours: [hours = null], ...others } = found
    const { charter: [charter = null], budget: [budget = null], ...lists } = others
    return own && { orchestrator: own, capacity, backlog_summary: summary, hours, charter, budget, ...lists }
  },
})
