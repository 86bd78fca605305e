import { readAll, type FileLayer } from './files.ts'
import type { Segment } from './segment.ts'

/**
 * What the operating system has in its memory is there in microseconds: ten times sooner than another thread can be asked for it. So short
 * reads are made at once, within bounds: in one turn of the event loop no more than this is spent on them, and after one that had to wait
 * for the disk, others wait on another thread for a while.
 */
const atOnce_bytes_max = 64 * 1024
const turn_ms_max = 1
const slow_ms = 1
const wary_ms = 100

/** Reads bytes of the log, without holding up everybody else where the disk is slow. */
export class SegmentReads {
  readonly #files: FileLayer
  readonly #now_ms: () => number
  /** Of this turn of the event loop. */
  #spent_ms = 0
  #isSpending = false
  /** Until then no read is made at once. */
  #waryUntil_ms = -Infinity

  constructor(files: FileLayer, now_ms = () => performance.now()) {
    this.#files = files
    this.#now_ms = now_ms
  }

  /** At once, however long it takes. */
  now(segment: Segment, position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    if (readAll(this.#files, segment.fd, bytes, position - segment.base) < length) throw shorter(segment)
    return bytes
  }

  /** At once where that is prompt, else on another thread. */
  get(segment: Segment, position: number, length: number): Buffer | Promise<Buffer> {
    const begun_ms = this.#now_ms()
    if (length > atOnce_bytes_max || this.#spent_ms > turn_ms_max || begun_ms < this.#waryUntil_ms) return this.#later(segment, position, length)
    const bytes = this.now(segment, position, length)
    this.#spend(this.#now_ms() - begun_ms)
    return bytes
  }

  #spend(took_ms: number) {
    if (took_ms > slow_ms) this.#waryUntil_ms = this.#now_ms() + wary_ms
    this.#spent_ms += took_ms
    if (this.#isSpending) return
    this.#isSpending = true
    setImmediate(() => { [this.#spent_ms, this.#isSpending] = [0, false] })
  }

  async #later(segment: Segment, position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    for (let read = 0; read < length;) {
      const more = await this.#files.readLater(segment.fd, bytes.subarray(read), position - segment.base + read)
      if (more === 0) throw shorter(segment)
      read += more
    }
    return bytes
  }
}

const shorter = ({ file }: Segment) => new Error(`${file} is shorter than its index says`)
