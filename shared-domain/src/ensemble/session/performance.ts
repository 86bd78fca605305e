import type { Pattern } from '../patterns.ts'
import { rounded } from '../selection/routing.ts'
import type { Estimate, Performance } from './shapes.ts'

const usual_ms = 60_000

/** Which part of the time that one agent takes a pattern is expected to take. */
const parts: Readonly<Record<Pattern, number>> = { solo: 1, pair: 0.7, hierarchical: 0.5, swarm: 0.3 }

/** What a team is expected to take. */
export const estimateOf = (pattern: Pattern, costs: readonly number[], alone_ms = usual_ms): Estimate =>
  ({ duration_ms: Math.round(alone_ms * parts[pattern]), cost: costs.reduce((sum, cost) => sum + cost, 0) })

/** What was done, as far as it has ended. */
export type Done = Pick<Performance, 'cost' | 'completed' | 'failed' | 'cancelled' | 'busy_ms'>

export const nothingDone: Done = { cost: 0, completed: 0, failed: 0, cancelled: 0, busy_ms: 0 }

/** How much of what was expected it took, and no more than that. */
const within = (estimated: number, actual: number) => (actual === 0 ? 1 : Math.min(1, estimated / actual))

/** How well it went: null where nothing has ended well or badly. */
export function performanceOf(done: Done, estimate: Estimate, duration_ms: number, reserved_ms: number): Performance {
  const ended = done.completed + done.failed
  const thrift = (within(estimate.duration_ms, duration_ms) + within(estimate.cost, done.cost)) / 2
  return {
    ...done, duration_ms, reserved_ms, utilisation: reserved_ms === 0 ? 0 : rounded(100 * done.busy_ms / reserved_ms),
    efficiency: ended === 0 ? null : rounded(100 * done.completed / ended * thrift),
  }
}
