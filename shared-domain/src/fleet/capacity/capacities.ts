import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { bandOf, utilisationOf } from './band.ts'
import { bands, type CapacityEvent } from './events.ts'
import { defaults, Limits } from './limits.ts'
import { capacityState, counted, rebudgeted } from './state.ts'

const { maxQueueSize, maxConcurrentConversations, energyBudget, capabilityLimits, keptForCritical } = Limits.shape

const row = z.object({
  orchestrator: OrchestratorId,
  max: z.int(),
  active: z.int(),
  reserved: z.int(),
  /** Nothing while more runs than a limit lowered meanwhile allows. */
  free: z.int().min(0),
  utilisation: z.number(),
  band: z.enum(['idle', ...bands]),
  max_queue_size: maxQueueSize,
  max_conversations: maxConcurrentConversations,
  energy_budget: energyBudget,
  capability_limits: capabilityLimits,
  kept_for_critical: keptForCritical,
  /** Begun, or about to. */
  conversations: z.int(),
  energy_remaining: z.int().nullable(),
  refill_at: StoredInstant.nullable(),
})
type Row = z.output<typeof row>

interface Counts { readonly max: number; readonly active: number; readonly reserved: number }

const used = (counts: Counts) => {
  const { max, active, reserved } = counts
  const isIdle = active + reserved === 0 && max > 0
  const utilisation = utilisationOf(counts)
  return { max, active, reserved, free: Math.max(0, max - active - reserved), utilisation, band: isIdle ? 'idle' as const : bandOf(counts) }
}

/** Before anything was said. */
const blank = (orchestrator: Row['orchestrator']): Row => ({
  orchestrator, ...used(counted(capacityState.initial)), max_queue_size: defaults.maxQueueSize,
  max_conversations: defaults.maxConcurrentConversations, energy_budget: defaults.energyBudget,
  capability_limits: defaults.capabilityLimits, kept_for_critical: defaults.keptForCritical, conversations: 0, energy_remaining: null,
  refill_at: null,
})

const altered = ({ id }: { readonly id: string }, change: (row: Row) => Partial<Row>) => {
  const orchestrator = id as Row['orchestrator']
  return [{
    alter: (row?: Row): Row => {
      const before = row ?? blank(orchestrator)
      return { ...before, ...change(before) }
    },
    at: { orchestrator },
  }]
}

type Slotted = Recorded<Extract<CapacityEvent, { type: 'SlotReserved' | 'SlotConfirmed' | 'SlotReleased' }>>
type Talked = Recorded<Extract<CapacityEvent, {
  type: 'ConversationSlotReserved' | 'ConversationSlotConfirmed' | 'ConversationSlotReleased'
}>>

const slotted = (fact: Slotted) =>
  altered(fact, () => ({ ...used(fact.data), energy_remaining: fact.data.energyRemaining, refill_at: fact.data.refillAt }))

const talked = (fact: Talked) => altered(fact, () => ({ conversations: fact.data.open + fact.data.reserved }))

const project: Project<typeof row, 'orchestrator', CapacityEvent> = {
  CapacitySet: (fact) => altered(fact, ({ energy_budget, energy_remaining, refill_at }) => {
    const { maxQueueSize, maxConcurrentConversations, energyBudget, capabilityLimits, keptForCritical } = fact.data
    const energy = rebudgeted({ remaining: energy_remaining, refillAt: refill_at }, energy_budget, energyBudget)
    return {
      ...used(fact.data), max_queue_size: maxQueueSize, max_conversations: maxConcurrentConversations, energy_budget: energyBudget,
      capability_limits: capabilityLimits, kept_for_critical: keptForCritical, energy_remaining: energy.remaining,
      refill_at: energy.refillAt,
    }
  }),
  CapacityGuarded: (fact) => altered(fact, () => used(fact.data)),
  SlotReserved: slotted,
  SlotConfirmed: slotted,
  SlotReleased: slotted,
  EnergyRefilled: (fact) => altered(fact, () => ({ energy_remaining: fact.data.energyRemaining, refill_at: null })),
  ConversationSlotReserved: talked,
  ConversationSlotConfirmed: talked,
  ConversationSlotReleased: talked,
}

export const capacities = readModel({
  name: 'capacity',
  about: 'Who can take more work, and what of it is kept for what. What runs above a limit that was lowered meanwhile is `over`.',
  version: 2,
  path: '/capacity',
  row,
  key: ['orchestrator'],
  filters: ['band'],
  sorts: ['free', 'utilisation'],
  aliases: [{ route: 'GET /orchestrators/capacity' }, { route: 'GET /orchestrators/:orchestrator/capacity', item: true }],
  project,
  computed: z.object({ over: z.int().min(0) }),
  compute: ({ max, active, reserved }) => ({ over: Math.max(0, active + reserved - max) }),
})
