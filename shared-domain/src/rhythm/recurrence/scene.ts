import type { Test } from 'tap'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { groundsOf } from '../../kernel/grounds.ts'
import { behaviour, now, subject } from '../../kernel/testing.ts'
import { later, minute_ms } from '../../kernel/time.ts'
import { owner, registered } from '../../work/task/scene.ts'
import { comingOf } from '../coming.ts'
import { recurrence } from './decider.ts'
import { Recurrence, type RecurrenceEvent } from './events.ts'
import type { Plan, Template } from './plan.ts'

export const template = {
  title: 'Count the boats', description: null, priority: 'MEDIUM', estimatedHours: null, tags: [], requiredCapabilities: [],
  dueAfter_s: null,
} satisfies Template

/** Every ten minutes, from ten past midnight on. */
export const plan = (over: Partial<Plan> = {}): Plan => ({
  owner: owner as never, template, rule: { kind: 'CRON', cron: '*/10 * * * *' }, zone: 'UTC', jitter_s: 0, catchUp: 'one', catchUpMax: 10,
  late_s: 300, overlap: 'allow', maxRuns: null, until: null, ...over,
})

/** The time that is due so many times ten minutes after midnight. */
export const tick = (nth: number) => later(now, nth * 10 * minute_ms)

/** What is told of the time that is next. */
export const ahead = (nth: number | null, over: Partial<Plan> = {}) => (nth === null ? { next: null, comesAt: null }
  : { next: tick(nth), comesAt: comingOf(subject, tick(nth), plan(over).jitter_s) })

export const nobodyElse = groundsOf({ others: [] }, '7')
const { rows: _, ...cited } = nobodyElse

export const defined = (over: Partial<Plan> = {}) => Recurrence.RecurrenceDefined({ ...plan(over), ...ahead(1, over), grounds: cited })

/** It belongs to an orchestrator that there is. */
export const scene = (t: Test) => (...history: readonly RecurrenceEvent[]) =>
  behaviour(t, recurrence).given(...history).seeing(orchestratorState, owner, registered).with({ grounds: nobodyElse })
