import { z } from 'zod'
import type { Pattern } from './patterns.ts'

/** What is known of the work, by which a pattern is found. */
export const Hints = z.object({
  complexity: z.int().min(1).max(10),
  skillCount: z.int().min(0).max(10),
  parallelisable: z.boolean(),
  requiresReview: z.boolean(),
  costSensitivity: z.enum(['low', 'medium', 'high']),
})
export type Hints = z.output<typeof Hints>

export const rules = ['R1', 'R2', 'R3', 'R4'] as const

interface Found {
  readonly pattern: Pattern
  readonly rule: (typeof rules)[number]
}

/** The pattern for such work: that of the first rule that fits. */
export function patternFor({ complexity, skillCount, parallelisable, requiresReview, costSensitivity }: Hints): Found {
  if (requiresReview || skillCount === 2) return { pattern: 'pair', rule: 'R1' }
  if (parallelisable && complexity >= 8 && costSensitivity !== 'high') return { pattern: 'swarm', rule: 'R2' }
  if (skillCount >= 3 || complexity >= 6) return { pattern: 'hierarchical', rule: 'R3' }
  return { pattern: 'solo', rule: 'R4' }
}
