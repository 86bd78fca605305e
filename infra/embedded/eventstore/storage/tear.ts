import { crc32 } from 'node:zlib'
import { frameHeader_bytes, magic } from './frame.ts'

/** The unit in which disks write: of an interrupted write some arrive and others do not, each of them whole. */
const sector_bytes = 512

const zeros = Buffer.alloc(sector_bytes)

/**
 * A crash tears a write: parts of it are missing, and where they should be, the zeros stand that the file was filled with. Other damage
 * changes what had arrived. `tail` runs from the bad frame to the end of the file, `at` is its offset there, `room` what the segment
 * has from there on. Returns false where the damage cannot be a tear, so that nothing which was once whole is ever cut off in silence.
 */
export function isTear(tail: Buffer, at: number, room: number): boolean {
  const last = lastByte(tail) + 1
  if (last <= frameHeader_bytes) return true
  if (tail.readUInt32LE(0) !== magic) return hasGap(tail, at, Math.min(tail.length, sector_bytes - (at % sector_bytes)))
  const to = frameHeader_bytes + tail.readUInt32LE(8)
  if (to > room || hasWrongLength(tail, last)) return false
  return to > last || hasGap(tail, at, to)
}

function lastByte(bytes: Buffer): number {
  let last = bytes.length - 1
  while (last >= 0 && bytes[last] === 0) last--
  return last
}

/** True when one of the sectors, or a part at either end, is nothing but zeros. */
function hasGap(bytes: Buffer, at: number, to: number): boolean {
  for (let from = 0; from < to;) {
    const next = Math.min(to, from + sector_bytes - ((at + from) % sector_bytes))
    if (bytes.subarray(from, next).equals(zeros.subarray(0, next - from))) return true
    from = next
  }
  return false
}

/** A frame that is whole but for its length: with the length that its records have, its checksum is right. */
function hasWrongLength(tail: Buffer, last: number): boolean {
  let to = frameHeader_bytes
  while (to < last && to + 4 <= tail.length) to += 4 + tail.readUInt32LE(to)
  if (to > tail.length) return false
  const length = Buffer.alloc(4)
  length.writeUInt32LE(to - frameHeader_bytes)
  return crc32(tail.subarray(12, to), crc32(length)) === tail.readUInt32LE(4)
}
