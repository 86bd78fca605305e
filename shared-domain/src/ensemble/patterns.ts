import { z } from 'zod'

export const patterns = ['solo', 'pair', 'hierarchical', 'swarm'] as const
export const Pattern = z.enum(patterns)
export type Pattern = z.output<typeof Pattern>

export const roles = ['solo', 'primary', 'secondary', 'supervisor', 'worker'] as const
export const Role = z.enum(roles)
export type Role = z.output<typeof Role>

const workers_max = 49
const agents_max = 10

/** What may be said of one pattern or another. */
const words = {
  interactionMode: z.enum(['reviewer', 'collaborative', 'validator']),
  maxRounds: z.int().min(1).max(10),
  minWorkers: z.int().min(1).max(workers_max),
  maxWorkers: z.int().min(1).max(workers_max),
  delegationStrategy: z.enum(['capability-based', 'load-balanced', 'priority-based']),
  minAgents: z.int().min(2).max(agents_max),
  maxAgents: z.int().min(2).max(agents_max),
  taskDistribution: z.enum(['partition', 'broadcast', 'competitive']),
  coordinationStrategy: z.enum(['voting', 'consensus', 'leader-election']),
  voteWithin_s: z.int().min(60).max(86_400),
  allowDynamicScaling: z.boolean(),
  idle_s: z.int().min(10).max(3_600),
}

export const Config = z.strictObject(words).partial()
export type Config = z.output<typeof Config>

const isInOrder = { error: 'wants more at least than at most' }
const scaling = { allowDynamicScaling: words.allowDynamicScaling.default(false), idle_s: words.idle_s.default(60) }

/** What belongs to each, and what holds where it is not said. */
const configs = {
  solo: z.strictObject({}),
  pair: z.strictObject({ interactionMode: words.interactionMode.default('reviewer'), maxRounds: words.maxRounds.default(3) }),
  hierarchical: z.strictObject({
    minWorkers: words.minWorkers.default(1), maxWorkers: words.maxWorkers.default(5),
    delegationStrategy: words.delegationStrategy.default('capability-based'), ...scaling,
  }).refine(({ minWorkers, maxWorkers }) => minWorkers <= maxWorkers, isInOrder),
  swarm: z.strictObject({
    minAgents: words.minAgents.default(3), maxAgents: words.maxAgents.default(10),
    taskDistribution: words.taskDistribution.default('partition'), coordinationStrategy: words.coordinationStrategy.default('voting'),
    voteWithin_s: words.voteWithin_s.default(600), ...scaling,
  }).refine(({ minAgents, maxAgents }) => minAgents <= maxAgents, isInOrder),
} satisfies Readonly<Record<Pattern, z.ZodObject>>

/** All that holds of a pattern. */
export const configOf = (pattern: Pattern, said: Config): Config => configs[pattern].parse(said)

/** Says why what is said does not fit the pattern. */
export function checkConfig({ value: { pattern, config }, issues }: {
  readonly value: { readonly pattern: Pattern; readonly config: Config }
  readonly issues: z.core.$ZodRawIssue[]
}) {
  const { error } = configs[pattern].safeParse(config)
  for (const { message, path } of error?.issues ?? []) issues.push({ code: 'custom', input: config, message, path: ['config', ...path] })
}

/** Of how many besides the supervisor a team is, at least and at most. */
export function sizesOf(pattern: Exclude<Pattern, 'solo'>, config: Config): readonly [min: number, max: number] {
  switch (pattern) {
    case 'pair': return [2, 2]
    case 'hierarchical': return [config.minWorkers!, config.maxWorkers!]
    case 'swarm': return [config.minAgents!, config.maxAgents!]
  }
}

/** How many members there are in all, at least and at most. */
export function membersOf(pattern: Pattern, config: Config): readonly [min: number, max: number] {
  if (pattern === 'solo') return [1, 1]
  const [min, max] = sizesOf(pattern, config)
  return pattern === 'hierarchical' ? [min + 1, max + 1] : [min, max]
}

/** In which role one leads, where roles say who does, and in which the others are. */
export const leadRoles: Readonly<Record<Pattern, Role>> = { solo: 'solo', pair: 'primary', hierarchical: 'supervisor', swarm: 'worker' }
export const otherRoles: Readonly<Record<Pattern, Role>> = { solo: 'solo', pair: 'secondary', hierarchical: 'worker', swarm: 'worker' }
