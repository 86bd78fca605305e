import { readAll, type FileLayer } from './files.ts'
import type { LogIndex } from './index.ts'
import type { Segment } from './segment.ts'

/** The newest records stay in memory: followers and tail reads never touch the disk. */
const recent_bytes_max = 16 * 1024 * 1024
/** Two records so close together are fetched in one read. */
const gap_bytes_max = 16 * 1024
const read_bytes_max = 1024 * 1024

interface Run {
  readonly from: number
  to: number
  readonly ordinals: number[]
}

/** Reads records by ordinal. */
export class Records {
  readonly #files: FileLayer
  readonly #index: LogIndex
  readonly #segments: readonly Segment[]
  readonly #recent = new Map<number, Buffer>()
  #recent_bytes = 0

  constructor(files: FileLayer, index: LogIndex, segments: readonly Segment[]) {
    this.#files = files
    this.#index = index
    this.#segments = segments
  }

  keep(ordinal: number, record: Buffer): void {
    this.#recent.set(ordinal, record)
    this.#recent_bytes += record.length
    while (this.#recent_bytes > recent_bytes_max) {
      const [oldest, { length }] = this.#recent.entries().next().value!
      this.#recent.delete(oldest)
      this.#recent_bytes -= length
    }
  }

  drop(from: number): void {
    for (const [ordinal, { length }] of this.#recent) {
      if (ordinal < from) continue
      this.#recent.delete(ordinal)
      this.#recent_bytes -= length
    }
  }

  /** One record, at once: for decisions, which cannot wait. */
  now(ordinal: number): Buffer {
    const kept = this.#recent.get(ordinal)
    if (kept) return kept
    const [from, length] = [this.#index.positions.get(ordinal), this.#index.lengths.get(ordinal)]
    const segment = this.#segmentAt(from)
    const record = Buffer.allocUnsafe(length)
    if (readAll(this.#files, segment.fd, record, from - segment.base) < length) throw new Error(`${segment.file} is shorter than its index says`)
    return record
  }

  many(ordinals: readonly number[]): Promise<Buffer[]> | Buffer[] {
    const records = ordinals.map((ordinal) => this.#recent.get(ordinal))
    return records.every((record) => record !== undefined) ? records as Buffer[] : this.#fetch(ordinals, records)
  }

  async #fetch(ordinals: readonly number[], known: readonly (Buffer | undefined)[]): Promise<Buffer[]> {
    const found = new Map<number, Buffer>()
    for (const { from, to, ordinals: wanted } of this.#runs(ordinals.filter((_, nth) => known[nth] === undefined))) {
      const segment = this.#segmentAt(from)
      const bytes = Buffer.allocUnsafe(to - from)
      for (let read = 0; read < bytes.length;) {
        const more = await this.#files.readLater(segment.fd, bytes.subarray(read), from - segment.base + read)
        if (more === 0) throw new Error(`${segment.file} is shorter than its index says`)
        read += more
      }
      for (const ordinal of wanted) {
        const at = this.#index.positions.get(ordinal) - from
        found.set(ordinal, bytes.subarray(at, at + this.#index.lengths.get(ordinal)))
      }
    }
    return ordinals.map((ordinal, nth) => known[nth] ?? found.get(ordinal)!)
  }

  /** Neighbours in the log, fetched together. */
  #runs(ordinals: readonly number[]): Run[] {
    const runs: Run[] = []
    for (const ordinal of [...ordinals].sort((a, b) => a - b)) {
      const from = this.#index.positions.get(ordinal)
      const to = from + this.#index.lengths.get(ordinal)
      const last = runs.at(-1)
      const joins = last && from - last.to <= gap_bytes_max && to - last.from <= read_bytes_max && this.#segmentAt(last.from) === this.#segmentAt(from)
      if (joins) {
        last.to = Math.max(last.to, to)
        last.ordinals.push(ordinal)
      } else runs.push({ from, to, ordinals: [ordinal] })
    }
    return runs
  }

  #segmentAt(position: number): Segment {
    let [low, high] = [0, this.#segments.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#segments[middle]!.base <= position) low = middle
      else high = middle - 1
    }
    return this.#segments[low]!
  }
}
