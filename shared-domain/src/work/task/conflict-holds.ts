import { z } from 'zod'
import type { Context } from '../../kernel/decider.ts'
import { Id } from '../../vocabulary.ts'
import { conflictState } from '../conflict/state.ts'
import { blockedFor, freed } from './blocks.ts'
import { Task } from './events.ts'
import { moving, room } from './guards.ts'

const ByConflict = z.object({ conflict: Id })

/** What a task that is held back by a conflict is blocked for. */
const reasonOf = (conflict: string) => `conflict ${conflict}`

/** Whether the conflict holds the task back now: what is told late or again must not undo what was said since. */
function isHeld(conflict: string, { id, look }: Context): boolean {
  const known = look(conflictState, conflict)
  return known.stage === 'open' && (known.held as readonly string[]).includes(id)
}

export const conflictHolds = room({
  holdForConflict: {
    about: 'A conflict holds the task back, if nobody works on it yet, until it has ended.',
    internal: true,
    data: ByConflict,
    decide: (task, { conflict }, context) =>
      (task.status === 'TODO' && isHeld(conflict, context) ? [blockedFor(task, reasonOf(conflict), context)] : []),
  },

  releaseFromConflict: {
    about: 'The conflict that held the task back has ended: it can go on, unless it is blocked for something else by now.',
    internal: true,
    data: ByConflict,
    decide(task, { conflict }, context) {
      if (task.status !== 'BLOCKED' || task.block.kind !== 'manual' || task.block.reason !== reasonOf(conflict)) return []
      if (isHeld(conflict, context)) return []
      return freed(task, context, Task.TaskUnblocked({ ...moving(task), kind: 'manual', reason: 'the conflict has ended' }))
    },
  },
})
