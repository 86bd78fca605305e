import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Scope } from 'shared-domain/kernel/decider.ts'
import { admit, allows, apiKeyState, keyIdOf, keyPattern, keyPrefixLength, type Principal } from 'shared-domain/fleet/key/state.ts'
import { Problem } from './problems.ts'
import type { Streams } from './store/streams.ts'

/** How long a key that was just revoked elsewhere may still be taken. */
const known_max_ms = 1_000

export const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

export const fingerprintOf = (key: string) => {
  const hash = hashOf(key)
  return { id: keyIdOf(hash), hash, prefix: key.slice(0, keyPrefixLength) }
}

const presented = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? (headers['x-api-key'] as string | undefined)

export type Authorise = (request: FastifyRequest, scope: Scope) => Promise<Principal>

/** Finds whom the key of a request speaks for. The key names its own stream, so a lookup is a read of that stream. */
export const authoriser = (streams: Streams): Authorise => async (request, scope) => {
  const key = presented(request)
  if (!key || !keyPattern.test(key)) throw new Problem('INVALID_API_KEY')
  const { id, hash } = fingerprintOf(key)
  const at = new Date().toISOString()
  let principal = admit((await streams.recent(apiKeyState, id, known_max_ms)).state, id, hash, at)
  if (typeof principal === 'string') principal = admit((await streams.refreshed(apiKeyState, id)).state, id, hash, at)
  if (typeof principal === 'string') throw new Problem(principal)
  if (!allows(principal, scope)) throw new Problem('FORBIDDEN', `This needs a key with the scope ${scope}.`)
  return principal
}
