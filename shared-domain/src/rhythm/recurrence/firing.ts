import type { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { uuid5 } from '../../kernel/name-id.ts'
import { elapsed_ms, minute_ms, second_ms, type Instant } from '../../kernel/time.ts'
import { TaskId } from '../../vocabulary.ts'
import { isOpen, taskState } from '../../work/task/state.ts'
import { duesAfter } from '../due.ts'
import { Recurrence, type Ending, type RecurrenceEvent } from './events.ts'
import { comingOf, type Plan } from './plan.ts'
import type { Known } from './state.ts'

/** So many due times are gone through at once, and so many of them become tasks; those behind them come at once after. */
const dues_max = 500
const fired_max = 100
/** So long a task may take to be made. */
const making_ms = 5 * minute_ms

/** What is to come after these times, if anything: the times that a plan has left. */
export interface Ahead {
  readonly next: Instant | null
  readonly comesAt: Instant | null
}

export const nothing = { next: null, comesAt: null } as const

export const ahead = (id: string, plan: Plan, next: Instant | null): Ahead =>
  (next === null ? nothing : { next, comesAt: comingOf(id, next, plan) })

interface Coming {
  readonly due: Instant
  /** Nothing comes before what is due earlier has come. */
  readonly comesAt: Instant
}

interface Come {
  readonly come: readonly Coming[]
  /** The first that has not come yet, or was not gone through. */
  readonly next: Instant | null
  readonly isAll: boolean
}

/** The due times that have come: the one that was waited for, whatever the clock says now, and those behind it. */
function comeOf(id: string, { plan }: Known, first: Coming, at: Instant): Come {
  const come = [first]
  let { comesAt } = first
  for (const due of duesAfter(plan, first.due)) {
    if (plan.until !== null && due > plan.until) break
    const own = comingOf(id, due, plan)
    comesAt = own > comesAt ? own : comesAt
    if (comesAt > at || come.length === dues_max) return { come, next: due, isAll: comesAt > at }
    come.push({ due, comesAt })
  }
  return { come, next: null, isAll: true }
}

const kept = ({ catchUp, catchUpMax }: Plan) => ({ none: 0, one: 1, all: catchUpMax })[catchUp]

/** The task of the last time is open, or about to be made. */
function isOccupied({ last }: Known, { look, at }: Context): boolean {
  if (last === null) return false
  const task = look(taskState, last.task)
  return task.status === 'NONE' ? elapsed_ms(last.at, at) < making_ms : isOpen(task)
}

interface Sorted {
  /** Missed, and not made up for. */
  readonly lost: readonly Coming[]
  readonly fired: readonly Coming[]
  /** They found the last task open. */
  readonly open: readonly Coming[]
  /** The first that is left for the next time. */
  readonly left?: Coming | undefined
}

function sorted(state: Known, { come, isAll }: Come, context: Context): Sorted {
  const { plan, runs } = state
  const missed = come.filter(({ comesAt }) => elapsed_ms(comesAt, context.at) > plan.late_s * second_ms).length
  const behind = Math.max(0, missed - kept(plan))
  const [lost, wanted] = [come.slice(0, behind), come.slice(behind)]
  // What was not gone through was missed, too, and later: there what is made up for is found.
  if (!isAll && missed === come.length) return { lost, fired: [], open: [], left: wanted[0] }
  if (plan.overlap === 'skip') {
    const free = isOccupied(state, context) ? 0 : 1
    return { lost, fired: wanted.slice(0, free), open: wanted.slice(free) }
  }
  const most = Math.min(fired_max, (plan.maxRuns ?? Infinity) - runs)
  return { lost, fired: wanted.slice(0, most), open: [], left: wanted[most] }
}

/** What becomes of the due time that was waited for, and of those behind it that have come by now. */
export function fired(state: Known, first: Coming, context: Context): readonly RecurrenceEvent[] {
  const { plan, runs } = state
  const { owner, template, maxRuns, until } = plan
  const ended = (reason: z.output<typeof Ending>) => Recurrence.RecurrenceEnded({ owner, reason, ...nothing })
  if (context.look(orchestratorState, owner).stage === 'archived') return [ended('owner')]
  const come = comeOf(context.id, state, first, context.at)
  const { lost, fired, open, left } = sorted(state, come, context)
  const next = left?.due ?? come.next
  const isDone = maxRuns !== null && runs + fired.length >= maxRuns
  const after = isDone ? nothing : ahead(context.id, plan, next)
  const skipped = (dues: readonly Coming[], reason: 'late' | 'open') => (dues.length === 0 ? []
    : [Recurrence.RecurrenceSkipped({ owner, from: dues[0]!.due, to: dues.at(-1)!.due, missed: dues.length, reason, ...after })])
  return [
    ...skipped(lost, 'late'),
    ...fired.map(({ due, comesAt }, index) => Recurrence.RecurrenceFired({
      owner, due, task: TaskId.parse(uuid5(due, context.id)), run: runs + index + 1,
      late_ms: Math.max(0, elapsed_ms(comesAt, context.at)), template, ...after,
    })),
    ...(isDone ? [ended('runs')] : skipped(open, 'open')),
    ...(isDone || next !== null ? [] : [ended(until === null ? 'never' : 'until')]),
  ]
}
