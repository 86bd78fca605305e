import { z } from 'zod'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { AgentId } from '../../vocabulary.ts'
import { backlog } from '../../work/task/backlog.ts'
import { agents } from './agents.ts'

const tasks_max = 200

const Assigned = backlog.row.pick({
  task: true, owner: true, title: true, status: true, priority: true, due_at: true, progress: true, created_at: true, updated_at: true,
})

export const agentTasks = question({
  name: 'agentTasks',
  about: `The open tasks that an agent is assigned to: the first ${tasks_max}, oldest first.`,
  path: '/agents/:agent/tasks',
  params: z.object({ agent: AgentId }),
  answer: z.object({ items: z.array(Assigned).max(tasks_max) }),
  reads: [agents, backlog],
  *reply({ params: { agent } }) {
    const { own: [own], items } = yield* asks({
      own: rowsOf(agents, { columns: ['agent'], where: { agent }, limit: 1 }),
      items: rowsOf(backlog, {
        columns: columnsIn(Assigned), order: ['created_at'], limit: tasks_max,
        where: { assignee: `agent:${agent}`, status: ['TODO', 'IN_PROGRESS', 'BLOCKED'] },
      }),
    })
    return own && { items }
  },
})
