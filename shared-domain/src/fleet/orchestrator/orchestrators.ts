import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { ShownStatus, type OrchestratorEvent, type Profile } from './events.ts'

const row = z.object({
  orchestrator: OrchestratorId,
  name: z.string(),
  discipline: z.string(),
  role: z.string(),
  capabilities: z.array(z.string()),
  status: ShownStatus,
  status_reason: z.string().nullable(),
  since: StoredInstant,
  timezone: z.string(),
  weight: z.int(),
  daemon_endpoint: z.string().nullable(),
  registered_at: StoredInstant,
})

const described = ({ name, discipline, role, capabilities, timezone, consensusWeight, daemonEndpoint }: z.output<typeof Profile>) =>
  ({ name, discipline, role, capabilities, timezone, weight: consensusWeight, daemon_endpoint: daemonEndpoint })

const at = (id: string) => ({ orchestrator: id as z.output<typeof OrchestratorId> })

const project: Project<typeof row, 'orchestrator', OrchestratorEvent> = {
  OrchestratorRegistered: ({ id, at: since, data }) =>
    [{ put: { ...at(id), ...described(data), status: 'OFFLINE', status_reason: null, since, registered_at: since } }],
  OrchestratorUpdated: ({ id, data }) => [{ patch: described(data), at: at(id) }],
  OrchestratorStatusChanged: ({ id, at: since, data }) => [{ patch: { status: data.to, status_reason: data.reason, since }, at: at(id) }],
  OrchestratorArchived: ({ id, at: since, data }) => [{ patch: { status: 'ARCHIVED', status_reason: data.reason, since }, at: at(id) }],
}

export const orchestrators = readModel({
  name: 'orchestrator',
  about: 'Who is there, and who takes work.',
  version: 1,
  path: '/orchestrators',
  row,
  key: ['orchestrator'],
  filters: ['status', 'discipline', 'role', 'name'],
  search: { columns: ['name', 'role', 'discipline'] },
  contains: { capability: 'capabilities' },
  sorts: ['name', 'registered_at'],
  project,
})
