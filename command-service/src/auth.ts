import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fold, Scope } from 'shared-domain/kernel/decider.ts'
import { admit, allows, apiKeyState, backersOf, keyIdOf, keyPattern, keyPrefixLength, organizationOf, type Principal } from 'shared-domain/fleet/key/state.ts'
import { Guesses } from 'shared-service/guesses.ts'
import { Problem } from 'shared-service/problems.ts'
import type { KeyUses } from 'shared-service/key-uses.ts'
import { countAll, RateLimit } from 'shared-service/rate-limit.ts'
import type { Streams } from './store/streams.ts'

/** Keys that one address may guess in a minute. */
const guesses_max = 300
/** How long a key may still be taken that was just revoked elsewhere, or whose holder just left. */
const known_max_ms = 1_000

export const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

export const fingerprintOf = (key: string) => {
  const hash = hashOf(key)
  return { id: keyIdOf(hash), hash, prefix: key.slice(0, keyPrefixLength) }
}

export type { Principal }

const presented = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? (headers['x-api-key'] as string | undefined)

/** `fresh`: the key must be valid now, not a moment ago. The reply is told how far the key is from its limits. */
export type Authorise = (request: FastifyRequest, fresh: boolean, reply?: Pick<FastifyReply, 'headers'>) => Promise<Principal>

/** Whom the key of these names speaks for. Throws the problem when it speaks for nobody. */
export type FindPrincipal = (names: Pick<ReturnType<typeof fingerprintOf>, 'id' | 'hash'>, fresh: boolean) => Promise<Principal>

/** Throws the problem when the key does not allow it. */
export function permit(principal: Principal, scope: Scope | undefined) {
  if (scope !== undefined && !allows(principal, scope)) throw new Problem('FORBIDDEN', `This needs a key with the scope ${scope}.`)
}

/** Finds whom a key speaks for. The key names its own stream, so a lookup is a read of that stream. */
export const principals = (streams: Streams): FindPrincipal =>
  async function principalOf({ id, hash }, fresh) {
    const age_max_ms = fresh ? 0 : known_max_ms
    const { state } = await streams.recent(apiKeyState, id, age_max_ms)
    const seen = ({ fold, id }: { fold: Fold; id: string }) => streams.recent(fold, id, age_max_ms)
    const backers = backersOf(state)
    const [organization, ...others] = await Promise.all([organizationOf(state), ...backers].map((one) => one && seen(one)))
    const isForsaken = backers.some(({ hasLeft }, n) => hasLeft(others[n]!.state))
    const principal = admit(state, id, hash, new Date().toISOString(), isForsaken, organization?.state)
    if (typeof principal === 'string') throw new Problem(principal)
    return principal
  }

/** Finds whom the key of a request speaks for, and whether it comes too often. */
export function authoriser(streams: Streams, uses?: Pick<KeyUses, 'note'>): Authorise {
  const guesses = new Guesses(guesses_max)
  const rates = new RateLimit()
  const principalOf = principals(streams)

  return async (request, fresh, reply) => {
    const key = presented(request)
    if (!key || !keyPattern.test(key)) throw new Problem('INVALID_API_KEY')
    const fingerprint = fingerprintOf(key)
    const lookup = () => principalOf(fingerprint, fresh)
    // A key that was here before costs no read, or one a second.
    const principal = await (streams.known(apiKeyState, fingerprint.id) ? lookup() : guesses.counted(request.ip, lookup))
    countAll(rates, principal.limits.commands, reply && ((headers) => reply.headers(headers)))
    uses?.note(principal.organization, fingerprint.id, request.ip)
    if (principal.isSuspended) throw new Problem('ORGANIZATION_SUSPENDED')
    return principal
  }
}
