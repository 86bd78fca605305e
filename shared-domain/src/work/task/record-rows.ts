import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'
import { categories, roles } from './events-of-records.ts'
import { Artifact } from './shapes.ts'

const note = z.object({
  task: TaskId, revision: z.int(), text: z.string(), artifacts: z.array(Artifact), hours_spent: z.number().nullable(), role: z.enum(roles),
  by: z.string(), at: StoredInstant,
})

const noted: Project<typeof note, 'task' | 'revision', TaskEvent> = {
  TaskNoted: ({ id, revision, at, by, data: { text, artifacts, hoursSpent, role } }) =>
    [{ put: { task: id as TaskId, revision, text, artifacts, hours_spent: hoursSpent, role, by: by.id, at } }],
}

export const notes = readModel({
  name: 'note',
  about: 'What those who have to do with tasks noted of them.',
  version: 1,
  path: '/notes',
  row: note,
  key: ['task', 'revision'],
  filters: ['task', 'by'],
  sort: '-at',
  sorts: ['at'],
  isAppendOnly: true,
  project: noted,
})

const time = z.object({
  task: TaskId, revision: z.int(), owner: OrchestratorId, estimated_hours: z.number(), actual_hours: z.number(), variance: z.number(),
  accuracy: z.int(), source: z.enum(['given', 'leases', 'recorded']), notes: z.string().nullable(), at: StoredInstant,
})

const timed: Project<typeof time, 'task' | 'revision', TaskEvent> = {
  TaskTimeRecorded: ({ id, revision, at, data: { owner, estimatedHours, actualHours, variance, accuracy, source, notes } }) => [{
    put: {
      task: id as TaskId, revision, owner, estimated_hours: estimatedHours, actual_hours: actualHours, variance, accuracy, source, notes,
      at,
    },
  }],
}

export const timeRecords = readModel({
  name: 'time_record',
  about: 'How long work took, and how long it was thought to take.',
  version: 1,
  path: '/time-records',
  row: time,
  key: ['task', 'revision'],
  filters: ['task', 'owner'],
  ranges: ['at'],
  indexes: [['owner', 'at', 'task', 'revision']],
  sort: '-at',
  sorts: ['at'],
  isAppendOnly: true,
  project: timed,
})

const rating = z.object({
  task: TaskId, by: z.string(), category: z.enum(categories), rating: z.int(), comments: z.string().nullable(), owner: OrchestratorId,
  agent: AgentId.nullable(), at: StoredInstant,
})

const rated: Project<typeof rating, 'task' | 'by' | 'category', TaskEvent> = {
  TaskQualityRated: ({ id, at, by, data: { owner, rating, category, comments, agent } }) =>
    [{ put: { task: id as TaskId, by: by.id, category, rating, comments, owner, agent, at } }],
}

export const ratings = readModel({
  name: 'rating',
  about: 'How good results are, as each thinks now of each side of them; the newest first.',
  version: 1,
  path: '/ratings',
  row: rating,
  key: ['task', 'by', 'category'],
  filters: ['task', 'owner', 'agent', 'category'],
  sort: '-at',
  sorts: ['at'],
  project: rated,
})
