import { fold, type Evolve } from '../../kernel/decider.ts'
import { minute_ms, elapsed_ms } from '../../kernel/time.ts'
import type { Priority } from '../../vocabulary.ts'
import { Capacity, type CapacityEvent, type Slot } from './events.ts'
import { defaults, type Limits } from './limits.ts'

export const slots_default = 5
/** For so long a task that was let into the queue is counted where no row shows it. */
export const admission_ms = minute_ms

export interface HeldSlot extends Slot {
  readonly use: 'reserved' | 'active'
  readonly priority: Priority | null
  readonly capabilities: readonly string[]
  readonly energy: number
  readonly since: string
}

interface Energy {
  /** Null where none is counted. */
  readonly remaining: number | null
  /** Set from the first spending on. */
  readonly refillAt: string | null
}

export interface CapacityState extends Omit<Limits, 'maxConcurrentTasks'> {
  /** The limit that was said; the charter may allow less. */
  readonly max: number
  /** The limit was said, and is not merely the default. */
  readonly announced: boolean
  /** Its orchestrator left for good. */
  readonly closed: boolean
  /** What the charter allows, as it was noted; null where it does not say. */
  readonly guarded: { readonly maxSessions: number | null; readonly maxConcurrentConversations: number | null }
  /** By `task/command`. */
  readonly slots: ReadonlyMap<string, HeldSlot>
  readonly energy: Energy
  /** By `conversation/command`. */
  readonly conversations: ReadonlyMap<string, 'reserved' | 'open'>
  /** By `task/command`, the oldest first: those that are young enough to count where no row shows them. */
  readonly admissions: ReadonlyMap<string, { readonly task: string; readonly at: string }>
}

export const slotOf = ({ task, command }: { task: string; command: string }) => `${task}/${command}`
export const placeOf = ({ conversation, command }: { conversation: string; command: string }) => `${conversation}/${command}`

const having = <V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> => new Map(map).set(key, value)

const without = <V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> => {
  const rest = new Map(map)
  rest.delete(key)
  return rest
}

type Taken = Extract<CapacityEvent, { type: 'SlotReserved' }>['data']

const taken = (state: CapacityState, data: Taken, use: HeldSlot['use'], at: string): CapacityState => {
  const { task, command, priority, capabilities, energy } = data
  const slot = { task, command, use, priority, capabilities, energy, since: state.slots.get(slotOf(data))?.since ?? at }
  return { ...state, energy: leftAfter(data), slots: having(state.slots, slotOf(data), slot) }
}

const leftAfter = ({ energyRemaining: remaining, refillAt }: Taken): Energy => ({ remaining, refillAt })

/** What is left of another budget: what was spent stays spent, as far as can be told. */
export function rebudgeted(left: Energy, before: number | null, budget: number | null): Energy {
  if (budget === null) return { remaining: null, refillAt: null }
  if (before === null || left.remaining === null) return { remaining: budget, refillAt: null }
  return { ...left, remaining: Math.min(budget, Math.max(0, left.remaining + budget - before)) }
}

/** Whether a task that was let into the queue is still counted where no row shows it. */
export const isYoung = ({ at }: { readonly at: string }, now: string): boolean => elapsed_ms(at, now) < admission_ms

const admitted = ({ admissions }: CapacityState, slot: Slot, at: string) =>
  new Map([...admissions].filter(([, one]) => isYoung(one, at))).set(slotOf(slot), { task: slot.task, at })

const evolve: Evolve<CapacityState, CapacityEvent> = {
  CapacitySet: (state, { max, active: _, reserved: __, ...limits }) =>
    ({ ...state, ...limits, max, announced: true, energy: rebudgeted(state.energy, state.energyBudget, limits.energyBudget) }),
  CapacityGuarded: (state, { maxSessions, maxConcurrentConversations }) =>
    ({ ...state, guarded: { maxSessions, maxConcurrentConversations } }),
  CapacityBandChanged: (state) => state,
  CapacityDrifted: (state) => state,
  SlotReserved: (state, data, { at }) => taken(state, data, 'reserved', at),
  SlotConfirmed: (state, data, { at }) => taken(state, data, 'active', at),
  SlotReleased: (state, data) => ({ ...state, energy: leftAfter(data), slots: without(state.slots, slotOf(data)) }),
  EnergyRefilled: (state, { energyRemaining: remaining }) => ({ ...state, energy: { remaining, refillAt: null } }),
  ConversationSlotReserved: (state, data) => ({ ...state, conversations: having(state.conversations, placeOf(data), 'reserved') }),
  ConversationSlotConfirmed: (state, data) => ({ ...state, conversations: having(state.conversations, placeOf(data), 'open') }),
  ConversationSlotReleased: (state, data) => ({ ...state, conversations: without(state.conversations, placeOf(data)) }),
  QueueAdmitted: (state, data, { at }) => ({ ...state, admissions: admitted(state, data, at) }),
  QueueReleased: (state, data) => ({ ...state, admissions: without(state.admissions, slotOf(data)) }),
  CapacityClosed: (state) => ({ ...state, closed: true }),
}

export const capacityState = fold('capacity', Capacity, {
  ...defaults, max: slots_default, announced: false, closed: false, guarded: { maxSessions: null, maxConcurrentConversations: null },
  slots: new Map(), energy: { remaining: null, refillAt: null }, conversations: new Map(), admissions: new Map(),
}, evolve)

/** What the slots were taken for. */
export const heldBy = ({ slots }: CapacityState): readonly Slot[] => [...slots.values()].map(({ task, command }) => ({ task, command }))

/** How many slots are in use, as every fact of the stream tells it. */
export function counted({ max, guarded: { maxSessions }, slots }: CapacityState) {
  let active = 0
  for (const { use } of slots.values()) if (use === 'active') active++
  return { max: Math.min(max, maxSessions ?? max), active, reserved: slots.size - active }
}

/** How many places of conversations are in use. */
export function talking({ maxConcurrentConversations: max, guarded, conversations }: CapacityState) {
  let open = 0
  for (const use of conversations.values()) if (use === 'open') open++
  return { open, reserved: conversations.size - open, max: Math.min(max, guarded.maxConcurrentConversations ?? max) }
}
