import { z } from 'zod'
import { rowsOf } from '../../kernel/grounds.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { StoredInstant } from '../../vocabulary.ts'
import { HolidaySet, type HolidayEvent } from './events.ts'
import { placeNamed, yearsAround } from './shapes.ts'

const { country, region, year, dates } = HolidaySet.definitions.HolidaysSet!.data.shape

const row = z.object({
  /** `DE-BE.2030`. */
  set: z.string(), country, region, year, dates,
  /** `hand`, or the library with its version. */
  source: z.string(),
  at: StoredInstant,
})

const project: Project<typeof row, 'set', HolidayEvent> = {
  HolidaysSet: ({ at, data: { source, ...said } }) => [{
    put: {
      set: `${placeNamed(said)}.${said.year}`, ...said, source: source === 'hand' ? source : `${source.library} ${source.version}`, at,
    },
  }],
}

export const holidayRows = readModel({
  name: 'holiday',
  about: 'The public holidays of countries and regions, year by year, and who says so.',
  version: 1,
  path: '/holidays',
  row,
  key: ['set'],
  filters: ['country', 'region', 'year'],
  project,
})

const sets_max = 200

/** Those that hours around an instant may need. */
export const setsAround = (at: string) => rowsOf(holidayRows, {
  columns: ['country', 'region', 'year', 'dates'], where: { year: [...yearsAround(Date.parse(at))] }, limit: sets_max,
})
