import { z } from 'zod'
import { boundary_ms, dateAfter, isSkipped, weekdayOf, type LocalDate } from '../../kernel/zone.ts'
import type { Interval } from './intervals.ts'

export const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const
export const Day = z.enum(days)
export type Day = z.output<typeof Day>

export const dayNamed = (date: LocalDate): Day => days[weekdayOf(date)]!

const clock = /^([01]\d|2[0-3]):[0-5]\d$/
const end = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/

/** A stretch of a day. One that ends where it starts, or before, runs past midnight, and belongs to the date that it starts on. */
export const Slot = z.object({ start: z.string().regex(clock), end: z.string().regex(end) })
export type Slot = z.output<typeof Slot>

/** So many slots a day has. */
export const slots_max = 8

/** A stretch of some days of the week. */
export const Window = Slot.extend({ days: z.array(Day).min(1).max(7).default([...days]) })
export type Window = z.output<typeof Window>

export type Weekly = { readonly [D in Day]?: readonly Slot[] }

/** What several windows come to on each day. */
export const weeklyOf = (windows: readonly Window[]): Weekly => Object.fromEntries(days.map((day) =>
  [day, windows.filter((window) => window.days.includes(day))]))

const reached_ms = (zone: string, date: LocalDate, clock: string) =>
  boundary_ms(zone, clock === '24:00' ? `${dateAfter(date)}T00:00` : `${date}T${clock}`)

/** When a slot is, where it starts on this date; empty where clocks jump over all of it. */
export const spanOf = (zone: string, date: LocalDate, { start, end }: Slot): Interval =>
  ({ from: reached_ms(zone, date, start), to: reached_ms(zone, end <= start ? dateAfter(date) : date, end) })

/** When those slots are that start on a date. A date that the zone skips has none. */
export const spansOn = (zone: string, date: LocalDate, slots: readonly Slot[]): readonly Interval[] =>
  (slots.length === 0 || isSkipped(zone, date) ? [] : slots.map((slot) => spanOf(zone, date, slot)).filter(({ from, to }) => from < to))

const minutesOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
const day_min = 24 * 60
const week_min = 7 * day_min

/** Whether two slots of a week overlap, those included that run past midnight, and past the end of the week. */
export function overlapIn(weekly: Weekly): boolean {
  const slots = days.flatMap((day, no) => (weekly[day] ?? []).map(({ start, end }) => {
    const [from, until] = [minutesOf(start), minutesOf(end)]
    return { from: no * day_min + from, to: no * day_min + until + (until <= from ? day_min : 0) }
  })).sort((a, b) => a.from - b.from)
  return slots.some(({ to }, no) => {
    const next = slots[no + 1]
    return next ? to > next.from : slots.length > 1 && to - week_min > slots[0]!.from
  })
}
