import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { Id, StoredInstant, TaskId, text } from '../../vocabulary.ts'

const recipient = (_: unknown, id: string) => id.split('.')[0]!

export const Reservation = z.object({
  reservation: Id, task: TaskId, start: StoredInstant, end: StoredInstant, note: text(500).nullable(),
})

export const Agenda = events({
  TimeSlotReserved: { about: 'An orchestrator means to work on a task at this time.', data: Reservation, recipient },
  TimeSlotReleased: {
    about: 'The time is free again: somebody wants it so, or the task has ended or is with somebody else, and its time was needed.',
    data: z.object({ reservation: Id, task: TaskId, reason: z.enum(['asked', 'lapsed']) }),
    recipient,
  },
})

export type AgendaEvent = EventOf<typeof Agenda>
