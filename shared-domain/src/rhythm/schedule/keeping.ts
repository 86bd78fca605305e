import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { organizationState } from '../../fleet/organization/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { instant } from '../../kernel/time.ts'
import { always, verdictAt, within, type Calendar, type Cause } from '../calendar/calendar.ts'
import { nextClose, nextOpen } from '../calendar/hours.ts'
import type { Window } from '../calendar/slots.ts'
import { holidaysKept } from '../holidays/keeping.ts'
import { setOf, yearsAround, type Holiday, type Holidays } from '../holidays/shapes.ts'
import { holidayState } from '../holidays/state.ts'
import { isKept, scheduleState, type ScheduleState } from './state.ts'
import type { Terms } from './terms.ts'

type Looks = Pick<Context, 'look' | 'organization' | 'at'>

/** Which holidays are kept, and the sets of them that there are. */
export interface HolidaysKept {
  readonly kept: Holidays | null
  readonly sets: readonly (readonly Holiday[])[]
}

const made = new WeakMap<ScheduleState, HolidaysKept & { readonly zone: string; readonly calendar: Calendar }>()

const sameAs = (a: HolidaysKept, b: HolidaysKept) =>
  a.kept === b.kept && a.sets.length === b.sets.length && a.sets.every((set, index) => set === b.sets[index])

/**
 * The calendar of a schedule, in the zone of the profile where none was said. It is made once for the same holidays, so that what it was
 * asked is remembered.
 */
export function calendarOf(state: ScheduleState, zone: string, holidays: HolidaysKept): Calendar {
  if (!isKept(state)) return always
  const { terms } = state
  const wanted = { zone: terms?.zone ?? zone, ...holidays }
  const there = made.get(state)
  if (there && there.zone === wanted.zone && sameAs(there, wanted)) return there.calendar
  const calendar: Calendar = {
    zone: wanted.zone,
    weekly: hasWeekly(terms) ? terms.weekly : null,
    breaks: terms?.breaks ?? [],
    holidays: holidaysKept(wanted.kept, wanted.sets),
    overrides: state.overrides.map(({ kind, hours, from, to }) => ({ kind, hours, from: Date.parse(from), to: Date.parse(to) })),
  }
  made.set(state, { ...wanted, calendar })
  return calendar
}

/** Who is always there keeps no holidays. */
const hasWeekly = (terms: Terms | null): terms is Terms => terms !== null && !terms.always24x7

export const noHolidays: HolidaysKept = { kept: null, sets: [] }

/** Those of the schedule, else of the organization, as far as they matter around this instant. */
function holidaysOf({ terms }: ScheduleState, { look, organization, at }: Looks): HolidaysKept {
  if (!hasWeekly(terms)) return noHolidays
  const kept = terms.holidays ?? look(organizationState, organization).settings.holidays
  if (!kept?.country) return { kept, sets: [] }
  const { country, region } = kept
  const sets = yearsAround(Date.parse(at)).map((year) => look(holidayState, setOf(organization, { country, region }, year)).dates ?? none)
  return { kept, sets }
}

const none: readonly Holiday[] = []

/** The calendar of a schedule as it stands now. */
export const calendarNow = (state: ScheduleState, zone: string, looks: Looks): Calendar => calendarOf(state, zone, holidaysOf(state, looks))

/** An instant of a calendar, in words. */
export const said = (at_ms: number | null): string | null => (at_ms === null ? null : instant(at_ms))

export interface Closed {
  readonly orchestrator: string
  readonly cause: Cause
  readonly nextAvailableAt: string | null
  readonly terms: Terms | null
}

/** The schedule of an orchestrator, if it has any. Nothing is looked up of one that has none. */
export function scheduleOf(orchestrator: string, looks: Looks) {
  const { look } = looks
  const known = look(orchestratorState, orchestrator)
  if (known.stage === 'unknown' || !known.keepsHours) return undefined
  const state = look(scheduleState, orchestrator)
  return { state, calendar: calendarNow(state, known.profile.timezone, looks) }
}

/** Why nothing is to be given to an orchestrator now, if it is outside its hours. */
export function closedNow(orchestrator: string, context: Looks): Closed | undefined {
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
