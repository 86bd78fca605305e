import { z } from 'zod'
import type { Instant } from '../kernel/time.ts'
import { dateAfter, dateOf } from '../kernel/zone.ts'
import { holds } from './calendar/intervals.ts'
import { Day, dayNamed, days as week, spansOn } from './calendar/slots.ts'

const Time = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'is not HH:MM' })
  .meta({ examples: ['00:00', '22:00', '24:00'] })

/** A time of some days; one that ends no later than it starts ends on the next day. */
export const Window = z.object({ days: z.array(Day).min(1).max(7).default([...week]), start: Time, end: Time })
export type Window = z.output<typeof Window>

/** Whether any of them is open; without any it always is. */
export function isWithin(windows: readonly Window[], zone: string, at: Instant): boolean {
  if (windows.length === 0) return true
  const at_ms = Date.parse(at)
  const today = dateOf(zone, at_ms)
  return [dateAfter(today, -1), today].some((date) =>
    spansOn(zone, date, windows.filter(({ days }) => days.includes(dayNamed(date)))).some((span) => holds(span, at_ms)))
}

/** When they open, as patterns of cron. What starts at 24:00 starts on the next day. */
export const openingsOf = (windows: readonly Window[]): readonly string[] => windows.map(({ days, start }) => {
  const [hour, minute] = start.split(':').map(Number) as [number, number]
  const named = days.map((day) => (week.indexOf(day) + 1 + Math.floor(hour / 24)) % 7)
  return `${minute} ${hour % 24} * * ${named.join(',')}`
})
