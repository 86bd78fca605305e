/** Runs tasks of one key one after the other, those of different keys side by side. */
export class Queues {
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #waiting = new Map<string, number>()
  readonly #waiting_max: number

  constructor(waiting_max: number) {
    this.#waiting_max = waiting_max
  }

  /** Rejects with `Busy` at once when too many wait for the same key. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key) ?? 0
    if (waiting >= this.#waiting_max) throw new Busy(key)
    this.#waiting.set(key, waiting + 1)
    const mine = (this.#tails.get(key) ?? Promise.resolve()).then(task, task)
    this.#tails.set(key, mine)
    try {
      return await mine
    } finally {
      const left = this.#waiting.get(key)! - 1
      if (left > 0) this.#waiting.set(key, left)
      else {
        this.#waiting.delete(key)
        this.#tails.delete(key)
      }
    }
  }
}

/** Too many wait already: try again later. */
export class Busy extends Error {}
