import { z } from 'zod'
import { day_ms } from '../../kernel/time.ts'
import { text } from '../../vocabulary.ts'
import { Slot, slots_max } from '../calendar/slots.ts'

export const LocalDate = z.iso.date()
export const Country = z.string().regex(/^[A-Z]{2}$/, { error: 'is not a country of two capital letters' })
export const Region = z.string().regex(/^[A-Z0-9]{1,3}$/, { error: 'is not a region of a country' })
export const Year = z.int().min(1970).max(2199).meta({ examples: [2030, 2031] })

export const dates_max = 100

/** A day on which nobody works. */
export const Holiday = z.object({ date: LocalDate, name: text(200) })
export type Holiday = z.output<typeof Holiday>

/** Which holidays somebody keeps: those of a country or of a region of it, with these besides and without those. */
export const Holidays = z.object({
  country: Country.nullable().default(null),
  region: Region.optional(),
  add: z.array(z.object({ date: LocalDate, name: text(200), hours: z.array(Slot).max(slots_max).default([]) })).max(100).default([]),
  drop: z.array(LocalDate).max(100).default([]),
}).refine(({ country, region }) => country !== null || region === undefined, { path: ['region'], error: 'is one of no country' })
export type Holidays = z.output<typeof Holidays>

/** Of what there are sets of dates. */
export interface Place {
  readonly country: string
  readonly region?: string | null | undefined
}

/** `DE`, `DE-BE`. */
export const placeNamed = ({ country, region }: Place): string => (region ? `${country}-${region}` : country)

/** The stream of a set of dates. */
export const setOf = (organization: string, place: Place, year: number): string => `${organization}.${placeNamed(place)}.${year}`

const yearOf = (at_ms: number) => new Date(at_ms).getUTCFullYear()

function yearsBetween(from_ms: number, to_ms: number): readonly number[] {
  const [first, last] = [yearOf(from_ms), yearOf(to_ms)]
  return Array.from({ length: last - first + 1 }, (_, n) => first + n)
}

/** The years in which days lie that hours around an instant depend on, as far as they are looked for ahead. */
export const yearsAround = (at_ms: number) => yearsBetween(at_ms - 2 * day_ms, at_ms + 366 * day_ms)

/** The same of that instant alone. */
export const yearsNear = (at_ms: number) => yearsBetween(at_ms - 3 * day_ms, at_ms + 3 * day_ms)
