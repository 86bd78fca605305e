import { z } from 'zod'
import { readModel, type Change, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { Document } from './document.ts'
import { Hash } from './envelope.ts'
import { Version, type CharterEvent } from './events.ts'

const row = z.object({
  orchestrator: OrchestratorId,
  version: Version,
  document: Document,
  hash: Hash,
  active: z.boolean(),
  published_at: StoredInstant,
  activated_at: StoredInstant.nullable(),
})

type Row = z.output<typeof row>

const patched = (orchestrator: OrchestratorId, version: number, patch: Partial<Row>): Change<Row, 'orchestrator' | 'version'> =>
  ({ patch, at: { orchestrator, version } })

/** One version holds from now on instead of another. */
const turned = (orchestrator: OrchestratorId, from: number | null, to: number, at: string) => [
  ...(from === null ? [] : [patched(orchestrator, from, { active: false })]),
  patched(orchestrator, to, { active: true, activated_at: at }),
]

const project: Project<typeof row, 'orchestrator' | 'version', CharterEvent> = {
  CharterPublished: ({ at, data }) => [{ put: { ...data, active: false, published_at: at, activated_at: null } }],
  CharterActivated: ({ at, data: { orchestrator, version, previous } }) => turned(orchestrator, previous, version, at),
  CharterRolledBack: ({ at, data: { orchestrator, from, to } }) => turned(orchestrator, from, to, at),
}

export const charters = readModel({
  name: 'charter',
  about: 'Every version of every charter, and which of them holds.',
  version: 1,
  path: '/charters',
  row,
  key: ['orchestrator', 'version'],
  filters: ['orchestrator', 'active'],
  project,
})
