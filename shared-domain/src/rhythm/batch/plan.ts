import { z } from 'zod'
import { jsonObject, OrchestratorId, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { task } from '../../work/task/decider.ts'
import { Status } from '../../work/task/shapes.ts'
import { Cron, Zone } from '../rule.ts'
import { Window } from '../windows.ts'

export const items_max = 200

/** What may be done with many tasks, as each task takes it. */
export const BatchCommand = z.enum(['start', 'assign', 'unassign', 'delegate', 'cancel', 'edit', 'retry', 'reopen', 'defer', 'undefer'])

export const Filter = z.object({
  owners: z.array(OrchestratorId).min(1).max(50).optional(),
  status: Status.optional(),
  priority: Priority.optional(),
  tag: text(50).optional(),
  capability: text(100).optional(),
  assigned: z.boolean().optional(),
  workspace: text(100).optional(),
  olderThan_h: z.int().min(0).max(87_600).optional(),
  overdue: z.boolean().optional(),
})

/** The tasks that are named, or those that are found when a run begins, the most pressing first. */
export const Select = z.union([
  z.strictObject({ tasks: z.array(TaskId).min(1).max(items_max) }),
  z.strictObject({ filter: Filter, limit: z.int().min(1).max(items_max).default(items_max) }),
])
export type Select = z.output<typeof Select>

/** At the times of a pattern, once, or whenever one of its windows opens. */
export const When = z.union([
  z.strictObject({ cron: Cron, zone: Zone }), z.strictObject({ at: StoredInstant }), z.strictObject({ window: z.literal(true) }),
])

/** What a run does. */
export const Work = z.object({
  command: BatchCommand,
  data: jsonObject(16 * 1024),
  select: Select,
  maxParallel: z.int().min(1).max(50),
  stopOnFailure: z.boolean(),
  timeout_s: z.int().min(60).max(86_400),
})
export type Work = z.output<typeof Work>

export const Plan = Work.extend({
  name: text(200),
  when: When.nullable(),
  windows: z.array(Window).max(5),
  zone: Zone.describe('The clocks of its windows.'),
  jitter_s: z.int().min(0).max(3_600),
  late_s: z.int().min(0).max(86_400),
  catchUp: z.enum(['none', 'one']),
  maxRuns: z.int().min(1).max(1_000_000).nullable(),
})
export type Plan = z.output<typeof Plan>

export const workOf = ({ command, data, select, maxParallel, stopOnFailure, timeout_s }: Work): Work =>
  ({ command, data, select, maxParallel, stopOnFailure, timeout_s })

/** What is wrong with what each task is told, if anything. */
export function faultIn({ command, data }: Pick<Work, 'command' | 'data'>): string | undefined {
  const { error } = task.commands[command].data.safeParse(data)
  return error?.issues[0] && [...error.issues[0].path, error.issues[0].message].join(' ')
}
