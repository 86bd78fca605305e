import type { FileLayer } from './files.ts'
import type { LogIndex } from './index.ts'
import { SegmentReads } from './segment-reads.ts'
import type { Segment } from './segment.ts'

/** The newest records stay in memory: followers and tail reads never touch the disk. */
const recent_bytes_max = 16 * 1024 * 1024
/** Powers of two. */
const recent_count_min = 1_024
const recent_count_max = 65_536
/** Two records so close together are fetched in one read. */
const gap_bytes_max = 16 * 1024
const read_bytes_max = 1024 * 1024

interface Run {
  readonly segment: Segment
  readonly from: number
  to: number
  readonly ordinals: number[]
}

/** Reads records by ordinal. */
export class Records {
  readonly #index: LogIndex
  readonly #segments: readonly Segment[]
  /** The records from `#first` to `#next`, each in the slot of its ordinal. Not durable ones are always among them: the disk may not have them. */
  #ring: (Buffer | undefined)[] = new Array(recent_count_min).fill(undefined)
  #first = 0
  #next = 0
  #recent_bytes = 0
  readonly #reads: SegmentReads
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(files: FileLayer, index: LogIndex, segments: readonly Segment[]) {
    this.#reads = new SegmentReads(files)
    this.#index = index
    this.#segments = segments
  }

  /** Ordinals come without a gap. */
  keep(ordinal: number, record: Buffer): void {
    if (this.#first === this.#next) this.#first = ordinal
    if (ordinal - this.#first === this.#ring.length) {
      if (this.#ring.length >= recent_count_max && this.#first < this.#index.visible) this.#dropOldest()
      else this.#grow()
    }
    this.#ring[ordinal & (this.#ring.length - 1)] = record
    this.#next = ordinal + 1
    this.#recent_bytes += record.length
    while (this.#recent_bytes > recent_bytes_max && this.#first < this.#index.visible) this.#dropOldest()
  }

  #dropOldest() {
    const slot = this.#first++ & (this.#ring.length - 1)
    this.#recent_bytes -= this.#ring[slot]!.length
    this.#ring[slot] = undefined
  }

  #grow() {
    const ring: (Buffer | undefined)[] = new Array(this.#ring.length * 2).fill(undefined)
    for (let ordinal = this.#first; ordinal < this.#next; ordinal++) ring[ordinal & (ring.length - 1)] = this.#recent(ordinal)
    this.#ring = ring
  }

  #recent(ordinal: number): Buffer | undefined {
    return ordinal >= this.#first && ordinal < this.#next ? this.#ring[ordinal & (this.#ring.length - 1)] : undefined
  }

  /** Forgets what was taken back, from this ordinal on. */
  drop(from: number): void {
    for (; this.#next > Math.max(from, this.#first); this.#next--) {
      const slot = (this.#next - 1) & (this.#ring.length - 1)
      this.#recent_bytes -= this.#ring[slot]!.length
      this.#ring[slot] = undefined
    }
  }

  /** One record, at once: for decisions, which cannot wait. */
  now(ordinal: number): Buffer {
    const kept = this.#recent(ordinal)
    if (kept) return kept
    const from = this.#index.positions.get(ordinal)
    return this.#reads.now(this.#segmentAt(from), from, this.#index.lengths.get(ordinal))
  }

  many(ordinals: readonly number[]): Promise<Buffer[]> | Buffer[] {
    const known = new Array<Buffer>(ordinals.length)
    for (let nth = 0; nth < ordinals.length; nth++) {
      const record = this.#recent(ordinals[nth]!)
      if (!record) return this.#tracked(this.#fetch(ordinals))
      known[nth] = record
    }
    return known
  }

  #tracked<T>(read: Promise<T>): Promise<T> {
    this.#underWay.add(read)
    const done = () => this.#underWay.delete(read)
    read.then(done, done)
    return read
  }

  /** Waits for the reads that are under way: no file may be closed under them. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async #fetch(ordinals: readonly number[]): Promise<Buffer[]> {
    const found = new Map<number, Buffer>()
    const missing: number[] = []
    for (const ordinal of ordinals) {
      const record = this.#recent(ordinal)
      if (record) found.set(ordinal, record)
      else missing.push(ordinal)
    }
    for (const { segment, from, to, ordinals: wanted } of this.#runs(missing)) {
      const read = this.#reads.get(segment, from, to - from)
      const bytes = read instanceof Promise ? await read : read
      for (const ordinal of wanted) {
        const at = this.#index.positions.get(ordinal) - from
        found.set(ordinal, bytes.subarray(at, at + this.#index.lengths.get(ordinal)))
      }
    }
    return ordinals.map((ordinal) => found.get(ordinal)!)
  }

  /** Neighbours in the log, fetched together. */
  #runs(ordinals: readonly number[]): Run[] {
    const runs: Run[] = []
    for (const ordinal of [...ordinals].sort((a, b) => a - b)) {
      const from = this.#index.positions.get(ordinal)
      const to = from + this.#index.lengths.get(ordinal)
      const last = runs.at(-1)
      if (last && from < last.segment.end && from - last.to <= gap_bytes_max && to - last.from <= read_bytes_max) {
        last.to = Math.max(last.to, to)
        last.ordinals.push(ordinal)
      } else runs.push({ segment: this.#segmentAt(from), from, to, ordinals: [ordinal] })
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
