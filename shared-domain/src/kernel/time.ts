/** Instants are UTC ISO 8601 strings with milliseconds, so that they compare as text. */
export type Instant = string

export const second_ms = 1_000
export const hour_ms = 3_600_000
export const day_ms = 24 * hour_ms

export const instant = (epoch_ms: number): Instant => new Date(epoch_ms).toISOString()

export const later = (at: Instant, by_ms: number): Instant => instant(Date.parse(at) + by_ms)

export const elapsed_ms = (from: Instant, to: Instant): number => Date.parse(to) - Date.parse(from)

const calendars = new Map<string, Intl.DateTimeFormat>()

/** The calendar day, `YYYY-MM-DD`, that it is at this instant in an IANA time zone. */
export function dayOf(at: Instant, zone = 'UTC'): string {
  if (zone === 'UTC') return at.slice(0, 10)
  let calendar = calendars.get(zone)
  if (!calendar) {
    calendar = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
    calendars.set(zone, calendar)
  }
  return calendar.format(Date.parse(at))
}

export function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}
