import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { opening_ms } from '../work/task/approvals.ts'
import { task } from '../work/task/decider.ts'
import type { TaskEvent } from '../work/task/events.ts'
import type { DecisionEvent } from './decision/events.ts'

/** One timer per task and decision: of those who announce the same question, the last one counts. */
const keyOf = (task: string, decision: string) => `approval-${task}-${decision}`

export const approvals = process<TaskEvent | DecisionEvent>({
  name: 'approvals',
  about: 'Lets go of tasks that wait for the approval of a question which then was not put.',
  react: {
    ApprovalRequired: ({ id, at, revision, data: { decision } }) => [
      send(task, id, 'withdrawApproval', { decision, taken: String(revision) }, { due: later(at, opening_ms), key: keyOf(id, decision) }),
    ],
    ApprovalWithdrawn: ({ id, data: { decision } }) => [forget(keyOf(id, decision))],
    // Only an opening that asks for the approval settles the waiting: another question may have come under the same id.
    DecisionOpened: ({ id, data: { type, task: about } }) => (type === 'task_approval' && about ? [forget(keyOf(about, id))] : []),
  },
})
