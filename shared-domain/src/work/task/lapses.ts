import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'

const row = z.object({ task: TaskId, agent: AgentId, at: StoredInstant })

const project: Project<typeof row, 'task' | 'agent', TaskEvent> = {
  TaskUnassigned: ({ id, at, data: { agentSlot, cause } }) =>
    (agentSlot && cause === 'lapsed' ? [{ put: { task: id as TaskId, agent: agentSlot.agent, at } }] : []),
}

export const lapses = readModel({
  name: 'lapse',
  about: 'Which agents did not begin a task in time, and when that was the last time.',
  version: 1,
  path: '/lapses',
  row,
  key: ['task', 'agent'],
  filters: ['agent'],
  sorts: ['at'],
  sort: '-at',
  project,
})
