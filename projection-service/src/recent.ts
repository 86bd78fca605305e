import type { Received } from './facts.ts'
import type { Batch } from './projector.ts'

const kept_max = 256

/** What was heard of the log last. Whoever follows closely enough hears it from here, so that it is sent and decoded once. */
export class Recent {
  #events: Received[] = []
  /** Everything behind this position, up to `#position`, is here. */
  #from: bigint
  #position: bigint
  readonly #wakes = new Set<() => void>()

  constructor(position: bigint) {
    this.#from = position
    this.#position = position
  }

  /** The next of the log: a fact, or how far nothing was of interest. */
  hear(event: Received | undefined, position: bigint): void {
    if (event) this.#events.push(event)
    if (this.#events.length >= 2 * kept_max) {
      this.#events = this.#events.slice(-kept_max)
      // What comes right before the first that is kept is forgotten.
      this.#from = this.#events[0]!.position - 1n
    }
    this.#position = position
    for (const wake of this.#wakes) wake()
  }

  reaches(position: bigint): boolean {
    return this.#from <= position && position <= this.#position
  }

  /** For every follower: what comes behind a position, as long as it is kept, in batches. Ends with the signal. */
  async* after(position: bigint, batch_max: number, signal: AbortSignal): AsyncGenerator<Batch> {
    let wake = () => undefined as void
    const stop = () => wake()
    this.#wakes.add(stop)
    signal.addEventListener('abort', stop, { once: true })
    try {
      for (let given = position; !signal.aborted && this.reaches(given);) {
        if (given === this.#position) {
          await new Promise<void>((resolve) => { wake = resolve })
          continue
        }
        const behind = this.#events.slice(this.#events.findLastIndex((event) => event.position <= given) + 1)
        const events = behind.slice(0, batch_max)
        given = events.length < behind.length ? events.at(-1)!.position : this.#position
        yield { events, position: given }
      }
    } finally {
      signal.removeEventListener('abort', stop)
      this.#wakes.delete(stop)
    }
  }
}
