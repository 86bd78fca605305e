import { forget, process, send } from '../kernel/process.ts'
import { task } from '../work/task/decider.ts'
import { decision } from './decision/decider.ts'
import type { DecisionEvent } from './decision/events.ts'

const keyOf = (id: string) => `deadline-${id}`

const ended = ({ id }: { id: string }) => [forget(keyOf(id))]

export const deadlines = process<DecisionEvent>({
  name: 'deadlines',
  about: 'Closes decisions at their deadline, and holds back tasks whose approval is being decided.',
  react: {
    DecisionOpened: ({ id, data: { deadline, type, task: about } }) => [
      ...(deadline ? [send(decision, id, 'close', {}, { due: deadline, key: keyOf(id) })] : []),
      ...(type === 'task_approval' && about ? [send(task, about, 'requireApproval', { decision: id })] : []),
    ],
    DecisionApproved: ended,
    DecisionRejected: ended,
    DecisionExpired: ended,
    DecisionCancelled: ended,
  },
})
