import { Corruption } from '../storage/damage.ts'
import { eachRecord, frameAt, type Frame } from '../storage/frame.ts'
import { scan } from '../storage/recovery.ts'
import { segmentHeader_bytes, type Segment } from '../storage/segment.ts'
import { snapshotEnd } from '../storage/snapshot.ts'
import { Window } from '../storage/window.ts'
import { headOf, readRecord, type RecordedEvent } from '../wire/recorded-event.ts'
import type { StoppedLog } from './stopped.ts'

/** Where the good log ends, and why. */
export interface Damage {
  /** `torn`: a crash interrupted an append that nobody was told of; the next start cuts it. `damaged`: what was once whole is not any more. */
  readonly kind: 'torn' | 'damaged'
  readonly file: string
  /** In the file. */
  readonly offset: number
  /** In the log. */
  readonly position: number
  readonly what: string
}

export interface Checked {
  readonly storeId: string | undefined
  readonly events: number
  /** That hold events, or a tombstone. */
  readonly streams: number
  readonly segments: number
  /** Of the files, with the room they keep. */
  readonly file_bytes: number
  /** Position behind the last good frame. */
  readonly end: number
  readonly firstAt: string | undefined
  readonly lastAt: string | undefined
  readonly damage: Damage | undefined
}

/** `bytes` of the files were looked at, of `total`. */
export type OnProgress = (bytes: number, total: number) => void

const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
export const timeOf = ({ created }: Pick<RecordedEvent, 'created'>): string => new Date(Number(created / 10_000n)).toISOString()

/** Reads every frame of the log as a start without a snapshot would, and says what it finds. Changes nothing. */
export function check(log: StoppedLog, onProgress: OnProgress = () => undefined): Checked {
  const { segments } = log
  const total = segments.reduce((sum, { allocated }) => sum + allocated, 0)
  const counts = new Map<string, number>()
  let events = 0
  let [first, last] = [undefined as string | undefined, undefined as string | undefined]

  /** Revisions of a stream have no gap: a frame that is missing without a trace shows here. */
  const take = (record: Buffer, position: number) => {
    const { stream, revision, isTombstone } = headOf(record)
    const next = counts.get(stream) ?? 0
    if (!isTombstone && revision !== next) throw damageAt(position, `revision ${next} of stream ${stream} is missing before it`)
    counts.set(stream, isTombstone ? next : next + 1)
    events++
  }
  const segmentAt = (position: number) => segments.findLast(({ base }) => base <= position)!
  const damageAt = (position: number, what: string) => new Corruption(segmentAt(position).file, position - segmentAt(position).base, what)
  /** What was looked at before a segment, and where the segment begins. */
  let [before, current] = [0, segments[0]]

  const visit = (frame: Frame, position: number) => {
    try {
      let ofFrame: string | undefined
      eachRecord(frame, (record, at) => {
        take(record, position + at)
        // One append, one time.
        ofFrame ??= timeOf(readRecord(record))
      })
      last = ofFrame
      first ??= ofFrame
    } catch (error) {
      // Of a frame all or nothing is good.
      throw error instanceof Corruption ? damageAt(position, error.what) : damageAt(position, `a record in it cannot be read: ${(error as Error).message}`)
    }
    const segment = segmentAt(position)
    if (segment !== current) [before, current] = [before + current!.allocated, segment]
    onProgress(before + position - segment.base, total)
  }
  const { end, damage } = againstSnapshot(log, scanned(log, visit))
  onProgress(total, total)
  return {
    storeId: log.storeId && uuidOf(log.storeId), events, streams: counts.size, segments: segments.length, file_bytes: total, end, firstAt: first, lastAt: last, damage,
  }
}

interface Scanned {
  readonly end: number
  readonly damage: Damage | undefined
}

function scanned({ files, segments, broken }: StoppedLog, visit: (frame: Frame, position: number) => void): Scanned {
  /** What is wrong with a header is wrong with the whole file. */
  const placed = ({ file, offset, what }: Corruption): Damage =>
    ({ kind: 'damaged', file, offset, position: Number(/(\d{16})\.log$/.exec(file)![1]) + (offset < segmentHeader_bytes ? 0 : offset), what })
  try {
    const { end, fault } = scan({ files, segments, checkFrom: 0, from: 0, visit })
    if (!fault) return { end, damage: broken && placed(broken) }
    const { segment, at, what, torn_bytes } = fault
    const found = { file: segment.file, offset: at, position: segment.base + at }
    if (torn_bytes === undefined) return { end, damage: { kind: 'damaged', ...found, what } }
    // A segment is synced before the next one is made, so nothing is torn where files follow.
    return { end, damage: broken ? { kind: 'damaged', ...found, what: `frames end here, and ${broken.file} follows, which ${broken.what}` } : { kind: 'torn', ...found, what } }
  } catch (error) {
    if (!(error instanceof Corruption)) throw error
    const damage = placed(error)
    return { end: damage.position, damage }
  }
}

/** An index is written for what is durable: where it reaches further than the good frames, some are gone, even if only zeros are left. */
function againstSnapshot({ files, dir, segments, storeId }: StoppedLog, { end, damage }: Scanned): Scanned {
  const reached = storeId ? snapshotEnd(files, dir, uuidOf(storeId)) : 0
  if (reached <= end || damage?.kind === 'damaged') return { end, damage }
  const last = segments.findLast(({ base }) => base < end || base === 0)!
  const offset = Math.max(end - last.base, segmentHeader_bytes)
  const what = `the log reached to position ${reached} when its index was written, but good frames end at ${end}`
  return { end, damage: { kind: 'damaged', file: last.file, offset, position: last.base + offset, what } }
}

/** All events up to a position, in the order of the log, each frame read when it is asked for. */
export function* eventsUntil({ files, segments }: StoppedLog, end: number): Generator<RecordedEvent> {
  for (const segment of segments) yield* eventsIn(segment, new Window(files, segment), end)
}

function* eventsIn({ base }: Segment, window: Window, end: number): Generator<RecordedEvent> {
  for (let at = segmentHeader_bytes; base + at < end;) {
    const frame = frameAt(window, at)
    if (!frame) return
    const records: Buffer[] = []
    eachRecord(frame, (record) => records.push(record))
    const length = frame.bytes.length
    for (const record of records) yield readRecord(record)
    at += length
  }
}
