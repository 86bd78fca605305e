import { z } from 'zod'
import { events, plus, type EventOf } from '../../kernel/events.ts'
import { Cited } from '../../kernel/grounds.ts'
import { CommandId, Id, Priority, StoredInstant, TaskId, text } from '../../vocabulary.ts'
import { defaults, Limits } from './limits.ts'

/**
 * The counts after the fact, so that readers need no arithmetic. But where it says the limit, `max` is what holds: the lower of that limit
 * and the charter's.
 */
const counts = { max: z.int(), active: z.int(), reserved: z.int() }

/** What a slot is taken for: a start of a task. */
export const Slot = z.object({ task: TaskId, command: CommandId })
export type Slot = z.output<typeof Slot>

/** What the task needs, and what is left of the energy after the fact and until when: null where none is counted. */
const Taken = Slot.extend({
  ...counts,
  priority: Priority.nullable(),
  capabilities: z.array(text(100)),
  energy: z.int(),
  energyRemaining: z.int().nullable(),
  refillAt: StoredInstant.nullable(),
})
const untold = plus({ priority: null, capabilities: [], energy: 0, energyRemaining: null, refillAt: null })

const reasons = ['ended', 'not-started', 'expired'] as const
const reason = z.enum(reasons)

/** So many tasks a fact tells of each kind of drift. */
export const drifted_max = 50
const Drifted = z.array(TaskId).max(drifted_max)

/** A place for a conversation; `max` is the lower of the limit and the charter's. */
const Talking = z.object({ conversation: Id, command: CommandId, open: z.int(), reserved: z.int(), max: z.int() })

/** A task that is let into the queue: `queued` is how many wait with it, as far as is known. */
const Queued = Slot.extend({ queued: z.int(), max: z.int() })

export const bands = ['normal', 'high', 'full'] as const
const Band = z.enum(bands)

const recipient = (_: unknown, id: string) => id

export const Capacity = events({
  CapacitySet: {
    about: 'It was said how much the orchestrator may take on: tasks, those that wait, conversations, and what of it is kept for what.',
    data: z.object({ ...counts, ...Limits.omit({ maxConcurrentTasks: true }).shape }),
    upcast: [plus(defaults)],
    recipient,
  },
  CapacityGuarded: {
    about: 'How many tasks and conversations the charter of the orchestrator allows at once, or that it does not say.',
    data: z.object({ ...counts, maxSessions: z.int().nullable(), maxConcurrentConversations: z.int().nullable() }),
    recipient,
  },
  CapacityBandChanged: {
    about: 'So much of the capacity is in use that it counts as another band.',
    data: z.object({ ...counts, from: Band, to: Band, utilisation: z.number() }),
    recipient,
  },
  SlotReserved: { about: 'A slot was taken for a task that is about to start.', data: Taken, upcast: [untold], recipient },
  SlotConfirmed: { about: 'The task started; its slot is in use.', data: Taken, upcast: [untold], recipient },
  SlotReleased: {
    about: 'A slot is free again.',
    data: Taken.extend({ reason: z.enum([...reasons, 'reconciled']) }),
    upcast: [untold],
    recipient,
  },
  CapacityDrifted: {
    about: 'Slots were taken whose leases had ended, or leases lived without slots; both are mended.',
    data: z.object({ leaked: Drifted, missing: Drifted, grounds: Cited }),
    recipient,
  },
  EnergyRefilled: {
    about: 'A day of the orchestrator has begun: all of its energy is there again.',
    data: z.object({ energyRemaining: z.int() }),
    recipient,
  },
  ConversationSlotReserved: { about: 'A place was taken for a conversation that is about to begin.', data: Talking, recipient },
  ConversationSlotConfirmed: { about: 'The conversation began; its place is in use.', data: Talking, recipient },
  ConversationSlotReleased: {
    about: 'The place of a conversation is free again.',
    data: Talking.extend({ reason }),
    recipient,
  },
  QueueAdmitted: { about: 'A task may wait for the orchestrator, of which so many do already.', data: Queued, recipient },
  QueueReleased: { about: 'A task that was let into the queue did not come after all.', data: Slot, recipient },
  CapacityClosed: {
    about: 'The orchestrator left for good: nothing starts any more, and the leases that these slots are for end.',
    data: z.object({ ...counts, slots: z.array(Slot) }),
    recipient,
  },
})

export type CapacityEvent = EventOf<typeof Capacity>
