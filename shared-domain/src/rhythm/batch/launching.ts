import type { Context } from '../../kernel/decider.ts'
import { uuid5 } from '../../kernel/name-id.ts'
import type { Instant } from '../../kernel/time.ts'
import { ahead, dealt, nothing, type Coming, type Waiting } from '../coming.ts'
import { duesAfter, type Rota } from '../due.ts'
import { isWithin, openingsOf } from '../windows.ts'
import { Batch, type BatchEvent } from './events.ts'
import { workOf, type Plan } from './plan.ts'
import type { Known } from './state.ts'

/** The clocks and patterns by which it is due, where there are any. */
export function rotaOf({ when, windows, zone }: Pick<Plan, 'when' | 'windows' | 'zone'>): Rota | undefined {
  if (when === null || 'at' in when) return undefined
  return 'cron' in when ? { patterns: [when.cron], zone: when.zone } : { patterns: openingsOf(windows), zone }
}

export function duesOf(plan: Plan, after: Instant): Iterable<Instant> {
  if (plan.when !== null && 'at' in plan.when) return plan.when.at > after ? [plan.when.at] : []
  const rota = rotaOf(plan)
  return rota ? duesAfter(rota, after) : []
}

export function nextOf(plan: Plan, after: Instant): Instant | null {
  for (const due of duesOf(plan, after)) return due
  return null
}

export const waitingOf = (id: string, plan: Plan, isOccupied: boolean): Waiting => ({
  id, jitter_s: plan.jitter_s, late_s: plan.late_s, kept: plan.catchUp === 'one' ? 1 : 0, isOccupied,
  duesAfter: (due) => duesOf(plan, due),
})

type Ahead = ReturnType<typeof ahead>

/** A run begins; if it was the last that there may be, nothing comes after it. */
export function launched(
  { plan, runs }: Pick<Known, 'plan' | 'runs'>, run: string, due: Instant | null, after: Ahead,
): readonly BatchEvent[] {
  const isLast = plan.maxRuns !== null && runs + 1 >= plan.maxRuns
  return [
    Batch.BatchRunLaunched({ run, no: runs + 1, due, work: workOf(plan), ...(isLast ? nothing : after) }),
    ...(isLast ? [Batch.BatchEnded({ reason: 'runs', ...nothing })] : []),
  ]
}

/** What becomes of the due time that was waited for, and of those behind it that have come by now: one run at the most. */
export function launchedAt(state: Known, first: Coming, { id, at }: Context): readonly BatchEvent[] {
  const { plan } = state
  const waiting = waitingOf(id, plan, state.isRunning)
  const { lost, fired: [begun], occupied, next } = dealt(waiting, first, at)
  const after = ahead(waiting, next)
  const skipped = (dues: readonly Coming[], reason: 'outside_window' | 'already_running' | 'missed') => (dues.length === 0 ? []
    : [Batch.BatchRunSkipped({ due: dues[0]!.due, until: dues.at(-1)!.due, missed: dues.length, reason, ...after })])
  const isOpen = isWithin(plan.windows, plan.zone, at)
  if (begun && !isOpen) return [...skipped(lost, 'missed'), ...skipped([begun, ...occupied], 'outside_window')]
  const run = begun ? launched(state, uuid5(begun.due, id), begun.due, after) : []
  return [...skipped(lost, 'missed'), ...run, ...(run.length > 1 ? [] : skipped(occupied, 'already_running'))]
}
