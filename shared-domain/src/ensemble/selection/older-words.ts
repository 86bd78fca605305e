import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'
import type { Said } from '../../kernel/alias.ts'
import { Constraints, Criteria, Wanted } from './criteria.ts'

const { skill, maxLatency_ms, ...same } = Wanted.shape
const OlderWanted = z.strictObject({ ...same, skillId: skill, maxLatencyMs: maxLatency_ms })
const { estimatedTime_ms, ...amounts } = Constraints.shape

/** Criteria as older systems say them. */
export const OlderCriteria = z.strictObject({
  ...Criteria.shape,
  requiredCapabilities: z.array(OlderWanted).max(10).default([]),
  resourceConstraints: z.strictObject({ ...amounts, estimatedTimeMs: estimatedTime_ms }).optional(),
})
export type OlderCriteria = z.output<typeof OlderCriteria>

const withoutUndefined = (said: Said): Said => Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))

/** The same criteria in the words that are kept. */
export function criteriaSaid({ requiredCapabilities, resourceConstraints, ...same }: OlderCriteria): Said {
  const wanted = requiredCapabilities.map(({ skillId: skill, maxLatencyMs: maxLatency_ms, ...bounds }) =>
    withoutUndefined({ skill, maxLatency_ms, ...bounds }))
  if (!resourceConstraints) return { ...same, requiredCapabilities: wanted }
  const { estimatedTimeMs: estimatedTime_ms, ...others } = resourceConstraints
  return { ...same, requiredCapabilities: wanted, resourceConstraints: withoutUndefined({ ...others, estimatedTime_ms }) }
}

const older = ['skillId', 'maxLatencyMs', 'estimatedTimeMs'] as const

interface Loose { readonly requiredCapabilities?: unknown; readonly resourceConstraints?: unknown }

const isOlder = (said: unknown): boolean => {
  const { requiredCapabilities = [], resourceConstraints = {} } = (said ?? {}) as Loose
  const parts = [requiredCapabilities, resourceConstraints].flat() as readonly unknown[]
  return parts.some((part) => typeof part === 'object' && part !== null && older.some((name) => name in part))
}

export const selecting: readonly OlderWords[] = [{
  route: 'POST /orchestration/agents/select',
  about: 'With `skillId`, `maxLatencyMs` or `estimatedTimeMs` in the criteria.',
  fields: { criteria: OlderCriteria.prefault({}) },
  meant: ({ criteria }) => isOlder(criteria),
  say: ({ criteria, ...said }) => ({ ...said, criteria: criteriaSaid(criteria as OlderCriteria) }),
}]
