import { z } from 'zod'
import { Rejection } from '../../kernel/decider.ts'
import { Int64 } from '../../vocabulary.ts'
import { againAfter } from './chain.ts'
import { Task } from './events.ts'
import { moving, room } from './guards.ts'
import { waitingAnew } from './outside-hours.ts'
import { before, outsideOf, passed } from './passing-on.ts'
import { chosenFor, peersAsked } from './peers.ts'
import { queuedAt } from './queueing.ts'
import type { TaskState } from './state.ts'
import { owning } from './unwinding.ts'

/** What came to nothing and is still to be tried with somebody else: nobody has done anything with the task since, and it waits. */
function retryOf(task: TaskState, id: string) {
  const isFree = task.status === 'TODO' || task.status === 'BLOCKED'
  return isFree && task.retry?.delegation.id === id ? { task, delegation: task.retry.delegation } : null
}

export const redelegating = room({
  redelegate: {
    about: 'What was passed on came to nothing, and nobody has done anything with it since: it is tried with somebody else.',
    internal: true,
    settings: ['delegatePolicy'],
    data: z.object({ delegation: Int64 }),
    grounds: (task, { delegation }) => (retryOf(task, delegation) ? peersAsked : {}),
    holds(state, { delegation }, context) {
      const found = retryOf(state, delegation)
      const chosen = found && chosenFor(found.task, found.delegation.tried, undefined, context)
      return chosen && 'target' in chosen ? queuedAt(chosen.target.to, context) : undefined
    },
    decide(state, { delegation: id }, context) {
      const found = retryOf(state, id)
      if (!found) return []
      const { task, delegation } = found
      const { owner, placement, priority, dueAt, sla } = task
      const chosen = chosenFor(task, delegation.tried, undefined, context)
      if ('nobody' in chosen)
        return [Task.TaskPlacementFailed({ owner, ...chosen.nobody, since: placement?.since ?? context.at })]
      const { target } = chosen
      const verdict = outsideOf(target, task, { onUnavailable: 'reject' }, context)
      const outsideHours = verdict instanceof Rejection ? null : verdict
      const { answerBy, finishBy, retries, note } = delegation
      const again = (by: string | null) => againAfter(delegation, by, context.at)
      const spans = { retries, answerBy: again(answerBy), finishBy: again(finishBy) }
      return [
        ...before(task, target.to),
        Task.TaskDelegated({
          ...moving(task), note, forced: false, priority, dueAt,
          ...passed(task, target, spans, sla.deadline, context, outsideHours),
          attempt: delegation.attempt + 1, retryOf: delegation.id,
        }),
        ...owning(task, target.to), ...waitingAnew(task, target.to, outsideHours, context),
      ]
    },
  },
})
