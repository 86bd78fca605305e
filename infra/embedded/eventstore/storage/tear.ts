import { crc32 } from 'node:zlib'
import { frame_bytes_min, frameHeader_bytes, frameTrailer_bytes, lastByte, lengthOf, magic, sectorEnd, zeroSectors } from './frame.ts'

/**
 * A crash tears a write: parts of it are missing, and where they should be, the zeros stand that the file was filled with. Other damage
 * changes what had arrived. `tail` runs from the bad frame to the end of the file, `at` is its offset there, `room` what the segment
 * has from there on. Returns false where the damage cannot be a tear, so that nothing which was once whole is ever cut off in silence.
 */
export function isTear(tail: Buffer, at: number, room: number): boolean {
  // Half a frame that is taken back is set to zero from its start on, and this may be interrupted as well.
  if (used(tail) <= frame_bytes_min || tail.readUInt32LE(0) === 0) return true
  // Where its header stands, a frame has something in every sector.
  if (zeroSectors(tail, at, Math.min(tail.length, sectorEnd(at + frameHeader_bytes) - at)) > 0) return true
  if (tail.readUInt32LE(0) !== magic) return false
  const to = lengthOf(tail)
  if (to > room || hasWrongLength(tail)) return false
  if (!tail[to - 1]) return true
  return tail[to - 1] === lastByte && hasGap(tail, at, to)
}

function used(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length--
  return length
}

/** True when more of its sectors are zeros than it says; false where it is whole but for what it says. */
function hasGap(tail: Buffer, at: number, to: number): boolean {
  const frame = Buffer.from(tail.subarray(0, to))
  const count = zeroSectors(frame, at, to)
  if (count <= frame.readUIntBE(to - frameTrailer_bytes, 3)) return false
  frame.writeUIntBE(count, to - frameTrailer_bytes, 3)
  return crc32(frame.subarray(8)) !== frame.readUInt32LE(4)
}

/** A frame that is whole but for its length: with the length that its records have, its checksum is right. */
function hasWrongLength(tail: Buffer): boolean {
  let to = frameHeader_bytes
  // No record is so long that the last byte of its length could be taken for the last one of the frame.
  while (to + frameTrailer_bytes <= tail.length && tail[to + frameTrailer_bytes - 1] !== lastByte) to += 4 + tail.readUInt32LE(to)
  to += frameTrailer_bytes
  if (to > tail.length) return false
  const length = Buffer.alloc(4)
  length.writeUInt32LE(to - frame_bytes_min)
  return crc32(tail.subarray(12, to), crc32(length)) === tail.readUInt32LE(4)
}
