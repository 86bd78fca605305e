import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { OrchestratorId, StoredInstant } from '../../vocabulary.ts'
import { KeyId, Scope, type ApiKeyEvent } from './events.ts'

const row = z.object({
  key: KeyId,
  orchestrator: OrchestratorId.nullable(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(Scope),
  created_at: StoredInstant,
  expires_at: StoredInstant.nullable(),
  revoked_at: StoredInstant.nullable(),
})

const project: Project<typeof row, 'key', ApiKeyEvent> = {
  ApiKeyGenerated: ({ id, at, data: { orchestrator, name, prefix, scopes, expiresAt } }) => [{
    put: { key: id as z.output<typeof KeyId>, orchestrator, name, prefix, scopes, created_at: at, expires_at: expiresAt, revoked_at: null },
  }],
  ApiKeyRevoked: ({ id, at }) => [{ patch: { revoked_at: at }, at: { key: id as z.output<typeof KeyId> } }],
}

export const keys = readModel({
  name: 'api_key',
  about: 'Which API keys there are, without their hashes.',
  version: 1,
  path: '/keys',
  row,
  key: ['key'],
  filters: ['orchestrator'],
  order: ['created_at'],
  project,
})
