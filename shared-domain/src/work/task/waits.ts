import { z } from 'zod'
import { readModel, type Change, type Project } from '../../kernel/read-model.ts'
import { StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'

const row = z.object({ task: TaskId, depends_on: TaskId, at: StoredInstant })

type Wait = z.output<typeof row>

const added = (id: string, depends_on: TaskId, at: string): Change<Wait> => ({ put: { task: id as TaskId, depends_on, at } })

const removed = ({ id, data: { dependency } }: { id: string; data: { dependency: TaskId } }) =>
  [{ remove: { task: id as TaskId, depends_on: dependency } }]

const project: Project<typeof row, 'task' | 'depends_on', TaskEvent> = {
  TaskCreated: ({ id, at, data: { dependsOn } }) => dependsOn.map((dependency) => added(id, dependency, at)),
  DependencyAdded: ({ id, at, data: { dependency } }) => [added(id, dependency, at)],
  DependencyRemoved: removed,
  DependencyWithdrawn: removed,
}

export const waits = readModel({
  name: 'dependency',
  about: 'Which task waits for which other.',
  version: 2,
  path: '/dependencies',
  row,
  key: ['task', 'depends_on'],
  filters: ['task', 'depends_on'],
  project,
})
