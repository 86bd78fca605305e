import { z } from 'zod'
import { columnsIn, countsOf, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { agents } from '../../fleet/agent/agents.ts'
import { Priority } from '../../vocabulary.ts'
import { backlog } from '../task/backlog.ts'

const [agents_max, latest_max, kinds_max] = [200, 10, 50]

const Count = z.int().min(0)

const { shape: known } = agents.row
const Agent = z.object({ id: known.agent, name: known.name, status: known.status, load: known.load, reliability: known.reliability })
const Latest = backlog.row.pick({
  task: true, owner: true, assignee: true, title: true, status: true, priority: true, updated_at: true, changed_position: true,
})

export const delegationReport = question({
  name: 'delegationReport',
  about: 'How many tasks wait, wait for somebody who is assigned, run and are over, by priority; who works, and what changed last.',
  path: '/tasks/report/delegation',
  params: z.object({}),
  answer: z.object({
    summary: z.object({
      total: Count, pending: Count, assigned: Count, inProgress: Count, blocked: Count, completed: Count, cancelled: Count,
    }),
    byPriority: z.record(Priority, Count),
    agents: z.array(Agent).max(agents_max),
    latest: z.array(Latest).max(latest_max),
  }),
  reads: [backlog, agents],
  *reply() {
    const { kinds, all, latest } = yield* asks({
      kinds: countsOf(backlog, { columns: ['status', 'assigned', 'priority'], limit: kinds_max }),
      all: rowsOf(agents, { columns: ['agent', 'name', 'status', 'load', 'reliability'], limit: agents_max }),
      latest: rowsOf(backlog, { columns: columnsIn(Latest), order: ['changed_position'], descending: true, limit: latest_max }),
    })
    const counted = (isMeant: (kind: (typeof kinds)[number]) => boolean) =>
      kinds.filter(isMeant).reduce((sum, { count }) => sum + count, 0)
    const of = (one: Priority) => counted(({ priority }) => priority === one)
    return {
      summary: {
        total: counted(() => true),
        pending: counted(({ status, assigned }) => status === 'TODO' && !assigned),
        assigned: counted(({ status, assigned }) => status === 'TODO' && assigned),
        inProgress: counted(({ status }) => status === 'IN_PROGRESS'),
        blocked: counted(({ status }) => status === 'BLOCKED'),
        completed: counted(({ status }) => status === 'DONE'),
        cancelled: counted(({ status }) => status === 'CANCELLED'),
      },
      byPriority: { CRITICAL: of('CRITICAL'), HIGH: of('HIGH'), MEDIUM: of('MEDIUM'), LOW: of('LOW') },
      agents: all.map(({ agent: id, ...one }) => ({ id, ...one })),
      latest,
    }
  },
})

export const taskMetrics = question({
  name: 'taskMetrics',
  about: 'How many tasks there are, are done and have failed for good, and how many agents have something to do.',
  path: '/tasks/metrics',
  params: z.object({}),
  answer: z.object({ total: Count, completed: Count, failed: Count, activeAgents: Count }),
  reads: [backlog, agents],
  *reply() {
    const { kinds, failed: [failed], active: [active] } = yield* asks({
      kinds: countsOf(backlog, { columns: ['status'], limit: kinds_max }),
      failed: countsOf(backlog, { columns: [], where: { status: 'BLOCKED', block_kind: 'failure' }, limit: 1 }),
      active: countsOf(agents, { columns: [], atLeast: { current: 1 }, limit: 1 }),
    })
    return {
      total: kinds.reduce((sum, { count }) => sum + count, 0),
      completed: kinds.find(({ status }) => status === 'DONE')?.count ?? 0,
      failed: failed?.count ?? 0,
      activeAgents: active?.count ?? 0,
    }
  },
})
