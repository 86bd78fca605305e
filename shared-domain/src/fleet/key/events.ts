import { z } from 'zod'
import { scopes } from '../../kernel/decider.ts'
import { events, plus, type EventOf } from '../../kernel/events.ts'
import { AgentId, Id, OrchestratorId, StoredInstant } from '../../vocabulary.ts'

export const Scope = z.enum(scopes)
export const KeyId = Id.brand('KeyId')
export const RatePerMinute = z.int().min(1).max(10_000_000)
/** How long a key that was replaced may still be taken. */
export const Overlap_s = z.int().min(0).max(604_800)

const recipient = ({ orchestrator }: { orchestrator: string | null }) => orchestrator

export const ApiKey = events({
  ApiKeyGenerated: {
    about: 'An API key was made, of an agent, a daemon, an orchestrator or else of the organization itself. Of an agent or a daemon the ' +
      'orchestrator is the one that answers for it. Only the SHA-256 hash of the key is kept.',
    data: z.object({
      orchestrator: OrchestratorId.nullable(),
      name: z.string(),
      hash: z.string().regex(/^[0-9a-f]{64}$/).meta({ secret: true }),
      prefix: z.string(),
      scopes: z.array(Scope),
      expiresAt: StoredInstant.nullable(),
      replaces: KeyId.nullable(),
      agent: AgentId.nullable(),
      daemon: Id.nullable(),
      ratePerMinute: RatePerMinute.nullable(),
      overlap_s: Overlap_s,
    }),
    upcast: [plus({ agent: null, daemon: null, ratePerMinute: null, overlap_s: 0 })],
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
