import { z } from 'zod'
import { AgentId, text } from '../../vocabulary.ts'

const Amount = z.number().min(0)

export const strategies = ['capability-weighted', 'least-loaded', 'cost-optimized', 'round-robin'] as const

/** One skill that is needed, and how well. */
export const Wanted = z.object({
  skill: text(100),
  minProficiency: z.int().min(1).max(10).default(1),
  maxLatency_ms: z.int().min(0).optional(),
  minSuccessRate: z.number().min(0).max(1).default(0),
  maxCost: z.int().min(0).optional().describe('Micro-units.'),
})

/** What a manifest may say that an agent has of it. */
export const resources = ['cpu', 'memoryMb', 'gpu', 'apiCalls'] as const

export const Constraints = z.strictObject({
  cpu: Amount.optional(), memoryMb: Amount.optional(), gpu: Amount.optional(), apiCalls: Amount.optional(),
  estimatedTime_ms: z.int().min(1).optional().describe('How long one agent would take; it is no bound.'),
})

export const required_max = 10

const isDistinct = (skills: readonly { readonly skill: string }[]) => new Set(skills.map(({ skill }) => skill)).size === skills.length

export const Criteria = z.strictObject({
  requiredCapabilities: z.array(Wanted).max(required_max).refine(isDistinct, { error: 'names a skill twice' }).default([]),
  resourceConstraints: Constraints.optional(),
  costBudget: z.int().min(0).optional().describe('Micro-units, for all who are chosen.'),
  preferredAgents: z.array(AgentId).max(20).default([]),
  excludedAgents: z.array(AgentId).max(100).default([]),
  strategy: z.enum(strategies).default('capability-weighted'),
})

export type Criteria = z.output<typeof Criteria>
export type Wanted = z.output<typeof Wanted>
