import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { instant } from '../../kernel/time.ts'
import { always, verdictAt, within, type Calendar, type Cause } from '../calendar/calendar.ts'
import { nextClose, nextOpen } from '../calendar/hours.ts'
import type { Window } from '../calendar/slots.ts'
import { isKept, scheduleState, type ScheduleState } from './state.ts'
import type { Terms } from './terms.ts'

type Looks = Pick<Context, 'look' | 'organization'>

const made = new WeakMap<ScheduleState, Calendar>()

/** The hours of holidays that were added by hand. */
function holidaysOf(terms: Terms | null): Calendar['holidays'] {
  const { add = [], drop = [] } = terms?.holidays ?? {}
  return new Map(add.filter(({ date }) => !drop.includes(date)).map(({ date, hours }) => [date, hours]))
}

/** The calendar of a schedule, in the zone of the profile where none was said. It is made once, so that what it was asked is remembered. */
export function calendarOf(state: ScheduleState, zone: string): Calendar {
  if (!isKept(state)) return always
  const there = made.get(state)
  if (there && (state.terms !== null || there.zone === zone)) return there
  const { terms } = state
  const calendar: Calendar = {
    zone: terms?.zone ?? zone,
    weekly: terms === null || terms.always24x7 ? null : terms.weekly,
    breaks: terms?.breaks ?? [],
    holidays: holidaysOf(terms),
    overrides: state.overrides.map(({ kind, hours, from, to }) => ({ kind, hours, from: Date.parse(from), to: Date.parse(to) })),
  }
  made.set(state, calendar)
  return calendar
}

/** An instant of a calendar, in words. */
export const said = (at_ms: number | null): string | null => (at_ms === null ? null : instant(at_ms))

export interface Closed {
  readonly orchestrator: string
  readonly cause: Cause
  readonly nextAvailableAt: string | null
  readonly terms: Terms | null
}

/** The schedule of an orchestrator, if it has any. Nothing is looked up of one that has none. */
export function scheduleOf(orchestrator: string, { look }: Looks) {
  const known = look(orchestratorState, orchestrator)
  if (known.stage === 'unknown' || !known.keepsHours) return undefined
  const state = look(scheduleState, orchestrator)
  return { state, calendar: calendarOf(state, known.profile.timezone) }
}

/** Why nothing is to be given to an orchestrator now, if it is outside its hours. */
export function closedNow(orchestrator: string, context: Looks & Pick<Context, 'at'>): Closed | undefined {
  const schedule = scheduleOf(orchestrator, context)
  if (!schedule) return undefined
  const at = Date.parse(context.at)
  const { open, cause } = verdictAt(schedule.calendar, at)
  if (open) return undefined
  return { orchestrator, cause, nextAvailableAt: said(nextOpen(schedule.calendar, at)), terms: schedule.state.terms }
}

const windows = new WeakMap<readonly Window[], Calendar>()

/** Whether windows of a schedule are open, and when they open or close next. */
export function inWindows(zone: string, among: readonly Window[], at_ms: number) {
  const calendar = windows.get(among) ?? within(zone, among)
  windows.set(among, calendar)
  const { open } = verdictAt(calendar, at_ms)
  return { open, until: said(open ? nextClose(calendar, at_ms) : nextOpen(calendar, at_ms)) }
}
