import type { Clock } from './clock.ts'

interface Timer {
  readonly at_ms: number
  readonly wake: () => void
}

/** A clock that stands still until time is said to pass. */
export class VirtualClock implements Clock {
  #now_ms = Date.parse('2030-01-01T00:00:00.000Z')
  readonly #timers = new Set<Timer>()

  readonly now = () => this.#now_ms

  readonly after = (wait_ms: number, wake: () => void) => {
    const timer = { at_ms: this.#now_ms + Math.max(0, wait_ms), wake }
    this.#timers.add(timer)
    return () => { this.#timers.delete(timer) }
  }

  /** When the next wakes; null where nobody waits. */
  get next_ms(): number | null {
    return this.#timers.size === 0 ? null : Math.min(...[...this.#timers].map(({ at_ms }) => at_ms))
  }

  async pass(by_ms: number): Promise<void> {
    const until_ms = this.#now_ms + by_ms
    for (;;) {
      const [first] = [...this.#timers].filter(({ at_ms }) => at_ms <= until_ms).sort((a, b) => a.at_ms - b.at_ms)
      if (!first) break
      this.#timers.delete(first)
      this.#now_ms = first.at_ms
      first.wake()
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.#now_ms = until_ms
  }
}
