import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, StoredInstant } from '../../vocabulary.ts'
import type { BatchEvent } from './events.ts'
import { Plan, type Plan as Planned } from './plan.ts'

const { shape } = Plan

const row = z.object({
  batch: Id,
  name: z.string(),
  state: z.enum(['ENABLED', 'PAUSED', 'ENDED']),
  next: StoredInstant.nullable(),
  command: shape.command,
  data: shape.data,
  select: shape.select,
  when: shape.when,
  windows: shape.windows,
  zone: z.string(),
  max_parallel: z.int(),
  stop_on_failure: z.boolean(),
  timeout_s: z.int(),
  jitter_s: z.int(),
  late_s: z.int(),
  catch_up: shape.catchUp,
  max_runs: z.int().nullable(),
  runs: z.int(),
  run: Id.nullable(),
  running: z.boolean(),
  skipped: z.int(),
  skipped_reason: z.string().nullable(),
  reason: z.string().nullable(),
  defined_at: StoredInstant,
})

const planned = ({ maxParallel, stopOnFailure, catchUp, maxRuns, ...said }: Planned) => {
  const { name, command, data, select, when, windows, zone, timeout_s, jitter_s, late_s } = said
  return {
    name, command, data, select, when, windows, zone, timeout_s, jitter_s, late_s, max_parallel: maxParallel,
    stop_on_failure: stopOnFailure, catch_up: catchUp, max_runs: maxRuns,
  }
}

const unused = { runs: 0, run: null, running: false, skipped: 0, skipped_reason: null, reason: null }

const project: Project<typeof row, 'batch', BatchEvent> = {
  BatchDefined: ({ id: batch, at: defined_at, data }) =>
    [{ put: { batch, ...planned(data), ...unused, state: 'ENABLED', next: data.next, defined_at } }],
  BatchUpdated: ({ id: batch, data }) => [{ patch: { ...planned(data), next: data.next }, at: { batch } }],
  BatchDisabled: ({ id: batch, data: { reason } }) => [{ patch: { state: 'PAUSED', next: null, reason }, at: { batch } }],
  BatchEnabled: ({ id: batch, data: { next } }) => [{ patch: { state: 'ENABLED', next, reason: null }, at: { batch } }],
  BatchRunLaunched: ({ id: batch, data: { run, no: runs, next } }) => [{ patch: { run, runs, running: true, next }, at: { batch } }],
  BatchRunSkipped: ({ id: batch, data: { missed: skipped, reason: skipped_reason, next } }) => [
    { patch: { next, skipped_reason }, at: { batch } }, { add: { skipped }, at: { batch } },
  ],
  BatchRunEnded: ({ id: batch }) => [{ patch: { running: false }, at: { batch } }],
  BatchEnded: ({ id: batch, data: { reason } }) => [{ patch: { state: 'ENDED', next: null, reason }, at: { batch } }],
}

export const batches = readModel({
  name: 'batch',
  about: 'What is done with many tasks, to which, when, and whether a run is under way.',
  version: 1,
  path: '/batches',
  row,
  key: ['batch'],
  filters: ['state'],
  search: { columns: ['name'] },
  ranges: ['next'],
  sorts: ['next', 'name'],
  order: ['defined_at'],
  project,
})
