import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import type { RecurrenceEvent } from './events.ts'
import { Plan, type Plan as Planned } from './plan.ts'

const { shape } = Plan

const row = z.object({
  recurrence: Id,
  owner: OrchestratorId,
  state: z.enum(['ENABLED', 'PAUSED', 'ENDED']),
  next: StoredInstant.nullable(),
  title: z.string(),
  template: shape.template,
  rule: shape.rule,
  zone: z.string(),
  jitter_s: z.int(),
  catch_up: shape.catchUp,
  catch_up_max: z.int(),
  late_s: z.int(),
  overlap: shape.overlap,
  max_runs: z.int().nullable(),
  until: StoredInstant.nullable(),
  runs: z.int(),
  last_due: StoredInstant.nullable(),
  last_task: Id.nullable(),
  reason: z.string().nullable(),
  defined_at: StoredInstant,
})

const planned = ({ owner, template, rule, zone, jitter_s, catchUp, catchUpMax, late_s, overlap, maxRuns, until }: Planned) => ({
  owner, title: template.title, template, rule, zone, jitter_s, catch_up: catchUp, catch_up_max: catchUpMax, late_s, overlap,
  max_runs: maxRuns, until,
})

const project: Project<typeof row, 'recurrence', RecurrenceEvent> = {
  RecurrenceDefined: ({ id: recurrence, at: defined_at, data }) => [{
    put: {
      recurrence, ...planned(data), state: 'ENABLED', next: data.next, runs: 0, last_due: null, last_task: null, reason: null, defined_at,
    },
  }],
  RecurrenceChanged: ({ id: recurrence, data }) => [{ patch: { ...planned(data), next: data.next }, at: { recurrence } }],
  RecurrencePaused: ({ id: recurrence, data: { reason } }) => [{ patch: { state: 'PAUSED', next: null, reason }, at: { recurrence } }],
  RecurrenceResumed: ({ id: recurrence, data: { next } }) => [{ patch: { state: 'ENABLED', next, reason: null }, at: { recurrence } }],
  RecurrenceSkipped: ({ id: recurrence, data: { next } }) => [{ patch: { next }, at: { recurrence } }],
  RecurrenceFired: ({ id: recurrence, data: { due, task, run, next } }) =>
    [{ patch: { next, runs: run, last_due: due, last_task: task }, at: { recurrence } }],
  RecurrenceEnded: ({ id: recurrence, data: { reason } }) => [{ patch: { state: 'ENDED', next: null, reason }, at: { recurrence } }],
}

export const recurrences = readModel({
  name: 'recurrence',
  about: 'Which tasks come round, for whom, by which rule, and when next.',
  version: 1,
  path: '/recurrences',
  row,
  key: ['recurrence'],
  filters: ['owner', 'state'],
  search: { columns: ['title'] },
  ranges: ['next'],
  sorts: ['next'],
  order: ['defined_at'],
  aliases: [{ route: 'GET /orchestrators/:owner/recurring-tasks' }],
  project,
})
