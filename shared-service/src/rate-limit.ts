import { Problem } from './problems.ts'

/** Whoever came first in this minute is forgotten first. */
const callers_max = 10_000
const window_ms = 60_000

/** How often whoever is counted under a name may come in a minute. */
export interface Limit {
  /** As headers call it. */
  readonly name: string
  readonly counted: string
  /** The same in words. */
  readonly who: string
  readonly perMinute_max: number
  /** So often at once, and then one by one at the rate of the minute. */
  readonly burst_max?: number
}

/** How far somebody is from a limit. */
export interface Standing {
  readonly limit: Limit
  /** How often it may still come in this minute, which ends then. */
  readonly left: number
  readonly end_s: number
}

/** How often each caller comes within a minute, which is the same minute for all. Times are of the monotonic clock. */
export class RateLimit {
  readonly #counts = new Map<string, number>()
  /** What is left of the burst of each that has one, and when that was. */
  readonly #bursts = new Map<string, { readonly left: number; readonly at_ms: number }>()
  #end_ms = 0

  /** Throws RATE_LIMITED when this one has come as often as it may. */
  count(limit: Limit, now_ms = performance.now()): Standing {
    const { counted: caller, who, perMinute_max } = limit
    if (now_ms >= this.#end_ms) {
      this.#counts.clear()
      this.#bursts.clear()
      this.#end_ms = now_ms + window_ms
    }
    const count = (this.#counts.get(caller) ?? 0) + 1
    const end_s = Math.max(1, Math.ceil((this.#end_ms - now_ms) / 1_000))
    if (count > perMinute_max) {
      const headers = told([{ limit, left: 0, end_s }])
      throw new Problem('RATE_LIMITED', `${who} may ask ${perMinute_max} times a minute.`, { retryAfter_s: end_s, headers })
    }
    this.#burst(limit, perMinute_max - count + 1, now_ms)
    if (count === 1 && this.#counts.size === callers_max) this.#counts.delete(this.#counts.keys().next().value!)
    this.#counts.set(caller, count)
    return { limit, left: perMinute_max - count, end_s }
  }

  /** One is drawn from a burst, which fills up again at the rate of the minute. Throws RATE_LIMITED when it is used up. */
  #burst(limit: Limit, left: number, now_ms: number) {
    const { counted: caller, who, perMinute_max, burst_max } = limit
    if (burst_max === undefined) return
    const { left: known, at_ms } = this.#bursts.get(caller) ?? { left: burst_max, at_ms: now_ms }
    const filled = Math.min(burst_max, known + ((now_ms - at_ms) * perMinute_max) / window_ms)
    if (filled < 1) {
      const end_s = Math.max(1, Math.ceil(((1 - filled) * window_ms) / perMinute_max / 1_000))
      throw new Problem('RATE_LIMITED', `${who} may ask ${burst_max} times at once.`, { retryAfter_s: end_s, headers: told([{ limit, left, end_s }]) })
    }
    this.#bursts.set(caller, { left: filled - 1, at_ms: now_ms })
  }
}

/** Where callers stand, as the headers of draft-ietf-httpapi-ratelimit-headers say it. */
export const told = (standings: readonly Standing[]): Readonly<Record<string, string>> => ({
  'ratelimit-policy': standings.map(({ limit: { name, perMinute_max } }) => `"${name}";q=${perMinute_max};w=${window_ms / 1_000}`).join(', '),
  ratelimit: standings.map(({ limit: { name }, left, end_s }) => `"${name}";r=${left};t=${end_s}`).join(', '),
})

/**
 * Counts a request of a caller by every limit that is its own. Who has one for its key is told how far it is from it; others are told
 * when they have come too often, and cost nothing for it before.
 */
export function countAll(rates: RateLimit, limits: readonly Limit[], tell?: (headers: Readonly<Record<string, string>>) => void) {
  const standings = limits.map((limit) => rates.count(limit))
  if (tell && limits.length > 1) tell(told(standings))
}
