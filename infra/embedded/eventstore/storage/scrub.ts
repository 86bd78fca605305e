import { setTimeout as pause } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { Corruption } from './damage.ts'
import type { FileLayer } from './files.ts'
import { frameHeader_bytes, lengthOf, magic } from './frame.ts'
import { segmentHeader_bytes, type Segment } from './segment.ts'

const chunk_bytes = 1024 * 1024
/** Between chunks: at most 200 MB a second are read, and appends hardly notice. */
const pause_ms = 5

export interface ScrubOptions {
  readonly files: FileLayer
  /** Segments that are written to no more. */
  readonly segments: readonly Segment[]
  /** Position behind the last frame in a segment. */
  readonly endOf: (segment: Segment) => number
  readonly isWanted: () => boolean
}

/** Checks old frames while the server runs, which a start with a snapshot does not read. Returns the damage it finds. */
export async function scrub({ files, segments, endOf, isWanted }: ScrubOptions): Promise<Corruption | undefined> {
  let scratch = Buffer.allocUnsafe(chunk_bytes)
  for (const segment of segments) {
    const end = endOf(segment) - segment.base
    let wanted_bytes = chunk_bytes
    for (let at = segmentHeader_bytes; at < end;) {
      await pause(pause_ms, undefined, { ref: false })
      if (!isWanted()) return undefined
      const length = Math.min(wanted_bytes, end - at)
      if (length > scratch.length) scratch = Buffer.allocUnsafe(length)
      const bytes = scratch.subarray(0, length)
      const isRest = length === end - at
      let read = 0
      for (let more = 1; more > 0 && read < bytes.length; read += more) more = await files.readLater(segment.fd, bytes.subarray(read), at + read)
      const good = goodFrames(bytes.subarray(0, read))
      at += good.length
      wanted_bytes = good.nextLength ?? chunk_bytes
      if (good.isBad || (isRest && good.length === 0)) return new Corruption(segment.file, at, 'a frame that was good is not any more')
    }
  }
  return undefined
}

/** How many bytes of whole good frames stand at the start, and how long the next one is where it is cut off. */
function goodFrames(bytes: Buffer): { length: number; isBad: boolean; nextLength?: number } {
  let at = 0
  while (at + frameHeader_bytes <= bytes.length) {
    const length = lengthOf(bytes.subarray(at))
    if (bytes.readUInt32LE(at) !== magic) return { length: at, isBad: true }
    if (at + length > bytes.length) return { length: at, isBad: false, nextLength: Math.max(length, chunk_bytes) }
    if (crc32(bytes.subarray(at + 8, at + length)) !== bytes.readUInt32LE(at + 4)) return { length: at, isBad: true }
    at += length
  }
  return { length: at, isBad: false }
}
