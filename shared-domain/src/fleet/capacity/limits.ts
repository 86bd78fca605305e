import { z } from 'zod'
import { text } from '../../vocabulary.ts'

const CapabilityLimit = z.object({ capability: text(100), max: z.int().min(1).max(50) })

const isEachOnce = (limits: readonly z.output<typeof CapabilityLimit>[]) =>
  new Set(limits.map(({ capability }) => capability.toLowerCase())).size === limits.length

/** How much an orchestrator may take on. */
export const Limits = z.object({
  maxConcurrentTasks: z.int().min(1).max(50),
  /** Of tasks that are to be done or blocked; null where any number may wait. */
  maxQueueSize: z.int().min(0).max(10_000).nullable(),
  maxConcurrentConversations: z.int().min(0).max(1_000),
  /** What starts of a day may cost together; null where nothing is counted. */
  energyBudget: z.int().min(1).max(1_000).nullable(),
  /** So many tasks at once that require a capability, however it is written. */
  capabilityLimits: z.array(CapabilityLimit).max(20).refine(isEachOnce, { error: 'names a capability twice' }),
  /** So many slots only tasks of priority CRITICAL get. */
  keptForCritical: z.int().min(0).max(49),
})
export type Limits = z.output<typeof Limits>

/** What holds besides the number of tasks where nothing was said. */
export const defaults: Omit<Limits, 'maxConcurrentTasks'> = {
  maxQueueSize: null, maxConcurrentConversations: 10, energyBudget: null, capabilityLimits: [], keptForCritical: 0,
}

const { shape } = Limits

/** All of them; what is not said is as by default. */
export const Whole = Limits.extend({
  maxQueueSize: shape.maxQueueSize.default(defaults.maxQueueSize),
  maxConcurrentConversations: shape.maxConcurrentConversations.default(defaults.maxConcurrentConversations),
  energyBudget: shape.energyBudget.default(defaults.energyBudget),
  capabilityLimits: shape.capabilityLimits.default([...defaults.capabilityLimits]),
  keptForCritical: shape.keptForCritical.default(defaults.keptForCritical),
})
