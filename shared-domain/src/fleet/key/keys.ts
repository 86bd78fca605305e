import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { AgentId, Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { KeyId, RatePerMinute, Scope, type ApiKeyEvent } from './events.ts'

const row = z.object({
  key: KeyId,
  orchestrator: OrchestratorId.nullable(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(Scope),
  created_at: StoredInstant,
  expires_at: StoredInstant.nullable(),
  revoked_at: StoredInstant.nullable(),
  agent: AgentId.nullable(),
  daemon: Id.nullable(),
  rate_per_minute: RatePerMinute.nullable(),
})

const project: Project<typeof row, 'key', ApiKeyEvent> = {
  ApiKeyGenerated({ id, at, data }) {
    const { hash: _, replaces: __, overlap_s: ___, expiresAt: expires_at, ratePerMinute: rate_per_minute, ...said } = data
    return [{ put: { key: id as z.output<typeof KeyId>, ...said, created_at: at, expires_at, revoked_at: null, rate_per_minute } }]
  },
  ApiKeyRevoked: ({ id, at }) => [{ patch: { revoked_at: at }, at: { key: id as z.output<typeof KeyId> } }],
}

export const keys = readModel({
  name: 'api_key',
  about: 'Which API keys there are, without their hashes.',
  version: 2,
  path: '/keys',
  row,
  key: ['key'],
  filters: ['orchestrator', 'agent', 'daemon'],
  order: ['created_at'],
  project,
})
