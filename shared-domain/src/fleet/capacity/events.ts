import { z } from 'zod'
import { events, type EventOf } from '../../kernel/events.ts'
import { CommandId, TaskId } from '../../vocabulary.ts'

/** The counts after the fact, so that readers need no arithmetic. */
const counts = { max: z.int(), active: z.int(), reserved: z.int() }

/** What a slot is taken for: a start of a task. */
export const Slot = z.object({ task: TaskId, command: CommandId })
export type Slot = z.output<typeof Slot>
const Taken = Slot.extend(counts)
const recipient = (_: unknown, id: string) => id

export const Capacity = events({
  CapacitySet: { about: 'It was said how many tasks the orchestrator may work on at once.', data: z.object(counts), recipient },
  SlotReserved: { about: 'A slot was taken for a task that is about to start.', data: Taken, recipient },
  SlotConfirmed: { about: 'The task started; its slot is in use.', data: Taken, recipient },
  SlotReleased: {
    about: 'A slot is free again.',
    data: Taken.extend({ reason: z.enum(['ended', 'not-started', 'expired']) }),
    recipient,
  },
  CapacityClosed: {
    about: 'The orchestrator left for good: nothing starts any more, and the leases that these slots are for end.',
    data: z.object({ ...counts, slots: z.array(Slot) }),
    recipient,
  },
})

export type CapacityEvent = EventOf<typeof Capacity>
