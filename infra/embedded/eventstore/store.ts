import { randomBytes, randomUUID } from 'node:crypto'
import {
  ANY, NO_STREAM, TOMBSTONE_REVISION, type EntryView, type ProposedEvent, type Store, type StreamView, type Verdict,
} from './contract.ts'
import { judge, type Judged } from './storage/append-rules.ts'
import { Corruption } from './storage/damage.ts'
import { disk, type FileLayer } from './storage/files.ts'
import { eachRecord, frameAt, frameHeader_bytes } from './storage/frame.ts'
import { isMetastream, LogIndex, metastreamOf, tombstoneType, type StreamEntry } from './storage/index.ts'
import { lock } from './storage/lock.ts'
import { Records } from './storage/records.ts'
import { load, recover } from './storage/recovery.ts'
import { createSegment, openSegment, segmentBases, segmentHeader_bytes, type Segment } from './storage/segment.ts'
import { readSnapshot, writeSnapshot } from './storage/snapshot.ts'
import { deletedBefore, parseMetadata, withTruncateBefore, type StreamMetadata } from './storage/stream-metadata.ts'
import { LogWriter } from './storage/writer.ts'
import { draft, idOf, readRecord, recordLengthMax, writeRecord, type Draft } from './wire/recorded-event.ts'

export interface StoreOptions {
  readonly dir: string
  readonly files?: FileLayer
  /** Size of a file of the log, 64 MiB when not given. */
  readonly segment_bytes?: number
  readonly now_ms?: () => number
  /** How much of the log was read at start, in bytes. */
  readonly onProgress?: (read: number, total: number) => void
  readonly onFatal?: (error: Error) => void
}

export interface StoreStats {
  readonly events: number
  readonly streams: number
  readonly segments: number
  readonly tail: number
  readonly syncs: number
}

/** What is ahead of the log's own position: the store, opened and recovered. */
export interface OpenStore extends Store {
  /** What a crash had left half written, set to zero at this start. */
  readonly torn_bytes: number
  stats(): StoreStats
}

const dieLoudly = (error: Error) => {
  process.stderr.write(`${error.message}. The process ends; start it again to read what the disk holds.\n`)
  process.exit(1)
}

/** Frames before this are checked at every start, also below a snapshot; older ones are checked while the server runs. */
const checked_bytes = 64 * 1024 * 1024

interface Write {
  readonly stream: string
  readonly drafts: readonly Draft[]
}

const none = Buffer.alloc(0)

/** Opens the log in a folder, makes it when there is none, and takes the folder's lock. Throws `Locked`, `Corruption`. */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const files = options.files ?? disk
  files.makeDir(options.dir)
  const unlock = lock(options.dir)
  try {
    return new LogStore(options, files, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

class LogStore implements OpenStore {
  readonly id: string
  readonly torn_bytes: number
  readonly #options: StoreOptions
  readonly #files: FileLayer
  readonly #unlock: () => void
  readonly #segments: Segment[] = []
  readonly #index: LogIndex
  readonly #records: Records
  readonly #writer: LogWriter
  readonly #listeners = new Set<(from: number, to: number) => void>()
  /** Answers to repetitions of appends that are not durable yet, by the ordinal they wait for. */
  readonly #waiting: { readonly ordinal: number; readonly answer: (error?: Error) => void }[] = []
  #isClosed = false

  constructor(options: StoreOptions, files: FileLayer, unlock: () => void) {
    this.#options = options
    this.#files = files
    this.#unlock = unlock
    const storeId = this.#openSegments()
    this.id = uuidOf(storeId)
    const snapshot = readSnapshot(files, options.dir, this.id)
    this.#index = snapshot?.index ?? new LogIndex()
    this.#records = new Records(files, this.#index, this.#segments)
    const start = snapshot?.end ?? this.#segments[0]!.base
    this.#checkBelow(start)
    let read = 0
    const total = this.#segments.reduce((sum, { base, end }) => sum + (end > start ? end - Math.max(base, start) : 0), 0)
    const scanned = recover(files, this.#segments, start, snapshot?.end ?? 0, (buffer, base, from, to) => {
      eachRecord(buffer, { durable: 0, from, to }, (from, to) => this.#take(buffer.subarray(from, to), base + from))
      read += to - from + frameHeader_bytes
      options.onProgress?.(read, total)
    })
    this.#index.visible = this.#index.length
    this.torn_bytes = scanned.torn_bytes
    const last = this.#segments.at(-1)!
    this.#writer = new LogWriter({
      files, dir: options.dir, storeId, segment_bytes: options.segment_bytes ?? 64 * 1024 * 1024, onFatal: options.onFatal ?? dieLoudly,
      onRollback: () => this.#rollBack(), onSegment: (segment) => this.#segments.push(segment),
    }, last, Math.max(scanned.end, last.base + segmentHeader_bytes))
    if (this.#index.length === 0) void this.#writeFirst()
  }

  /** A real node holds events of its own before the first of a user; clients count on one. Its id names this log for ever. */
  #writeFirst() {
    const event = { id: this.id, type: '$metadata', json: true, metadata: none, data: Buffer.from('{"$acl":{"$r":["$all"]}}') }
    return this.append(metastreamOf('$settings'), ANY, [event])
  }

  #openSegments(): Buffer {
    const { dir, segment_bytes = 64 * 1024 * 1024 } = this.#options
    const bases = segmentBases(this.#files, dir)
    let id: Buffer | undefined
    bases.forEach((base, nth) => {
      const opened = openSegment(this.#files, dir, base)
      if ('segment' in opened) {
        id ??= opened.storeId
        if (!opened.storeId.equals(id)) throw new Corruption(opened.segment.file, 32, 'it belongs to another log')
        this.#segments.push(opened.segment)
        return
      }
      // A crash while the newest segment was made leaves a file without frames; nothing is lost with it.
      const isUnused = nth === bases.length - 1 && !holdsFrames(this.#files, opened.fd)
      this.#files.close(opened.fd)
      if (!isUnused) throw new Corruption(opened.file, 0, `it ${opened.fault}`)
      this.#files.remove(opened.file)
    })
    for (const [nth, { file, base }] of this.#segments.entries()) {
      const expected = nth === 0 ? 0 : this.#segments[nth - 1]!.end
      if (base !== expected) throw new Corruption(file, 0, `the log has a gap: a segment at position ${expected} is missing`)
    }
    if (this.#segments.length > 0) return id!
    const made = randomBytes(16)
    this.#segments.push(createSegment(this.#files, dir, 0, segment_bytes, made, Math.min(segment_bytes, 1024 * 1024)))
    return made
  }

  /** Below a snapshot nothing is read anew, but damage there must not wait for its first reader. */
  #checkBelow(end: number) {
    for (const segment of this.#segments) {
      if (segment.base >= end || end - segment.base > checked_bytes) continue
      const buffer = load(this.#files, segment)
      const stop = Math.min(end - segment.base, buffer.length)
      for (let at = segmentHeader_bytes; at < stop;) {
        const frame = frameAt(buffer, at)
        if (!frame) {
          if (segment.end < end && buffer.subarray(at, stop).every((byte) => byte === 0)) break
          throw new Corruption(segment.file, at, 'a frame that the index knows to be good is not')
        }
        if (frame.to === frame.from) break
        at = frame.to
      }
    }
  }

  #take(record: Buffer, position: number) {
    const { id, stream, type } = readRecord(record)
    this.#index.add({ position, length: record.length, stream, type, id })
  }

  get count(): number {
    return this.#index.visible
  }

  append(stream: string, expected: number, events: readonly ProposedEvent[]): Promise<Verdict> {
    return this.#judged(stream, expected, events, () => this.#writesFor(stream, events))
  }

  delete(stream: string, expected: number): Promise<Verdict> {
    const found = this.#index.find(stream)
    const metadata = this.#index.find(metastreamOf(stream))
    const isUnknown = !found?.ordinals.length && !metadata?.ordinals.length && (found?.tombstone ?? -1) < 0
    if (isUnknown && expected !== NO_STREAM) return Promise.resolve({ kind: 'wrong-revision', current: -1 })
    // Deleting a second time succeeds again, so the wish is judged as if the stream were there.
    const event = systemEvent('$metadata', Buffer.from(`{"$tb":${deletedBefore}}`))
    const judgeAs = found && this.#isSoftDeleted(found) && expected < 0 ? ANY : expected
    return this.#judged(stream, judgeAs, [{ id: randomUUID() }], () => [{ stream: metastreamOf(stream), drafts: this.#draftsFor(metastreamOf(stream), [event]) }])
  }

  tombstone(stream: string, expected: number): Promise<Verdict> {
    const event = systemEvent(tombstoneType, none)
    return this.#judged(stream, expected, [event], () => [{ stream, drafts: [draft(event, TOMBSTONE_REVISION)] }])
  }

  /** Judges now, in the order of calls; answers when what it answers about is durable. */
  #judged(stream: string, expected: number, events: readonly Pick<ProposedEvent, 'id'>[], writes: () => readonly Write[]): Promise<Verdict> {
    if (this.#isClosed) return Promise.reject(new Error('the store is closed'))
    const entry = this.#index.find(stream)
    const judgement = judge(this.#judgedOf(stream, entry), expected, events)
    const current = (entry?.ordinals.length ?? 0) - 1
    if (judgement.kind === 'wrong-revision') return Promise.resolve({ kind: 'wrong-revision', current })
    if (judgement.kind === 'stream-deleted') return Promise.resolve(judgement)
    if (judgement.kind === 'repeated') return this.#repeated(entry!, judgement.revision)
    const plan = writes()
    if (plan.every(({ drafts }) => drafts.length === 0)) return Promise.resolve({ kind: 'written', revision: current, position: -1 })
    return this.#write(plan, current + events.length)
  }

  #judgedOf(stream: string, entry: StreamEntry | undefined): Judged {
    const owner = isMetastream(stream) ? this.#index.find(stream.slice(2)) : undefined
    return {
      current: (entry?.ordinals.length ?? 0) - 1,
      isTombstoned: (entry?.tombstone ?? -1) >= 0 || (owner?.tombstone ?? -1) >= 0,
      isSoftDeleted: entry !== undefined && this.#isSoftDeleted(entry),
      hasMetadata: (this.#index.find(metastreamOf(stream))?.ordinals.length ?? 0) > 0,
      idAt: (revision) => {
        const ordinal = entry?.ordinals[revision]
        return ordinal === undefined ? undefined : idOf(this.#records.now(ordinal))
      },
      revisionOf: (id) => {
        const ordinal = this.#index.ordinalOfId(id)
        return ordinal !== undefined && ordinal !== entry?.tombstone && this.#index.streamKeys.get(ordinal) === entry?.key ? this.#index.revisions.get(ordinal) : undefined
      },
    }
  }

  #metadataOf(entry: StreamEntry, limit: number): StreamMetadata {
    return this.#index.metadataOf(entry, limit, (ordinal) => readRecord(this.#records.now(ordinal)).data)
  }

  #isSoftDeleted(entry: StreamEntry): boolean {
    return this.#metadataOf(entry, Infinity).truncateBefore === deletedBefore
  }

  /** The events, and what the store itself adds where they bring a soft-deleted stream back. */
  #writesFor(stream: string, events: readonly ProposedEvent[]): readonly Write[] {
    const writes: Write[] = [{ stream, drafts: this.#draftsFor(stream, events) }]
    if (events.length === 0) return writes
    const entry = this.#index.find(stream)
    if (entry && this.#isSoftDeleted(entry)) {
      const metastream = metastreamOf(stream)
      const newest = this.#index.find(metastream)!.ordinals.at(-1)!
      const restored = withTruncateBefore(parseMetadata(readRecord(this.#records.now(newest)).data) ?? {}, entry.ordinals.length)
      writes.push({ stream: metastream, drafts: this.#draftsFor(metastream, [systemEvent('$metadata', restored)]) })
    }
    const owner = isMetastream(stream) ? this.#index.find(stream.slice(2)) : undefined
    if (owner && this.#isSoftDeleted(owner)) {
      const wanted = parseMetadata(events.at(-1)!.data)
      const restored = wanted && systemEvent('$metadata', withTruncateBefore(wanted, owner.ordinals.length))
      if (restored) writes.push({ stream, drafts: this.#draftsFor(stream, [restored], events.length) })
    }
    return writes
  }

  #draftsFor(stream: string, events: readonly ProposedEvent[], after = 0): readonly Draft[] {
    const next = (this.#index.find(stream)?.ordinals.length ?? 0) + after
    return events.map((event, nth) => draft(event, next + nth))
  }

  async #repeated(entry: StreamEntry, revision: number): Promise<Verdict> {
    const ordinal = entry.ordinals[revision]!
    if (ordinal >= this.#index.visible) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ ordinal, answer: (error) => (error ? reject(error) : resolve()) }))
    }
    return { kind: 'written', revision, position: this.#index.positions.get(ordinal) }
  }

  async #write(writes: readonly Write[], revision: number): Promise<Verdict> {
    const created = String(BigInt((this.#options.now_ms ?? Date.now)()) * 10_000n)
    const names = writes.map(({ stream }) => Buffer.from(stream))
    const drafts = writes.flatMap(({ stream, drafts }, nth) => drafts.map((draft) => ({ draft, stream, name: names[nth]! })))
    const bytes_max = drafts.reduce((sum, { draft, name }) => sum + 4 + recordLengthMax(draft, name.length, created), frameHeader_bytes)
    const base = this.#writer.place(bytes_max)
    const frame = Buffer.allocUnsafe(bytes_max)
    const from = this.#index.length
    let [at, position] = [frameHeader_bytes, 0]
    for (const [nth, { draft, stream, name }] of drafts.entries()) {
      const start = at + 4
      const end = writeRecord(frame, start, draft, name, base + start, created)
      frame.writeUInt32LE(end - start, at)
      const ordinal = this.#index.add({ position: base + start, length: end - start, stream, type: draft.event.type, id: draft.event.id })
      this.#records.keep(ordinal, frame.subarray(start, end))
      // What the store adds by itself stands behind what was asked for.
      if (nth < writes[0]!.drafts.length) position = base + start
      at = end
    }
    const to = this.#index.length
    return new Promise((resolve, reject) => this.#writer.append(frame.subarray(0, at), (error) => {
      if (error) return reject(error)
      this.#show(from, to)
      resolve({ kind: 'written', revision, position })
    }))
  }

  #show(from: number, to: number) {
    this.#index.visible = to
    while (this.#waiting[0] && this.#waiting[0].ordinal < to) this.#waiting.shift()!.answer()
    for (const listener of this.#listeners) listener(from, to)
  }

  #rollBack() {
    this.#records.drop(this.#index.visible)
    this.#index.rollBack()
    for (const { answer } of this.#waiting.splice(0)) answer(new Error('the append that this one repeats could not be written'))
  }

  stream(name: string): StreamView {
    const index = this.#index
    const entry = index.find(name)
    const owner = isMetastream(name) ? index.find(name.slice(2)) : undefined
    const count = entry ? index.visibleIn(entry) : 0
    const metadata = entry ? this.#metadataOf(entry, index.visible) : undefined
    const isGone = [entry, owner].some((one) => one && one.tombstone >= 0 && one.tombstone < index.visible)
    const maxCount = isMetastream(name) ? 1 : metadata?.maxCount
    const before = metadata?.truncateBefore ?? 0n
    const first = Math.max(0, maxCount === undefined ? 0 : count - maxCount, before > BigInt(count) ? count : Number(before))
    const oldest = metadata?.maxAge_s === undefined ? undefined : BigInt(Math.floor((this.#options.now_ms ?? Date.now)() - metadata.maxAge_s * 1000)) * 10_000n
    const status = isGone ? 'tombstoned' : before === deletedBefore ? 'deleted' : count === 0 ? 'missing' : 'live'
    return {
      name, status, first, last: (entry?.ordinals.length ?? 0) - 1, lastVisible: count - 1,
      ordinalOf: (revision) => (revision >= 0 && revision < count ? entry!.ordinals[revision]! : -1),
      tombstone: entry && isGone && entry.tombstone < index.visible ? entry.tombstone : -1,
      isExpired: (createdTicks) => oldest !== undefined && createdTicks < oldest,
    }
  }

  entry(ordinal: number): EntryView {
    const index = this.#index
    const entry = index.streams[index.streamKeys.get(ordinal)]!
    return {
      ordinal, position: index.positions.get(ordinal), stream: entry.name, type: index.types.names[index.typeKeys.get(ordinal)]!, revision: index.revisions.get(ordinal),
    }
  }

  streamKey(ordinal: number): number {
    return this.#index.streamKeys.get(ordinal)
  }

  typeKey(ordinal: number): number {
    return this.#index.typeKeys.get(ordinal)
  }

  ordinalAt(position: number): number {
    return this.#index.ordinalAt(position)
  }

  records(ordinals: readonly number[]): Promise<Buffer[]> | Buffer[] {
    return this.#records.many(ordinals)
  }

  onVisible(listener: (from: number, to: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): StoreStats {
    return {
      events: this.count, streams: this.#index.streams.length, segments: this.#segments.length, tail: this.#writer.durable, syncs: this.#writer.syncs,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writer.close()
    writeSnapshot(this.#files, this.#options.dir, this.id, this.#index, this.#writer.durable)
    for (const { fd } of this.#segments) this.#files.close(fd)
    this.#unlock()
  }
}

const systemEvent = (type: string, data: Buffer): ProposedEvent => ({ id: randomUUID(), type, json: true, metadata: none, data })

const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

function holdsFrames(files: FileLayer, fd: number): boolean {
  const buffer = Buffer.alloc(files.size(fd))
  files.read(fd, buffer, 0)
  return buffer.some((byte, at) => at >= segmentHeader_bytes && byte !== 0)
}
