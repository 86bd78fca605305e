import { takesWork } from '../../fleet/agent/load.ts'
import { matchOf } from '../../fleet/skills.ts'
import { agentPolicies, type AgentPolicy, type AgentRow, type Scored, type Wanted } from './agent-policies.ts'
import { compare, rounded } from './measures.ts'
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
  /** Agents that let this task lapse a short while ago. */
  readonly lapsed: readonly string[]
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

/** Why an agent is not to have the task, the first that holds; undefined when it may (W-23). */
function unfit(row: AgentRow, score: () => number, { slots_max = Infinity }: AgentPolicy, task: Wanted, terms: Terms): string | undefined {
  if (terms.exclude.includes(row.agent)) return 'EXCLUDED'
  if (!terms.anyone && row.orchestrator !== null && row.orchestrator !== task.owner) return 'FOREIGN'
  if (!takesWork(row.standing)) return 'UNAVAILABLE'
  if (isBroken(row, terms.at)) return 'BREAKER_OPEN'
  if (row.current >= Math.min(slots_max, row.max_concurrent)) return 'FULL'
  if (terms.lapsed.includes(row.agent)) return 'LAPSED'
  const match = matchOf(task.requiredCapabilities, row.skills)
  if (terms.need === 'all' && match !== null && match < 1) return 'SKILL_MISSING'
  return match === 0 || score() <= 0 ? 'NO_MATCH' : undefined
}

/** Who of these agents is to have the task, and why not the others. The same rows, terms and instant give the same. */
export function placing(rows: readonly AgentRow[], task: Wanted, terms: Terms): Placing {
  const policy = agentPolicies[terms.policy]
  const refused = new Map(terms.refused.map(({ id, code }) => [id, code]))
  const fit: Scored[] = []
  const others: Passed[] = []
  for (const row of rows) {
    if (refused.has(row.agent)) continue
    const score = () => rounded(policy.score(row, task))
    const code = unfit(row, score, policy, task, terms)
    if (code === undefined) fit.push({ row, score: score() })
    else others.push({ id: row.agent, code })
  }
  const rejected = [...terms.refused, ...others.sort((a, b) => compare(a.id, b.id))]
  const counts: Record<string, number> = {}
  for (const { code } of rejected) counts[code] = (counts[code] ?? 0) + 1
  const ranked = fit.sort((a, b) => policy.order(a, b) || compare(a.row.agent, b.row.agent))
  return { ranked: ranked.map(({ row, score }) => ({ id: row.agent, score })), rejected, counts }
}
