import { z } from 'zod'
import { AgentId, DueInstant, Metadata, OrchestratorId, text } from '../../vocabulary.ts'
import { Hints, patternFor, rules } from '../hints.ts'
import {
  checkConfig, Config, configOf, leadRoles, membersOf, otherRoles, patterns, Role, type Pattern,
} from '../patterns.ts'
import { Criteria } from '../selection/criteria.ts'
import { members_max } from './shapes.ts'

export const auto = 'auto'

const Named = z.array(z.strictObject({ agent: AgentId, role: Role.optional() })).min(1).max(members_max)

const fields = z.object({
  title: text(200),
  pattern: z.enum([...patterns, auto]).describe('`auto`: whichever suits work of which the `hints` tell.'),
  hints: Hints.optional(),
  config: Config.default({}),
  criteria: Criteria.prefault({}),
  members: Named.optional().describe('Instead of a choice by criteria. The first leads, where no role is said.'),
  owner: OrchestratorId.optional(),
  costBudget: z.int().min(0).optional().describe('Micro-units, for all members.'),
  deadline: DueInstant.optional().describe('A minute to 30 days ahead; in a day, when not said.'),
  autoStart: z.boolean().default(true),
  metadata: Metadata.default({}),
})

export type Wish = z.output<typeof fields>

/** The pattern that is wanted, and the rule by which it was found. */
export function patternIn({ pattern, hints }: Pick<Wish, 'pattern' | 'hints'>):
  { readonly pattern: Pattern; readonly rule: (typeof rules)[number] | null } | undefined {
  if (pattern !== auto) return { pattern, rule: null }
  return hints && patternFor(hints)
}

/** Who was named, in the roles that they have. */
export const rolesOf = (members: z.output<typeof Named>, pattern: Pattern) =>
  members.map(({ agent, role }, index) => ({ agent, role: role ?? (index === 0 ? leadRoles : otherRoles)[pattern] }))

/** Why those who were named make no such team, if they do not. */
function unfitting(members: z.output<typeof Named>, pattern: Pattern, config: Config): string | undefined {
  if (new Set(members.map(({ agent }) => agent)).size < members.length) return 'names an agent twice'
  const roles = rolesOf(members, pattern).map(({ role }) => role)
  const leads = roles.filter((role) => role === leadRoles[pattern]).length
  if (roles.some((role) => role !== leadRoles[pattern] && role !== otherRoles[pattern])) return `has a role that is none of ${pattern}`
  if (pattern !== 'swarm' && leads !== 1) return `wants one ${leadRoles[pattern]}`
  const [min, max] = membersOf(pattern, configOf(pattern, config))
  return members.length < min || members.length > max ? `wants ${min} to ${max}` : undefined
}

interface Checked { readonly value: Wish; readonly issues: z.core.$ZodRawIssue[] }

/** Where and why what is said does not fit together, if it does not. */
function misfit(wish: Wish): readonly [field: 'hints' | 'members', reason: string] | undefined {
  const found = patternIn(wish)
  if (!found) return ['hints', 'are wanted with auto']
  if (wish.pattern !== auto && wish.hints) return ['hints', 'are wanted with auto alone']
  const reason = wish.members && unfitting(wish.members, found.pattern, wish.config)
  return reason === undefined ? undefined : ['members', reason]
}

function checkWish({ value, issues }: Checked): void {
  const pattern = patternIn(value)?.pattern
  const before = issues.length
  if (pattern) checkConfig({ value: { pattern, config: value.config }, issues })
  const fault = issues.length === before ? misfit(value) : undefined
  if (fault) issues.push({ code: 'custom', input: value, message: fault[1], path: [fault[0]] })
}

export const Wanted = fields.check(checkWish)
