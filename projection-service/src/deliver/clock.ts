/** What tells the time and wakes: another one in tests, where hours pass at once. */
export interface Clock {
  readonly now: () => number
  /** Calls once so much later; the answer withdraws it. */
  readonly after: (wait_ms: number, wake: () => void) => () => void
}

const timer_max_ms = 2 ** 31 - 1

export const wallClock: Clock = {
  now: () => Date.now(),
  after(wait_ms, wake) {
    const timer = setTimeout(wake, Math.min(Math.max(0, wait_ms), timer_max_ms))
    return () => clearTimeout(timer)
  },
}
