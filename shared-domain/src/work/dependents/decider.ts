import { z } from 'zod'
import { decider } from '../../kernel/decider.ts'
import { TaskId } from '../../vocabulary.ts'
import { isOpen, taskState } from '../task/state.ts'
import { Dependents } from './events.ts'
import { dependentsState } from './state.ts'

export const dependents = decider(dependentsState, {
  collection: 'dependents',
  rejections: {},

  commands: {
    add: {
      about: 'Remember that a task waits for this one; when this one has ended already, release it at once.',
      internal: true,
      data: z.object({ dependent: TaskId }),
      decide({ waiting, released }, { dependent }, { id, look }) {
        if (waiting.includes(dependent) || released.includes(dependent)) return []
        const added = Dependents.DependentAdded({ dependent })
        return isOpen(look(taskState, id)) ? [added] : [added, Dependents.DependentsReleased({ dependents: [...waiting, dependent] })]
      },
    },

    release: {
      about: 'The task ended; told late, after it was reopened, that matters only where one that waited has gone on since.',
      internal: true,
      data: z.object({}),
      decide({ waiting }, _, { id, look }) {
        if (waiting.length === 0) return []
        // Who saw the end for itself is let go after the event, so that the reopening, told next, calls it back.
        const isOver = !isOpen(look(taskState, id)) || waiting.some((dependent) => {
          const task = look(taskState, dependent)
          return task.status === 'TODO' && (task.dependsOn as readonly string[]).includes(id)
        })
        return isOver ? [Dependents.DependentsReleased({ dependents: [...waiting] })] : []
      },
    },

    recall: {
      about: 'The task was reopened; told late, after it ended again, that changes nothing.',
      internal: true,
      data: z.object({}),
      decide: ({ released }, _, { id, look }) =>
        (released.length > 0 && isOpen(look(taskState, id)) ? [Dependents.DependentsRecalled({ dependents: [...released] })] : []),
    },
  },
})
