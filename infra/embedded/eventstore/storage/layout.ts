import { recordLengthMax, writeRecord, type Draft } from '../wire/recorded-event.ts'
import { frame_bytes_min, frameHeader_bytes, frameTrailer_bytes } from './frame.ts'
import type { Write } from './plans.ts'

/** At most so long is the frame of an append, wherever it will stand. */
export function frameLengthMax(writes: readonly Write[], created: string): number {
  let bytes_max = frame_bytes_min
  for (const { stream, drafts } of writes) {
    const name_bytes = Buffer.byteLength(stream)
    for (const draft of drafts) bytes_max += 4 + recordLengthMax(draft, name_bytes, created)
  }
  return bytes_max
}

/** Writes the records of an append into its frame, which will stand at `base`, tells where each is, and returns the length of the frame. */
export function layOut(
  frame: Buffer, base: number, writes: readonly Write[], created: string, placed: (write: Write, draft: Draft, start: number, end: number) => void,
): number {
  let at = frameHeader_bytes
  for (const write of writes) {
    const name = Buffer.from(write.stream)
    for (const draft of write.drafts) {
      const start = at + 4
      at = writeRecord(frame, start, draft, name, base + start, created)
      frame.writeUInt32LE(at - start, start - 4)
      placed(write, draft, start, at)
    }
  }
  return at + frameTrailer_bytes
}
