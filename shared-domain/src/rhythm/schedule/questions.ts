import { z } from 'zod'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { organizations } from '../../fleet/organization/organizations.ts'
import { withDefaults } from '../../fleet/organization/settings.ts'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question, type Wanted } from '../../kernel/question.ts'
import { day_ms, elapsed_ms, instant } from '../../kernel/time.ts'
import { wallOf } from '../../kernel/zone.ts'
import { Instant, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { verdictAt, type Calendar } from '../calendar/calendar.ts'
import { addOpenTime, nextClose, nextOpen, openIntervals, openTimeBetween } from '../calendar/hours.ts'
import { causes } from './events.ts'
import { holidayRows, setsAround } from '../holidays/holiday-rows.ts'
import { calendarOf, inWindows, said, type HolidaysKept } from './keeping.ts'
import { scheduleOverrides, schedules, termsIn } from './schedules.ts'
import { scheduleState, type OverrideSaid, type ScheduleState } from './state.ts'
import type { Terms } from './terms.ts'

const intervals_days_max = 62
const intervals_max = 1_000
const overrides_max = 400

const params = z.object({ orchestrator: OrchestratorId })
/** Of every question about hours. */
export const readsOfHours = [orchestrators, schedules, scheduleOverrides, organizations, holidayRows]
const reads = readsOfHours

export interface Hours {
  readonly terms: Terms | null
  readonly calendar: Calendar
}

type SetRow = Pick<z.output<typeof holidayRows.row>, 'country' | 'region' | 'year' | 'dates'>

/** What is asked besides, for whoever keeps holidays: the organization's, and the sets that there are. */
export const holidaysAsked = (at: string) => ({
  organization: rowsOf(organizations, { columns: ['set'], limit: 1 }), sets: setsAround(at),
})

export interface HolidaysFound {
  readonly organization: readonly Pick<z.output<typeof organizations.row>, 'set'>[]
  readonly sets: readonly SetRow[]
}

function holidaysIn(terms: Terms | null, { organization: [own], sets }: HolidaysFound): HolidaysKept {
  const kept = terms?.holidays ?? withDefaults(own?.set ?? {}).holidays
  const isOfPlace = ({ country, region }: SetRow) => country === kept?.country && region === (kept?.region ?? null)
  return { kept, sets: kept?.country ? sets.filter(isOfPlace).map(({ dates }) => dates) : [] }
}

/** What rows say of a schedule, as the stream would. */
export function hoursIn(
  row: Parameters<typeof termsIn>[0] | undefined, overrides: readonly OverrideSaid[], zone: string, found: HolidaysFound,
): Hours {
  const terms = row ? termsIn(row) : null
  const state: ScheduleState = { ...scheduleState.initial, terms, overrides }
  return { terms, calendar: calendarOf(state, zone, holidaysIn(terms, found)) }
}

/** The hours of an orchestrator, with the overrides that end after an instant. */
export function* hoursOf({ params: { orchestrator } }: Pick<Wanted<z.output<typeof params>>, 'params'>, from: string) {
  const { own: [own], row: [row], overrides, ...found } = yield* asks({
    ...holidaysAsked(from),
    own: rowsOf(orchestrators, { columns: ['timezone'], where: { orchestrator }, limit: 1 }),
    row: rowsOf(schedules, { columns: columnsIn(schedules.row), where: { orchestrator }, limit: 1 }),
    overrides: rowsOf(scheduleOverrides, {
      columns: columnsIn(scheduleOverrides.row), where: { orchestrator }, atLeast: { to: from }, order: ['from'], limit: overrides_max,
    }),
  })
  return own && hoursIn(row, overrides, own.timezone, found)
}

const Windowed = z.object({ open: z.boolean(), until: StoredInstant.nullable() }).nullable()

export const orchestratorHours = question({
  name: 'orchestratorHours',
  about: 'Whether an orchestrator is within its hours, why, and when that changes.',
  path: '/orchestrators/:orchestrator/hours',
  params,
  query: z.object({ at: Instant.optional() }),
  answer: z.object({
    open: z.boolean(), cause: z.enum(causes), nextOpen: StoredInstant.nullable(), nextClose: StoredInstant.nullable(),
    quiet: Windowed.describe('Null without such windows.'), office: Windowed, batch: Windowed,
    zone: z.string(), local: z.string().describe('What clocks show there.'), tz: z.string().describe('The version of the tz database.'),
  }),
  reads,
  aliases: [{ route: 'GET /orchestrators/:orchestrator/work-hours/check' }],
  *reply(wanted) {
    const at = wanted.query.at ?? wanted.at
    const hours = yield* hoursOf(wanted, at)
    if (!hours) return undefined
    const { terms, calendar } = hours
    const at_ms = Date.parse(at)
    const windowed = (windows: Terms['quietHours'] = []) => (windows.length === 0 ? null : inWindows(calendar.zone, windows, at_ms))
    return {
      ...verdictAt(calendar, at_ms), nextOpen: said(nextOpen(calendar, at_ms)), nextClose: said(nextClose(calendar, at_ms)),
      quiet: windowed(terms?.quietHours), office: windowed(terms?.officeHours), batch: windowed(terms?.batchWindows),
      zone: calendar.zone, local: wallOf(calendar.zone, at_ms), tz: wanted.tz ?? 'unknown',
    }
  },
})

const span = (days_max: number) => z.object({ from: Instant, to: Instant })
  .refine(({ from, to }) => from <= to, { path: ['to'], error: 'is before from' })
  .refine(({ from, to }) => elapsed_ms(from, to) <= days_max * day_ms, { path: ['to'], error: `is more than ${days_max} days after from` })

export const openHours = question({
  name: 'openHours',
  about: `The times at which an orchestrator is within its hours, of at most ${intervals_days_max} days.`,
  path: '/orchestrators/:orchestrator/hours/intervals',
  params,
  query: span(intervals_days_max),
  answer: z.object({ intervals: z.array(z.object({ from: StoredInstant, to: StoredInstant })).max(intervals_max) }),
  reads,
  *reply(wanted) {
    const { from, to } = wanted.query
    const hours = yield* hoursOf(wanted, from)
    if (!hours) return undefined
    const found = openIntervals(hours.calendar, Date.parse(from), Date.parse(to)).slice(0, intervals_max)
    return { intervals: found.map((each) => ({ from: instant(each.from), to: instant(each.to) })) }
  },
})

export const openTime = question({
  name: 'openTime',
  about: 'How much time there is within the hours of an orchestrator between two instants.',
  path: '/orchestrators/:orchestrator/hours/open-time',
  params,
  query: span(366),
  answer: z.object({ open_ms: z.int() }),
  reads,
  *reply(wanted) {
    const { from, to } = wanted.query
    const hours = yield* hoursOf(wanted, from)
    return hours && { open_ms: openTimeBetween(hours.calendar, Date.parse(from), Date.parse(to)) }
  },
})

export const openAfter = question({
  name: 'openAfter',
  about: 'The first instant by which so much time within its hours has passed: a deadline in working hours. Null if not within 366 days.',
  path: '/orchestrators/:orchestrator/hours/after',
  params,
  query: z.object({ from: Instant, open_ms: z.int().min(0).max(366 * day_ms) }),
  answer: z.object({ at: StoredInstant.nullable() }),
  reads,
  *reply(wanted) {
    const { from, open_ms } = wanted.query
    const hours = yield* hoursOf(wanted, from)
    return hours && { at: said(addOpenTime(hours.calendar, Date.parse(from), open_ms)) }
  },
})

