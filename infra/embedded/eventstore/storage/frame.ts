import { crc32 } from 'node:zlib'

/**
 * One append is one frame: whole or absent.
 *
 *   magic u32 | crc u32 | body length u32 | durable u64 | body
 *
 * The body holds records, each behind its length (u32). The checksum covers everything behind it. `durable` is the position up to which
 * the log was known to be synced when the frame was written: whoever finds damage learns from a later frame whether what is damaged had
 * been acknowledged (corruption), or belongs to a write that a crash tore (a tail to be cut).
 *
 * An empty frame is a marker: it only says how far the log is durable, and the next append overwrites it.
 */
export const frameHeader_bytes = 20
const magic = 0xba70_0e5d

export interface Frame {
  readonly durable: number
  /** Where the body starts and ends, as offsets in the buffer that was read. */
  readonly from: number
  readonly to: number
}

/** Completes a frame whose body is in place. */
export function seal(frame: Buffer, durable: number): void {
  frame.writeUInt32LE(magic, 0)
  frame.writeUInt32LE(frame.length - frameHeader_bytes, 8)
  frame.writeBigUInt64LE(BigInt(durable), 12)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
}

export function marker(durable: number): Buffer {
  const frame = Buffer.alloc(frameHeader_bytes)
  seal(frame, durable)
  return frame
}

/** The good frame at this offset, if there is one. */
export function frameAt(buffer: Buffer, at: number, end = buffer.length): Frame | undefined {
  const from = at + frameHeader_bytes
  if (from > end || buffer.readUInt32LE(at) !== magic) return undefined
  const to = from + buffer.readUInt32LE(at + 8)
  if (to > end || crc32(buffer.subarray(at + 8, to)) !== buffer.readUInt32LE(at + 4)) return undefined
  return { durable: Number(buffer.readBigUInt64LE(at + 12)), from, to }
}

/** The next offset from `at` on where a good frame starts, -1 for none. */
export function nextFrame(buffer: Buffer, at: number): number {
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(magic)
  for (let found = buffer.indexOf(mark, at); found >= 0; found = buffer.indexOf(mark, found + 1)) {
    if (frameAt(buffer, found)) return found
  }
  return -1
}

/** Calls back with every record of a frame: offsets of the record itself. */
export function eachRecord(buffer: Buffer, { from, to }: Frame, record: (from: number, to: number) => void): void {
  for (let at = from; at + 4 <= to;) {
    const length = buffer.readUInt32LE(at)
    record(at + 4, at + 4 + length)
    at += 4 + length
  }
}
