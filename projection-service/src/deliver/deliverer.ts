import { pause } from 'shared-service/pause.ts'
import { wallClock, type Clock } from './clock.ts'
import { Desk, type Parts } from './desk.ts'
import { Following } from './following.ts'
import { poster as usualPoster, type Poster } from './posting.ts'
import { ReadingOn } from './reading-on.ts'
import { forgetPast } from './rows.ts'
import { Sending } from './sending.ts'
import { Trying } from './trying.ts'

const retry_max_ms = 5_000
const forget_ms = 3_600_000

/**
 * Sends facts outside. It follows the log and writes what is wanted of it down, with how far it got, in one transaction; then it sends what
 * is written. Whoever leads next goes on from there, and repeats at most what was under way.
 */
export class Deliverer {
  readonly #parts: Parts
  readonly #clock: Clock
  readonly #poster: Poster
  delivered = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.#clock = parts.clock ?? wallClock
    this.#poster = parts.poster ?? usualPoster()
  }

  /** Goes on until the signal, whatever stands in the way. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const before = this.delivered
      try {
        await this.#session(signal)
      } catch (error) {
        if (this.delivered > before) failures = 0
        if (!signal.aborted) this.#parts.log.warn({ err: error }, 'deliveries start again from what is stored')
      }
      await pause(Math.min(retry_max_ms, 50 * 2 ** failures), signal)
    }
  }

  async #session(until: AbortSignal): Promise<void> {
    const sending = new Sending({ ...this.#parts, clock: this.#clock, poster: this.#poster })
    const desk: Desk = new Desk(this.#parts, this.#clock, (item) => trying.try(item))
    const reading = new ReadingOn(desk, (event) => sending.remember(event))
    const trying = new Trying({ desk, sending, onDelivered: () => { this.delivered++ }, onRoom: () => reading.wake() })
    const following = new Following(desk, sending)
    const signal = AbortSignal.any([until, desk.over.signal])
    await following.load()
    const forgetting = setInterval(() => void forgetPast(this.#parts.pool, this.#clock.now()).catch(() => undefined), forget_ms)
    const readingOn = reading.run(signal)
    try {
      for await (const batch of following.batches(signal)) if (await desk.exclusively(() => following.take(batch))) reading.wake()
      if (!signal.aborted) throw new Error('the log ended')
    } finally {
      clearInterval(forgetting)
      desk.over.abort()
      reading.wake()
      // What is under way is cut, and sent again by whoever goes on.
      this.#poster.close()
      await readingOn.catch(() => undefined)
      await desk.dispatch.end()
    }
  }
}
