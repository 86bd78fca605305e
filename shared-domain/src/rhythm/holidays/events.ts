import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { text } from '../../vocabulary.ts'
import { Country, dates_max, Holiday, Region, Year } from './shapes.ts'

/** Whose word it is: somebody's, or that of a library. */
export const Source = z.union([z.literal('hand'), z.object({ library: text(100), version: text(50) })])

export const HolidaySet = events({
  HolidaysSet: {
    about: 'These are the public holidays of a country, or of a region of it, in a year.',
    data: z.object({ country: Country, region: Region.nullable(), year: Year, dates: z.array(Holiday).max(dates_max), source: Source }),
  },
})

export type HolidayEvent = EventOf<typeof HolidaySet>
