import { Corruption } from './damage.ts'
import { frameAt, nextFrame } from './frame.ts'
import { readAll, writeAll, type FileLayer } from './files.ts'
import { segmentHeader_bytes, type Segment } from './segment.ts'

export interface Scanned {
  /** Position behind the last good frame. */
  readonly end: number
  /** Bytes of a torn write that were set to zero behind it. */
  readonly torn_bytes: number
}

export interface Visit {
  /** A frame with records: the buffer it lies in, the position of the buffer's start, where its body is. */
  (buffer: Buffer, base: number, from: number, to: number): void
}

/** Where a segment stops being good, and what is behind. */
interface Break {
  readonly at: number
  readonly isClean: boolean
  /** How far the log is known to have been durable. */
  readonly durable: number
}

/** How much of the log the whole file layer reads at once while it scans: a segment. */
export function load(files: FileLayer, segment: Segment): Buffer {
  const buffer = Buffer.allocUnsafe(files.size(segment.fd))
  return buffer.subarray(0, readAll(files, segment.fd, buffer, 0))
}

function isZero(buffer: Buffer, from: number): boolean {
  for (let at = from; at < buffer.length; at++) if (buffer[at] !== 0) return false
  return true
}

/** Walks the good frames from an offset on. Markers say how far the log is durable and are passed over only at the end. */
function walk(buffer: Buffer, segment: Segment, from: number, durable: number, visit: Visit): Break {
  let at = from
  for (;;) {
    const frame = frameAt(buffer, at)
    if (!frame) return { at, isClean: isZero(buffer, at), durable }
    durable = Math.max(durable, frame.durable)
    if (frame.to === frame.from) return { at, isClean: isZero(buffer, frame.to), durable }
    visit(buffer, segment.base, frame.from, frame.to)
    at = frame.to
  }
}

/**
 * Reads the segments from a position on. What a crash left half written at the very end, and never acknowledged, is set to zero; any
 * other damage is refused. `durable` is how far the log was once known to be synced (by a snapshot).
 */
export function recover(files: FileLayer, segments: readonly Segment[], from: number, durable: number, visit: Visit): Scanned {
  let end = from
  let torn_bytes = 0
  segments.forEach((segment, index) => {
    if (segment.end <= from) return
    const isLast = index === segments.length - 1
    const buffer = load(files, segment)
    const start = Math.max(segmentHeader_bytes, from - segment.base)
    const found = walk(buffer, segment, start, durable, visit)
    durable = found.durable
    end = segment.base + found.at
    if (!found.isClean) torn_bytes = cut(files, segment, buffer, found, isLast)
    // A log that was durable further than it is good has lost what was acknowledged, also where only zeros are left.
    if (isLast && durable > end) throw new Corruption(segment.file, found.at, `the log was durable up to position ${durable}, but good frames end at ${end}`)
  })
  return { end, torn_bytes }
}

/** Sets a torn tail to zero, or refuses where it is not one. */
function cut(files: FileLayer, segment: Segment, buffer: Buffer, { at, durable }: Break, isLast: boolean): number {
  const file = segment.file
  if (!isLast) throw new Corruption(file, at, 'there are segments behind the bad frame')
  if (durable > segment.base + at) throw new Corruption(file, at, 'the bad frame had been acknowledged')
  for (let behind = nextFrame(buffer, at + 1); behind >= 0; behind = nextFrame(buffer, behind + 1)) {
    // A frame written together with the torn one may have reached the disk whole; one that was written later proves that this one was durable.
    if (frameAt(buffer, behind)!.durable > segment.base + at) throw new Corruption(file, at, `there is a good frame behind it, at offset ${behind}`)
  }
  let last = buffer.length
  while (last > at && buffer[last - 1] === 0) last--
  writeAll(files, segment.fd, [Buffer.alloc(Math.max(0, last - at))], at)
  files.syncNow(segment.fd)
  return last - at
}

