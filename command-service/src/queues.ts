interface Line {
  isBusy: boolean
  readonly urgent: (() => void)[]
  readonly usual: (() => void)[]
}

/** Runs tasks of one key one after the other, those of different keys side by side. */
export class Queues {
  readonly #lines = new Map<string, Line>()
  readonly #waiting_max: number

  constructor(waiting_max: number) {
    this.#waiting_max = waiting_max
  }

  /** Urgent tasks go before others that wait. Rejects with `Busy` at once when too many wait for the same key. */
  async run<T>(key: string, task: () => Promise<T>, isUrgent = false): Promise<T> {
    let line = this.#lines.get(key)
    if (!line) this.#lines.set(key, line = { isBusy: false, urgent: [], usual: [] })
    if (line.isBusy) {
      const queue = isUrgent ? line.urgent : line.usual
      if (queue.length >= this.#waiting_max) throw new Busy(key)
      await new Promise<void>((resolve) => queue.push(resolve))
    }
    line.isBusy = true
    try {
      return await task()
    } finally {
      // The turn is handed on without a gap, so nobody slips in between.
      const next = line.urgent.shift() ?? line.usual.shift()
      if (next) next()
      else this.#lines.delete(key)
    }
  }
}

/** Too many wait already: try again later. */
export class Busy extends Error {}
