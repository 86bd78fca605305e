import { process, send } from '../kernel/process.ts'
import { task } from '../work/task/decider.ts'
import { decision } from './decision/decider.ts'
import type { DecisionEvent } from './decision/events.ts'

export const reopening = process<DecisionEvent>({
  name: 'reopening',
  about: 'Tells an ended question by which it is asked again, and lets its task wait for the new one alone.',
  react: {
    DecisionOpened: ({ id: by, data: { reopens, type, task: about } }) => {
      if (reopens === null) return []
      const noted = send(decision, reopens, 'noteReopened', { by })
      return type === 'task_approval' && about ? [noted, send(task, about, 'dropApproval', { decision: reopens })] : [noted]
    },
  },
})
