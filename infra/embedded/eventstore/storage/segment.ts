import { crc32 } from 'node:zlib'
import path from 'node:path'
import { Corruption } from './damage.ts'
import { readAll, writeAll, type FileLayer } from './files.ts'
import { Window } from './window.ts'

/** A file of the log. Position = `base` + offset in the file; the first frame stands behind the header. */
export interface Segment {
  readonly file: string
  readonly base: number
  /** One behind the last position that may be used. */
  readonly end: number
  readonly fd: number
  /** Up to which offset the file is filled with zeros or frames: writing there changes no metadata, so a sync is one disk write. */
  allocated: number
}

export const segmentHeader_bytes = 64
const signature = Buffer.from('BATONLOG')
/** 2: frames end with a trailer. */
const format = 2

const segmentName = (base: number) => `${String(base).padStart(16, '0')}.log`
const namePattern = /^(\d{16})\.log$/

/** Bases of the segments in a folder, growing. */
const segmentBases = (files: FileLayer, dir: string): number[] =>
  files.list(dir).flatMap((name) => namePattern.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b)

export function segmentHeader(base: number, end: number, storeId: Buffer): Buffer {
  const bytes = Buffer.alloc(segmentHeader_bytes)
  signature.copy(bytes)
  bytes.writeUInt32LE(format, 8)
  bytes.writeBigUInt64LE(BigInt(base), 16)
  bytes.writeBigUInt64LE(BigInt(end), 24)
  storeId.copy(bytes, 32)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

/** A new segment, durable under its name before it is used. */
export function createSegment(files: FileLayer, dir: string, base: number, size: number, storeId: Buffer, allocate_bytes: number): Segment {
  const file = path.join(dir, segmentName(base))
  const fd = files.open(file, true)
  const segment = { file, base, end: base + size, fd, allocated: 0 }
  try {
    allocate(files, segment, Math.min(size, allocate_bytes))
    writeAll(files, fd, [segmentHeader(base, base + size, storeId)], 0)
    files.syncNow(fd)
    files.syncDir(dir)
    return segment
  } catch (error) {
    files.close(fd)
    try {
      files.remove(file)
    } catch { /* A torn segment without frames is removed at the next start. */ }
    throw error
  }
}

/** The segment in a file, or why it is none. */
function openSegment(files: FileLayer, dir: string, base: number): { segment: Segment; storeId: Buffer } | { fault: string; file: string; fd: number } {
  const file = path.join(dir, segmentName(base))
  const fd = files.open(file, false)
  const bytes = Buffer.alloc(segmentHeader_bytes)
  const fault = (fault: string) => ({ fault, file, fd })
  if (readAll(files, fd, bytes, 0) < segmentHeader_bytes) return fault('is shorter than its header')
  if (!bytes.subarray(0, 8).equals(signature)) return fault('does not start as a segment of this log')
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60))) return fault('has a damaged header')
  if (bytes.readUInt32LE(8) !== format) {
    files.close(fd)
    throw new Error(`${file} is of format ${bytes.readUInt32LE(8)}, and this program reads format ${format} only. Nothing was changed. `
      + 'Export the log with the program that wrote it, and import it into an empty folder.')
  }
  if (Number(bytes.readBigUInt64LE(16)) !== base) return fault('does not stand where its name says')
  const end = Number(bytes.readBigUInt64LE(24))
  return { segment: { file, base, end, fd, allocated: files.size(fd) }, storeId: Buffer.from(bytes.subarray(32, 48)) }
}

export interface Segments {
  readonly segments: Segment[]
  readonly storeId: Buffer | undefined
  /** A file that a crash left while the newest segment was made: nothing is in it, and nothing is lost with it. */
  readonly unfinished: string | undefined
}

/** All segments of a folder, in order. Changes nothing. Throws `Corruption` where a header or a whole segment is bad or missing. */
export function openSegments(files: FileLayer, dir: string): Segments {
  const segments: Segment[] = []
  let storeId: Buffer | undefined
  let unfinished: string | undefined
  const bases = segmentBases(files, dir)
  try {
    for (const [nth, base] of bases.entries()) {
      const opened = openSegment(files, dir, base)
      if ('fault' in opened) {
        const isEmpty = new Window(files, opened).isZeroFrom(segmentHeader_bytes)
        files.close(opened.fd)
        if (nth < bases.length - 1 || !isEmpty) throw new Corruption(opened.file, 0, `it ${opened.fault}`)
        unfinished = opened.file
        continue
      }
      const { segment } = opened
      segments.push(segment)
      storeId ??= opened.storeId
      if (!opened.storeId.equals(storeId)) throw new Corruption(segment.file, 32, 'it belongs to another log')
      const expected = segments.at(-2)?.end ?? 0
      if (base !== expected) throw new Corruption(segment.file, 0, `a part of the log is missing before it: the segment at position ${expected}`)
    }
  } catch (error) {
    for (const { fd } of segments) files.close(fd)
    throw error
  }
  return { segments, storeId, unfinished }
}

const zeros = Buffer.alloc(1024 * 1024)

/** Fills the file with zeros up to the offset. */
export function allocate(files: FileLayer, segment: Segment, to: number): void {
  while (segment.allocated < to) {
    const more = Math.min(zeros.length, to - segment.allocated)
    writeAll(files, segment.fd, [zeros.subarray(0, more)], segment.allocated)
    segment.allocated += more
  }
}

/** Sets what is behind an offset of a segment to zero, durably. */
export function cut(files: FileLayer, { fd }: Segment, at: number, length: number): void {
  for (let done = 0; done < length; done += zeros.length) writeAll(files, fd, [zeros.subarray(0, length - done)], at + done)
  files.syncNow(fd)
}
