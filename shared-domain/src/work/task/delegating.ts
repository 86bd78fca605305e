import { z } from 'zod'
import { isPrivileged, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { day_ms, elapsed_ms } from '../../kernel/time.ts'
import { Int64, text } from '../../vocabulary.ts'
import { isTooLate, youngestOf, type Delegation } from './chain.ts'
import { by, room, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import type { Known } from './state.ts'
import { accepted, givenBack } from './unwinding.ts'

/** A move without a time to answer by is declined within this time, or not at all. */
const declining_ms = day_ms

const none = () => reject('NO_DELEGATION')

/** What the owner says to the youngest delegation, by which it has the task. */
const answered = (task: Known, context: Context, answer: (youngest: Delegation) => Decision): Decision => {
  if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
  const youngest = youngestOf(task.chain)
  return youngest ? answer(youngest) : none()
}

/** The delegation that the caller made, or the youngest for whoever may recall any. */
function recallable({ chain }: Known, { by, actsFor }: Context): Delegation | undefined {
  const mayAny = by.kind === 'admin' || by.kind === 'tool' || by.kind === 'process'
  return mayAny ? youngestOf(chain) : chain.find(({ from }) => from === actsFor)
}

export const delegating = room({
  acceptDelegation: {
    about: 'Say that the task that was passed on is in good hands.',
    data: z.object({}),
    decide(task, _, context) {
      const accept = (task: Known) => answered(task, context, (youngest) => {
        if (youngest.state !== 'OFFERED') return []
        return isTooLate(youngest, context.at) ? none() : [accepted(task, youngest)]
      })
      return by(task, 'acceptDelegation', { TODO: accept, BLOCKED: accept, IN_PROGRESS: accept })
    },
  },

  declineDelegation: {
    about: 'Give a task back that was passed on and not yet taken up: while it may be answered, without such a time within 24 hours.',
    data: z.object({ reason: text(500) }),
    decide(task, { reason }, context) {
      const decline = (task: Known) => answered(task, context, (youngest) => {
        const isOver = isTooLate(youngest, context.at)
          || (youngest.answerBy === null && elapsed_ms(youngest.at, context.at) >= declining_ms)
        return youngest.state !== 'OFFERED' || isOver ? none() : givenBack(task, youngest, 'DECLINED', reason, context)
      })
      return by(task, 'declineDelegation', { TODO: decline, BLOCKED: decline, IN_PROGRESS: decline })
    },
  },

  recall: {
    about: 'Take a task back that was passed on, with all that came of it. An admin or a tool recalls the youngest delegation; only an '
      + 'admin while the task is being worked on.',
    aliases: olderWords.recall,
    data: z.object({ reason: text(500) }),
    decide(task, { reason }, context) {
      const recall = (task: Known): Decision => {
        const delegation = recallable(task, context)
        if (!delegation) return none()
        if (task.status === 'IN_PROGRESS' && !isPrivileged(context)) return unfit(task, 'recall')
        return givenBack(task, delegation, 'RECALLED', reason, context)
      }
      return by(task, 'recall', { TODO: recall, BLOCKED: recall, IN_PROGRESS: recall })
    },
  },

  timeOut: {
    about: 'Nobody answered for a task that was passed on, or it was not finished, in the time that was given: it goes back.',
    internal: true,
    data: z.object({ delegation: Int64 }),
    decide(task, { delegation: id }, context) {
      const delegation = task.status === 'NONE' ? undefined : task.chain.find((one) => one.id === id)
      if (task.status === 'NONE' || !delegation) return []
      const { finishBy } = delegation
      const isOver = isTooLate(delegation, context.at) || (finishBy !== null && context.at >= finishBy)
      return isOver ? givenBack(task, delegation, 'TIMED_OUT', null, context) : []
    },
  },
})
