import { z } from 'zod'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { day_ms, elapsed_ms, instant, minute_ms } from '../../kernel/time.ts'
import { Instant, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { backlog } from '../../work/task/backlog.ts'
import { openStatuses } from '../../work/task/shapes.ts'
import { openIntervals } from '../calendar/hours.ts'
import { without } from '../calendar/intervals.ts'
import { hoursOf, readsOfHours } from '../schedule/questions.ts'
import { Reservation } from './events.ts'
import { reservations } from './reservations.ts'

const days_max = 31
const found_max = 500

const Stretch = z.object({ from: StoredInstant, to: StoredInstant })
const Planned = Reservation.omit({ note: true })
const Conflict = Planned.extend({ title: z.string() })

export const availability = question({
  name: 'orchestratorAvailability',
  about: `When an orchestrator is within its hours and nothing is planned, of at most ${days_max} days, and what is planned. Available `
    + 'means a stretch of so many minutes; where none are said, all the time. What is planned for a task that has ended, or is '
    + 'with somebody else, does not count.',
  path: '/orchestrators/:orchestrator/availability',
  params: z.object({ orchestrator: OrchestratorId }),
  query: z.object({ from: Instant, to: Instant, minutes: z.int().min(1).max(days_max * 24 * 60).optional() })
    .refine(({ from, to }) => from < to, { path: ['to'], error: 'is not after from' })
    .refine(({ from, to }) => elapsed_ms(from, to) <= days_max * day_ms, {
      path: ['to'], error: `is more than ${days_max} days after from`,
    }),
  answer: z.object({ available: z.boolean(), free: z.array(Stretch).max(found_max), conflicts: z.array(Conflict).max(found_max) }),
  reads: [...readsOfHours, reservations, backlog],
  statements_max: 3,
  aliases: [{
    route: 'GET /orchestrators/:orchestrator/availability', fields: { startTime: 'from', endTime: 'to' },
    meant: (said) => 'startTime' in said || 'endTime' in said,
  }],
  *reply(wanted) {
    const { params: { orchestrator }, query: { from, to, minutes } } = wanted
    const hours = yield* hoursOf(wanted, from)
    if (!hours) return undefined
    const { planned } = yield* asks({
      planned: rowsOf(reservations, {
        columns: columnsIn(Planned), where: { orchestrator }, atMost: { start: to }, meets: [{ column: 'end', atLeast: from }],
        order: ['start'], limit: found_max,
      }),
    })
    const { tasks } = yield* asks({
      tasks: rowsOf(backlog, {
        columns: ['task', 'title'], where: { task: planned.map(({ task }) => task), owner: orchestrator, status: [...openStatuses] },
        limit: found_max,
      }),
    })
    const titles = new Map(tasks.map(({ task, title }) => [task, title]))
    const conflicts = planned.filter(({ task, start, end }) => titles.has(task) && start < to && from < end)
    const open = openIntervals(hours.calendar, Date.parse(from), Date.parse(to))
    const taken = conflicts.map(({ start, end }) => ({ from: Date.parse(start), to: Date.parse(end) }))
    const least_ms = minutes === undefined ? 1 : minutes * minute_ms
    const free = without(open, taken).filter((each) => each.to - each.from >= least_ms)
    const isAll = free.length === 1 && free[0]!.to - free[0]!.from === elapsed_ms(from, to)
    return {
      available: minutes === undefined ? isAll : free.length > 0,
      free: free.slice(0, found_max).map((each) => ({ from: instant(each.from), to: instant(each.to) })),
      conflicts: conflicts.map((one) => ({ ...one, title: titles.get(one.task)! })),
    }
  },
})
