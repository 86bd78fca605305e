import { z } from 'zod'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { CommandId, text } from '../../vocabulary.ts'
import { assigneeOf } from './assignees.ts'
import { Task } from './events.ts'
import { by, isAgent, room, unfit, type Decision } from './guards.ts'
import { UnassignCause } from './shapes.ts'
import { isOpen, type Known } from './state.ts'

/** Whoever may act for the owner, and who is assigned. */
function mayUnassign({ owner, assignee }: Known, context: Context): boolean {
  if (mayActAs(context, owner)) return true
  const who = assigneeOf(assignee ?? '')
  return (who.kind === 'agent' && isAgent(context, who.id)) || (who.kind === 'orchestrator' && mayActAs(context, who.id))
}

const unassigned = ({ owner, assignee, agentSlot, origin }: Known, cause: 'asked' | Lost, reason: string | null) =>
  [Task.TaskUnassigned({ owner, assignee: assignee!, agentSlot, cause, reason, origin })]

const Lost = UnassignCause.exclude(['asked'])
type Lost = z.output<typeof Lost>

export const unassigning = room({
  unassign: {
    about: 'Say that whoever is assigned is not to do the work, also of oneself. What an agent has begun it releases instead.',
    scope: 'execute',
    data: z.object({ reason: text(500).optional() }),
    decide(task, { reason = null }, context) {
      const unassign = (task: Known): Decision => {
        if (!mayUnassign(task, context)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        if (task.assignee === null) return []
        return task.status === 'IN_PROGRESS' && task.agentSlot ? unfit(task, 'unassign') : unassigned(task, 'asked', reason)
      }
      return by(task, 'unassign', { TODO: unassign, IN_PROGRESS: unassign, BLOCKED: unassign })
    },
  },

  takeFromAgent: {
    about: 'The agent did not begin in time, or cannot begin: the task waits for somebody else.',
    internal: true,
    data: z.object({ slot: CommandId, cause: Lost }),
    decide(task, { slot, cause }) {
      const isWaiting = task.status !== 'NONE' && isOpen(task) && task.status !== 'IN_PROGRESS'
      return isWaiting && task.agentSlot?.slot === slot ? unassigned(task, cause, null) : []
    },
  },
})
