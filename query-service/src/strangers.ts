import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Caller, Keys } from './keys.ts'
import { Problem, problems } from './problems.ts'

const addresses_max = 10_000
const window_ms = 60_000

/**
 * Admits whoever has a key. Keys that nobody has come with before cost a read of the log each: an address that has come with too many
 * which were good for nothing is refused before that. Attempts that are under way count, so that many at once do not get past.
 */
export function doorman(keys: Keys, strangersPerMinute_max: number): (request: FastifyRequest) => Promise<Caller> {
  const attempts = new LRUCache<string, number>({ max: addresses_max, ttl: window_ms, noUpdateTTL: true })
  const count = (ip: string, by: 1 | -1) => attempts.set(ip, Math.max(0, (attempts.get(ip) ?? 0) + by))

  return async ({ ip, headers }) => {
    if (keys.isFamiliar(headers)) return keys.callerOf(headers)
    if ((attempts.get(ip) ?? 0) >= strangersPerMinute_max) {
      const detail = `An address may come with ${strangersPerMinute_max} keys a minute that are not valid.`
      throw new Problem('RATE_LIMITED', detail, { retryAfter_s: Math.max(1, Math.ceil(attempts.getRemainingTTL(ip) / 1_000)) })
    }
    count(ip, 1)
    let isStranger = false
    try {
      return await keys.callerOf(headers)
    } catch (error) {
      isStranger = error instanceof Problem && problems[error.code].status === 401
      throw error
    } finally {
      if (!isStranger) count(ip, -1)
    }
  }
}
