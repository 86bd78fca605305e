import type { z } from 'zod'
import { rowsOf, type Asked, type Grounds } from '../../kernel/grounds.ts'
import type { OrchestratorId, TaskId } from '../../vocabulary.ts'
import { backlog } from '../task/backlog.ts'
import { waits } from '../task/waits.ts'

const columns = ['task', 'owner', 'priority', 'due_at'] as const
type Row = Pick<z.output<typeof backlog.row>, (typeof columns)[number]>

const named_max = 10
/** So many of those that are due first are looked at. */
const dependents_max = 100

export interface Found {
  readonly orchestrators: OrchestratorId[]
  readonly tasks: TaskId[]
  readonly severity: 'HIGH' | 'MEDIUM'
  readonly evidence: z.core.util.JSONType
}

const open = { status: ['TODO', 'IN_PROGRESS', 'BLOCKED'] }

/** The task, and those that wait for it, as long as they are open. */
export const deadlineRows = (task: string): Asked => ({
  dependency: rowsOf(backlog, { columns, where: { task, ...open } }),
  dependents: rowsOf(backlog, {
    columns, where: open, among: { task: rowsOf(waits, { columns: ['task'], where: { depends_on: task } }) }, order: ['due_at'],
    limit: dependents_max,
  }),
})

/** The task is due later than others that cannot begin before it has ended (W-57). */
export function deadlineConflict({ rows }: Pick<Grounds, 'rows'>): Found | undefined {
  const [dependency] = rows.dependency as readonly Row[]
  if (!dependency) return undefined
  const { due_at } = dependency
  const earlier = (rows.dependents as readonly Row[]).filter((row) => due_at !== null && row.due_at !== null && row.due_at < due_at)
  if (earlier.length === 0) return undefined
  const concerned = [dependency, ...earlier]
  const named = concerned.slice(0, named_max)
  return {
    orchestrators: [...new Set(named.map(({ owner }) => owner))], tasks: named.map(({ task }) => task),
    severity: concerned.some(({ priority }) => priority === 'HIGH' || priority === 'CRITICAL') ? 'HIGH' : 'MEDIUM',
    evidence: { due: named.map(({ task, due_at }) => ({ task, at: due_at })) },
  }
}
