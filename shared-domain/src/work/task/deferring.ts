import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { day_ms, later } from '../../kernel/time.ts'
import { DueInstant, StoredInstant, text } from '../../vocabulary.ts'
import { Task } from './events.ts'
import { by, room, type Decision } from './guards.ts'
import { isDeferred, outside, untilOpen } from './outside-hours.ts'
import { wordsOf, type Deferral, type Known, type TaskState } from './state.ts'

const ahead_max_days = 366
/** Who is never found open when hours should begin is waited for so often and no more. */
const anew_max = 20

const wrong = (message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer: '/until', message }] })

function deferred(task: Known, until: string, reason: string, context: Context): Decision {
  const { owner, deferral } = task
  if (!mayActAs(context, owner)) return reject('INVALID_OWNERSHIP', { owner })
  if (deferral?.words === wordsOf.deferral({ until, cause: 'asked', reason })) return []
  if (until <= context.at) return wrong('is past')
  if (until > later(context.at, ahead_max_days * day_ms)) return wrong(`is more than ${ahead_max_days} days ahead`)
  return [Task.TaskDeferred({ owner, until, orchestrator: null, cause: 'asked', reason })]
}

/** The hours that it waits for have not begun after all, since they are others now. */
function closedStill(task: Known, { orchestrator, times }: Deferral, context: Context) {
  const found = orchestrator === null || times >= anew_max ? null : outside(orchestrator, task, 'defer', context)
  return isDeferred(found) ? found : null
}

/** Who picks among what is offered does not get what waits; whoever names it does. */
export const notYet = (task: TaskState, { at }: Context) => (task.status === 'TODO' && task.deferral !== null
  && task.deferral.until > at ? reject('DEFERRED', { until: task.deferral.until }) : undefined)

export const deferring = room({
  defer: {
    about: 'Let the task wait until then: it is offered to nobody before, but whoever names it may take it up.',
    data: z.object({ until: DueInstant, reason: text(500) }),
    decide(task, { until, reason }, context) {
      const defer = (task: Known): Decision => deferred(task, until, reason, context)
      return by(task, 'defer', { TODO: defer, BLOCKED: defer })
    },
  },

  undefer: {
    about: 'Let the task wait no longer.',
    data: z.object({}),
    decide(task, _, context) {
      const undefer = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        return task.deferral ? [Task.TaskDeferralEnded({ owner: task.owner, cause: 'asked' })] : []
      }
      return by(task, 'undefer', { TODO: undefer, BLOCKED: undefer })
    },
  },

  endDeferral: {
    about: 'The time has come that the task waits for: it is offered again. Where hours were to begin and did not, it waits anew, '
      + `${anew_max} times at the most.`,
    internal: true,
    data: z.object({ until: StoredInstant }),
    decide(task, { until }, context) {
      const deferral = task.status === 'NONE' ? null : task.deferral
      if (task.status === 'NONE' || deferral?.until !== until || context.at < until) return []
      const { owner } = task
      const found = closedStill(task, deferral, context)
      return found ? untilOpen(task, owner, found, context) : [Task.TaskDeferralEnded({ owner, cause: 'due' })]
    },
  },
})
