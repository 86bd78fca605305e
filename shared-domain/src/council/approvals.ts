import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { opening_ms } from '../work/task/approvals.ts'
import { task } from '../work/task/decider.ts'
import type { TaskEvent } from '../work/task/events.ts'
import { decision } from './decision/decider.ts'
import type { DecisionEvent } from './decision/events.ts'

/** One timer per task and decision: of those who announce the same question, the last one counts. */
const keyOf = (task: string, decision: string) => `approval-${task}-${decision}`

type Question = Partial<NonNullable<Extract<TaskEvent, { type: 'ApprovalRequired' }>['data']['question']>>

/** What is null is left to the council. */
const said = (question: Question): object => Object.fromEntries(Object.entries(question).filter(([, value]) => value !== null))

export const approvals = process<TaskEvent | DecisionEvent>({
  name: 'approvals',
  about: 'Puts the question whether a task may start that was asked for with it, and lets go of tasks that wait for the approval of a '
    + 'question which then was not put.',
  react: {
    ApprovalRequired({ id, at, revision, data: { decision: asked, lasting, question } }) {
      if (lasting) return [send(decision, asked, 'openForTask', { task: id, ...said(question ?? {}) } as never)]
      const taken = String(revision)
      return [send(task, id, 'withdrawApproval', { decision: asked, taken }, { due: later(at, opening_ms), key: keyOf(id, asked) })]
    },
    ApprovalWithdrawn: ({ id, data: { decision: asked } }) => [forget(keyOf(id, asked))],
    // Only an opening that asks for the approval settles the waiting: another question may have come under the same id.
    DecisionOpened: ({ id, data: { type, task: about } }) => (type === 'task_approval' && about ? [forget(keyOf(about, id))] : []),
  },
})
