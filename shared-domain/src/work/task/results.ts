import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, Int64, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import { Artifact } from './shapes.ts'

const row = z.object({
  task: TaskId,
  output: z.json().nullable(),
  artifacts: z.array(Artifact),
  metrics: z.record(z.string(), z.number()),
  token: Int64,
  holder: OrchestratorId,
  agent: AgentId.nullable(),
  actual_hours: z.number().nullable(),
  completed_at: StoredInstant,
})

const project: Project<typeof row, 'task', TaskEvent> = {
  TaskCompleted: ({ id, at, data: { output, artifacts, metrics, lease: { token, holder, agent }, actualHours } }) =>
    [{ put: { task: id as TaskId, output, artifacts, metrics, token, holder, agent, actual_hours: actualHours, completed_at: at } }],
}

export const results = readModel({
  name: 'task_result',
  about: 'What came of every task that is done, and who did it; the newest first.',
  version: 1,
  path: '/task-results',
  row,
  key: ['task'],
  filters: ['holder', 'agent'],
  sorts: ['completed_at'],
  sort: '-completed_at',
  project,
})
