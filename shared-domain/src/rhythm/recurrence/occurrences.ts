import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { RecurrenceEvent } from './events.ts'

const row = z.object({
  recurrence: Id,
  due: StoredInstant,
  owner: OrchestratorId,
  outcome: z.enum(['fired', 'late', 'open']),
  task: TaskId.nullable(),
  run: z.int().nullable(),
  late_ms: z.int().nullable(),
  // Of those that were skipped together: the last of them, and how many there are.
  until: StoredInstant,
  missed: z.int(),
})

const project: Project<typeof row, 'recurrence' | 'due', RecurrenceEvent> = {
  RecurrenceFired: ({ id: recurrence, data: { owner, due, task, run, late_ms } }) =>
    [{ put: { recurrence, due, owner, outcome: 'fired', task, run, late_ms, until: due, missed: 0 } }],
  RecurrenceSkipped: ({ id: recurrence, data: { owner, from: due, to: until, missed, reason: outcome } }) =>
    [{ put: { recurrence, due, owner, outcome, task: null, run: null, late_ms: null, until, missed } }],
}

export const occurrences = readModel({
  name: 'occurrence',
  about: 'What became of each time at which a task was to come round; the newest first.',
  version: 1,
  path: '/occurrences',
  row,
  key: ['recurrence', 'due'],
  filters: ['recurrence', 'owner', 'outcome', 'task'],
  ranges: ['due'],
  sorts: ['due'],
  sort: '-due',
  project,
})
