import { z } from 'zod'
import type { Asking, Bound } from '../../kernel/choice.ts'
import { reject } from '../../kernel/decider.ts'
import { rowsOf, type Grounds } from '../../kernel/grounds.ts'
import { schedules } from '../../rhythm/schedule/schedules.ts'
import { isClosed, toldColumns, type ToldRow } from '../../rhythm/schedule/told.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'

/** The schedule of whoever chooses. */
export const ofChooser = {
  reads: [schedules],
  asks: ({ id }: Asking) => ({
    schedule: rowsOf(schedules, { columns: toldColumns, where: { orchestrator: OrchestratorId.parse(id) }, limit: 1 }),
  }),
}

/** Outside hours only what is critical is taken, where the schedule allows it; who takes only what it is named finds nothing. */
export const bounds = {
  fields: z.object({
    closed: z.boolean().describe('Whether it is outside its hours.'),
    nextAvailableAt: StoredInstant.nullable().describe('When they begin, where it is.'),
  }),
  of({ schedule: rows = [] }: Grounds['rows'], { at }: Asking): Bound {
    const [schedule] = rows as never as readonly ToldRow[]
    const closed = schedule !== undefined && isClosed(schedule, at)
    const nextAvailableAt = closed ? schedule.next_open_at : null
    const told = { closed, nextAvailableAt }
    if (schedule?.mode === 'reactive') return { told, takes: null }
    if (!closed) return { told }
    const { orchestrator, cause, allow_critical } = schedule
    const otherwise = reject('OUTSIDE_WORK_HOURS', { orchestrator, cause, nextAvailableAt })
    return { told, takes: allow_critical ? [{ column: 'priority', among: ['CRITICAL'] }] : null, otherwise }
  },
}
