import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Metadata, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import type { CharterEvent } from './events.ts'

const row = z.object({
  orchestrator: OrchestratorId,
  score: z.number(),
  critical: z.boolean(),
  evidence: Metadata.nullable(),
  reported_at: StoredInstant,
})

const project: Project<typeof row, 'orchestrator', CharterEvent> = {
  DriftReported: ({ at, data }) => [{ put: { ...data, reported_at: at } }],
}

export const drifts = readModel({
  name: 'drift',
  about: 'How far each orchestrator has drifted from its charter, as it was said last.',
  version: 1,
  path: '/drift',
  row,
  key: ['orchestrator'],
  filters: ['critical'],
  project,
})
