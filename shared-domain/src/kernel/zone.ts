import { Temporal } from 'temporal-polyfill'
import { instant, type Instant } from './time.ts'

/** A day of a calendar on the wall: `2026-03-29`. */
export type LocalDate = string

/** What a clock on the wall shows: `2026-03-29T02:30`, with seconds if there are any. */
export type LocalTime = string

/** Whether it names a place whose clocks the tz database knows, and not just an offset. */
export function isNamedZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    return Boolean(Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone))
  } catch {
    return false
  }
}

const zones_max = 64
const boundaries_max = 4_000

/** Boundaries that were found, by zone: of few zones and times many are asked for again and again. */
const known = new Map<string, Map<LocalTime, number>>()

function knownIn(zone: string): Map<LocalTime, number> {
  const there = known.get(zone)
  if (there && there.size < boundaries_max) return there
  if (known.size >= zones_max) known.clear()
  const found = new Map<LocalTime, number>()
  known.set(zone, found)
  return found
}

/**
 * The first instant at which the clocks of a zone have reached a local date and time: where they jump over it the first one after the
 * jump, where they show it twice the first pass.
 */
export function boundary_ms(zone: string, local: LocalTime): number {
  const boundaries = knownIn(zone)
  const there = boundaries.get(local)
  if (there !== undefined) return there
  const wall = Temporal.PlainDateTime.from(local)
  const first = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const isShown = first.toPlainDateTime().equals(wall)
  const found = isShown ? first.epochMilliseconds : first.getTimeZoneTransition('next')!.epochMilliseconds
  boundaries.set(local, found)
  return found
}

export const boundaryOf = (zone: string, local: LocalTime): Instant => instant(boundary_ms(zone, local))

/** Every instant at which the clocks of a zone show a local date and time: none where they jump over it, two where they go back. */
export function passesOf(zone: string, local: LocalTime): readonly Instant[] {
  const wall = Temporal.PlainDateTime.from(local)
  const passes = (['earlier', 'later'] as const).map((disambiguation) => wall.toZonedDateTime(zone, { disambiguation }))
  const shown = passes.filter((pass) => pass.toPlainDateTime().equals(wall))
  return [...new Set(shown.map(({ epochMilliseconds }) => instant(epochMilliseconds)))]
}

/** What the clocks of a zone show, to the millisecond: `2026-03-29T02:30:00.000`. */
export const wallOf = (zone: string, at_ms: number): LocalTime =>
  Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(zone).toPlainDateTime()
    .toString({ smallestUnit: 'millisecond' })

export const dateOf = (zone: string, at_ms: number): LocalDate => wallOf(zone, at_ms).slice(0, 10)

/** The date so many days later: of the calendar, whatever a zone does with it. */
export const dateAfter = (date: LocalDate, days = 1): LocalDate => Temporal.PlainDate.from(date).add({ days }).toString()

/** From 1 for Monday to 7 for Sunday. */
export const weekdayOf = (date: LocalDate): number => Temporal.PlainDate.from(date).dayOfWeek

/** Whether the clocks of a zone jump over all of a date, as those of Samoa did over 30 December 2011. */
export const isSkipped = (zone: string, date: LocalDate): boolean =>
  boundary_ms(zone, `${date}T00:00`) === boundary_ms(zone, `${dateAfter(date)}T00:00`)
