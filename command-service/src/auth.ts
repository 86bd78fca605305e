import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { FastifyRequest } from 'fastify'
import type { Scope } from 'shared-domain/kernel/decider.ts'
import { admit, allows, apiKeyState, keyIdOf, keyPattern, keyPrefixLength, type Principal } from 'shared-domain/fleet/key/state.ts'
import { Problem } from './problems.ts'
import type { Streams } from './store/streams.ts'

/** Keys that one address may guess in a minute. */
const failures_max = 300
const failures_forgotten_ms = 60_000
/** How long a key that was just revoked elsewhere may still be taken. */
const known_max_ms = 1_000

export const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

export const fingerprintOf = (key: string) => {
  const hash = hashOf(key)
  return { id: keyIdOf(hash), hash, prefix: key.slice(0, keyPrefixLength) }
}

const presented = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? (headers['x-api-key'] as string | undefined)

/** `fresh`: the key must be valid now, not a moment ago. */
export type Authorise = (request: FastifyRequest, wish: { readonly scope?: Scope; readonly fresh?: boolean }) => Promise<Principal>

/** Finds whom the key of a request speaks for. The key names its own stream, so a lookup is a read of that stream. */
export function authoriser(streams: Streams): Authorise {
  const failures = new LRUCache<string, number>({ max: 10_000, ttl: failures_forgotten_ms, noUpdateTTL: true })

  return async (request, { scope = 'write', fresh = false }) => {
    const key = presented(request)
    if (!key || !keyPattern.test(key)) throw new Problem('INVALID_API_KEY')
    const { id, hash } = fingerprintOf(key)
    // Each guess costs a read.
    if ((failures.get(request.ip) ?? 0) >= failures_max && !streams.known(apiKeyState, id)) throw new Problem('RATE_LIMITED', 'Too many keys from this address were not valid.', [], failures_forgotten_ms / 1000)
    const at = new Date().toISOString()
    const principal = admit((await streams.recent(apiKeyState, id, fresh ? 0 : known_max_ms)).state, id, hash, at)
    if (typeof principal === 'string') {
      failures.set(request.ip, (failures.get(request.ip) ?? 0) + 1)
      throw new Problem(principal)
    }
    if (!allows(principal, scope)) throw new Problem('FORBIDDEN', `This needs a key with the scope ${scope}.`)
    return principal
  }
}
