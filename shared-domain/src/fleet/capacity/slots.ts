import { z } from 'zod'
import { reject, Rejection, type Context } from '../../kernel/decider.ts'
import { second_ms } from '../../kernel/time.ts'
import { Priority, text } from '../../vocabulary.ts'
import { leaseOf, taskState, type Known } from '../../work/task/state.ts'
import { after, banded } from './band.ts'
import { costOf, refillAfter, refilled, type Effort } from './energy.ts'
import { Capacity, Slot, type CapacityEvent } from './events.ts'
import { room, type Decision } from './guards.ts'
import { announced } from './setting.ts'
import { counted, slotOf, type CapacityState, type HeldSlot } from './state.ts'

/** By then a reservation is confirmed if its task did start and runs, else given back. */
export const reservation_ms = 30 * second_ms

/** What a task needs that is to start. */
interface Needs extends Effort {
  readonly capabilities: readonly string[]
}

export const needsOf = ({ priority, details: { requiredCapabilities, estimatedHours } }: Known): Needs =>
  ({ priority, capabilities: requiredCapabilities, estimatedHours })

type Telling = 'SlotReserved' | 'SlotConfirmed' | 'SlotReleased'
type Wanted = Omit<HeldSlot, 'use' | 'since'>

/** The slot as a fact tells it, with the counts that stand after it. */
function told(
  state: CapacityState, fact: Telling, { task, command, priority, capabilities, energy }: Wanted, left: CapacityState['energy'],
) {
  const slots = new Map(state.slots)
  const slot = { task, command, priority, capabilities: [...capabilities], energy }
  if (fact === 'SlotReleased') slots.delete(slotOf(slot))
  else slots.set(slotOf(slot), { ...slot, use: fact === 'SlotReserved' ? 'reserved' : 'active', since: '' })
  return { ...slot, ...counted({ ...state, slots }), energyRemaining: left.remaining, refillAt: left.refillAt }
}

/** The energy after a start that costs so much: what there is, at the most. The first spending says when all is there again. */
function spent({ energy }: CapacityState, cost: number, context: Context): CapacityState['energy'] {
  if (energy.remaining === null || cost === 0) return energy
  return { remaining: Math.max(0, energy.remaining - cost), refillAt: energy.refillAt ?? refillAfter(context) }
}

/** Why a slot that is free is not for a task with these needs, or that none is: the first that fits. */
function withheld(
  state: CapacityState, { priority, capabilities, cost }: Needs & { readonly cost: number },
): Rejection<Refusal> | undefined {
  const counts = counted(state)
  const free = counts.max - counts.active - counts.reserved
  if (free <= 0) return reject('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts })
  const { keptForCritical, energy: { remaining, refillAt } } = state
  if (free <= keptForCritical && priority !== 'CRITICAL') return reject('SLOT_WITHHELD', { kind: 'critical', free, keptForCritical })
  const scarce = scarceAmong(state, capabilities)
  if (scarce) return reject('SLOT_WITHHELD', { kind: 'capability', ...scarce })
  return remaining !== null && remaining < cost ? reject('SLOT_WITHHELD', { kind: 'energy', cost, remaining, refillAt }) : undefined
}

type Refusal = 'CAPACITY_EXCEEDED' | 'SLOT_WITHHELD'

const requires = (capabilities: readonly string[], capability: string) =>
  capabilities.some((one) => one.toLowerCase() === capability.toLowerCase())

/** A capability that as many tasks require already as may at once. */
const scarceAmong = ({ capabilityLimits, slots }: CapacityState, wanted: readonly string[]) => capabilityLimits.find(
  ({ capability, max }) => requires(wanted, capability)
    && [...slots.values()].filter(({ capabilities }) => requires(capabilities, capability)).length >= max)

export const isRunning = (slot: Slot, context: Context): boolean => running(slot, context) !== undefined

const confirmed = (state: CapacityState, slot: Wanted, left = state.energy): readonly CapacityEvent[] =>
  [Capacity.SlotConfirmed(told(state, 'SlotConfirmed', slot, left))]

/** The start that the slot is for led to a lease of this orchestrator, which lives; repeated, it may have led to one of another. */
function running(slot: Slot, { id, look }: Context): Known | undefined {
  const task = look(taskState, slot.task)
  const lease = leaseOf(task)
  return lease?.slot === slot.command && lease.holder === id ? (task as Known) : undefined
}

type Reason = 'ended' | 'not-started' | 'expired' | 'reconciled'

/** What was not started gives its energy back, too. */
export function releasedAs(state: CapacityState, slot: HeldSlot, reason: Reason): CapacityEvent {
  const { energy, energyBudget } = state
  const isUnspent = (reason === 'not-started' || reason === 'expired') && energy.remaining !== null
  const left = isUnspent ? { ...energy, remaining: Math.min(energyBudget!, energy.remaining! + slot.energy) } : energy
  return Capacity.SlotReleased({ ...told(state, 'SlotReleased', slot, left), reason })
}

const released = (state: CapacityState, slot: HeldSlot, reason: Reason, context: Context): Decision =>
  banded(state, context, [releasedAs(state, slot, reason)])

/** One that its reservation does not cover any more: there must be room, and it costs what is left at the most. */
export function confirmedLate(state: CapacityState, slot: Slot, context: Context): Decision {
  const task = running(slot, context)
  if (!task) return []
  const counts = counted(state)
  if (counts.active + counts.reserved >= counts.max) return reject('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts })
  const { priority, capabilities, ...needs } = needsOf(task)
  const energy = Math.min(costOf({ priority, ...needs }, state.energyBudget), state.energy.remaining ?? 0)
  const wanted = { ...slot, priority, capabilities, energy }
  return confirmed(state, wanted, spent(state, energy, context))
}

export const slots = room({
  reserve: {
    about: 'Take a slot for a task that is about to start.',
    internal: true,
    data: Slot.extend({
      priority: Priority.nullable().default(null), capabilities: z.array(text(100)).max(50).default([]),
      estimatedHours: z.number().min(1).max(1_000).nullable().default(null),
    }),
    decide(state, { task, command, ...needs }, context) {
      const slot = { task, command }
      if (state.slots.has(slotOf(slot))) return []
      if (state.closed) return reject('ORCHESTRATOR_UNAVAILABLE', { orchestrator: context.id })
      const before = announced(state, context)
      const first = [...before, ...refilled(after(state, context, ...before), context)]
      const now = after(state, context, ...first)
      const cost = costOf(needs, now.energyBudget)
      const { priority, capabilities } = needs
      const wanted = { ...slot, priority, capabilities, energy: cost }
      const reserved = Capacity.SlotReserved(told(now, 'SlotReserved', wanted, spent(now, cost, context)))
      return withheld(now, { ...needs, cost }) ?? banded(state, context, [...first, reserved])
    },
  },

  confirm: {
    about: 'The task started and runs: its slot is in use until the lease ends.',
    internal: true,
    data: Slot,
    decide(state, slot, context) {
      const held = state.slots.get(slotOf(slot))
      if (held?.use === 'reserved') return confirmed(state, held)
      // Said again after the slot was given back, or said so late that the reservation had expired: only a lease that lives counts.
      if (held) return []
      const facts = confirmedLate(state, slot, context)
      return facts instanceof Rejection ? facts : banded(state, context, facts)
    },
  },

  release: {
    about: 'Give the slot back.',
    internal: true,
    data: Slot.extend({ reason: z.enum(['ended', 'not-started']) }),
    decide(state, { reason, ...slot }, context) {
      const held = state.slots.get(slotOf(slot))
      return held ? released(state, held, reason, context) : []
    },
  },

  expire: {
    about: 'The time of a reservation is up: it is confirmed if its task did start, else given back.',
    internal: true,
    data: Slot,
    decide(state, slot, context) {
      const held = state.slots.get(slotOf(slot))
      if (held?.use !== 'reserved') return []
      return running(slot, context) ? confirmed(state, held) : released(state, held, 'expired', context)
    },
  },

  refill: {
    about: 'A day has begun where the orchestrator is: all of its energy is there again.',
    internal: true,
    data: z.object({}),
    decide: (state, _, context) => refilled(state, context),
  },
})
