import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import type { BudgetEvent } from '../budget/events.ts'
import type { CharterEvent } from '../charter/events.ts'
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
  email: z.string().nullable(),
  avatar_url: z.string().nullable(),
  tier: z.int(),
  charter_version: z.int().nullable(),
  budget_until: StoredInstant.nullable(),
  interventions: z.array(z.string()),
})

const described = ({ consensusWeight, daemonEndpoint, avatarUrl, ...profile }: z.output<typeof Profile>) =>
  ({ ...profile, weight: consensusWeight, daemon_endpoint: daemonEndpoint, avatar_url: avatarUrl })

const untold = { budget_until: null, charter_version: null, interventions: [] }

const at = (id: string) => ({ orchestrator: id as z.output<typeof OrchestratorId> })

/** Until when nothing new starts; the organization has a budget, too. */
const blocked = ({ data: { orchestrator, blocked } }: { data: { orchestrator: string | null; blocked: { until: string } | null } }) =>
  (orchestrator === null ? [] : [{ patch: { budget_until: blocked && blocked.until }, at: at(orchestrator) }])

const project: Project<typeof row, 'orchestrator', OrchestratorEvent | BudgetEvent | CharterEvent> = {
  OrchestratorRegistered: ({ id, at: since, data: { maxConcurrentTasks: _, ...profile } }) =>
    [{ put: { ...at(id), ...described(profile), status: 'OFFLINE', status_reason: null, since, registered_at: since, ...untold } }],
  OrchestratorUpdated: ({ id, data: { previousEmail: _, ...profile } }) => [{ patch: described(profile), at: at(id) }],
  OrchestratorStatusChanged: ({ id, at: since, data }) => [{ patch: { status: data.to, status_reason: data.reason, since }, at: at(id) }],
  OrchestratorGuarded: ({ id, data: { charterVersion } }) => [{ patch: { charter_version: charterVersion }, at: at(id) }],
  GuardianInterventionApplied: ({ id, data: { inForce } }) => [{ patch: { interventions: inForce }, at: at(id) }],
  GuardianInterventionCleared: ({ id }) => [{ patch: { interventions: [] }, at: at(id) }],
  OrchestratorArchived: ({ id, at: since, data }) =>
    [{ patch: { status: 'ARCHIVED', status_reason: data.reason, since, email: null }, at: at(id) }],
  BudgetExhausted: blocked,
  BudgetResumed: blocked,
}

export const orchestrators = readModel({
  name: 'orchestrator',
  about: 'Who is there, and who takes work.',
  version: 2,
  path: '/orchestrators',
  row,
  key: ['orchestrator'],
  filters: ['status', 'discipline', 'role', 'name', 'tier'],
  search: { columns: ['name', 'email', 'role', 'discipline'] },
  contains: { capability: 'capabilities' },
  sorts: ['name', 'registered_at'],
  project,
})
