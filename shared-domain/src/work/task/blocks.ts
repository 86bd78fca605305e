import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { text, type TaskId } from '../../vocabulary.ts'
import { Task, type TaskEvent } from './events.ts'
import { openAmong } from './graph.ts'
import { by, ending, moving, room, same, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { after, leaseOf, type Known, type TaskState } from './state.ts'

type Reason = Pick<ReturnType<typeof Task.TaskBlocked>['data'], 'kind' | 'reason' | 'waitsFor'>

const blocked = (task: Known, context: Context, reason: Reason) =>
  Task.TaskBlocked({ ...ending(task, context), ...reason, lease: leaseOf(task), origin: task.origin })

export const waiting = (task: Known, open: readonly TaskId[], context: Context) =>
  blocked(task, context, { kind: 'dependencies', reason: 'waits for other tasks', waitsFor: [...open] })

/** The task cannot go on for what somebody says. */
export const blockedFor = (task: Known, reason: string, context: Context) =>
  blocked(task, context, { kind: 'manual', reason, waitsFor: [] })

/** The task gave up trying: somebody has to look at it. */
export const failing = (task: Known, reason: string, context: Context) =>
  blocked(task, context, { kind: 'failure', reason, waitsFor: [] })

/** Facts after which the task is free to start, unless it depends on what is open: then it waits for that. */
export function freed(task: TaskState, context: Context, ...facts: readonly TaskEvent[]): readonly TaskEvent[] {
  const then = after(task, context, ...facts)
  const open = openAmong(then.dependsOn, context)
  return open.length === 0 ? facts : [...facts, waiting(then, open, context)]
}

export const blocks = room({
  block: {
    about: 'Say that the task cannot go on, and why.',
    aliases: olderWords.block,
    data: z.object({ reason: text(500) }),
    decide(task, { reason }, context) {
      const block = (task: Known): Decision => (mayActAs(context, task.owner)
        ? [blockedFor(task, reason, context)]
        : reject('INVALID_OWNERSHIP', { owner: task.owner }))
      return by(task, 'block', {
        TODO: block, IN_PROGRESS: block,
        BLOCKED: (task) => (task.block.kind === 'manual' && task.block.reason === reason ? [] : unfit(task, 'block')),
      })
    },
  },

  retry: {
    about: 'Try anew, at once and with all retries, what failed.',
    data: z.object({ reason: text(500).default('tried anew by hand') }),
    decide(task, { reason }, context) {
      const again = (task: Known): Decision => {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const scheduled = Task.TaskRetryScheduled({ owner: task.owner, attempt: 0, nextRetryAt: context.at })
        return task.status === 'TODO'
          ? [scheduled]
          : freed(task, context, Task.TaskUnblocked({ ...moving(task), kind: 'failure', reason }), scheduled)
      }
      return by(task, 'retry', {
        TODO: (task) => (task.nextRetryAt !== null && task.nextRetryAt > context.at ? again(task) : []),
        BLOCKED: (task) => (task.block.kind === 'failure' ? again(task) : unfit(task, 'retry')),
      })
    },
  },

  unblock: {
    about: 'Say that what blocked the task is gone.',
    data: z.object({ reason: text(500).default('unblocked by hand') }),
    decide: (task, { reason }, context) => by(task, 'unblock', {
      TODO: same,
      BLOCKED(task) {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        const { kind } = task.block
        if (kind === 'escalation') return unfit(task, 'unblock')
        const open = openAmong(task.dependsOn, context)
        if (kind === 'dependencies' && open.length > 0) return reject('DEPENDENCIES_UNMET', { open })
        return freed(task, context, Task.TaskUnblocked({ ...moving(task), kind, reason }))
      },
    }),
  },
})
