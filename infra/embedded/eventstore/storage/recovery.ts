import { Corruption } from './damage.ts'
import type { FileLayer } from './files.ts'
import { frameAt, isMarker, nextFrame, type Frame } from './frame.ts'
import { cut, segmentHeader_bytes, type Segment } from './segment.ts'
import { isTear } from './tear.ts'
import { newScratch, Window } from './window.ts'

/** What stands wrong in the log, and where. */
export interface Fault {
  readonly segment: Segment
  /** Offset in its file of what is bad: good frames end here. */
  readonly at: number
  readonly what: string
  /** The work of a crash, on an append that nobody was told of: to be set to zero, this many bytes. `undefined` for other damage. */
  readonly torn_bytes: number | undefined
}

export interface Scan {
  /** Position behind the last good frame. */
  readonly end: number
  readonly fault: Fault | undefined
}

export interface ScanOptions {
  readonly files: FileLayer
  readonly segments: readonly Segment[]
  /** Frames are checked from this position on, where one begins or nothing follows in its segment ... */
  readonly checkFrom: number
  /** ... and handed over from this position on. */
  readonly from: number
  readonly visit: (frame: Frame, position: number) => void
}

interface Walked {
  /** Offset behind the last good frame. */
  readonly at: number
  /** Nothing but zeros is behind. */
  readonly isClean: boolean
  readonly fault?: string
}

/**
 * Reads the log, and stops where it is not good. Changes nothing. Besides their checksums, frames vouch for each other: every one says
 * how far the log was durable before it, so what is lost shows even where only zeros are left.
 */
export function scan({ files, segments, checkFrom, from, visit }: ScanOptions): Scan {
  const scratch = newScratch()
  let [end, durable] = [from, from]
  /** Where the good frames of the segment before ended. */
  let before: { readonly segment: Segment; readonly at: number } | undefined
  for (const [nth, segment] of segments.entries()) {
    if (segment.end <= checkFrom) continue
    const window = new Window(files, segment, scratch)
    const { base } = segment
    const walked = walk(window, Math.max(segmentHeader_bytes, checkFrom - base), (frame, at) => {
      if (frame.durable > base + at || (before && frame.durable < base && frame.durable > before.segment.base + before.at)) return 'what stood before it is gone'
      durable = Math.max(durable, frame.durable)
      if (base + at < from && base + at + frame.bytes.length > from) return 'the index ends in the middle of it'
      if (base + at >= from && !isMarker(frame)) visit(frame, base + at)
      return undefined
    })
    const good = base + walked.at
    if (walked.fault !== undefined) {
      // The first frame of a segment vouches for the end of the one before.
      const place = walked.at === segmentHeader_bytes && before ? before : { segment, at: walked.at }
      return { end, fault: { ...place, what: walked.fault, torn_bytes: undefined } }
    }
    const later = segments.slice(nth + 1)
    end = Math.max(end, good)
    if (!walked.isClean) return { end, fault: faultAt(files, segment, window, walked.at, durable, later) }
    if (later.length === 0 && durable > good) {
      const what = `the log was durable up to position ${durable}, but good frames end at ${good}`
      return { end, fault: { segment, at: walked.at, what, torn_bytes: undefined } }
    }
    before = { segment, at: walked.at }
  }
  return { end, fault: undefined }
}

function walk(window: Window, from: number, visit: (frame: Frame, at: number) => string | undefined): Walked {
  for (let at = from; ;) {
    const frame = frameAt(window, at)
    if (!frame) return { at, isClean: window.isZeroFrom(at) }
    const length = frame.bytes.length
    const fault = visit(frame, at)
    if (fault !== undefined) return { at, isClean: false, fault }
    at += length
  }
}

/** A torn append, or damage? In doubt damage: it is for people to decide what may be lost. */
function faultAt(files: FileLayer, segment: Segment, window: Window, at: number, durable: number, later: readonly Segment[]): Fault {
  const position = segment.base + at
  const damage = (what: string): Fault => ({ segment, at, what, torn_bytes: undefined })
  if (durable > position) return damage('the bad frame had been acknowledged')
  for (let behind = nextFrame(window, at + 1); behind >= 0; behind = nextFrame(window, behind + 1)) {
    // A frame that was written together with a torn one may have reached the disk whole. One that was written later proves that this one had been durable.
    if (frameAt(window, behind)!.durable > position) return damage(`there is a good frame behind the bad one, at offset ${behind}`)
  }
  // A segment is synced before anything is written to the next one.
  if (later.some((next) => !new Window(files, next).isZeroFrom(segmentHeader_bytes))) return damage('there are frames in later segments, behind the bad one')
  const tail = Buffer.from(window.at(at, window.size - at))
  if (!isTear(tail, at, segment.end - position)) return damage('the bad frame was written whole and is different now')
  let torn_bytes = tail.length
  while (torn_bytes > 0 && tail[torn_bytes - 1] === 0) torn_bytes--
  return { segment, at, what: 'an append that was never acknowledged stands half written', torn_bytes }
}

/**
 * Reads the log at start: cuts a torn end, refuses any other damage. What was found is durable afterwards, also what the process before
 * had written and not synced when it died: it is going to be shown. Throws `Corruption`.
 */
export function recover(options: ScanOptions): { end: number; torn_bytes: number } {
  const { end, fault } = scan(options)
  for (const { fd } of options.segments.slice(-2)) options.files.syncNow(fd)
  if (!fault) return { end, torn_bytes: 0 }
  const { segment, at, what, torn_bytes } = fault
  if (torn_bytes === undefined) throw new Corruption(segment.file, at, what)
  cut(options.files, segment, at, torn_bytes)
  return { end, torn_bytes }
}
