import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, TaskId } from '../../vocabulary.ts'

/** The counts after the fact, so that readers need no arithmetic. */
const counts = { max: z.int(), active: z.int(), reserved: z.int() }

const Slot = z.object({ task: TaskId, command: CommandId, ...counts })
const recipient = (_: unknown, id: string) => id

export const Capacity = events({
  CapacitySet: { about: 'It was said how many tasks the orchestrator may work on at once.', data: z.object(counts), recipient },
  SlotReserved: { about: 'A slot was taken for a task that is about to start.', data: Slot, recipient },
  SlotConfirmed: { about: 'The task started; its slot is in use.', data: Slot, recipient },
  SlotReleased: {
    about: 'A slot is free again.',
    data: Slot.extend({ reason: z.enum(['ended', 'not-started', 'expired']) }),
    recipient,
  },
})

export type CapacityEvent = EventOf<typeof Capacity>
