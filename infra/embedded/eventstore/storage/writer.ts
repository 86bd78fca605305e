import { frame_bytes_min, marker, seal } from './frame.ts'
import { writeAll, type FileLayer } from './files.ts'
import { allocate, createSegment, cut, segmentHeader_bytes, type Segment } from './segment.ts'

interface Waiting {
  readonly segment: Segment
  readonly position: number
  readonly frame: Buffer
  readonly done: (error?: Error) => void
}

export interface WriterOptions {
  readonly files: FileLayer
  readonly dir: string
  readonly storeId: Buffer
  readonly segment_bytes: number
  /** A sync that fails leaves nobody knowing what is durable: the process ends, and the next start reads what the disk has. */
  readonly onFatal: (error: Error) => void
  /** So many more frames, in the order they were handed in, are durable: called before their own callbacks. */
  readonly onDurable: (frames: number) => void
  /** None of the frames that wait will be written: called before their own callbacks. */
  readonly onRollback: () => void
  readonly onSegment: (segment: Segment) => void
}

/** Zeros are written this far ahead of the frames. */
const ahead_bytes = 4 * 1024 * 1024
/** So much may wait for the disk, in memory. */
const waiting_bytes_max = 64 * 1024 * 1024
/** After so long without an append a marker says that the last ones were synced. */
const marker_ms = 50

/** The disk does not keep up. Nothing was written; later there is room again. */
export class Busy extends Error {}

/**
 * One writer with group commit: whatever comes while the disk syncs goes out together with the next sync. Positions are given when a
 * frame is handed in, so that records can hold them; callbacks come in the order of positions, after the sync.
 */
export class LogWriter {
  readonly #options: WriterOptions
  #segment: Segment
  /** Where the next frame goes. */
  #tail: number
  #durable: number
  #waiting: Waiting[] = []
  /** Of these, and of those that are being written. */
  #waiting_bytes = 0
  #isSyncing = false
  #failure: Error | undefined
  #marking: NodeJS.Timeout | undefined
  #idle: (() => void)[] = []
  syncs = 0

  constructor(options: WriterOptions, segment: Segment, tail: number) {
    this.#options = options
    this.#segment = segment
    this.#tail = tail
    this.#durable = tail
  }

  get durable(): number {
    return this.#durable
  }

  /** Position behind everything that was handed in. */
  get end(): number {
    return this.#tail
  }

  /** What ended the writer for good. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Where a frame of so many bytes will stand: opens the next segment when this one has no room. Throws when the disk is full, and `Busy`. */
  place(bytes: number): number {
    if (this.#failure) throw this.#failure
    if (this.#waiting_bytes > waiting_bytes_max) throw new Busy('The disk does not keep up: too many appends wait for it.')
    if (this.#tail + bytes > this.#segment.end) this.#roll(bytes)
    this.#makeRoom(this.#tail - this.#segment.base + bytes)
    return this.#tail
  }

  /** Takes a frame for the place that was just asked for. `done` comes after the sync, or with the error that prevented it. */
  append(frame: Buffer, done: (error?: Error) => void): void {
    seal(frame, this.#durable, this.#tail - this.#segment.base)
    this.#waiting.push({ segment: this.#segment, position: this.#tail, frame, done })
    this.#tail += frame.length
    this.#waiting_bytes += frame.length
    if (!this.#isSyncing) {
      this.#isSyncing = true
      // What else was handed in during this turn of the event loop goes along.
      setImmediate(() => void this.#flush())
    }
  }

  #makeRoom(offset: number) {
    const segment = this.#segment
    if (segment.allocated >= offset) return
    try {
      allocate(this.#options.files, segment, Math.min(segment.end - segment.base, offset + ahead_bytes))
    } catch (error) {
      // The disk may have room for this frame, if not for more.
      if (segment.allocated < offset) throw error
    }
  }

  #roll(bytes: number) {
    const { files, dir, storeId, segment_bytes, onSegment } = this.#options
    const size = Math.max(segment_bytes, segmentHeader_bytes + bytes)
    const next = createSegment(files, dir, this.#segment.end, size, storeId, ahead_bytes)
    this.#segment = next
    this.#tail = next.base + segmentHeader_bytes
    onSegment(next)
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#batch()
      const { segment, position } = batch[0]!
      try {
        writeAll(this.#options.files, segment.fd, batch.map(({ frame }) => frame), position - segment.base)
      } catch (error) {
        if (!this.#rollBack(batch, error as Error)) return
        continue
      }
      try {
        await this.#options.files.sync(segment.fd)
      } catch (error) {
        return this.#die(`the log could not be synced: ${(error as Error).message}`)
      }
      this.syncs++
      const last = batch[batch.length - 1]!
      this.#durable = last.position + last.frame.length
      this.#waiting_bytes -= this.#durable - position
      this.#options.onDurable(batch.length)
      for (const { done } of batch) done()
    }
    this.#rest()
    this.#markLater()
  }

  /** Frames of one segment, as many as wait: a segment is synced before anything goes into the next. */
  #batch(): readonly Waiting[] {
    const { segment } = this.#waiting[0]!
    const other = this.#waiting.findIndex((one) => one.segment !== segment)
    const batch = other < 0 ? this.#waiting : this.#waiting.slice(0, other)
    this.#waiting = other < 0 ? [] : this.#waiting.slice(other)
    return batch
  }

  /** What came after a frame that could not be written was judged on top of it: all of it fails, and the log goes on where it is durable. */
  #rollBack(batch: readonly Waiting[], error: Error): boolean {
    const failed = [...batch, ...this.#waiting]
    this.#waiting = []
    this.#waiting_bytes = 0
    const { segment, position } = failed[0]!
    try {
      // Half a frame must not be found behind what is written next, nor mixed with it after a crash.
      cut(this.#options.files, segment, position - segment.base, batch.reduce((sum, { frame }) => sum + frame.length, 0))
    } catch (second) {
      this.#die(`a half-written frame could not be taken back: ${(second as Error).message}`)
      return false
    }
    // A later segment, opened for frames that failed, stays the place to write to; this one then ends here.
    if (this.#segment === segment) this.#tail = position
    else this.#tail = this.#segment.base + segmentHeader_bytes
    this.#options.onRollback()
    for (const { done } of failed) done(error)
    return true
  }

  /** Nobody who waits is answered: whether their appends are durable is not known. */
  #die(what: string) {
    this.#failure = new Error(what)
    this.#waiting = []
    this.#rest()
    this.#options.onFatal(this.#failure)
  }

  #rest() {
    this.#isSyncing = false
    for (const idle of this.#idle.splice(0)) idle()
  }

  /**
   * Unsynced on purpose: it survives the death of the process, and after a power cut its absence only means less is known. It does not
   * count as durable before the next frame does.
   */
  #markLater() {
    if (this.#marking) this.#marking.refresh()
    else this.#marking = setTimeout(() => this.#mark(), marker_ms).unref()
  }

  #mark() {
    const isMarked = this.#tail - this.#durable === frame_bytes_min
    if (this.#isSyncing || this.#failure || isMarked || this.#tail + frame_bytes_min > this.#segment.end) return
    const offset = this.#tail - this.#segment.base
    try {
      this.#makeRoom(offset + frame_bytes_min)
      writeAll(this.#options.files, this.#segment.fd, [marker(this.#durable, offset)], offset)
      this.#tail += frame_bytes_min
    } catch { /* Without room for a marker the log is as good as without the marker. */ }
  }

  /** Waits for what was handed in, marks the end and syncs it. */
  async close(): Promise<void> {
    if (this.#isSyncing) await new Promise<void>((resolve) => this.#idle.push(resolve))
    clearTimeout(this.#marking)
    if (this.#failure) return
    this.#mark()
    try {
      await this.#options.files.sync(this.#segment.fd)
    } catch (error) {
      this.#die(`the log could not be synced: ${(error as Error).message}`)
    }
  }
}
