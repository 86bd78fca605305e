import { z } from 'zod'
import { Id, jsonObject, OrchestratorId, Priority } from '../../vocabulary.ts'
import { Strategy } from '../../work/conflict/events.ts'

/** How a conflict is resolved when an option, or the question, is approved. */
export const Resolve = z.object({ strategy: Strategy, resolution: jsonObject(8 * 1024).optional() })

export const Reprioritized = z.strictObject({ priority: Priority })
export const Allotted = z.strictObject({ orchestrator: OrchestratorId, maxConcurrentTasks: z.int().min(1).max(50) })
export const Settled = z.strictObject({ conflict: Id, resolve: Resolve.optional() })

/** What shall happen if the question is approved (C-40). */
export const Effect = z.union([Reprioritized, Allotted, Settled])
export type Effect = z.output<typeof Effect>

/** The same once it was approved: of a conflict how it is resolved, by the option that won. */
export const Consequence = z.union([
  Reprioritized, Allotted, z.strictObject({ conflict: Id, strategy: Strategy, resolution: z.record(z.string(), z.json()) }),
])
export type Consequence = z.output<typeof Consequence>
