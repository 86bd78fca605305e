import { z } from 'zod'
import { scopes } from '../../kernel/decider.ts'
import { events, type EventOf } from '../../kernel/events.ts'
import { Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'

export const Scope = z.enum(scopes)
export const KeyId = Id.brand('KeyId')

const recipient = ({ orchestrator }: { orchestrator: string | null }) => orchestrator

export const ApiKey = events({
  ApiKeyGenerated: {
    about: 'An API key was made. Only its SHA-256 hash is kept; without an orchestrator it belongs to the organization itself.',
    data: z.object({
      orchestrator: OrchestratorId.nullable(),
      name: z.string(),
      hash: z.string().regex(/^[0-9a-f]{64}$/).meta({ secret: true }),
      prefix: z.string(),
      scopes: z.array(Scope),
      expiresAt: StoredInstant.nullable(),
      replaces: KeyId.nullable(),
    }),
    recipient,
  },
  ApiKeyRotationReserved: {
    about: 'A key is about to take the place of this one, and no other can.',
    data: z.object({ orchestrator: OrchestratorId.nullable(), successor: KeyId }),
    recipient,
  },
  ApiKeyRotationReleased: {
    about: 'The key that was to take the place of this one was not made.',
    data: z.object({ orchestrator: OrchestratorId.nullable(), successor: KeyId }),
    recipient,
  },
  ApiKeyRevoked: {
    about: 'The key is good for nothing any more.',
    data: z.object({ orchestrator: OrchestratorId.nullable(), reason: z.string().nullable() }),
    recipient,
  },
})

export type ApiKeyEvent = EventOf<typeof ApiKey>
