import type { Context } from '../../kernel/decider.ts'
import { bands, Capacity, type CapacityEvent } from './events.ts'
import { capacityState, counted, type CapacityState } from './state.ts'

export type Band = (typeof bands)[number]

interface Counts { readonly max: number; readonly active: number; readonly reserved: number }

/** Where a charter allows nothing at all, all of it is in use. */
export const utilisationOf = ({ max, active, reserved }: Counts): number => (max > 0 ? (active + reserved) / max : 1)

export function bandOf(counts: Counts): Band {
  const utilisation = utilisationOf(counts)
  if (utilisation >= 1) return 'full'
  return utilisation >= 0.8 ? 'high' : 'normal'
}

/** The state after facts that are about to be told. */
export const after = (state: CapacityState, { at, by, organization, commandId }: Context, ...facts: readonly CapacityEvent[]) =>
  facts.reduce((then, fact) =>
    capacityState.evolve(then, fact, { at, by, organization, commandId, revision: 0, position: '0' }), state)

/** The facts, and that they led to another band if they did. */
export function banded(state: CapacityState, context: Context, facts: readonly CapacityEvent[]): readonly CapacityEvent[] {
  const counts = counted(after(state, context, ...facts))
  const [from, to] = [bandOf(counted(state)), bandOf(counts)]
  return from === to ? facts : [...facts, Capacity.CapacityBandChanged({ ...counts, from, to, utilisation: utilisationOf(counts) })]
}
