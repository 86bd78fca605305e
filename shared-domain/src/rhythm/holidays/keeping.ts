import type { LocalDate } from '../../kernel/zone.ts'
import type { Slot } from '../calendar/slots.ts'
import type { Holiday, Holidays } from './shapes.ts'

/** The hours of dates that are holidays: none on public ones, and those that were said on others. */
export function holidaysKept(kept: Holidays | null, sets: readonly (readonly Holiday[])[]): ReadonlyMap<LocalDate, readonly Slot[]> {
  if (kept === null) return new Map()
  const { add, drop } = kept
  const hours = new Map<LocalDate, readonly Slot[]>(sets.flat().map(({ date }) => [date, []]))
  for (const { date, hours: own } of add) hours.set(date, own)
  for (const date of drop) hours.delete(date)
  return hours
}
