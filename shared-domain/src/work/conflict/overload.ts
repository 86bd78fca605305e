import type { z } from 'zod'
import { capacities } from '../../fleet/capacity/capacities.ts'
import { slots_default } from '../../fleet/capacity/state.ts'
import { rowsOf, type Asked, type Grounds } from '../../kernel/grounds.ts'
import { elapsed_ms, hour_ms } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { rankOf } from '../task/backlog-derived.ts'
import { backlog } from '../task/backlog.ts'
import { openStatuses } from '../task/shapes.ts'
import type { Found } from './deadline.ts'

const columns = ['task', 'owner', 'due_at', 'estimated_hours', 'progress'] as const
type Row = Pick<z.output<typeof backlog.row>, (typeof columns)[number]>

const named_max = 10
/** So many of those that are due first are looked at. */
const tasks_max = 1_000

/** What is critical, estimated and due of an orchestrator, the earliest first, and how much it does at once. */
export const overloadRows = (owner: string): Asked => ({
  critical: rowsOf(backlog, {
    columns, where: { owner, status: openStatuses, rank: rankOf('CRITICAL') }, order: ['due_at'], limit: tasks_max,
    meets: [{ column: 'due_at', notAmong: [null] }, { column: 'estimated_hours', notAmong: [null] }],
  }),
  capacity: rowsOf(capacities, { columns: ['max'], where: { orchestrator: owner }, limit: 1 }),
})

/** Its critical tasks cannot all be done in time: one alone, or all that are due until some time, by all that it does at once (W-57). */
export function overload({ rows }: Pick<Grounds, 'rows'>, at: string): Found | undefined {
  const [{ max } = { max: slots_default }] = rows.capacity as readonly { readonly max: number }[]
  const tasks: { readonly row: Row; readonly left: number }[] = []
  let sum = 0
  for (const row of rows.critical as readonly Row[]) {
    const hours = elapsed_ms(at, row.due_at!) / hour_ms
    const left = (row.estimated_hours! * (100 - row.progress)) / 100
    sum += left
    tasks.push({ row, left })
    if (left <= hours && sum <= max * hours) continue
    const named = tasks.slice(-named_max)
    return {
      orchestrators: [OrchestratorId.parse(row.owner)], tasks: named.map(({ row: { task } }) => task), severity: 'HIGH',
      evidence: { max, left: sum, until: row.due_at, tasks: named.map(({ row: { task, due_at }, left }) => ({ task, left, due: due_at })) },
    }
  }
  return undefined
}
