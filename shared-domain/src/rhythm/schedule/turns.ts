import { capacityState, heldBy } from '../../fleet/capacity/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { later, second_ms } from '../../kernel/time.ts'
import { verdictAt, type Calendar } from '../calendar/calendar.ts'
import { horizon_ms, nextClose, nextOpen } from '../calendar/hours.ts'
import { Schedule, type ScheduleEvent } from './events.ts'
import { said } from './keeping.ts'
import { closedSince, type ScheduleState } from './state.ts'

/** How it stands at an instant. */
function standing({ terms, overrides }: ScheduleState, calendar: Calendar, at: string) {
  const at_ms = Date.parse(at)
  const verdict = verdictAt(calendar, at_ms)
  const until = said(verdict.open ? nextClose(calendar, at_ms) : nextOpen(calendar, at_ms))
  const notice_ms = (terms?.notice_s ?? 0) * second_ms
  const warnAt = verdict.open && until !== null && notice_ms > 0 ? later(until, -notice_ms) : null
  // What is beyond the horizon will be within it one day.
  const far = overrides.length > 0 || calendar.holidays.size > 0 ? later(at, horizon_ms) : null
  return { ...verdict, until, warnAt, turnsAt: warnAt !== null && warnAt > at ? warnAt : until ?? far }
}

/** What every fact of a schedule carries: there is something to tell at once where it is otherwise than was told last. */
export function carried(state: ScheduleState, calendar: Calendar, at: string) {
  const { open, cause, until, turnsAt } = standing(state, calendar, at)
  const isNews = state.told?.open !== open || state.told.until !== until
  return { cause, turnsAt: isNews ? at : turnsAt }
}

/** What is to be told at an instant: whatever is so and was not told last. Turns that were missed are not made up. */
export function turned(state: ScheduleState, calendar: Calendar, { id, at, look }: Context): readonly ScheduleEvent[] {
  const { open, cause, until, warnAt, turnsAt } = standing(state, calendar, at)
  const now = { cause, turnsAt }
  const { told, terms } = state
  const isNews = told?.open !== open || told.until !== until
  const grace_ms = (terms?.grace_s ?? 0) * second_ms
  if (open) {
    const isClosing = warnAt !== null && warnAt <= at && state.closing !== until
    return [
      ...(isNews ? [Schedule.WorkHoursOpened({ until, ...now })] : []),
      ...(isClosing ? [Schedule.WorkHoursClosing({ closesAt: until!, ...now })] : []),
    ]
  }
  if (isNews || told === null) {
    const overtimeAt = grace_ms > 0 ? later(closedSince(state, at), grace_ms) : null
    return [Schedule.WorkHoursClosed({ nextOpenAt: until, overtimeAt, ...now })]
  }
  if (grace_ms === 0 || state.overtime === told.since || later(told.since, grace_ms) > at) return []
  const capacity = look(capacityState, id)
  const tasks = heldBy(capacity).map(({ task }) => task).slice(0, 50)
  return tasks.length === 0 ? [] : [Schedule.OvertimeNoticed({ closedAt: told.since, tasks, ...now })]
}
