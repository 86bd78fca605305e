import { dateAfter, dateOf, boundary_ms, type LocalDate } from '../../kernel/zone.ts'
import { cut, holds, joined, without, type Interval } from './intervals.ts'
import { dayNamed, spansOn, weeklyOf, type Slot, type Weekly, type Window } from './slots.ts'

/** For a while hours are others than usual. */
export interface Override extends Interval {
  readonly kind: 'UNAVAILABLE' | 'AVAILABLE' | 'CUSTOM_HOURS'
  readonly hours: readonly Slot[]
}

/** What hours are computed from: it never changes, so that what was computed once may be remembered with it. */
export interface Calendar {
  readonly zone: string
  /** Null for always. */
  readonly weekly: Weekly | null
  readonly breaks: readonly Window[]
  /** The hours of dates that are holidays, most of which have none. */
  readonly holidays: ReadonlyMap<LocalDate, readonly Slot[]>
  readonly overrides: readonly Override[]
}

/** Always open. */
export const always: Calendar = { zone: 'UTC', weekly: null, breaks: [], holidays: new Map(), overrides: [] }

/** Open within these windows. */
export const within = (zone: string, windows: readonly Window[]): Calendar => ({ ...always, zone, weekly: weeklyOf(windows) })

/** The date that has begun: where clocks go back over midnight it goes on, although they show the one before. */
function begun(zone: string, at: number): LocalDate {
  const shown = dateOf(zone, at)
  const next = dateAfter(shown)
  return boundary_ms(zone, `${next}T00:00`) <= at ? next : shown
}

/** Every date on which something may start that reaches into these bounds. */
function datesAround(zone: string, from: number, to: number): readonly LocalDate[] {
  const dates: LocalDate[] = []
  const last = begun(zone, to)
  for (let date = dateAfter(dateOf(zone, from), -1); ; date = dateAfter(date)) {
    dates.push(date)
    if (date === last) return dates
  }
}

const slotsOn = ({ weekly, holidays }: Calendar, date: LocalDate): readonly Slot[] =>
  holidays.get(date) ?? weekly![dayNamed(date)] ?? []

const breaksOn = ({ breaks }: Calendar, date: LocalDate): readonly Slot[] =>
  (breaks.length === 0 ? breaks : breaks.filter(({ days }) => days.includes(dayNamed(date))))

/** The open time between two instants, from nothing: disjoint and ascending. */
export function computed(calendar: Calendar, from: number, to: number): readonly Interval[] {
  const { zone, weekly } = calendar
  const overrides = calendar.overrides.filter((override) => override.from < to && from < override.to)
  const isCustom = overrides.some(({ kind }) => kind === 'CUSTOM_HOURS')
  const dates = weekly || isCustom ? datesAround(zone, from, to) : []
  const usual = weekly === null ? [{ from, to }] : without(
    dates.flatMap((date) => spansOn(zone, date, slotsOn(calendar, date))),
    dates.flatMap((date) => spansOn(zone, date, breaksOn(calendar, date))),
  )
  const custom = overrides.filter(({ kind }) => kind === 'CUSTOM_HOURS').flatMap((override) =>
    cut(dates.flatMap((date) => spansOn(zone, date, override.hours)), override.from, override.to))
  const ofKind = (wanted: Override['kind']) => overrides.filter(({ kind }) => kind === wanted)
  const opened = without([...without([...without(usual, ofKind('CUSTOM_HOURS')), ...custom], ofKind('AVAILABLE')), ...ofKind('AVAILABLE')],
    ofKind('UNAVAILABLE'))
  return cut(joined(opened), from, to)
}

export type Cause = 'override' | 'always' | 'holiday' | 'break' | 'weekly'

export interface Verdict {
  readonly open: boolean
  readonly cause: Cause
}

const strength = { UNAVAILABLE: 0, AVAILABLE: 1, CUSTOM_HOURS: 2 } as const

/** Whether it is open at an instant, and by what. */
export function verdictAt(calendar: Calendar, at: number): Verdict {
  const { zone, weekly, holidays } = calendar
  const [override] = calendar.overrides.filter((each) => holds(each, at)).sort((a, b) => strength[a.kind] - strength[b.kind])
  const today = begun(zone, at)
  const dates = [dateAfter(today, -1), today]
  const isIn = (slotsOf: (date: LocalDate) => readonly Slot[]) => (date: LocalDate) =>
    spansOn(zone, date, slotsOf(date)).some((span) => holds(span, at))
  if (override) {
    const isCustom = override.kind === 'CUSTOM_HOURS'
    return { open: isCustom ? dates.some(isIn(() => override.hours)) : override.kind === 'AVAILABLE', cause: 'override' }
  }
  if (weekly === null) return { open: true, cause: 'always' }
  const opened = dates.find(isIn((date) => slotsOn(calendar, date)))
  if (opened === undefined) return { open: false, cause: holidays.has(today) ? 'holiday' : 'weekly' }
  if (dates.some(isIn((date) => breaksOn(calendar, date)))) return { open: false, cause: 'break' }
  return { open: true, cause: holidays.has(opened) ? 'holiday' : 'weekly' }
}
