import { z } from 'zod'
import type { Recorded } from '../../kernel/fact.ts'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import type { CapacityEvent } from './events.ts'

const bands = ['idle', 'normal', 'high', 'full'] as const

const row = z.object({
  orchestrator: OrchestratorId,
  max: z.int(),
  active: z.int(),
  reserved: z.int(),
  /** Below zero, as it is stored, while more runs than a limit lowered meanwhile allows. */
  free: z.int(),
  utilisation: z.number(),
  band: z.enum(bands),
})

const bandOf = (utilisation: number): (typeof bands)[number] => {
  if (utilisation >= 1) return 'full'
  if (utilisation >= 0.8) return 'high'
  return utilisation > 0 ? 'normal' : 'idle'
}

const shown = ({ id, data: { max, active, reserved } }: Recorded<CapacityEvent>) => {
  const utilisation = (active + reserved) / max
  const orchestrator = id as z.output<typeof OrchestratorId>
  return [{ put: { orchestrator, max, active, reserved, free: max - active - reserved, utilisation, band: bandOf(utilisation) } }]
}

const project: Project<typeof row, 'orchestrator', CapacityEvent> = {
  CapacitySet: shown, SlotReserved: shown, SlotConfirmed: shown, SlotReleased: shown,
}

export const capacities = readModel({
  name: 'capacity',
  about: 'Who can take more work. What runs above a limit that was lowered meanwhile is `over`.',
  version: 1,
  path: '/capacity',
  row,
  key: ['orchestrator'],
  filters: ['band'],
  sorts: ['utilisation'],
  aliases: [{ route: 'GET /orchestrators/capacity' }, { route: 'GET /orchestrators/:orchestrator/capacity', item: true }],
  project,
  computed: z.object({ free: z.int().min(0), over: z.int().min(0) }),
  compute: ({ free }) => ({ free: Math.max(0, free), over: Math.max(0, -free) }),
})
