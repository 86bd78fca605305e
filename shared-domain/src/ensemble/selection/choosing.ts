import { reject, type Rejection } from '../../kernel/decider.ts'
import { sizesOf, type Config, type Pattern, type Role } from '../patterns.ts'
import type { Criteria } from './criteria.ts'
import { reasonsAgainst, type Agent, type Breadth, type Manifests, type Reason } from './eligibility.ts'
import { inOrderOf, scored, type Scored } from './routing.ts'
import { teamOf } from './teams.ts'

export interface Wish {
  readonly criteria: Criteria
  readonly pattern: Pattern
  readonly config: Config
}

export interface Member extends Scored {
  readonly role: Role
}

/** Who was chosen, and what became of everybody else. */
export interface Selected {
  readonly members: readonly Member[]
  readonly cost: number
  /** Every team of every eligible agent was looked at. */
  readonly exact: boolean
  /** Everybody who is eligible, the best first. */
  readonly eligible: readonly Scored[]
  readonly rejected: readonly { readonly agent: Agent['agent']; readonly reasons: readonly Reason[] }[]
  readonly counts: Counts
}

type Counts = { readonly [R in Reason]?: number }
type Choice = Pick<Selected, 'members' | 'exact'>

const skillThatLeads = 'coordination'

const breadthOf = (pattern: Pattern): Breadth => (pattern === 'solo' ? 'every' : 'one')

/** Whoever leads has every skill that is wanted, and can coordinate, if anybody can. */
function supervisorOf(eligible: readonly Scored[], { requiredCapabilities }: Criteria): Scored | undefined {
  const complete = eligible.filter(({ held }) => held.length === requiredCapabilities.length)
  return complete.find(({ agent }) => agent.capabilities.some(({ skill }) => skill === skillThatLeads)) ?? complete[0]
}

const inRole = (role: Role) => (member: Scored): Member => ({ ...member, role })

function chosenAmong(eligible: readonly Scored[], { criteria, pattern, config }: Wish): Choice | undefined {
  const { costBudget: budget = Infinity } = criteria
  switch (pattern) {
    case 'solo': {
      const [one] = inOrderOf(criteria.strategy, eligible.filter(({ cost }) => cost <= budget))
      return one && { members: [inRole('solo')(one)], exact: true }
    }
    case 'pair': {
      const team = teamOf(eligible, criteria, sizesOf(pattern, config), budget)
      return team && { ...team, members: team.members.map((one, index) => inRole(index === 0 ? 'primary' : 'secondary')(one)) }
    }
    case 'swarm': {
      const team = teamOf(eligible, criteria, sizesOf(pattern, config), budget)
      return team && { ...team, members: team.members.map(inRole('worker')) }
    }
    case 'hierarchical': {
      const lead = supervisorOf(eligible, criteria)
      const others = eligible.filter((one) => one !== lead)
      const team = lead && teamOf(others, criteria, sizesOf(pattern, config), budget - lead.cost)
      return team && { ...team, members: [inRole('supervisor')(lead), ...team.members.map(inRole('worker'))] }
    }
  }
}

function countsOf(rejected: Selected['rejected']): Counts {
  const counts: { [R in Reason]?: number } = {}
  for (const reason of rejected.flatMap(({ reasons }) => reasons)) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

/** Judges everybody, and chooses among those against whom nothing speaks. */
function judged(all: readonly Agent[], manifests: Manifests, wish: Wish) {
  const breadth = breadthOf(wish.pattern)
  const verdicts = all.map((agent) => ({ agent, reasons: reasonsAgainst(agent, wish.criteria, breadth, manifests) }))
  const eligible = scored(verdicts.filter(({ reasons }) => reasons.length === 0).map(({ agent }) => agent), wish.criteria)
  const rejected = verdicts.filter(({ reasons }) => reasons.length > 0).map(({ agent: { agent }, reasons }) => ({ agent, reasons }))
  return { eligible, rejected, choice: chosenAmong(eligible, wish) }
}

const unbound = ({ costBudget, resourceConstraints, ...criteria }: Criteria): Criteria => criteria

const costOf = (members: readonly Scored[]) => members.reduce((total, { cost }) => total + cost, 0)

type Code = 'CAPABILITY_NOT_FOUND' | 'RESOURCE_EXCEEDED' | 'AGENT_NOT_AVAILABLE'

/** What nobody can, whatever they do now. */
export function unknownSkills(all: readonly Agent[], { requiredCapabilities }: Criteria): readonly string[] {
  const known = new Set(all.flatMap(({ capabilities }) => capabilities.map(({ skill }) => skill)))
  return requiredCapabilities.map(({ skill }) => skill).filter((skill) => !known.has(skill))
}

/** The same agents, manifests and wish lead to the same choice. Agents come in the order of their ids. */
export function select(all: readonly Agent[], manifests: Manifests, wish: Wish): Selected | Rejection<Code> {
  const { criteria } = wish
  const skills = unknownSkills(all, criteria)
  if (skills.length > 0) return reject('CAPABILITY_NOT_FOUND', { skills })
  const { eligible, rejected, choice } = judged(all, manifests, wish)
  const counts = countsOf(rejected)
  if (choice) return { ...choice, cost: costOf(choice.members), eligible, rejected, counts }
  const { choice: dearer } = judged(all, manifests, { ...wish, criteria: unbound(criteria) })
  if (dearer) return reject('RESOURCE_EXCEEDED', { cost: costOf(dearer.members), counts })
  return reject('AGENT_NOT_AVAILABLE', { counts })
}

/** Those who were not chosen, the best first, with what each lacks. */
export const alternativesTo = ({ members, eligible }: Selected, { requiredCapabilities }: Criteria) => {
  const chosen = new Set(members.map(({ agent }) => agent))
  return eligible.filter(({ agent }) => !chosen.has(agent)).map(({ agent: { agent }, score, held }) => ({
    agent, score, gaps: requiredCapabilities.map(({ skill }) => skill).filter((skill) => !held.includes(skill)),
  }))
}
