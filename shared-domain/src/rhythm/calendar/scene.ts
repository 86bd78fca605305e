import { boundary_ms, type LocalDate } from '../../kernel/zone.ts'
import type { Calendar, Override } from './calendar.ts'
import type { Interval } from './intervals.ts'
import { days, type Day, type Slot, type Weekly } from './slots.ts'

/** `09:00-17:00, 22:00-06:00` */
export const slots = (text: string): readonly Slot[] => text.split(', ').map((slot) => {
  const [start, end] = slot.split('-') as [string, string]
  return { start, end }
})

export const workdays = days.slice(0, 5)

export const on = (which: readonly Day[], text: string): Weekly => Object.fromEntries(which.map((day) => [day, slots(text)]))

export const hoursIn = (zone: string, weekly: Weekly, more: Partial<Calendar> = {}): Calendar =>
  ({ zone, weekly, breaks: [], holidays: new Map(), overrides: [], ...more })

/** From the beginning of a date in a zone to that of another. */
export const overriding = (
  kind: Override['kind'], zone: string, first: LocalDate, next: LocalDate, hours: readonly Slot[] = [],
): Override => ({ kind, hours, from: boundary_ms(zone, `${first}T00:00`), to: boundary_ms(zone, `${next}T00:00`) })

/** An instant as examples write it: `2026-03-06T14:00`. */
export const at = (text: string): number => Date.parse(`${text}${text.length > 16 ? '' : ':00'}Z`)

const shown = (at: number) => new Date(at).toISOString().slice(0, 16)

/** `2026-03-06T14:00 2026-03-06T22:00` */
export const told = (intervals: readonly Interval[]): readonly string[] => intervals.map(({ from, to }) => `${shown(from)} ${shown(to)}`)

export const shownOrNull = (at: number | null): string | null => (at === null ? null : shown(at))
