import { z } from 'zod'
import { asksAbout, decisionState } from '../../council/decision/state.ts'
import { reject } from '../../kernel/decider.ts'
import { elapsed_ms, second_ms } from '../../kernel/time.ts'
import { DecisionId, Int64 } from '../../vocabulary.ts'
import { Task } from './events.ts'
import { room } from './guards.ts'
import { approvalsOf, type Known } from './state.ts'

/** A question that a task waits for must be put within this time of the waiting; later the task waits for it no more. */
export const opening_ms = 30 * second_ms
/** At how many approvals that a task waits for no more are asked. */
const approvals_max = 20

/** Why the task cannot wait for this decision, too, if it cannot; one that it waits for already may be announced again. */
export const overfull = ({ approvals }: Known, decision: DecisionId) =>
  (approvals.size >= approvals_max && !approvals.has(decision) ? reject('TOO_MANY_APPROVALS', { max: approvals_max }) : undefined)

function withdrawn(task: Known, decision: DecisionId) {
  const decisions = approvalsOf(task).filter((one) => one !== decision)
  return [Task.ApprovalWithdrawn({ owner: task.owner, decision, decisions })]
}

export const approvals = room({
  requireApproval: {
    about: 'Let the task start only once a decision has been approved, which is about to be opened.',
    internal: true,
    data: z.object({ decision: DecisionId }),
    decide(task, { decision }) {
      // What is cancelled may be reopened.
      if (task.status === 'NONE' || task.status === 'DONE') return []
      return overfull(task, decision)
        ?? [Task.ApprovalRequired({
          owner: task.owner, decision, decisions: [...new Set(approvalsOf(task)).add(decision)], lasting: false, question: null,
        })]
    },
  },

  withdrawApproval: {
    about: 'Whoever announced a decision that the task waits for did not open it: wait for it no more, unless another may still open it.',
    internal: true,
    data: z.object({ decision: DecisionId, taken: Int64 }),
    decide(task, { decision, taken }, { id, at, look }) {
      const announced = task.status === 'NONE' || task.status === 'DONE' ? undefined : task.approvals.get(decision)
      if (task.status === 'NONE' || announced?.last !== taken || announced.isLasting) return []
      // Those who announced it before are out of the way when there are none, or when the time of the last is up and so theirs is.
      if (announced.first !== taken && elapsed_ms(announced.since, at) < opening_ms) return []
      if (asksAbout(look(decisionState, decision), id)) return []
      return withdrawn(task, decision)
    },
  },

  dropApproval: {
    about: 'What was asked has ended and is asked again by another question: wait for that one alone.',
    internal: true,
    data: z.object({ decision: DecisionId }),
    decide: (task, { decision }) =>
      (task.status === 'NONE' || task.status === 'DONE' || !task.approvals.has(decision) ? [] : withdrawn(task, decision)),
  },
})
