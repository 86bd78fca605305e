import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { text, type TaskId } from '../../vocabulary.ts'
import { Task, type TaskEvent } from './events.ts'
import { openAmong } from './graph.ts'
import { by, moving, room, same, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { leaseOf, type Known } from './state.ts'

const blocked = (task: Known, kind: 'dependencies' | 'manual', reason: string, waitsFor: readonly TaskId[] = []) =>
  Task.TaskBlocked({ ...moving(task), kind, reason, waitsFor: [...waitsFor], lease: leaseOf(task) })

export const waiting = (task: Known, open: readonly TaskId[]) => blocked(task, 'dependencies', 'waits for other tasks', open)

/** The task gave up trying: somebody has to look at it. */
export const failing = ({ owner }: Known, reason: string) =>
  Task.TaskBlocked({ owner, from: 'TODO', kind: 'failure', reason, waitsFor: [], lease: null })

/** Facts after which the task is free to start, unless it depends on what is open: then it waits for that. */
export function freed(task: Known, context: Context, ...facts: readonly TaskEvent[]): readonly TaskEvent[] {
  const open = openAmong(task.dependsOn, context)
  return open.length === 0 ? facts : [...facts, waiting({ ...task, status: 'TODO' }, open)]
}

export const blocks = room({
  block: {
    about: 'Say that the task cannot go on, and why.',
    aliases: olderWords.block,
    data: z.object({ reason: text(500) }),
    decide(task, { reason }, context) {
      const block = (task: Known): Decision =>
        mayActAs(context, task.owner) ? [blocked(task, 'manual', reason)] : reject('INVALID_OWNERSHIP', { owner: task.owner })
      return by(task, 'block', {
        TODO: block, IN_PROGRESS: block,
        BLOCKED: (task) => (task.block.kind === 'manual' && task.block.reason === reason ? [] : unfit(task, 'block')),
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
