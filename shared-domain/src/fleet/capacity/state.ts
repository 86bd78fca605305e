import { fold, type Evolve } from '../../kernel/decider.ts'
import { Capacity, Slot, type CapacityEvent } from './events.ts'

const slots_default = 5

export interface CapacityState {
  readonly max: number
  /** The limit was said, and is not merely the default. */
  readonly announced: boolean
  /** Its orchestrator left for good. */
  readonly closed: boolean
  /** By `task/command`: reserved, then active. */
  readonly slots: ReadonlyMap<string, 'reserved' | 'active'>
}

export const slotOf = ({ task, command }: { task: string; command: string }) => `${task}/${command}`

const taken = (state: CapacityState, slot: string, use: 'reserved' | 'active'): CapacityState =>
  ({ ...state, slots: new Map(state.slots).set(slot, use) })

const without = (state: CapacityState, slot: string): CapacityState => {
  const slots = new Map(state.slots)
  slots.delete(slot)
  return { ...state, slots }
}

const evolve: Evolve<CapacityState, CapacityEvent> = {
  CapacitySet: (state, { max }) => ({ ...state, max, announced: true }),
  SlotReserved: (state, data) => taken(state, slotOf(data), 'reserved'),
  SlotConfirmed: (state, data) => taken(state, slotOf(data), 'active'),
  SlotReleased: (state, data) => without(state, slotOf(data)),
  CapacityClosed: (state) => ({ ...state, closed: true }),
}

export const capacityState = fold('capacity', Capacity, { max: slots_default, announced: false, closed: false, slots: new Map() }, evolve)

/** What the slots were taken for. */
export const heldBy = ({ slots }: CapacityState) => [...slots.keys()].map((slot) => {
  const [task, command] = slot.split('/')
  return Slot.parse({ task, command })
})

/** How many slots are in use, as every fact of the stream tells it. */
export function counted({ max, slots }: CapacityState) {
  let active = 0
  for (const use of slots.values()) if (use === 'active') active++
  return { max, active, reserved: slots.size - active }
}
