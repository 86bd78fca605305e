import type { Context } from '../../kernel/decider.ts'
import { boundaryOf, dateAfter, dateOf } from '../../kernel/zone.ts'
import type { Priority } from '../../vocabulary.ts'
import { scheduleState } from '../../rhythm/schedule/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import type { CapacityState } from './state.ts'

const costs: Readonly<Record<Priority, number>> = { LOW: 1, MEDIUM: 2, HIGH: 4, CRITICAL: 8 }

export interface Effort {
  readonly priority: Priority | null
  readonly estimatedHours: number | null
}

/** What a start costs: an hour each, as far as hours were estimated; a task that would cost more than there ever is costs all of it. */
export function costOf({ priority, estimatedHours }: Effort, budget: number | null): number {
  if (budget === null) return 0
  const cost = estimatedHours === null ? costs[priority ?? 'MEDIUM'] : Math.ceil(estimatedHours)
  return Math.min(cost, budget)
}

/** By the clocks of its schedule, else of its profile. */
function zoneOf({ id, look }: Context): string {
  const known = look(orchestratorState, id)
  if (known.stage === 'unknown') return 'UTC'
  const terms = known.keepsHours ? look(scheduleState, id).terms : null
  return terms?.zone ?? known.profile.timezone
}

/** When the next day begins where the orchestrator is. */
export function refillAfter(context: Context): string {
  const zone = zoneOf(context)
  const { at } = context
  return boundaryOf(zone, `${dateAfter(dateOf(zone, Date.parse(at)))}T00:00`)
}

/** A day has begun since energy was spent. */
export const refilled = ({ energyBudget, energy: { refillAt } }: CapacityState, { at }: Context): readonly CapacityEvent[] =>
  (energyBudget !== null && refillAt !== null && at >= refillAt ? [Capacity.EnergyRefilled({ energyRemaining: energyBudget })] : [])
