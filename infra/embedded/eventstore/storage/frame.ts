import { crc32 } from 'node:zlib'
import type { Window } from './window.ts'

/**
 * One append is one frame: whole or absent.
 *
 *   magic u32 | crc u32 | body length u32 | durable u64 | body | zero sectors u24, big-endian | 0xe5
 *
 * The body holds records, each behind its length (u32). The checksum covers everything behind it. `durable` is the position up to which
 * the log was known to be synced when the frame was written: whoever finds damage learns from a later frame whether what is damaged had
 * been acknowledged (corruption), or belongs to a write that a crash tore (a tail to be cut).
 *
 * Where a write is missing, zeros stand: the file was filled with them, and what could not be written whole is set to zero, durably,
 * before anything else is written there. So a frame neither begins nor ends with a zero, and says how many of its sectors are zeros
 * rightly: what is torn shows.
 *
 * An empty frame is a marker: it only says how far the log is durable.
 */
export const frameHeader_bytes = 20
export const frameTrailer_bytes = 4
/** A frame without a body: a marker. */
export const frame_bytes_min = frameHeader_bytes + frameTrailer_bytes
export const magic = 0xba70_0e5d
export const lastByte = 0xe5

export interface Frame {
  readonly durable: number
  /** All of it, header included. */
  readonly bytes: Buffer
}

/** Completes a frame whose body is in place. `at` is the offset in its file where it will stand. */
export function seal(frame: Buffer, durable: number, at: number): void {
  frame.writeUInt32LE(magic, 0)
  frame.writeUInt32LE(frame.length - frame_bytes_min, 8)
  frame.writeBigUInt64LE(BigInt(durable), 12)
  // Before they are counted, so that the last sector is no zero.
  frame[frame.length - 1] = lastByte
  frame.writeUIntBE(zeroSectors(frame, at, frame.length), frame.length - frameTrailer_bytes, 3)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
}

/** The unit in which disks write: of an interrupted write some arrive and others do not, each of them whole. */
const sector_bytes = 512
const zeros = Buffer.alloc(sector_bytes)

/** Offset in a file where the sector ends that holds the byte before this one. */
export const sectorEnd = (at: number): number => Math.ceil(at / sector_bytes) * sector_bytes

/** How many sectors, or parts of one at either end, hold nothing but zeros. `at` is the offset of the bytes in their file. */
export function zeroSectors(bytes: Buffer, at: number, to: number): number {
  let count = 0
  for (let from = 0; from < to;) {
    const next = Math.min(to, sectorEnd(at + from + 1) - at)
    if (bytes[from] === 0 && bytes.compare(zeros, 0, next - from, from, next) === 0) count++
    from = next
  }
  return count
}

export function marker(durable: number, at: number): Buffer {
  const frame = Buffer.alloc(frame_bytes_min)
  seal(frame, durable, at)
  return frame
}

/** How long the frame is whose header stands here, as it says. */
export const lengthOf = (header: Buffer): number => frame_bytes_min + header.readUInt32LE(8)

export const isMarker = ({ bytes }: Frame) => bytes.length === frame_bytes_min

/** The good frame that starts at this offset, if there is one. Its bytes last until the window is used again. */
export function frameAt(window: Window, at: number): Frame | undefined {
  const header = window.at(at, frameHeader_bytes)
  if (header.length < frameHeader_bytes || header.readUInt32LE(0) !== magic) return undefined
  const length = lengthOf(header)
  if (at + length > window.size) return undefined
  const bytes = window.at(at, length)
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return undefined
  return { durable: Number(bytes.readBigUInt64LE(12)), bytes }
}

const mark = Buffer.alloc(4)
mark.writeUInt32LE(magic)

/** The next offset from `at` on where a good frame starts, -1 for none. */
export function nextFrame(window: Window, at: number): number {
  const step = 64 * 1024
  for (let from = at; from < window.size;) {
    const found = window.at(from, step).indexOf(mark)
    if (found >= 0 && frameAt(window, from + found)) return from + found
    // A mark may lie across the end of a step.
    from += found >= 0 ? found + 1 : step - mark.length + 1
  }
  return -1
}

/** The records of a frame, each with its offset in the frame. */
export function eachRecord({ bytes }: Frame, visit: (record: Buffer, at: number) => void): void {
  for (let at = frameHeader_bytes; at + 4 <= bytes.length - frameTrailer_bytes;) {
    const length = bytes.readUInt32LE(at)
    visit(bytes.subarray(at + 4, at + 4 + length), at + 4)
    at += 4 + length
  }
}
