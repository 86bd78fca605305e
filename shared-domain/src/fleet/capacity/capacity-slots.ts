import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { CommandId, OrchestratorId, StoredInstant, TaskId } from '../../vocabulary.ts'
import type { CapacityEvent } from './events.ts'

const row = z.object({
  orchestrator: OrchestratorId,
  command: CommandId,
  task: TaskId,
  use: z.enum(['reserved', 'active']),
  /** It was taken. */
  since: StoredInstant,
})
type Row = z.output<typeof row>

type Taken = Recorded<Extract<CapacityEvent, { type: 'SlotReserved' | 'SlotConfirmed' }>>

const used = ({ id, at, data: { command, task } }: Taken, use: Row['use']) => {
  const place = { orchestrator: id as Row['orchestrator'], command }
  return [{ alter: (known?: Row): Row => ({ ...place, task, use, since: known?.since ?? at }), at: place }]
}

const project: Project<typeof row, 'orchestrator' | 'command', CapacityEvent> = {
  SlotReserved: (fact) => used(fact, 'reserved'),
  SlotConfirmed: (fact) => used(fact, 'active'),
  SlotReleased: ({ id, data: { command } }) => [{ remove: { orchestrator: id as Row['orchestrator'], command } }],
}

export const capacitySlots = readModel({
  name: 'capacity_slot',
  about: 'Which tasks take the slots of an orchestrator, and since when.',
  version: 1,
  path: '/capacity-slots',
  row,
  key: ['orchestrator', 'command'],
  filters: ['orchestrator', 'task', 'use'],
  ranges: ['since'],
  project,
})
