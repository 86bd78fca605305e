import type { Context } from '../../kernel/decider.ts'
import { inWindows, scheduleOf } from '../schedule/keeping.ts'
import { BatchRun, type BatchRunEvent } from './events.ts'
import type { ItemOutcome, RunCause } from './shapes.ts'
import { batchRunState, type Item, type Run } from './state.ts'
import type { z } from 'zod'

const countsOf = (outcomes: Run['outcomes']) => {
  const of = (wanted: ItemOutcome) => [...outcomes.values()].filter(({ outcome }) => outcome === wanted).length
  return { done: of('done'), unchanged: of('unchanged'), failed: of('failed'), skipped: of('skipped'), unfinished: of('unfinished') }
}

export const itemOf = ({ said: { items } }: Run, no: number): Item | undefined => items[no - 1]

type Named = Pick<ReturnType<typeof BatchRun.BatchItemDispatched>['data'], 'no' | 'task' | 'owner'>

const named = ({ no, task, owner }: Item) => ({ no, task, owner }) as Named

export const processed = (item: Item, outcome: ItemOutcome, code: string | null = null) =>
  BatchRun.BatchItemProcessed({ ...named(item), outcome, code })

const waiting = ({ said: { items }, dispatched, outcomes }: Run) => items.filter(({ no }) => !dispatched.has(no) && !outcomes.has(no))

/** The run after facts that are about to be told of it. */
export const after = (run: Run, { at, by, organization, commandId }: Context, facts: readonly BatchRunEvent[]): Run =>
  facts.reduce<Run>((state, fact) =>
    batchRunState.evolve(state, fact, { at, by, organization, commandId, revision: 0, position: '0' }) as Run, run)

/** How a run is over when every item has an outcome. */
const completed = ({ said: { batch }, outcomes }: Run, cause: z.output<typeof RunCause>) =>
  BatchRun.BatchRunCompleted({ batch, counts: countsOf(outcomes), cause })

/** Whether its owner wants nothing done for many at this hour. What is passed on to even pressure heeds only who is to have it. */
function isShut({ owner }: Item, command: string, context: Context): boolean {
  const schedule = command === 'even' ? undefined : scheduleOf(owner, context)
  const windows = schedule?.state.terms?.batchWindows ?? []
  return windows.length > 0 && !inWindows(schedule!.calendar.zone, windows, Date.parse(context.at)).open
}

/** Who is next: as many as there is room for; those whose owners do not want it now are skipped on the way. */
function turnsOf({ said: { command, data, maxParallel }, dispatched }: Run, left: readonly Item[], context: Context) {
  const facts: BatchRunEvent[] = []
  let room = maxParallel - dispatched.size
  for (const item of left) {
    if (room <= 0) break
    if (isShut(item, command, context)) {
      facts.push(processed(item, 'skipped', 'OUTSIDE_BATCH_WINDOW'))
      continue
    }
    room--
    facts.push(BatchRun.BatchItemDispatched({ ...named(item), command, data: (item.data ?? data) as typeof data }))
  }
  return facts
}

/** These facts and what follows from them: more items have their turn, or are skipped, or the run is over. */
export function goingOn(run: Run, facts: readonly BatchRunEvent[], context: Context): readonly BatchRunEvent[] {
  const then = after(run, context, facts)
  const left = waiting(then)
  const more = then.stage === 'STOPPING' ? left.map((item) => processed(item, 'skipped')) : turnsOf(then, left, context)
  const last = after(then, context, more)
  const isOver = last.dispatched.size === 0 && waiting(last).length === 0
  return [...facts, ...more, ...(isOver ? [completed(last, last.cause ?? 'finished')] : [])]
}

/** It is time to give up: what is under way is left unfinished, what has not begun is skipped. */
export function givenUp(run: Run, context: Context): readonly BatchRunEvent[] {
  const unfinished = [...run.dispatched].sort((a, b) => a - b).map((no) => processed(itemOf(run, no)!, 'unfinished'))
  const facts = [...unfinished, ...waiting(run).map((item) => processed(item, 'skipped'))]
  return [...facts, completed(after(run, context, facts), 'timeout')]
}
