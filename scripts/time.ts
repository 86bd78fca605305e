import { StoredInstant } from 'shared-domain/vocabulary.ts'
import { day_ms, second_ms } from 'shared-domain/kernel/time.ts'
import { instantsAt, zoneOf } from './zone.ts'

/** How times are written that come from outside. */
export interface TimeFormat {
  /** `iso`, `epoch-seconds`, `epoch-milliseconds`, or a pattern such as `dd.MM.yyyy HH:mm` (see `patternOf`). */
  readonly format: string
  /** Offset or IANA zone of times that say none; without it they are refused. */
  readonly zone?: string | undefined
  /** Offset or zone of times that end in Z, where somebody stamped local time so. */
  readonly zulu?: string | undefined
  /** Which of two instants is meant that one time of the zone stands for; without it such a time is refused. */
  readonly disambiguation?: 'reject' | 'earlier' | 'later' | undefined
}

/** A text that is no time; the message begins with the text. */
export class NoInstant extends Error {
  constructor(text: string, what: string) {
    super(`"${text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text}" ${what}`)
  }
}

const minute_ms = 60 * second_ms
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const offset = '(?<offset>Z|[+-]\\d{2}(?::?\\d{2})?)'
/** What Baton takes for ISO 8601: the extended format of calendar dates, with a blank for the T where somebody likes it better. */
const iso = new RegExp(`^(?<year>\\d{4})-(?<month>\\d{2})-(?<day>\\d{2})(?:[T ](?<hour>\\d{2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:[.,](?<fraction>\\d{1,12}))?)?${offset}?)?$`, 'i')
const epoch = /^(?<sign>-?)(?<whole>\d{1,15})(?:\.(?<fraction>\d{1,12}))?$/

const fields: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})', MMM: `(?<name>${months.join('|')})`, MM: '(?<month>\\d{2})', M: '(?<month>\\d{1,2})', dd: '(?<day>\\d{2})', d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})', H: '(?<hour>\\d{1,2})', hh: '(?<half>\\d{2})', h: '(?<half>\\d{1,2})', mm: '(?<minute>\\d{2})', ss: '(?<second>\\d{2})',
  S: '(?<fraction>\\d{1,12})', a: '(?<noon>am|pm)', X: offset,
}

/** Letters stand for fields as in Unicode's date patterns, those in quotes for themselves; S is any fraction of a second, MMM is English. */
function patternOf(format: string): RegExp | undefined {
  const parts = format.match(/'[^']*'|([A-Za-z])\1*|[^A-Za-z']/g) ?? []
  if (parts.join('') !== format) return undefined
  const source = parts.map((part) => fields[part] ?? (/^[A-Za-z]/.test(part) ? undefined : part.replaceAll(`'`, '').replaceAll(/[^A-Za-z\d ]/g, '\\$&')))
  const named = new Set(parts)
  const has = (...names: string[]) => names.some((name) => named.has(name))
  const isDate = has('yyyy') && has('MMM', 'MM', 'M') && has('dd', 'd')
  const isHalf = has('hh', 'h')
  if (!isDate || source.includes(undefined) || isHalf !== has('a')) return undefined
  try {
    return new RegExp(`^${source.join('')}$`, 'i')
  } catch {
    // A field that is named twice.
    return undefined
  }
}

const epochs: Readonly<Record<string, number>> = { 'epoch-seconds': second_ms, 'epoch-milliseconds': 1 }

export const isTimeFormat = (format: string): boolean => format === 'iso' || Object.hasOwn(epochs, format) || patternOf(format) !== undefined

/**
 * Reads the times that somebody else wrote: nothing is guessed, every date is one of the calendar. What is finer than a millisecond is
 * cut off. The reader throws `NoInstant`.
 */
export function timeReader(how: TimeFormat): (text: string) => string {
  const { format } = how
  const unit_ms = epochs[format]
  const pattern = unit_ms !== undefined ? epoch : format === 'iso' ? iso : patternOf(format)
  if (!pattern) throw new TypeError(`${format} is no format of times`)
  const wanted = format === 'iso' ? 'is no time in ISO 8601 such as 2026-01-31T12:00:00Z' : `is no time in the format ${format}`
  return (text) => {
    const found = pattern.exec(text.trim())?.groups
    if (!found) throw new NoInstant(text, wanted)
    const epoch_ms = unit_ms === undefined ? instantOf(text, found, how) : sinceEpoch(found, unit_ms)
    const at = Math.abs(epoch_ms) <= 8.64e15 ? new Date(epoch_ms).toISOString() : ''
    if (!StoredInstant.safeParse(at).success) throw new NoInstant(text, 'is not within the years 0001 to 9999')
    return at
  }
}

type Found = Readonly<Record<string, string | undefined>>

const thousandths = (fraction = ''): number => Number(fraction.slice(0, 3).padEnd(3, '0'))

function sinceEpoch({ sign, whole, fraction }: Found, unit_ms: number): number {
  const ms = Number(whole) * unit_ms + (unit_ms === second_ms ? thousandths(fraction) : 0)
  return sign ? -ms : ms
}

function instantOf(text: string, found: Found, { zone, zulu, disambiguation = 'reject' }: TimeFormat): number {
  const local_ms = localOf(text, found)
  const said = found.offset?.toUpperCase()
  const place = said === 'Z' ? zulu ?? said : said ?? zone
  if (place === undefined) throw new NoInstant(text, 'says no offset from UTC, such as Z or +01:00')
  const known = zoneOf(place)
  if (known === undefined) throw new NoInstant(text, `has an offset that there is not: ${place}`)
  const instants = instantsAt(local_ms, known)
  if (instants.length === 0) throw new NoInstant(text, `is a time that the clocks of ${place} skipped`)
  if (instants.length > 1 && disambiguation === 'reject') {
    throw new NoInstant(text, `is a time that the clocks of ${place} showed twice: a mapping says with "disambiguation" whether the earlier or the later is meant`)
  }
  return disambiguation === 'later' ? instants.at(-1)! : instants[0]!
}

/** The time on the wall, in milliseconds as if it were UTC. */
function localOf(text: string, found: Found): number {
  const number = (name: string) => Number(found[name] ?? 0)
  const [year, day, minute, second] = [number('year'), number('day'), number('minute'), number('second')]
  const month = found.name === undefined ? number('month') : months.indexOf(found.name.toLowerCase()) + 1
  const isHalf = found.half !== undefined
  if (isHalf && (number('half') < 1 || number('half') > 12)) throw new NoInstant(text, 'is no time of day')
  const hour = isHalf ? (number('half') % 12) + (found.noon!.toLowerCase() === 'pm' ? 12 : 0) : number('hour')
  const ms = thousandths(found.fraction)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw new NoInstant(text, 'is no day of the calendar')
  if (second === 60 && minute === 59) throw new NoInstant(text, 'is a leap second, which no clock here shows')
  // 24:00 is the end of a day in ISO 8601, and the same instant as the beginning of the next.
  const isEnd = hour === 24 && minute === 0 && second === 0 && ms === 0
  if (minute > 59 || second > 59 || (hour > 23 && !isEnd)) throw new NoInstant(text, 'is no time of day')
  return date.getTime() + (isEnd ? day_ms : hour * 60 * minute_ms + minute * minute_ms + second * second_ms + ms)
}
