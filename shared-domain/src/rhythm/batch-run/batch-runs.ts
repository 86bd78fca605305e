import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, StoredInstant } from '../../vocabulary.ts'
import type { BatchRunEvent } from './events.ts'
import { Counts, RunCause, RunCommand } from './shapes.ts'

const row = z.object({
  run: Id,
  batch: Id,
  state: z.enum(['RUNNING', 'STOPPING', 'COMPLETED']),
  command: RunCommand,
  items: z.int(),
  ...Counts.shape,
  cause: RunCause.nullable(),
  reason: z.string().nullable(),
  started_at: StoredInstant,
  ended_at: StoredInstant.nullable(),
})

const none = { done: 0, unchanged: 0, failed: 0, skipped: 0, unfinished: 0 }

const project: Project<typeof row, 'run', BatchRunEvent> = {
  BatchRunStarted: ({ id: run, at: started_at, data: { batch, command, items } }) => [{
    put: { run, batch, state: 'RUNNING', command, items: items.length, ...none, cause: null, reason: null, started_at, ended_at: null },
  }],
  BatchRunStopping: ({ id: run, data: { cause, reason } }) => [{ patch: { state: 'STOPPING', cause, reason }, at: { run } }],
  BatchRunCompleted: ({ id: run, at: ended_at, data: { counts, cause } }) =>
    [{ patch: { state: 'COMPLETED', ...counts, cause, ended_at }, at: { run } }],
}

export const batchRuns = readModel({
  name: 'batch_run',
  about: 'Runs of batches: how many items ended how, once a run is over; the newest first.',
  version: 1,
  path: '/batch-runs',
  row,
  key: ['run'],
  filters: ['batch', 'state', 'cause'],
  ranges: ['started_at'],
  sorts: ['started_at'],
  sort: '-started_at',
  aliases: [{ route: 'GET /batches/:batch/runs' }],
  project,
})
