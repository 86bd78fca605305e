import type { z } from 'zod'
import { rowsOf } from '../../kernel/grounds.ts'
import { schedules } from './schedules.ts'

/** What rows tell of whether an orchestrator is within its hours, as it was told last: a moment late, so that who decides looks itself. */
export const toldColumns = ['orchestrator', 'mode', 'allow_critical', 'open', 'next_open_at', 'cause'] as const

export type ToldRow = Pick<z.output<typeof schedules.row>, (typeof toldColumns)[number]>

/** Hours that have begun meanwhile are not told yet. */
export const isClosed = ({ open, next_open_at: next }: ToldRow, at: string): boolean => open === false && (next === null || next > at)

/** Those that were told closed. */
export const closedRows = rowsOf(schedules, { columns: toldColumns, where: { open: false } })

/** Orchestrators that are outside their hours, and whether what is critical is theirs nevertheless. */
export type Closed = ReadonlyMap<string, { readonly allowsCritical: boolean }>

export const closedAmong = (rows: readonly ToldRow[], at: string): Closed => new Map(rows.filter((row) => isClosed(row, at))
  .map(({ orchestrator, allow_critical: allowsCritical }) => [orchestrator, { allowsCritical }]))

/** Whether a policy passes over an orchestrator, or over an agent that works in its hours. */
export function isClosedFor(closed: Closed, orchestrator: string | null, { priority }: { readonly priority: string }): boolean {
  const found = closed.get(orchestrator ?? '')
  return found !== undefined && !(found.allowsCritical && priority === 'CRITICAL')
}
