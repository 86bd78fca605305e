import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { FastifyRequest } from 'fastify'
import type { Scope } from 'shared-domain/kernel/decider.ts'
import { admit, allows, apiKeyState, backersOf, keyIdOf, keyPattern, keyPrefixLength, type Principal } from 'shared-domain/fleet/key/state.ts'
import { Problem } from './problems.ts'
import type { Streams } from './store/streams.ts'

/** Keys that one address may guess in a minute. */
const failures_max = 300
const failures_forgotten_ms = 60_000
/** How long a key may still be taken that was just revoked elsewhere, or whose holder just left. */
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
  /** Those that failed in the last minute, and those under way, so that many at once do not get past. */
  const guesses = new LRUCache<string, number>({ max: 10_000, ttl: failures_forgotten_ms, noUpdateTTL: true })
  const count = (ip: string, by: 1 | -1) => guesses.set(ip, Math.max(0, (guesses.get(ip) ?? 0) + by))

  return async (request, { scope = 'write', fresh = false }) => {
    const key = presented(request)
    if (!key || !keyPattern.test(key)) throw new Problem('INVALID_API_KEY')
    const { id, hash } = fingerprintOf(key)
    const { ip } = request
    // A key that was here before costs no read, or one a second.
    const isStranger = !streams.known(apiKeyState, id)
    if (isStranger && (guesses.get(ip) ?? 0) >= failures_max) {
      throw new Problem('RATE_LIMITED', 'Too many keys from this address were not valid.', [], Math.ceil(guesses.getRemainingTTL(ip) / 1000))
    }
    if (isStranger) count(ip, 1)
    let principal: ReturnType<typeof admit> | undefined
    try {
      const age_max_ms = fresh ? 0 : known_max_ms
      const { state } = await streams.recent(apiKeyState, id, age_max_ms)
      const backers = await Promise.all(backersOf(state).map(({ fold, id }) => streams.recent(fold, id, age_max_ms)))
      principal = admit(state, id, hash, new Date().toISOString(), backers.map(({ last }) => last))
    } finally {
      if (isStranger && typeof principal !== 'string') count(ip, -1)
    }
    if (typeof principal === 'string') throw new Problem(principal)
    if (!allows(principal, scope)) throw new Problem('FORBIDDEN', `This needs a key with the scope ${scope}.`)
    return principal
  }
}
