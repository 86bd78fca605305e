import { z } from 'zod'
import { isPrivileged, reject, Rejection, type Context } from '../../kernel/decider.ts'
import { closedNow } from '../../rhythm/schedule/keeping.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { Task, type TaskEvent } from './events.ts'
import type { OutsideHours } from './shapes.ts'
import type { Deferral, Known } from './state.ts'

/** What is to happen outside the hours of whoever is to take the task; as its schedule says, where it is not said. */
export const OnUnavailable = z.enum(['reject', 'defer', 'force']).optional()
  .describe('What happens outside the hours of whoever is to take it: nothing, or it waits until they begin, or it does not heed them.')
export type OnUnavailable = z.output<typeof OnUnavailable>

type Unavailable = Rejection<'OUTSIDE_WORK_HOURS' | 'FORBIDDEN'>

/**
 * What a fact says of it when it happens outside the hours of whoever takes the task, or why it does not happen. Nothing is looked up of
 * whom it is known that there is no schedule; what is imported happened.
 */
export function outside(
  orchestrator: OrchestratorId, { priority }: Pick<Known, 'priority'>, wish: OnUnavailable, context: Context,
): OutsideHours | Unavailable | null {
  const closed = context.imported ? undefined : closedNow(orchestrator, context)
  if (!closed) return null
  const { cause, nextAvailableAt, terms } = closed
  if (priority === 'CRITICAL' && terms?.allowCriticalOutsideHours) return { orchestrator, how: 'critical', nextAvailableAt }
  const how = wish ?? terms?.onUnavailable
  if (how === 'force') return isPrivileged(context) ? { orchestrator, how: 'forced', nextAvailableAt } : reject('FORBIDDEN')
  if (how === 'defer' && nextAvailableAt !== null) return { orchestrator, how: 'deferred', nextAvailableAt }
  return reject('OUTSIDE_WORK_HOURS', { orchestrator, cause, nextAvailableAt })
}

export const isDeferred = (found: ReturnType<typeof outside>): found is OutsideHours & { readonly nextAvailableAt: string } =>
  found !== null && !(found instanceof Rejection) && found.how === 'deferred'

/** The task waits until hours begin, which are not those of now. Where it does so already there is nothing to say. */
export function untilOpen(
  { deferral }: Pick<Known, 'deferral'>, owner: OrchestratorId, { orchestrator, nextAvailableAt: until }: OutsideHours, context: Context,
): readonly TaskEvent[] {
  if (until === null || (deferral?.until === until && deferral.orchestrator === orchestrator)) return []
  const reason = closedNow(orchestrator, context)!.cause
  return [Task.TaskDeferred({ owner, until, orchestrator, cause: 'hours', reason })]
}

/** What becomes of the waiting of a task that somebody else has from now on: it waits for the hours of that one, or no more. */
export function waitingAnew(
  task: Pick<Known, 'deferral'>, owner: OrchestratorId, found: OutsideHours | null, context: Context,
): readonly TaskEvent[] {
  if (isDeferred(found)) return untilOpen(task, owner, found, context)
  return task.deferral ? [Task.TaskDeferralEnded({ owner, cause: 'moved' })] : []
}

/** The same of one that is given to somebody whose owner stays: a wish to let it wait stays as well. */
export const waitingWith = (task: Known, found: OutsideHours | null, context: Context): readonly TaskEvent[] =>
  (isDeferred(found) || task.deferral?.cause === 'hours' ? waitingAnew(task, task.owner, found, context) : [])

/** Until when it waits, for answers. */
export const deferredUntil = ({ deferral }: { readonly deferral?: Deferral | null }): string | null => deferral?.until ?? null
