import { crc32 } from 'node:zlib'
import type { Window } from './window.ts'

/**
 * One append is one frame: whole or absent.
 *
 *   magic u32 | crc u32 | body length u32 | durable u64 | body
 *
 * The body holds records, each behind its length (u32). The checksum covers everything behind it. `durable` is the position up to which
 * the log was known to be synced when the frame was written: whoever finds damage learns from a later frame whether what is damaged had
 * been acknowledged (corruption), or belongs to a write that a crash tore (a tail to be cut).
 *
 * An empty frame is a marker: it only says how far the log is durable. Nothing is ever written over a frame or a marker, so that where a
 * write is missing, zeros stand.
 */
export const frameHeader_bytes = 20
export const magic = 0xba70_0e5d

export interface Frame {
  readonly durable: number
  /** All of it, header included. */
  readonly bytes: Buffer
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

export const isMarker = ({ bytes }: Frame) => bytes.length === frameHeader_bytes

/** The good frame that starts at this offset, if there is one. Its bytes last until the window is used again. */
export function frameAt(window: Window, at: number): Frame | undefined {
  const header = window.at(at, frameHeader_bytes)
  if (header.length < frameHeader_bytes || header.readUInt32LE(0) !== magic) return undefined
  const length = frameHeader_bytes + header.readUInt32LE(8)
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
  for (let at = frameHeader_bytes; at + 4 <= bytes.length;) {
    const length = bytes.readUInt32LE(at)
    visit(bytes.subarray(at + 4, at + 4 + length), at + 4)
    at += 4 + length
  }
}
