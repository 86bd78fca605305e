import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { BatchRunEvent } from './events.ts'
import { ItemOutcome } from './shapes.ts'

const row = z.object({
  run: Id,
  no: z.int(),
  task: TaskId,
  owner: OrchestratorId,
  outcome: ItemOutcome.nullable(),
  code: z.string().nullable(),
  dispatched_at: StoredInstant.nullable(),
  processed_at: StoredInstant.nullable(),
})

const project: Project<typeof row, 'run' | 'no', BatchRunEvent> = {
  BatchRunStarted: ({ id: run, data: { items } }) =>
    items.map(({ data: _, ...item }) => ({ put: { run, ...item, outcome: null, code: null, dispatched_at: null, processed_at: null } })),
  BatchItemDispatched: ({ id: run, at: dispatched_at, data: { no } }) => [{ patch: { dispatched_at }, at: { run, no } }],
  BatchItemProcessed: ({ id: run, at: processed_at, data: { no, outcome, code } }) =>
    [{ patch: { outcome, code, processed_at }, at: { run, no } }],
}

export const batchItems = readModel({
  name: 'batch_item',
  about: 'The tasks of runs of batches in their order, and what became of each; nothing yet, where it has no outcome.',
  version: 1,
  path: '/batch-items',
  row,
  key: ['run', 'no'],
  filters: ['run', 'task', 'owner', 'outcome'],
  project,
})
