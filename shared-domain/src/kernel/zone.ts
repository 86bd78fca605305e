import { Temporal } from 'temporal-polyfill'
import { day_ms, instant, type Instant } from './time.ts'

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
  const wall = plain(local)
  const [first, last] = [wall.toZonedDateTime(zone, earlier), wall.toZonedDateTime(zone, later)]
  // Two readings are a time that is shown twice, or never.
  const isShown = first.epochMilliseconds === last.epochMilliseconds || first.toPlainDateTime().equals(wall)
  const found = isShown ? first.epochMilliseconds : first.getTimeZoneTransition('next')!.epochMilliseconds
  boundaries.set(local, found)
  return found
}

const earlier = { disambiguation: 'earlier' } as const
const later = { disambiguation: 'later' } as const

/** What the wall shows, by itself. In UTC no time is missing, so JavaScript may read it; Temporal takes ten times as long. */
function plain(local: LocalTime) {
  const read = new Date(`${local}Z`)
  return new Temporal.PlainDateTime(read.getUTCFullYear(), read.getUTCMonth() + 1, read.getUTCDate(),
    read.getUTCHours(), read.getUTCMinutes(), read.getUTCSeconds(), read.getUTCMilliseconds())
}

export const boundaryOf = (zone: string, local: LocalTime): Instant => instant(boundary_ms(zone, local))

/** Every instant at which the clocks of a zone show a local date and time: none where they jump over it, two where they go back. */
export function passesOf(zone: string, local: LocalTime): readonly Instant[] {
  const wall = plain(local)
  const passes = [earlier, later].map((reading) => wall.toZonedDateTime(zone, reading))
  const shown = passes.filter((pass) => pass.toPlainDateTime().equals(wall))
  return [...new Set(shown.map(({ epochMilliseconds }) => instant(epochMilliseconds)))]
}

const shownAt = (zone: string, at_ms: number) => Temporal.Instant.fromEpochMilliseconds(at_ms).toZonedDateTimeISO(zone)

/** What the clocks of a zone show, to the millisecond: `2026-03-29T02:30:00.000`. */
export const wallOf = (zone: string, at_ms: number): LocalTime =>
  shownAt(zone, at_ms).toPlainDateTime().toString({ smallestUnit: 'millisecond' })

/** The date that they show. */
export const dateOf = (zone: string, at_ms: number): LocalDate => shownAt(zone, at_ms).toPlainDate().toString()

const midnight_ms = (date: LocalDate) => Date.parse(`${date}T00:00Z`)

/** The date so many days later: of the calendar, whatever a zone does with it. */
export const dateAfter = (date: LocalDate, days = 1): LocalDate => instant(midnight_ms(date) + days * day_ms).split('T')[0]!

/** From 0 for Monday to 6 for Sunday; the first day of 1970 was a Thursday. */
export const weekdayOf = (date: LocalDate): number => (((midnight_ms(date) / day_ms + 3) % 7) + 7) % 7

/** Whether the clocks of a zone jump over all of a date, as those of Samoa did over 30 December 2011. */
export const isSkipped = (zone: string, date: LocalDate): boolean =>
  boundary_ms(zone, `${date}T00:00`) === boundary_ms(zone, `${dateAfter(date)}T00:00`)
