import type { Criteria } from './criteria.ts'
import { heldOf, successOf, type Agent } from './eligibility.ts'

export const policy = 'routing/1'

/** An eligible agent, how well it fits, and what it would cost. */
export interface Scored {
  readonly agent: Agent
  readonly score: number
  readonly cost: number
  /** The skills that it has of those that are wanted. */
  readonly held: readonly string[]
}

const weights = { proficiency: 40, success: 25, latency: 15, cost: 10, load: 10 } as const
const preferred_bonus = 5
const score_max = 100

/** Two decimals, half up, whatever the last bits of a sum are. */
export const rounded = (value: number): number => Math.round(Number((value * 100).toPrecision(12))) / 100

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]) => (values.length === 0 ? 0 : sum(values) / values.length)
const most = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), 0)
const part = (value: number, highest: number) => (highest === 0 ? 0 : value / highest)

type Measure = 'latency_ms' | 'cost'

/** The highest of a measure among all, by skill: so much counts what was not measured. */
function highestOf(pool: readonly Agent[], measure: Measure): ReadonlyMap<string, number> {
  const highest = new Map<string, number>()
  for (const { capabilities } of pool) for (const one of capabilities)
    highest.set(one.skill, Math.max(highest.get(one.skill) ?? 0, one[measure] ?? 0))
  return highest
}

/** How the agents fit, all of whom are eligible, the best first. */
export function scored(pool: readonly Agent[], criteria: Criteria): readonly Scored[] {
  const { requiredCapabilities: { length: wanted }, preferredAgents } = criteria
  const highest = { latency_ms: highestOf(pool, 'latency_ms'), cost: highestOf(pool, 'cost') }
  const measured = pool.map((agent) => {
    const held = heldOf(agent, criteria)
    const told = (measure: Measure, of = held) => of.map((one) => one[measure] ?? highest[measure].get(one.skill)!)
    return {
      agent, held: held.map(({ skill }) => skill),
      proficiency: wanted === 0 ? 1 : sum(held.map(({ proficiency }) => Math.min(1, proficiency / 10))) / wanted,
      success: wanted === 0 ? agent.reliability : mean(held.map((one) => successOf(one, agent))),
      latency: mean(told('latency_ms', wanted === 0 ? agent.capabilities : held)),
      cost: sum(told('cost')),
    }
  })
  const [slowest, dearest] = [most(measured.map(({ latency }) => latency)), most(measured.map(({ cost }) => cost))]
  return measured.map(({ agent, held, proficiency, success, latency, cost }) => ({
    agent, held, cost, score: rounded(Math.min(score_max,
      weights.proficiency * proficiency + weights.success * success + weights.latency * (1 - part(latency, slowest))
      + weights.cost * (1 - part(cost, dearest)) + weights.load * (1 - agent.load)
      + (preferredAgents.includes(agent.agent) ? preferred_bonus : 0))),
  })).sort(byScore)
}

const compare = <V extends string | number>(a: V, b: V): number => (a < b ? -1 : a > b ? 1 : 0)

export const byId = (a: Scored, b: Scored): number => compare(a.agent.agent, b.agent.agent)

/** The best first; of equals whoever has less to do. */
export const byScore = (a: Scored, b: Scored): number => b.score - a.score || a.agent.load - b.agent.load || byId(a, b)

const near = 10

/** Who comes first, of those who could do it alone. */
export function inOrderOf(strategy: Criteria['strategy'], pool: readonly Scored[]): readonly Scored[] {
  switch (strategy) {
    case 'capability-weighted': return pool.toSorted(byScore)
    case 'least-loaded': return pool.toSorted((a, b) => a.agent.load - b.agent.load || b.score - a.score || byId(a, b))
    case 'round-robin': return pool.toSorted((a, b) => compare(a.agent.last_slot_at ?? '', b.agent.last_slot_at ?? '') || byId(a, b))
    case 'cost-optimized': {
      const least = most(pool.map(({ score }) => score)) - near
      return pool.filter(({ score }) => score >= least).sort((a, b) => a.cost - b.cost || b.score - a.score || byId(a, b))
    }
  }
}
