import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { TaskId } from '../../vocabulary.ts'

export const Dependents = events({
  DependentAdded: { about: 'Another task waits for this one.', data: z.object({ dependent: TaskId }) },
  DependentsReleased: {
    about: 'The task ended: those that waited for it need not any more.',
    data: z.object({ dependents: z.array(TaskId) }),
  },
  DependentsRecalled: {
    about: 'The task is wanted again: those that were released wait for its end once more.',
    data: z.object({ dependents: z.array(TaskId) }),
  },
})

export type DependentsEvent = EventOf<typeof Dependents>
