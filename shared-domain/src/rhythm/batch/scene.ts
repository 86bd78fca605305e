import { now } from '../../kernel/testing.ts'
import { later, minute_ms } from '../../kernel/time.ts'
import { uuid } from '../../kernel/testing.ts'
import { Batch } from './events.ts'
import type { Plan } from './plan.ts'

export const tasks = [61, 62, 63].map(uuid)
export const run = uuid(70)

/** Ten past midnight, and every ten minutes after. */
export const tick = (nth: number) => later(now, nth * 10 * minute_ms)

export const ahead = (nth: number | null) => (nth === null ? { next: null, comesAt: null } : { next: tick(nth), comesAt: tick(nth) })

export const work = { command: 'start', data: {}, select: { tasks }, maxParallel: 5, stopOnFailure: false, timeout_s: 14_400 } as never

export const plan = (over: Partial<Plan> = {}): Plan => ({
  name: 'Night', command: 'start', data: {}, select: { tasks: tasks as never[] }, when: { cron: '*/10 * * * *', zone: 'UTC' }, windows: [],
  zone: 'UTC', maxParallel: 5, stopOnFailure: false, timeout_s: 14_400, jitter_s: 0, late_s: 300, catchUp: 'none', maxRuns: null, ...over,
})

export const defined = (over: Partial<Plan> = {}, nth: number | null = 1) => Batch.BatchDefined({ ...plan(over), ...ahead(nth) })
