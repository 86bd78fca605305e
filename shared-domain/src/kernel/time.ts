/** Instants are UTC ISO 8601 strings with milliseconds, so that they compare as text. */
export type Instant = string

export const second_ms = 1_000
export const minute_ms = 60 * second_ms
export const hour_ms = 60 * minute_ms
export const day_ms = 24 * hour_ms

export const instant = (epoch_ms: number): Instant => new Date(epoch_ms).toISOString()

const sql = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/

const sqlInUtc = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?\+00$/

/**
 * An instant in the words of SQL, such as `2030-01-01 01:00:00.5+01`: with whatever offset the session has, which in old years has seconds.
 * The parsers of JavaScript take years below 100 for ones of another century, so they are never asked. Throws on any other text.
 */
export function fromSql(text: string): Instant {
  const plain = sqlInUtc.exec(text)
  if (plain) return `${plain[1]}T${plain[2]}.${(plain[3] ?? '').padEnd(3, '0')}Z`
  const parts = sql.exec(text)
  if (!parts) throw new Error(`"${text}" is not an instant as SQL writes it in ISO style`)
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  const [fraction = '', sign, hours, minutes = 0, seconds = 0, era] = parts.slice(7)
  const date = new Date(0)
  date.setUTCFullYear(era === undefined ? year : 1 - year, month - 1, day)
  date.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, '0')))
  const offset_ms = Number(hours) * hour_ms + Number(minutes) * minute_ms + Number(seconds) * second_ms
  return instant(sign === '-' ? date.getTime() + offset_ms : date.getTime() - offset_ms)
}

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
