import { z } from 'zod'
import { decider, mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { busy, forbidden, unknown } from '../../kernel/refusal.ts'
import { leaseOf, taskState } from '../../work/task/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Capacity, Slot } from './events.ts'
import { capacityState, counted, heldBy, slotOf, type CapacityState } from './state.ts'

/** By then a reservation is confirmed if its task did start and runs, else given back. */
export const reservation_ms = 30_000

type Fact = 'SlotReserved' | 'SlotConfirmed' | 'SlotReleased'

const used = ({ slots }: CapacityState) => slots.size

/** The counts that stand after the fact. */
const after = (state: CapacityState, fact: Fact, slot: Slot) => {
  const slots = new Map(state.slots)
  if (fact === 'SlotReleased') slots.delete(slotOf(slot))
  else slots.set(slotOf(slot), fact === 'SlotReserved' ? 'reserved' : 'active')
  return { ...slot, ...counted({ ...state, slots }) }
}

/** The limit that was said last; before any was said here, the one of the registration, of which this stream may not have heard yet. */
function limitOf({ announced, max }: CapacityState, { id, look }: Context): number {
  if (announced) return max
  const known = look(orchestratorState, id)
  return known.stage === 'unknown' ? max : known.registeredMax
}

const confirmed = (state: CapacityState, slot: Slot) => [Capacity.SlotConfirmed(after(state, 'SlotConfirmed', slot))]

/** The start that the slot is for led to a lease of this orchestrator, which lives; repeated, it may have led to one of another. */
function runs(slot: Slot, { id, look }: Context): boolean {
  const lease = leaseOf(look(taskState, slot.task))
  return lease?.slot === slot.command && lease.holder === id
}

const Limit = z.object({ maxConcurrentTasks: z.int().min(1).max(50) })

function limited(state: CapacityState, { maxConcurrentTasks: max }: z.output<typeof Limit>, context: Context) {
  const known = context.look(orchestratorState, context.id)
  if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
  if (!mayActAs(context, context.id)) return reject('FORBIDDEN')
  return state.announced && state.max === max ? [] : [Capacity.CapacitySet({ ...counted(state), max })]
}

export const capacity = decider(capacityState, {
  collection: 'capacity',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator.'),
    FORBIDDEN: forbidden('Only the orchestrator itself or an admin may do this.'),
    ORCHESTRATOR_UNAVAILABLE: busy('The orchestrator does not take work at the moment.'),
    CAPACITY_EXCEEDED: busy('Every capacity slot of the orchestrator is taken.'),
  },

  commands: {
    set: {
      about: 'Say how many tasks the orchestrator may work on at once. What runs goes on; nothing new starts above the limit.',
      route: 'PUT /orchestrators/:id/capacity',
      aliases: [{ route: 'POST /orchestrators/:id/capacity' }, { route: 'PATCH /orchestrators/:id/capacity' }],
      data: Limit,
      decide: limited,
    },

    allot: {
      about: 'It was decided how many tasks the orchestrator may work on at once.',
      internal: true,
      data: Limit,
      decide: limited,
    },

    announce: {
      about: 'Say the limit that the orchestrator was registered with; one that was said since then stands.',
      internal: true,
      data: z.object({ maxConcurrentTasks: z.int().min(1).max(50) }),
      decide: (state, { maxConcurrentTasks: max }) => (state.announced ? [] : [Capacity.CapacitySet({ ...counted(state), max })]),
    },

    reserve: {
      about: 'Take a slot for a task that is about to start.',
      internal: true,
      data: Slot,
      decide(state, slot, context) {
        if (state.slots.has(slotOf(slot))) return []
        if (state.closed) return reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: context.id })
        const max = limitOf(state, context)
        if (used(state) >= max) return reject('CAPACITY_EXCEEDED', { ...counted(state), max })
        const reserved = Capacity.SlotReserved({ ...after(state, 'SlotReserved', slot), max })
        return state.announced ? [reserved] : [Capacity.CapacitySet({ ...counted(state), max }), reserved]
      },
    },

    confirm: {
      about: 'The task started and runs: its slot is in use until the lease ends.',
      internal: true,
      data: Slot,
      decide(state, slot, context) {
        const use = state.slots.get(slotOf(slot))
        if (use === 'reserved') return confirmed(state, slot)
        // Said again after the slot was given back, or said so late that the reservation had expired: only a lease that lives counts.
        if (use === 'active' || !runs(slot, context)) return []
        if (used(state) >= state.max) return reject('CAPACITY_EXCEEDED', counted(state))
        return confirmed(state, slot)
      },
    },

    release: {
      about: 'Give the slot back.',
      internal: true,
      data: Slot.extend({ reason: z.enum(['ended', 'not-started']) }),
      decide: (state, { reason, ...slot }) =>
        state.slots.has(slotOf(slot)) ? [Capacity.SlotReleased({ ...after(state, 'SlotReleased', slot), reason })] : [],
    },

    close: {
      about: 'The orchestrator left for good: no slot is taken any more.',
      internal: true,
      data: z.object({}),
      decide: (state) => (state.closed ? [] : [Capacity.CapacityClosed({ ...counted(state), slots: heldBy(state) })]),
    },

    expire: {
      about: 'The time of a reservation is up: it is confirmed if its task did start, else given back.',
      internal: true,
      data: Slot,
      decide(state, slot, context) {
        if (state.slots.get(slotOf(slot)) !== 'reserved') return []
        if (runs(slot, context)) return confirmed(state, slot)
        return [Capacity.SlotReleased({ ...after(state, 'SlotReleased', slot), reason: 'expired' })]
      },
    },
  },
})
