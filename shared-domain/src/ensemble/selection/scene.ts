import { skill } from '../../fleet/agent/scene.ts'
import { uuid } from '../../kernel/testing.ts'
import type { AgentId } from '../../vocabulary.ts'
import { configOf, type Config, type Pattern } from '../patterns.ts'
import { Criteria } from './criteria.ts'
import type { Agent, Manifests } from './eligibility.ts'
import { select } from './choosing.ts'
import type { z } from 'zod'

export const idOf = (n: number): AgentId => uuid(700 + n) as AgentId

/** An agent of four slots that does nothing. */
export const hand = (n: number, more: Partial<Agent> = {}): Agent => {
  const { current = 0, max_concurrent = 4 } = more
  return {
    agent: idOf(n), orchestrator: null, capabilities: [], standing: 'IDLE', current, max_concurrent, load: current / max_concurrent,
      breaker: 'CLOSED',
    reliability: 0.9, last_slot_at: null, ...more,
  }
}

const able = (name: string, proficiency: number, successRate: number, latency_ms: number, cost: number) =>
  skill(name, { proficiency, successRate, latency_ms, cost })

/** The agents of the worked example. */
export const worked: readonly Agent[] = [
  hand(1, { capabilities: [able('frontend', 9, 0.95, 200, 20_000)] }),
  hand(2, { capabilities: [able('testing', 8, 0.99, 800, 100_000)], current: 2 }),
  hand(3, { capabilities: [able('frontend', 6, 0.9, 400, 30_000), able('testing', 6, 0.9, 400, 30_000)] }),
  hand(5, { capabilities: [able('testing', 7, 0.92, 300, 25_000)], current: 1 }),
]

export const both = { requiredCapabilities: [{ skill: 'frontend' }, { skill: 'testing' }] }

interface Said {
  readonly criteria?: z.input<typeof Criteria>
  readonly pattern?: Pattern
  readonly config?: Config
  readonly manifests?: Manifests
}

/** What is chosen of these agents. */
export function selecting(all: readonly Agent[], { criteria = {}, pattern = 'solo', config = {}, manifests = new Map() }: Said = {}) {
  return select(all, manifests, { criteria: Criteria.parse(criteria), pattern, config: configOf(pattern, config) })
}
