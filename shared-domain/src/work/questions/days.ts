import { z } from 'zod'
import { dayOf, day_ms, elapsed_ms, later } from '../../kernel/time.ts'

/** So many days are asked for at most, the first and the last among them. */
export const days_max = 366

const begin = (day: string) => `${day}T00:00:00.000Z`
const away = (day: string, days: number) => dayOf(later(begin(day), days * day_ms))
const lengthOf = (from: string, to: string) => 1 + elapsed_ms(begin(from), begin(to)) / day_ms

/** Days in UTC. */
export const Days = z.object({
  from: z.iso.date().optional().describe('The first day, in UTC; when not said, a year before the last.'),
  to: z.iso.date().optional().describe('The last day; when not said, today, or a year after the first.'),
}).refine(({ from, to }) => !from || !to || (from <= to && lengthOf(from, to) <= days_max), {
  path: ['to'], error: `is none of the ${days_max} days from the first on`,
})

/** From which day to which, and the first and the last instant of them. */
export function daysOf({ from, to }: z.output<typeof Days>, at: string) {
  const today = dayOf(at)
  const end = from ? away(from, days_max - 1) : today
  const last = to ?? (end < today ? end : today)
  const first = from ?? away(last, 1 - days_max)
  return { from: first, to: last, since: begin(first), until: `${last}T23:59:59.999Z` }
}
