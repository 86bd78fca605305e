import type { OrganizationEvent } from '../fleet/organization/events.ts'
import type { Recorded } from '../kernel/fact.ts'
import type { Report } from '../kernel/intent.ts'
import { process, send, tell } from '../kernel/process.ts'
import { holidays } from './holidays/decider.ts'
import type { HolidayEvent } from './holidays/events.ts'
import { Holidays, setOf, type Place } from './holidays/shapes.ts'
import { schedule } from './schedule/decider.ts'
import type { ScheduleEvent } from './schedule/events.ts'

const ensure = (
  organization: string, { country, region = null }: Place, year: number, when: { due?: string; key?: string; report?: Report },
) => send(holidays, setOf(organization, { country, region }, year), 'ensure', { country, region, year }, when)

/** This year's and the next one's, of whoever keeps them from now on; a schedule hears when they are there. */
function kept({ organization, at }: Pick<Recorded, 'organization' | 'at'>, wish: unknown, report?: Report) {
  const { country = null, region } = Holidays.nullable().catch(null).parse(wish ?? null) ?? {}
  const year = Number(at.slice(0, 4))
  return country === null ? [] : [year, year + 1].map((one) => ensure(organization, { country, region }, one, report ? { report } : {}))
}

export const holidayKeeping = process<ScheduleEvent | OrganizationEvent | HolidayEvent>({
  name: 'holidayKeeping',
  about: 'Has the public holidays that somebody keeps looked up, and each December those that come after the next year.',
  react: {
    WorkHoursConfigured: (fact) => kept(fact, fact.data.holidays, tell(schedule, fact.id, 'turn', {})),
    OrganizationConfigured: (fact) => kept(fact, fact.data.changed.holidays),
    HolidaysSet({ id, at, organization, data: { country, region, year } }) {
      const due = `${year}-12-01T00:00:00.000Z`
      return due > at ? [ensure(organization, { country, region }, year + 2, { due, key: `holidays-${id}` })] : []
    },
  },
})
