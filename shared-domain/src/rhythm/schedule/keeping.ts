import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { organizationState } from '../../fleet/organization/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { instant } from '../../kernel/time.ts'
import { always, verdictAt, within, type Calendar, type Cause } from '../calendar/calendar.ts'
import { isOpen, nextClose, nextOpen } from '../calendar/hours.ts'
import type { Window } from '../calendar/slots.ts'
import { holidaysKept } from '../holidays/keeping.ts'
import { setOf, yearsAround, yearsNear, type Holiday, type Holidays } from '../holidays/shapes.ts'
import { holidayState } from '../holidays/state.ts'
import { isKept, scheduleState, type ScheduleState } from './state.ts'
import type { Terms } from './terms.ts'

type Looks = Pick<Context, 'look' | 'organization' | 'at'>

/** Which holidays are kept, and the sets of them that there are. */
export interface HolidaysKept {
  readonly kept: Holidays | null
  readonly sets: readonly (readonly Holiday[])[]
}

type Made = HolidaysKept & { readonly zone: string; readonly calendar: Calendar }

const made = new WeakMap<ScheduleState, readonly Made[]>()
/** With the holidays of today, and with those of a year. */
const made_max = 2

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
  const before = made.get(state) ?? []
  const there = before.find((one) => one.zone === wanted.zone && sameAs(one, wanted))
  if (there) return there.calendar
  const calendar: Calendar = {
    zone: wanted.zone,
    weekly: hasWeekly(terms) ? terms.weekly : null,
    breaks: terms?.breaks ?? [],
    holidays: holidaysKept(wanted.kept, wanted.sets),
    overrides: state.overrides.map(({ kind, hours, from, to }) => ({ kind, hours, from: Date.parse(from), to: Date.parse(to) })),
  }
  made.set(state, [{ ...wanted, calendar }, ...before].slice(0, made_max))
  return calendar
}

/** Who is always there keeps no holidays. */
const hasWeekly = (terms: Terms | null): terms is Terms => terms !== null && !terms.always24x7

export const noHolidays: HolidaysKept = { kept: null, sets: [] }

/** Those of the schedule, else of the organization, as far as they matter within these years. */
function holidaysOf({ terms }: ScheduleState, years: readonly number[], { look, organization }: Looks): HolidaysKept {
  if (!hasWeekly(terms)) return noHolidays
  const kept = terms.holidays ?? look(organizationState, organization).settings.holidays
  if (!kept?.country) return { kept, sets: [] }
  const { country, region } = kept
  const sets = years.map((year) => look(holidayState, setOf(organization, { country, region }, year)).dates ?? none)
  return { kept, sets }
}

const none: readonly Holiday[] = []

/** The calendar of a schedule as it stands now. */
export const calendarNow = (state: ScheduleState, zone: string, looks: Looks): Calendar =>
  calendarOf(state, zone, holidaysOf(state, yearsAround(Date.parse(looks.at)), looks))

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

/** Whether it is open, by the holidays of these days alone: most of the time that is all that whoever asks must know. */
function isOpenNow(orchestrator: string, looks: Looks): boolean {
  const known = looks.look(orchestratorState, orchestrator)
  if (known.stage === 'unknown' || !known.keepsHours) return true
  const state = looks.look(scheduleState, orchestrator)
  const at = Date.parse(looks.at)
  return isOpen(calendarOf(state, known.profile.timezone, holidaysOf(state, yearsNear(at), looks)), at)
}

/** Why nothing is to be given to an orchestrator now, if it is outside its hours. */
export function closedNow(orchestrator: string, context: Looks): Closed | undefined {
  if (isOpenNow(orchestrator, context)) return undefined
  const { state, calendar } = scheduleOf(orchestrator, context)!
  const at = Date.parse(context.at)
  return { orchestrator, cause: verdictAt(calendar, at).cause, nextAvailableAt: said(nextOpen(calendar, at)), terms: state.terms }
}

const windows = new WeakMap<readonly Window[], Calendar>()

/** Whether windows of a schedule are open, and when they open or close next. */
export function inWindows(zone: string, among: readonly Window[], at_ms: number) {
  const calendar = windows.get(among) ?? within(zone, among)
  windows.set(among, calendar)
  const { open } = verdictAt(calendar, at_ms)
  return { open, until: said(open ? nextClose(calendar, at_ms) : nextOpen(calendar, at_ms)) }
}
