import { Problem } from './problems.ts'

/** Whoever came first in this minute is forgotten first. */
const callers_max = 10_000
const window_ms = 60_000

/** How often whoever is counted under a name may come in a minute. */
export interface Limit {
  readonly counted: string
  /** The same in words. */
  readonly who: string
  readonly perMinute_max: number
}

/** How often each caller comes within a minute, which is the same minute for all. Times are of the monotonic clock. */
export class RateLimit {
  readonly #counts = new Map<string, number>()
  #end_ms = 0

  /** Throws RATE_LIMITED when this one has come as often as it may. */
  count({ counted: caller, who, perMinute_max }: Limit, now_ms = performance.now()) {
    if (now_ms >= this.#end_ms) {
      this.#counts.clear()
      this.#end_ms = now_ms + window_ms
    }
    const count = (this.#counts.get(caller) ?? 0) + 1
    if (count > perMinute_max) {
      const retryAfter_s = Math.max(1, Math.ceil((this.#end_ms - now_ms) / 1_000))
      throw new Problem('RATE_LIMITED', `${who} may ask ${perMinute_max} times a minute.`, { retryAfter_s })
    }
    if (count === 1 && this.#counts.size === callers_max) this.#counts.delete(this.#counts.keys().next().value!)
    this.#counts.set(caller, count)
  }
}
