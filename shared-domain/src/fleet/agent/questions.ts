import { z } from 'zod'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { AgentId } from '../../vocabulary.ts'
import { backlog } from '../../work/task/backlog.ts'
import { openStatuses } from '../../work/task/shapes.ts'
import { agents } from './agents.ts'

const tasks_max = 200

const Assigned = backlog.row.pick({
  task: true, owner: true, title: true, status: true, priority: true, due_at: true, progress: true, created_at: true, updated_at: true,
})

const oldestFirst = { columns: columnsIn(Assigned), order: ['created_at'], limit: tasks_max } as const
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export const agentTasks = question({
  name: 'agentTasks',
  about: `The open tasks that an agent is assigned to or works on: the first ${tasks_max}, oldest first.`,
  path: '/agents/:agent/tasks',
  params: z.object({ agent: AgentId }),
  answer: z.object({ items: z.array(Assigned).max(tasks_max) }),
  reads: [agents, backlog],
  *reply({ params: { agent } }) {
    const { own: [own], assigned, leased } = yield* asks({
      own: rowsOf(agents, { columns: ['agent'], where: { agent }, limit: 1 }),
      assigned: rowsOf(backlog, { ...oldestFirst, where: { agent, status: openStatuses } }),
      // What is assigned to nobody any more may still run.
      leased: rowsOf(backlog, { ...oldestFirst, where: { lease_agent: agent, status: openStatuses } }),
    })
    if (!own) return undefined
    const all = [...new Map([...assigned, ...leased].map((row) => [row.task, row])).values()]
    return { items: all.sort((a, b) => compare(a.created_at, b.created_at) || compare(a.task, b.task)).slice(0, tasks_max) }
  },
})
