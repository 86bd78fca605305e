import type { z } from 'zod'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Context } from '../../kernel/decider.ts'
import { uuid5 } from '../../kernel/name-id.ts'
import { elapsed_ms, minute_ms, type Instant } from '../../kernel/time.ts'
import { TaskId } from '../../vocabulary.ts'
import { isOpen, taskState } from '../../work/task/state.ts'
import { ahead, dealt, nothing, type Coming, type Waiting } from '../coming.ts'
import { duesAfter } from '../due.ts'
import { Recurrence, type Ending, type RecurrenceEvent } from './events.ts'
import { rotaOf, type Plan } from './plan.ts'
import type { Known } from './state.ts'

/** So long a task may take to be made. */
const making_ms = 5 * minute_ms

function* duesOf(plan: Plan, after: Instant): Generator<Instant> {
  for (const due of duesAfter(rotaOf(plan), after)) {
    if (plan.until !== null && due > plan.until) return
    yield due
  }
}

const kept = ({ catchUp, catchUpMax }: Plan) => ({ none: 0, one: 1, all: catchUpMax })[catchUp]

/** The task of the last time is open, or about to be made. */
function isOccupied({ last }: Known, { look, at }: Context): boolean {
  if (last === null) return false
  const task = look(taskState, last.task)
  return task.status === 'NONE' ? elapsed_ms(last.at, at) < making_ms : isOpen(task)
}

const waitingOf = (state: Known, context: Context): Waiting => {
  const { plan, runs } = state
  const { jitter_s, late_s, maxRuns, overlap } = plan
  return {
    id: context.id, jitter_s, late_s, kept: kept(plan), duesAfter: (due) => duesOf(plan, due),
    ...(overlap === 'skip' ? { isOccupied: isOccupied(state, context) } : {}), ...(maxRuns === null ? {} : { left: maxRuns - runs }),
  }
}

/** What becomes of the due time that was waited for, and of those behind it that have come by now. */
export function fired(state: Known, first: Coming, context: Context): readonly RecurrenceEvent[] {
  const { plan: { owner, template, maxRuns, until }, runs } = state
  const ended = (reason: z.output<typeof Ending>) => Recurrence.RecurrenceEnded({ owner, reason, ...nothing })
  if (context.look(orchestratorState, owner).stage === 'archived') return [ended('owner')]
  const waiting = waitingOf(state, context)
  const { lost, fired, occupied, next } = dealt(waiting, first, context.at)
  const isDone = maxRuns !== null && runs + fired.length >= maxRuns
  const after = isDone ? nothing : ahead(waiting, next)
  const skipped = (dues: readonly Coming[], reason: 'late' | 'open') => (dues.length === 0 ? []
    : [Recurrence.RecurrenceSkipped({ owner, from: dues[0]!.due, to: dues.at(-1)!.due, missed: dues.length, reason, ...after })])
  return [
    ...skipped(lost, 'late'),
    ...fired.map(({ due, comesAt }, index) => Recurrence.RecurrenceFired({
      owner, due, task: TaskId.parse(uuid5(due, context.id)), run: runs + index + 1,
      late_ms: Math.max(0, elapsed_ms(comesAt, context.at)), template, ...after,
    })),
    ...(isDone ? [ended('runs')] : skipped(occupied, 'open')),
    ...(isDone || next !== null ? [] : [ended(until === null ? 'never' : 'until')]),
  ]
}
