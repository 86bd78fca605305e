import type { z } from 'zod'
import { agents } from '../../fleet/agent/agents.ts'
import { reject, Rejection, type Context, type Refused } from '../../kernel/decider.ts'
import { rowsOf, type Asked } from '../../kernel/grounds.ts'
import { configOf, type Pattern, type Role } from '../patterns.ts'
import { select, unknownSkills } from '../selection/choosing.ts'
import type { Criteria } from '../selection/criteria.ts'
import { columns, type Agent } from '../selection/eligibility.ts'
import { asked, seen } from '../selection/grounds.ts'
import { policy, scored, type Scored } from '../selection/routing.ts'
import type { Found, Member } from './shapes.ts'
import { rolesOf, type Wish } from './wish.ts'

/** Everybody where a choice is to be made, else those who are named. */
export const askedOf = ({ members, criteria }: Wish): Asked =>
  (members ? { agents: rowsOf(agents, { columns, where: { agent: members.map(({ agent }) => agent) } }) } : asked(criteria))

export interface Team {
  readonly members: readonly Member[]
  readonly selection: z.output<typeof Found> | null
}

const candidates_max = 5

export const memberOf = ({ agent: { agent, orchestrator, capabilities }, score, cost, held }: Scored, role: Role,
  { requiredCapabilities }: Criteria): Member =>
  ({ agent, orchestrator, role, score, cost, skills: requiredCapabilities.length > 0 ? [...held] : capabilities.map(({ skill }) => skill) })

/** What let itself not be held just now has no free slot, whatever its row says. */
export const withRefused = (all: readonly Agent[], refused: readonly Refused[]): readonly Agent[] =>
  all.map((one) => (refused.some(({ id }) => id === one.agent) ? { ...one, current: one.max_concurrent } : one))

const boundedBy = (criteria: Criteria, costBudget = Infinity): Criteria => {
  const bound = Math.min(criteria.costBudget ?? Infinity, costBudget)
  return bound === Infinity ? criteria : { ...criteria, costBudget: bound }
}

/** Who is to work together: those who are named, or who is chosen. */
export function teamOf({ members, config, ...wish }: Wish, pattern: Pattern, context: Context): Team | Rejection<Code> {
  const { all, manifests } = seen(context.grounds!)
  const criteria = boundedBy(wish.criteria, wish.costBudget)
  if (members) return named(rolesOf(members, pattern), all, criteria)
  const skills = unknownSkills(all, criteria)
  if (skills.length > 0) return reject('CAPABILITY_NOT_FOUND', { skills })
  const found = select(withRefused(all, context.refused ?? []), manifests, { criteria, pattern, config: configOf(pattern, config) })
  if (found instanceof Rejection) return found
  const { eligible, counts } = found
  const candidates = eligible.slice(0, candidates_max).map(({ agent: { agent }, score }) => ({ agent, score }))
  return { members: found.members.map((one) => memberOf(one, one.role, criteria)), selection: { policy, candidates, counts } }
}

type Code = 'CAPABILITY_NOT_FOUND' | 'RESOURCE_EXCEEDED' | 'AGENT_NOT_AVAILABLE' | 'NOT_FOUND'

function named(roles: readonly { readonly agent: string; readonly role: Role }[], all: readonly Agent[],
  criteria: Criteria): Team | Rejection<Code> {
  const pool = scored(all, criteria)
  const unknown = roles.map(({ agent }) => agent).filter((id) => !all.some(({ agent }) => agent === id))
  if (unknown.length > 0) return reject('NOT_FOUND', { agents: unknown })
  const cost = pool.reduce((sum, one) => sum + one.cost, 0)
  if (cost > (criteria.costBudget ?? Infinity)) return reject('RESOURCE_EXCEEDED', { cost })
  const members = roles.map(({ agent, role }) => memberOf(pool.find((one) => one.agent.agent === agent)!, role, criteria))
  return { members, selection: null }
}
