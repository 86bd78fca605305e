import { z } from 'zod'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { decider, isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { forbidden, invalid } from '../../kernel/refusal.ts'
import { table } from '../../kernel/supply.ts'
import { HolidaySet } from './events.ts'
import { Country, dates_max, Holiday, Region, setOf, Year, type Holiday as Day } from './shapes.ts'
import { holidayState } from './state.ts'

/** The public holidays that a library knows; null of a country or region that it does not know. */
const publicHolidays = table<Wish, readonly Day[]>('publicHolidays')

const Wish = z.object({ country: Country, region: Region.nullable().default(null), year: Year })
type Wish = z.output<typeof Wish>

const wrong = (pointer: string, message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer, message }] })

/** As a library has them. */
function found(wish: Wish, { supplied }: Context) {
  const { found: dates, library, version } = publicHolidays.in(supplied)
  const pointer = wish.region === null ? '/country' : '/region'
  if (dates === null) return wrong(pointer, 'is none of which public holidays are known: say the dates')
  return [HolidaySet.HolidaysSet({ ...wish, dates: dates.slice(0, dates_max), source: { library, version } })]
}

const byDate = (a: Day, b: Day) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0)

export const holidays = decider(holidayState, {
  collection: 'holidays',
  rejections: {
    FORBIDDEN: forbidden('Only an admin may do this.'),
    VALIDATION_ERROR: invalid('What is said does not fit together, or no public holidays are known there.'),
  },

  commands: {
    set: {
      about: 'Say which the public holidays of a country, or of a region of it, are in a year; without dates as a library knows them.',
      route: 'POST /holidays',
      creates: false,
      scope: 'admin',
      data: Wish.extend({ dates: z.array(Holiday).max(dates_max).optional() }),
      place: (wish, { organization }) => setOf(organization, wish, wish.year),
      supply: (_, { dates, ...wish }) => (dates ? undefined : publicHolidays.asks(wish)),
      decide(state, { dates: said, ...wish }, context) {
        if (!isPrivileged(context)) return reject('FORBIDDEN')
        const stray = said?.findIndex(({ date }) => !date.startsWith(`${wish.year}-`)) ?? -1
        if (stray >= 0) return wrong(`/dates/${stray}/date`, 'is in another year')
        const facts = said ? [HolidaySet.HolidaysSet({ ...wish, dates: said.toSorted(byDate), source: 'hand' })] : found(wish, context)
        const isSame = Array.isArray(facts) && state.dates !== null && canonicalJson(facts[0]!.data.dates) === canonicalJson(state.dates)
        return isSame ? [] : facts
      },
    },

    ensure: {
      about: 'Look up the public holidays that somebody keeps; what was set stays.',
      internal: true,
      data: Wish,
      supply: ({ dates }, wish) => (dates ? undefined : publicHolidays.asks(wish)),
      decide: ({ dates }, wish, context) => (dates ? [] : found(wish, context)),
    },
  },
})
