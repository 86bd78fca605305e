import { z } from 'zod'
import { Rejection } from '../../kernel/decider.ts'
import { OrchestratorId, text } from '../../vocabulary.ts'
import { Task } from './events.ts'
import { moving, room } from './guards.ts'
import { waitingAnew } from './outside-hours.ts'
import { before, immovable, outsideOf, passed, spansOf, targetOf } from './passing-on.ts'
import { queuedAt } from './queueing.ts'
import type { TaskState } from './state.ts'
import { owning } from './unwinding.ts'

/** A task that waits with this owner as it came there: nobody has passed it on or given it to somebody. */
const waitsWith = (task: TaskState, owner: string) =>
  (task.status === 'TODO' && task.owner === owner && task.assignee === null && task.chain.length === 0 ? task : null)

export const evening = room({
  even: {
    about: 'Pass a task on that waits, to even pressure; one that has moved on meanwhile stays where it is.',
    internal: true,
    data: z.object({ from: OrchestratorId, to: OrchestratorId, reason: text(200) }),
    holds: (_, { to }, context) => queuedAt(to, context),
    decide(state, { from, to, reason: note }, context) {
      const task = waitsWith(state, from)
      if (!task) return []
      const wish = { to, force: false, retries: 0 }
      const refusal = immovable(task, wish, {}, context)
      if (refusal) return refusal
      const target = targetOf(task, wish, context)
      if (target instanceof Rejection) return target
      const outsideHours = outsideOf(target, task, { onUnavailable: 'reject' }, context)
      if (outsideHours instanceof Rejection) return outsideHours
      const { priority, dueAt, sla } = task
      const spans = spansOf(wish, context.at)
      return [
        ...before(task, target.to),
        Task.TaskDelegated({
          ...moving(task), note, forced: false, priority, dueAt, ...passed(task, target, spans, sla.deadline, context, outsideHours),
        }),
        ...owning(task, target.to), ...waitingAnew(task, target.to, outsideHours, context),
      ]
    },
  },
})
