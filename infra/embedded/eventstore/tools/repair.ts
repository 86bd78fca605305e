import fs from 'node:fs'
import path from 'node:path'
import { disk, readAll, writeAll, type FileLayer } from '../storage/files.ts'
import { eachRecord, frameAt, frameHeader_bytes, lengthOf, nextFrame, type Frame } from '../storage/frame.ts'
import { lock } from '../storage/lock.ts'
import { createSegment, segmentHeader, segmentHeader_bytes } from '../storage/segment.ts'
import { snapshotFile } from '../storage/snapshot.ts'
import { Window } from '../storage/window.ts'
import { readRecord, type RecordedEvent } from '../wire/recorded-event.ts'
import { check, timeOf, type Damage, type OnProgress } from './check-log.ts'
import { closeStopped, mustBeStopped, openStopped, withStopped } from './stopped.ts'

/** Events of a stream that a repair would take away. */
export interface StreamLoss {
  readonly stream: string
  readonly events: number
  readonly firstRevision: string
  readonly lastRevision: string
}

/** What a repair would take away, as far as it can still be read. */
export interface Loss {
  readonly damage: Damage
  /** In good frames behind the damage. */
  readonly events: number
  /** In the bad frame itself: as its bytes say, which may be wrong. */
  readonly events_uncertain: number
  readonly streams: readonly StreamLoss[]
  readonly firstAt: string | undefined
  readonly lastAt: string | undefined
  /** From the damage to the last byte that is not zero, in all files. */
  readonly bytes: number
  /** Files that would leave the log as a whole. */
  readonly files: readonly string[]
}

export interface Repaired {
  readonly loss: Loss
  /** Where what was taken away is kept. */
  readonly kept: readonly string[]
}

const namePattern = /^(\d{16})\.log$/

/** Files of the log from a position on that a repair moves away as a whole. */
const filesFrom = (dir: string, position: number): string[] =>
  fs.readdirSync(dir).filter((name) => Number(namePattern.exec(name)?.[1] ?? -1) >= position).sort().map((name) => path.join(dir, name))

class Losses {
  readonly #streams = new Map<string, { events: number; first: bigint; last: bigint }>()
  events = 0
  events_uncertain = 0
  firstAt: string | undefined
  lastAt: string | undefined

  add(event: RecordedEvent, isCertain: boolean): void {
    if (isCertain) this.events++
    else this.events_uncertain++
    const { events, first, last } = this.#streams.get(event.stream) ?? { events: 0, first: event.revision, last: event.revision }
    this.#streams.set(event.stream, { events: events + 1, first: first < event.revision ? first : event.revision, last: last > event.revision ? last : event.revision })
    const at = timeOf(event)
    if (this.firstAt === undefined || at < this.firstAt) this.firstAt = at
    if (this.lastAt === undefined || at > this.lastAt) this.lastAt = at
  }

  get streams(): readonly StreamLoss[] {
    return [...this.#streams].map(([stream, { events, first, last }]) => ({ stream, events, firstRevision: String(first), lastRevision: String(last) }))
  }
}

/** The records of a frame whose checksum is wrong, as long as they make sense. */
function guessed(window: Window, at: number): RecordedEvent[] {
  const header = window.at(at, frameHeader_bytes)
  if (header.length < frameHeader_bytes) return []
  const bytes = Buffer.from(window.at(at, Math.min(lengthOf(header), window.size - at)))
  const events: RecordedEvent[] = []
  try {
    eachRecord({ durable: 0, bytes }, (record) => {
      const event = readRecord(record)
      if (!/^[0-9a-f-]{36}$/.test(event.id) || event.stream === '' || event.type === '') throw new Error('this is no event')
      timeOf(event)
      events.push(event)
    })
  } catch { /* What follows cannot be read. */ }
  return events
}

/** Reads on behind the damage, frame by frame, wherever good ones are found. */
function lossIn(window: Window, from: number, isBad: boolean, losses: Losses): void {
  const take = (frame: Frame) => eachRecord(frame, (record) => losses.add(readRecord(record), true))
  if (isBad && !frameAt(window, from)) for (const event of guessed(window, from)) losses.add(event, false)
  for (let at = frameAt(window, from) ? from : nextFrame(window, from + 1); at >= 0;) {
    const frame = frameAt(window, at)
    if (frame) take(frame)
    const next = at + (frame?.bytes.length ?? 1)
    at = frameAt(window, next) ? next : nextFrame(window, next)
  }
}

/** Bytes up to the last one that is not zero. */
function usedIn(window: Window, from: number): number {
  const step = 1024 * 1024
  for (let to = window.size; to > from; to -= step) {
    const bytes = window.at(Math.max(from, to - step), Math.min(step, to - from))
    for (let last = bytes.length - 1; last >= 0; last--) if (bytes[last] !== 0) return Math.max(from, to - step) + last + 1 - from
  }
  return 0
}

function lossAt(dir: string, damage: Damage): Loss {
  const losses = new Losses()
  const whole = filesFrom(dir, damage.position)
  const files = damage.offset > 0 && !whole.includes(damage.file) ? [damage.file, ...whole] : whole
  let bytes = 0
  for (const file of files) {
    const fd = fs.openSync(file, 'r')
    try {
      const window = new Window(disk, { fd })
      const from = file === damage.file ? Math.max(damage.offset, segmentHeader_bytes) : segmentHeader_bytes
      lossIn(window, from, file === damage.file, losses)
      bytes += usedIn(window, file === damage.file ? damage.offset : 0)
    } finally {
      fs.closeSync(fd)
    }
  }
  const { events, events_uncertain, streams, firstAt, lastAt } = losses
  return { damage, events, events_uncertain, streams, firstAt, lastAt, bytes, files: whole }
}

/** What `truncate` would take away; undefined where nothing is damaged. Changes nothing. */
export const lossOf = (dir: string, onProgress?: OnProgress): Promise<Loss | undefined> => withStopped(dir, (log) => {
  const { damage } = check(log, onProgress)
  return damage?.kind === 'damaged' ? lossAt(dir, damage) : undefined
})

/**
 * Ends the log where it is damaged. What stood behind stays in the folder under other names; positions of it are not given out again,
 * so that a follower that has read further does not take new events for those it knows. Should it be interrupted, the log stays damaged,
 * and it can be run again. Returns undefined where nothing is damaged.
 */
export function truncate(dir: string, onProgress?: OnProgress, files: FileLayer = disk): Repaired | undefined {
  mustBeStopped(dir)
  const unlock = lock(dir)
  try {
    const log = openStopped(dir)
    const { damage } = check(log, onProgress)
    closeStopped(log)
    if (damage?.kind !== 'damaged') return undefined
    const loss = lossAt(dir, damage)
    return { loss, kept: cutAt(files, dir, loss) }
  } finally {
    unlock()
  }
}

function cutAt(files: FileLayer, dir: string, { damage, files: whole }: Loss): string[] {
  const kept: string[] = []
  // A header or a whole file that is bad leaves the file before it as the last.
  const isInside = !whole.includes(damage.file)
  if (isInside) kept.push(copyOf(files, dir, damage))
  const log = openStopped(dir, files)
  try {
    const last = log.segments.findLast(({ base }) => base < damage.position)
    // The log goes on in a file of its own. It does not follow on any other yet, so until all is done nothing can start on the log.
    const resume = Math.max(...[damage.file, ...whole, ...droppedIn(dir)].map(endOf)) + segmentHeader_bytes
    if (last) files.close(createSegment(files, dir, resume, segment_bytes, log.storeId!, 1024 * 1024).fd)
    // It holds what is cut off, and the log has it all.
    files.remove(snapshotFile(dir))
    // The last first, the damaged one at the end.
    for (const file of whole.toReversed()) {
      const name = free(dir, path.basename(file, '.log'))
      files.rename(file, name)
      kept.push(name)
    }
    files.syncDir(dir)
    // Without any segment the next start makes a new log, with an id of its own.
    if (!last) return kept
    if (isInside) files.truncate(last.fd, damage.offset)
    files.syncNow(last.fd)
    writeAll(files, last.fd, [segmentHeader(last.base, resume, log.storeId!)], 0)
    files.syncNow(last.fd)
    return kept
  } finally {
    closeStopped(log)
  }
}

const segment_bytes = 64 * 1024 * 1024
const droppedPattern = /^dropped-(\d{16})/

/** What earlier repairs took away. */
const droppedIn = (dir: string): string[] => fs.readdirSync(dir).filter((name) => droppedPattern.test(name)).map((name) => path.join(dir, name))

/** Position behind the last one that a file of the log can hold, or could: as its header says, or at least as its size does. */
function endOf(file: string): number {
  const fd = fs.openSync(file, 'r')
  try {
    const name = path.basename(file)
    const dropped = droppedPattern.exec(name)
    const base = Number((dropped ?? namePattern.exec(name))![1])
    const header = Buffer.alloc(segmentHeader_bytes)
    readAll(disk, fd, header, 0)
    const told = Number(header.readBigUInt64LE(24))
    const held = base + fs.fstatSync(fd).size
    if (Number.isSafeInteger(told) && told >= held && header.equals(segmentHeader(base, told, header.subarray(32, 48)))) return told
    return dropped ? held : Math.max(held, base + segment_bytes)
  } finally {
    fs.closeSync(fd)
  }
}

/** A name beside the log that nothing has yet. */
function free(dir: string, name: string): string {
  for (let nth = 1; ; nth++) {
    const file = path.join(dir, `dropped-${name}${nth === 1 ? '' : `-${nth}`}`)
    if (!fs.existsSync(file)) return file
  }
}

/** Keeps the rest of a file, from the damage on, durably. */
function copyOf(files: FileLayer, dir: string, { file, offset, position }: Damage): string {
  const [copy, from] = [free(dir, String(position).padStart(16, '0')), fs.openSync(file, 'r')]
  const to = files.open(copy, true)
  try {
    const window = new Window(disk, { fd: from })
    const used = usedIn(window, offset)
    const step = 1024 * 1024
    for (let done = 0; done < used; done += step) writeAll(files, to, [window.at(offset + done, Math.min(step, used - done))], done)
    files.syncNow(to)
  } finally {
    files.close(to)
    fs.closeSync(from)
  }
  files.syncDir(dir)
  return copy
}
