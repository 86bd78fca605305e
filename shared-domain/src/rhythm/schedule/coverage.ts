import { z } from 'zod'
import { capacities } from '../../fleet/capacity/capacities.ts'
import { orchestrators } from '../../fleet/orchestrator/orchestrators.ts'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { day_ms, hour_ms, instant, later } from '../../kernel/time.ts'
import { Instant, StoredInstant, text } from '../../vocabulary.ts'
import { openIntervals } from '../calendar/hours.ts'
import { holidaysAsked, hoursIn, readsOfHours } from './questions.ts'
import { scheduleOverrides, schedules } from './schedules.ts'

const orchestrators_max = 200
const days_max = 14
const overrides_max = 5_000

/** The numbers of the hours from an instant on that lie within these intervals from beginning to end. */
function* wholeHours(intervals: ReturnType<typeof openIntervals>, from_ms: number) {
  for (const { from, to } of intervals) {
    const end = Math.floor((to - from_ms) / hour_ms)
    for (let hour = Math.ceil((from - from_ms) / hour_ms); hour < end; hour++) yield hour
  }
}

export const coverage = question({
  name: 'coverage',
  about: `How many of the first ${orchestrators_max} orchestrators are within their hours throughout each hour, how many slots they have `
    + 'together, and in which hours there is nobody.',
  path: '/coverage',
  params: z.object({}),
  query: z.object({
    from: Instant.optional(),
    days: z.int().min(1).max(days_max).default(7),
    capability: text(100).optional(),
  }),
  answer: z.object({
    hours: z.array(z.object({ from: StoredInstant, orchestrators: z.int(), slots: z.int() })).max(days_max * 24),
    none: z.array(StoredInstant).max(days_max * 24),
  }),
  reads: [...readsOfHours, capacities],
  *reply({ query: { from, days, capability }, at }) {
    const start = Math.floor(Date.parse(from ?? at) / hour_ms) * hour_ms
    const meets = [
      { column: 'status', notAmong: ['ARCHIVED'] },
      ...(capability === undefined ? [] : [{ column: 'capabilities', holdsAll: [capability] }]),
    ]
    const among = { orchestrator: rowsOf(orchestrators, { columns: ['orchestrator'], meets, limit: orchestrators_max }) }
    const { own, rows, overrides, slots, ...found } = yield* asks({
      ...holidaysAsked(instant(start)),
      own: rowsOf(orchestrators, { columns: ['orchestrator', 'timezone'], meets, limit: orchestrators_max }),
      rows: rowsOf(schedules, { columns: columnsIn(schedules.row), among, limit: orchestrators_max }),
      overrides: rowsOf(scheduleOverrides, {
        columns: columnsIn(scheduleOverrides.row), among, atLeast: { to: instant(start) }, limit: overrides_max,
      }),
      slots: rowsOf(capacities, { columns: ['orchestrator', 'max'], among, limit: orchestrators_max }),
    })
    const schedule = new Map(rows.map((row) => [row.orchestrator, row]))
    const max = new Map(slots.map((row) => [row.orchestrator, row.max]))
    const overriding = Map.groupBy(overrides, ({ orchestrator }) => orchestrator)
    const empty = (_: unknown, hour: number) => ({ from: later(instant(start), hour * hour_ms), orchestrators: 0, slots: 0 })
    const hours = Array.from({ length: days * 24 }, empty)
    for (const { orchestrator, timezone } of own) {
      const { calendar } = hoursIn(schedule.get(orchestrator), overriding.get(orchestrator) ?? [], timezone, found)
      for (const hour of wholeHours(openIntervals(calendar, start, start + days * day_ms), start)) {
        hours[hour]!.orchestrators++
        hours[hour]!.slots += max.get(orchestrator) ?? 0
      }
    }
    return { hours, none: hours.filter(({ orchestrators }) => orchestrators === 0).map((hour) => hour.from) }
  },
})
