import { later, second_ms } from '../../kernel/time.ts'
import { skillOf } from '../skills.ts'
import { Agent, type AgentEvent, type Capability } from './events.ts'
import { slotsOf, type Known } from './state.ts'

export interface Outcome {
  readonly success: boolean
  readonly latency_ms: number | null
  readonly cost: number | null
}

/** Shares are kept to four decimals. */
const unit = 10_000

/** A fifth of the way from what is known to what was seen; the first thing seen is what is known. Half is rounded up. */
const moved = (known: number | null, seen: number, per = 1): number =>
  (known === null ? seen : Math.round((4 * known * per + seen * per) / 5) / per)

const learnt = (capability: Capability, { success, latency_ms, cost }: Outcome): Capability => ({
  ...capability,
  successRate: moved(capability.successRate, success ? 1 : 0, unit),
  latency_ms: success && latency_ms !== null ? moved(capability.latency_ms, latency_ms) : capability.latency_ms,
  cost: cost === null ? capability.cost : moved(capability.cost, cost),
})

/** The skills after an outcome of something that required some of them. */
export function measured(capabilities: readonly Capability[], required: readonly string[], outcome: Outcome): Capability[] {
  const wanted = new Set(required.map(skillOf))
  return capabilities.map((capability) => (wanted.has(skillOf(capability.skill)) ? learnt(capability, outcome) : capability))
}

/** The share of good outcomes, where the registered one counts as much as ten. */
export const reliabilityOf = (registered: number, good: number, bad: number): number =>
  Math.round((10 * Math.round(registered * unit) + unit * good) / (10 + good + bad)) / unit

const failures_max = 3
export const open_ms = 300 * second_ms

/** What an outcome makes of the row of bad ones and of the circuit. One that comes while the circuit is open says nothing new of it. */
export function judged(agent: Known, success: boolean, at: string): { readonly badInRow: number; readonly facts: readonly AgentEvent[] } {
  const { breaker: { is }, profile: { orchestrator } } = agent
  if (is === 'OPEN') return { badInRow: agent.badInRow, facts: [] }
  if (success) return { badInRow: 0, facts: is === 'HALF_OPEN' ? [Agent.AgentCircuitClosed({ orchestrator })] : [] }
  const badInRow = agent.badInRow + 1
  if (is === 'CLOSED' && badInRow < failures_max) return { badInRow, facts: [] }
  const opened = Agent.AgentCircuitOpened({ orchestrator, failures: badInRow, until: later(at, open_ms), slots: slotsOf(agent) })
  return { badInRow, facts: [opened] }
}
