import type { z } from 'zod'
import type { agents } from '../../fleet/agent/agents.ts'
import { takesWork } from '../../fleet/agent/load.ts'
import type { Row } from '../../kernel/read-model.ts'
import { resources as measures, type Criteria, type Wanted } from './criteria.ts'

export const columns = [
  'agent', 'orchestrator', 'capabilities', 'standing', 'current', 'max_concurrent', 'load', 'breaker', 'reliability', 'last_slot_at',
] as const

/** An agent as selection sees it. */
export type Agent = Pick<z.output<typeof agents.row>, (typeof columns)[number]>
type Capability = Agent['capabilities'][number]

/** Manifests by agent, where something is asked of them. */
export type Manifests = ReadonlyMap<string, Row>

export const reasons = [
  'excluded', 'status', 'load', 'breaker', 'capability', 'proficiency', 'latency', 'success', 'cost', 'resource',
] as const
export type Reason = (typeof reasons)[number]

/** A team's member needs one of the skills that are wanted, whoever is alone or leads all of them. */
export type Breadth = 'every' | 'one'

export const successOf = ({ successRate }: Capability, { reliability }: Pick<Agent, 'reliability'>): number => successRate ?? reliability

const skillOf = ({ capabilities }: Agent, { skill: wanted }: Wanted) => capabilities.find(({ skill }) => skill === wanted)

const isAbove = (measured: number | null, bound: number | undefined) => bound !== undefined && (measured === null || measured > bound)

/** In what the agent falls short of a skill: what was not measured keeps within no bound. */
function shortOf(agent: Agent, wanted: Wanted): readonly Reason[] {
  const has = skillOf(agent, wanted)
  if (!has) return ['capability']
  return [
    ...(has.proficiency < wanted.minProficiency ? ['proficiency'] as const : []),
    ...(isAbove(has.latency_ms, wanted.maxLatency_ms) ? ['latency'] as const : []),
    ...(successOf(has, agent) < wanted.minSuccessRate ? ['success'] as const : []),
    ...(isAbove(has.cost, wanted.maxCost) ? ['cost'] as const : []),
  ]
}

/** Its skills among those that are wanted, within their bounds. */
export const heldOf = (agent: Agent, { requiredCapabilities }: Criteria): readonly Capability[] =>
  requiredCapabilities.filter((wanted) => shortOf(agent, wanted).length === 0).map((wanted) => skillOf(agent, wanted)!)

/** True where the current manifest says less of something than is asked for, or nothing. */
function isPoorer(agent: string, { resourceConstraints = {} }: Criteria, manifests: Manifests): boolean {
  const has = (manifests.get(agent)?.resources ?? {}) as Row
  return measures.some((measure) => {
    const wanted = resourceConstraints[measure]
    return wanted !== undefined && !(typeof has[measure] === 'number' && has[measure] >= wanted)
  })
}

/** Every reason against an agent, none where it is eligible. */
export function reasonsAgainst(agent: Agent, criteria: Criteria, breadth: Breadth, manifests: Manifests): readonly Reason[] {
  const { requiredCapabilities, excludedAgents } = criteria
  const shortcomings = requiredCapabilities.map((wanted) => shortOf(agent, wanted))
  const isEnough = breadth === 'one' && shortcomings.some((short) => short.length === 0)
  const against = new Set<Reason>([
    ...(excludedAgents.includes(agent.agent) ? ['excluded'] as const : []),
    ...(takesWork(agent.standing) ? [] : ['status'] as const),
    ...(agent.current < agent.max_concurrent ? [] : ['load'] as const),
    ...(agent.breaker === 'OPEN' || (agent.breaker === 'HALF_OPEN' && agent.current > 0) ? ['breaker'] as const : []),
    ...(isEnough ? [] : shortcomings.flat()),
    ...(isPoorer(agent.agent, criteria, manifests) ? ['resource'] as const : []),
  ])
  return reasons.filter((reason) => against.has(reason))
}
