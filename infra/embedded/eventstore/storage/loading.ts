import { headOf, type RecordHead } from '../wire/recorded-event.ts'
import { Corruption } from './damage.ts'
import { eachRecord, frameTrailer_bytes, type Frame } from './frame.ts'
import type { LogIndex } from './index.ts'
import type { Segment } from './segment.ts'

/** Takes the events of a frame into the index, as a start reads them. Throws `Corruption` where they are not those that must follow. */
export function load(index: LogIndex, segments: readonly Segment[], frame: Frame, position: number): void {
  eachRecord(frame, (record, offset) => {
    const at = position + offset
    const { id, stream, type, revision, isTombstone } = headAt(segments, record, at)
    const next = index.find(stream)?.count ?? 0
    if (!isTombstone && revision !== next) throw damagedAt(segments, at, `revision ${next} of stream ${stream} is missing`)
    index.add({ position: at, length: record.length, stream, type, id, isTombstone })
  })
}

function headAt(segments: readonly Segment[], record: Buffer, position: number): RecordHead {
  try {
    return headOf(record)
  } catch (error) {
    throw damagedAt(segments, position, `a record cannot be read: ${(error as Error).message}`)
  }
}

function damagedAt(segments: readonly Segment[], position: number, what: string): Corruption {
  const { file, base } = segments.findLast(({ base }) => base <= position)!
  return new Corruption(file, position - base, what)
}

/** Position behind the last frame that stands in a segment, by what the index knows. */
export function endIn(index: LogIndex, { end }: Segment): number {
  const last = index.ordinalAt(end) - 1
  return last < 0 ? 0 : index.positions.get(last) + index.lengths.get(last) + frameTrailer_bytes
}
