import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { dayOf } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import type { TaskEvent } from './events.ts'

const counters = {
  created: z.int(), started: z.int(), completed: z.int(), failed: z.int(), cancelled: z.int(), on_time: z.int(),
  total_duration_ms: z.int().meta({ sql: 'bigint' }),
  delegated_in: z.int(), delegated_out: z.int(), handed_in: z.int(), handed_out: z.int(),
}

const row = z.object({ orchestrator: OrchestratorId, day: z.iso.date(), ...counters })

type Counts = Partial<Record<keyof typeof counters, number>>

const zero = Object.fromEntries(Object.keys(counters).map((name) => [name, 0])) as Record<keyof typeof counters, number>

const count = (orchestrator: z.output<typeof OrchestratorId>, at: string, counts: Counts) =>
  ({ add: { ...zero, ...counts }, at: { orchestrator, day: dayOf(at) } })

const project: Project<typeof row, 'orchestrator' | 'day', TaskEvent> = {
  TaskCreated: ({ at, data }) => [count(data.owner, at, { created: 1 })],
  TaskStarted: ({ at, data }) => [count(data.owner, at, { started: 1 })],
  TaskCompleted: ({ at, data }) =>
    [count(data.owner, at, { completed: 1, on_time: data.onTime ? 1 : 0, total_duration_ms: data.durationMs })],
  TaskFailed: ({ at, data }) => [count(data.owner, at, { failed: 1 })],
  TaskCancelled: ({ at, data }) => [count(data.owner, at, { cancelled: 1 })],
  TaskDelegated: ({ at, data }) => [count(data.owner, at, { delegated_out: 1 }), count(data.to, at, { delegated_in: 1 })],
  TaskHandedOff: ({ at, data }) => [count(data.owner, at, { handed_out: 1 }), count(data.to, at, { handed_in: 1 })],
}

export const performance = readModel({
  name: 'performance_daily',
  about: 'How every orchestrator did, by UTC day.',
  version: 1,
  path: '/performance',
  row,
  key: ['orchestrator', 'day'],
  filters: ['orchestrator', 'day'],
  ranges: ['day'],
  project,
})
