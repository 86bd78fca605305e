import { LRUCache } from 'lru-cache'
import { Problem } from './problems.ts'
import { own } from './statuses.ts'

const addresses_max = 10_000
const window_ms = 60_000

/**
 * Keys that nobody has come with before cost a read of the log each: an address that has come with too many which were good for nothing
 * is refused before that. Attempts that are under way count, so that many at once do not get past.
 */
export class Guesses {
  readonly #perMinute_max: number
  readonly #attempts = new LRUCache<string, number>({ max: addresses_max, ttl: window_ms, noUpdateTTL: true })

  constructor(perMinute_max: number) {
    this.#perMinute_max = perMinute_max
  }

  /** Runs a lookup for an address; it counts as a guess when it throws that the key is good for nothing. */
  async counted<T>(address: string, lookup: () => Promise<T>): Promise<T> {
    if ((this.#attempts.get(address) ?? 0) >= this.#perMinute_max) {
      const retryAfter_s = Math.max(1, Math.ceil(this.#attempts.getRemainingTTL(address) / 1_000))
      throw new Problem('RATE_LIMITED', `An address may come with ${this.#perMinute_max} keys a minute that are not valid.`, { retryAfter_s })
    }
    this.#count(address, 1)
    let isGuess = false
    try {
      return await lookup()
    } catch (error) {
      isGuess = error instanceof Problem && own[error.code].status === 401
      throw error
    } finally {
      if (!isGuess) this.#count(address, -1)
    }
  }

  #count(address: string, by: 1 | -1) {
    this.#attempts.set(address, Math.max(0, (this.#attempts.get(address) ?? 0) + by))
  }
}
