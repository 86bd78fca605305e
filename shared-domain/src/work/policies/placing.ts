import { takesWork } from '../../fleet/agent/load.ts'
import { matchOf, skillsOf } from '../../fleet/skills.ts'
import { isClosedFor, type Closed } from '../../rhythm/schedule/told.ts'
import { agentPolicies, type AgentPolicy, type AgentRow, type Scored, type Wanted } from './agent-policies.ts'
import { compare, rounded, tallied } from './measures.ts'
import type { AgentPolicyName } from './names.ts'

/** What is asked of whoever is to do a task, besides what the task says. */
export interface Terms {
  readonly policy: AgentPolicyName
  readonly at: string
  /** Agents that are not wanted. */
  readonly exclude: readonly string[]
  /** Whether some of the required skills will do. */
  readonly need: 'some' | 'all'
  /** Agents of other orchestrators than the owner may be chosen as well. */
  readonly anyone: boolean
  /** Orchestrators that are outside their hours. */
  readonly closed: Closed
  /** Agents that were chosen and did not let themselves be held, and the code. */
  readonly refused: readonly Passed[]
}

export interface Passed {
  readonly id: string
  readonly code: string
}

export interface Placing {
  /** Best first. */
  readonly ranked: readonly { readonly id: string; readonly score: number }[]
  /** Those that were refused, then the others by their ids. */
  readonly rejected: readonly Passed[]
  /** How many were rejected for what. */
  readonly counts: Readonly<Record<string, number>>
}

/** Whether it is on trial, and has what it is tried with; or its time is not yet up. */
function isBroken({ breaker, breaker_until: until, current }: AgentRow, at: string): boolean {
  if (breaker === 'CLOSED') return false
  return (breaker === 'OPEN' && until !== null && at < until) || current > 0
}

/** An agent with what holds of it whatever the task. */
interface Ready {
  readonly row: AgentRow
  readonly skills: readonly string[]
  readonly isExcluded: boolean
  readonly isAvailable: boolean
  /** Why it has nothing to give, if it has not. */
  readonly busy: string | undefined
}

function ready(row: AgentRow, { slots_max = Infinity }: AgentPolicy, { exclude, at }: Terms): Ready {
  const isFull = row.current >= Math.min(slots_max, row.max_concurrent)
  const busy = isBroken(row, at) ? 'BREAKER_OPEN' : isFull ? 'FULL' : undefined
  const isAvailable = takesWork(row.standing)
  return { row, skills: skillsOf(row.skills), isExcluded: exclude.includes(row.agent), isAvailable, busy }
}

/** How well an agent would do the task, or why it is not to have it, the first reason that holds (W-23). */
function judged(
  { row, skills, isExcluded, isAvailable, busy }: Ready, task: Wanted, required: readonly string[], terms: Terms,
  lapsed: readonly string[],
): number | string {
  if (isExcluded) return 'EXCLUDED'
  if (!terms.anyone && row.orchestrator !== null && row.orchestrator !== task.owner) return 'FOREIGN'
  if (!isAvailable) return 'UNAVAILABLE'
  if (isClosedFor(terms.closed, row.orchestrator, task)) return 'CLOSED'
  if (busy) return busy
  if (lapsed.includes(row.agent)) return 'LAPSED'
  const match = matchOf(required, skills)
  if (terms.need === 'all' && match !== null && match < 1) return 'SKILL_MISSING'
  const score = match === 0 ? 0 : rounded(agentPolicies[terms.policy].score(row, task, match))
  return score > 0 ? score : 'NO_MATCH'
}

/**
 * Says of each task who of these agents is to have it, and why not the others. `lapsed` are agents that let the task lapse a short while
 * ago. The same rows, terms and instant give the same.
 */
export function placer(rows: readonly AgentRow[], terms: Terms): (task: Wanted, lapsed?: readonly string[]) => Placing {
  const policy = agentPolicies[terms.policy]
  const refused = new Set(terms.refused.map(({ id }) => id))
  const agents = rows.filter(({ agent }) => !refused.has(agent)).map((row) => ready(row, policy, terms))
    .sort((a, b) => compare(a.row.agent, b.row.agent))
  return (task, lapsed = []) => {
    const fit: Scored[] = []
    const rejected = [...terms.refused]
    const required = skillsOf(task.requiredCapabilities)
    for (const one of agents) {
      const found = judged(one, task, required, terms, lapsed)
      if (typeof found === 'number') fit.push({ row: one.row, score: found })
      else rejected.push({ id: one.row.agent, code: found })
    }
    const ranked = fit.sort((a, b) => policy.order(a, b) || compare(a.row.agent, b.row.agent))
    return { ranked: ranked.map(({ row, score }) => ({ id: row.agent, score })), rejected, counts: tallied(rejected) }
  }
}
