import { Problem } from './problems.ts'

/** Whoever came first in this minute is forgotten first. */
const callers_max = 10_000
const window_ms = 60_000

/** How often each caller comes within a minute, which is the same minute for all. Times are of the monotonic clock. */
export class RateLimit {
  readonly #perMinute_max: number
  readonly #counts = new Map<string, number>()
  #end_ms = 0

  constructor(perMinute_max: number) {
    this.#perMinute_max = perMinute_max
  }

  /** Throws RATE_LIMITED when this one has come as often as anybody may. */
  count(caller: string, now_ms = performance.now()) {
    if (now_ms >= this.#end_ms) {
      this.#counts.clear()
      this.#end_ms = now_ms + window_ms
    }
    const count = (this.#counts.get(caller) ?? 0) + 1
    if (count > this.#perMinute_max) {
      const retryAfter_s = Math.max(1, Math.ceil((this.#end_ms - now_ms) / 1_000))
      throw new Problem('RATE_LIMITED', `This key may ask ${this.#perMinute_max} times a minute.`, { retryAfter_s })
    }
    if (count === 1 && this.#counts.size === callers_max) this.#counts.delete(this.#counts.keys().next().value!)
    this.#counts.set(caller, count)
  }
}
