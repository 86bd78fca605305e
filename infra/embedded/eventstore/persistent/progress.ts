import type { Entry } from './entry.ts'
import type { Settings } from './settings.ts'

/** Where a checkpoint may stand. */
export interface Mark {
  /** Up to here, by sequence, everything is dealt with. */
  readonly sequence: number
  /** What comes next and is not; undefined where nothing does. */
  readonly oldest: Entry | undefined
}

/** Which events a group has taken in and not dealt with, and when it is time to write down how far it has come. */
export class Progress {
  readonly #settings: Settings
  /** By sequence; none is below `#lowest`. */
  readonly #open = new Map<number, Entry>()
  #lowest = 1
  #marked = 0
  #marked_ms: number
  /** Of the event that was taken in last. */
  sequence = 0

  constructor(settings: Settings, now_ms: number) {
    this.#settings = settings
    this.#marked_ms = now_ms
  }

  /** All at once: a checkpoint must not pass an event that is on its way into the buffer. */
  take(entries: readonly Entry[]): void {
    for (const entry of entries) this.#open.set(entry.sequence, entry)
    this.sequence += entries.length
  }

  done({ sequence }: Entry): void {
    this.#open.delete(sequence)
  }

  /** Where a checkpoint is due: at once when it is far behind, else at a tick, and not too often. */
  due(isTick: boolean, now_ms: number): Mark | undefined {
    const { checkpointAfter_ms, checkpointCount_min, checkpointCount_max } = this.#settings
    const isEarly = now_ms - this.#marked_ms < checkpointAfter_ms
    const wanted = isTick && !isEarly ? Math.max(1, Math.min(checkpointCount_min, checkpointCount_max)) : Math.max(1, checkpointCount_max)
    // At most so many can be done: mostly that is too few, and nobody need look for the oldest.
    if (this.sequence - this.#marked < wanted) return undefined
    const oldest = this.#oldest()
    const sequence = oldest ? oldest.sequence - 1 : this.sequence
    return sequence - this.#marked < wanted ? undefined : { sequence, oldest }
  }

  marked({ sequence }: Mark, now_ms: number): void {
    this.#marked = sequence
    this.#marked_ms = now_ms
  }

  /** Those that were parked before are none of the checkpoint's. */
  #oldest(): Entry | undefined {
    while (this.#lowest <= this.sequence && !this.#open.has(this.#lowest)) this.#lowest++
    return this.#open.get(this.#lowest)
  }
}
