import type { Recorded } from '../../kernel/fact.ts'
import { uuid } from '../../kernel/testing.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import { defaults, type Limits } from './limits.ts'
import { capacityState, counted, slotOf } from './state.ts'

/** Slots that tests take, by the commands that take them. */
export const [first, second, third] = [2, 3, 4].map((n) => ({ task: uuid(n), command: uuid(900 + n) })) as [Place, Place, Place]

interface Place { readonly task: string; readonly command: string }

/** What is told of a slot where nothing was said of the task and no energy is counted. */
const plain = { priority: null, capabilities: [], energy: 0, energyRemaining: null, refillAt: null }

type Told = Omit<Partial<Parameters<typeof Capacity.SlotReserved>[0]>, 'task' | 'command'>

export const counts = (max: number, active: number, reserved: number) => ({ max, active, reserved })

export const set = (max: number, active = 0, reserved = 0, limits: Partial<Limits> = {}) =>
  Capacity.CapacitySet({ ...defaults, ...counts(max, active, reserved), ...limits })

export const reserved = (slot: Place, max: number, active: number, reserved: number, told: Told = {}) =>
  Capacity.SlotReserved({ ...slot, ...plain, ...counts(max, active, reserved), ...told })

export const confirmed = (slot: Place, max: number, active: number, reserved: number, told: Told = {}) =>
  Capacity.SlotConfirmed({ ...slot, ...plain, ...counts(max, active, reserved), ...told })

export const released = (
  slot: Place, reason: 'ended' | 'not-started' | 'expired', max: number, active: number, reserved: number, told: Told = {},
) => Capacity.SlotReleased({ ...slot, ...plain, ...counts(max, active, reserved), reason, ...told })

type Band = 'normal' | 'high' | 'full'

export const crossed = (from: Band, to: Band, max: number, active: number, reserved: number) =>
  Capacity.CapacityBandChanged({ ...counts(max, active, reserved), from, to, utilisation: (active + reserved) / max })

/** Throws where at some revision of a capacity more is taken than may be, a fact counts wrong, or a slot ends that was not taken. */
export function checkLaw(facts: readonly Recorded<CapacityEvent>[]): void {
  let state = capacityState.initial
  for (const fact of facts) {
    const { type, data, revision } = fact
    const violated = (what: string) => { throw new Error(`${type} at ${revision}: ${what}`) }
    const before = state
    if (type === 'SlotReleased' && !before.slots.has(slotOf(data))) violated('a slot ends that nobody has')
    if (type === 'SlotReserved' && before.slots.has(slotOf(data))) violated('a slot is taken twice')
    state = capacityState.evolve(state, fact, fact)
    const { slots, energyBudget, energy: { remaining }, capabilityLimits } = state
    const now = counted(state)
    if ('active' in data && (data.active !== now.active || data.reserved !== now.reserved)) violated('it counts wrong')
    if (remaining !== null && (remaining < 0 || remaining > energyBudget!)) violated(`${remaining} of ${energyBudget} are left`)
    if (type !== 'SlotReserved') continue
    if (slots.size > now.max || data.max !== now.max) violated(`${slots.size} slots of ${now.max} are taken`)
    for (const { capability, max } of capabilityLimits.filter((limit) => requires(data.capabilities, limit.capability))) {
      const count = [...slots.values()].filter(({ capabilities }) => requires(capabilities, capability)).length
      if (count > max) violated(`${count} of ${max} require ${capability}`)
    }
  }
}

const requires = (capabilities: readonly string[], capability: string) =>
  capabilities.some((one) => one.toLowerCase() === capability.toLowerCase())
