import { randomBytes, randomUUID } from 'node:crypto'
import { ANY, TOMBSTONE_REVISION, type EntryView, type ProposedEvent, type Store, type StreamView, type Verdict } from './contract.ts'
import { judge, type Judged } from './storage/append-rules.ts'
import { Corruption } from './storage/damage.ts'
import { disk, type FileLayer } from './storage/files.ts'
import { eachRecord, frame_bytes_min, frameHeader_bytes, frameTrailer_bytes, type Frame } from './storage/frame.ts'
import { isMetastream, LogIndex, metastreamOf, tombstoneType, type StreamEntry } from './storage/index.ts'
import { lock } from './storage/lock.ts'
import { Records } from './storage/records.ts'
import { recover } from './storage/recovery.ts'
import { scrub } from './storage/scrub.ts'
import { createSegment, openSegments, segmentHeader_bytes, type Segment } from './storage/segment.ts'
import { Slabs } from './storage/slabs.ts'
import { readSnapshot, writeSnapshot } from './storage/snapshot.ts'
import { deletedBefore, parseMetadata, withTruncateBefore } from './storage/stream-metadata.ts'
import { streamView } from './storage/stream-view.ts'
import { LogWriter } from './storage/writer.ts'
import { dataOf, draft, headOf, idOf, recordLengthMax, writeRecord, type Draft, type RecordHead } from './wire/recorded-event.ts'

export interface StoreOptions {
  readonly dir: string
  readonly files?: FileLayer
  /** Size of a file of the log, 64 MiB when not given. */
  readonly segment_bytes?: number
  /** After so much more log the index is written again, 32 MiB when not given; the larger the index, the rarer. */
  readonly snapshot_bytes?: number
  /** So much below a snapshot, up to twice as much, is checked at every start as well: 4 MiB when not given. What is older is checked later. */
  readonly checked_bytes?: number
  readonly now_ms?: () => number
  /** How much of the log was read at start, in bytes. */
  readonly onProgress?: (read: number, total: number) => void
  readonly onFatal?: (error: Error) => void
  /** What did not work and does no harm, in a sentence. */
  readonly onWarning?: (sentence: string) => void
}

export interface StoreStats {
  readonly events: number
  /** That hold events, or a tombstone. */
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

const segment_bytes = 64 * 1024 * 1024
const snapshot_bytes = 32 * 1024 * 1024
const checked_bytes = 4 * 1024 * 1024

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
  let segments: Segment[] = []
  try {
    const opened = openSegments(files, options.dir)
    segments = opened.segments
    if (opened.unfinished !== undefined) files.remove(opened.unfinished)
    const storeId = opened.storeId ?? randomBytes(16)
    const size = options.segment_bytes ?? segment_bytes
    if (segments.length === 0) segments.push(createSegment(files, options.dir, 0, size, storeId, Math.min(size, 1024 * 1024)))
    const store = new LogStore(options, files, segments, storeId, unlock)
    if (store.count === 0) await store.writeFirst()
    return store
  } catch (error) {
    for (const { fd } of segments) files.close(fd)
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
  readonly #segments: Segment[]
  readonly #index: LogIndex
  readonly #records: Records
  readonly #slabs = new Slabs()
  readonly #writer: LogWriter
  readonly #listeners = new Set<(from: number, to: number) => void>()
  /** Of every frame that is not durable yet, the ordinal behind its last event. */
  #pending: number[] = []
  /** Answers to repetitions of appends that are not durable yet, by the ordinal they wait for. */
  #waiting: { readonly ordinal: number; readonly answer: (error?: Error) => void }[] = []
  #snapshot: { end: number; size: number; writing: Promise<void> | undefined }
  /** Places where one frame ends and the next begins: at least `checked_bytes` back, and the newest since then. */
  #ends: { readonly older: number; readonly newer: number }
  #isClosed = false

  constructor(options: StoreOptions, files: FileLayer, segments: Segment[], storeId: Buffer, unlock: () => void) {
    this.#options = options
    this.#files = files
    this.#unlock = unlock
    this.#segments = segments
    this.id = uuidOf(storeId)
    const snapshot = readSnapshot(files, options.dir, this.id)
    this.#snapshot = { end: snapshot?.end ?? 0, size: snapshot?.size ?? 0, writing: undefined }
    this.#index = snapshot?.index ?? new LogIndex()
    this.#records = new Records(files, this.#index, segments)
    const last = segments.at(-1)!
    const checkFrom = snapshot?.checkFrom ?? 0
    this.#ends = { older: checkFrom, newer: checkFrom }
    const total = last.base + last.allocated - this.#snapshot.end
    const { end, torn_bytes } = recover({
      files, segments, checkFrom, from: this.#snapshot.end,
      visit: (frame, position) => {
        this.#take(frame, position)
        this.#passed(position)
        options.onProgress?.(position + frame.bytes.length - this.#snapshot.end, total)
      },
    })
    this.#index.visible = this.#index.length
    this.#index.gather()
    this.torn_bytes = torn_bytes
    this.#writer = new LogWriter({
      files, dir: options.dir, storeId, segment_bytes: options.segment_bytes ?? segment_bytes, onFatal: options.onFatal ?? dieLoudly,
      onDurable: (frames) => this.#show(frames), onRollback: () => this.#rollBack(), onSegment: (segment) => segments.push(segment),
    }, last, Math.max(end, last.base + segmentHeader_bytes))
    void this.#scrub(segments.filter(({ base }) => base < checkFrom), checkFrom)
  }

  /** A real node holds events of its own before the first of a user; clients count on one. */
  async writeFirst(): Promise<void> {
    await this.append(metastreamOf('$settings'), ANY, [systemEvent('$metadata', Buffer.from('{"$acl":{"$r":["$all"]}}'))])
  }

  /** Remembers where a frame ends, or another may begin. */
  #passed(position: number) {
    const { newer } = this.#ends
    if (position - newer >= (this.#options.checked_bytes ?? checked_bytes)) this.#ends = { older: newer, newer: position }
  }

  #take(frame: Frame, position: number) {
    eachRecord(frame, (record, at) => {
      const { id, stream, type, revision, isTombstone } = this.#headOf(record, position + at)
      const next = this.#index.find(stream)?.count ?? 0
      if (!isTombstone && revision !== next) {
        throw new Corruption(this.#fileAt(position + at), this.#offsetOf(position + at), `revision ${next} of stream ${stream} is missing`)
      }
      this.#index.add({ position: position + at, length: record.length, stream, type, id, isTombstone })
    })
  }

  #headOf(record: Buffer, position: number): RecordHead {
    try {
      return headOf(record)
    } catch (error) {
      throw new Corruption(this.#fileAt(position), this.#offsetOf(position), `a record cannot be read: ${(error as Error).message}`)
    }
  }

  #segmentAt(position: number): Segment {
    return this.#segments.findLast(({ base }) => base <= position)!
  }

  #fileAt(position: number): string {
    return this.#segmentAt(position).file
  }

  #offsetOf(position: number): number {
    return position - this.#segmentAt(position).base
  }

  /** Old damage must not wait for its first reader. It is treated as it would be at start: the process ends and says where. */
  async #scrub(segments: readonly Segment[], to: number): Promise<void> {
    const endOf = ({ end }: Segment) => {
      const last = this.#index.ordinalAt(end) - 1
      return last < 0 ? 0 : Math.min(to, this.#index.positions.get(last) + this.#index.lengths.get(last) + frameTrailer_bytes)
    }
    const damage = await scrub({ files: this.#files, segments, endOf, isWanted: () => !this.#isClosed }).catch((error: Error) => error)
    if (damage && !this.#isClosed) (this.#options.onFatal ?? dieLoudly)(damage)
  }

  get count(): number {
    return this.#index.visible
  }

  append(stream: string, expected: number, events: readonly ProposedEvent[]): Promise<Verdict> {
    return this.#judged(stream, expected, events, () => this.#writesFor(stream, events))
  }

  delete(stream: string, expected: number): Promise<Verdict> {
    const found = this.#index.find(stream)
    const metadata = this.#metastream(stream, found)
    const isUnknown = !found?.count && !metadata?.count && (found?.tombstone ?? -1) < 0
    if (isUnknown) return Promise.resolve({ kind: 'wrong-revision', current: -1 })
    const event = systemEvent('$metadata', Buffer.from(`{"$tb":${deletedBefore}}`))
    return this.#judged(stream, expected, [event], () => [{ stream: metastreamOf(stream), drafts: this.#draftsFor(metastreamOf(stream), [event]) }])
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
    const current = (entry?.count ?? 0) - 1
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
      current: (entry?.count ?? 0) - 1,
      isTombstoned: (entry?.tombstone ?? -1) >= 0 || (owner?.tombstone ?? -1) >= 0,
      isSoftDeleted: entry !== undefined && this.#isSoftDeleted(entry),
      hasMetadata: entry === undefined || entry.count === 0 ? (this.#metastream(stream, entry)?.count ?? 0) > 0 : false,
      idAt: (revision) => {
        const ordinal = entry?.ordinalAt(revision)
        return ordinal === undefined ? undefined : idOf(this.#records.now(ordinal))
      },
      revisionOf: (id) => {
        const isIt = (ordinal: number) => ordinal < this.#index.length && this.#index.streamKeys.get(ordinal) === entry!.key && ordinal !== entry!.tombstone
          && idOf(this.#records.now(ordinal)) === id
        const ordinal = entry && this.#index.ids.find(id).find(isIt)
        return ordinal === undefined ? undefined : this.#index.revisions.get(ordinal)
      },
    }
  }

  #metastream(stream: string, entry: StreamEntry | undefined): StreamEntry | undefined {
    return entry ? entry.metastream : this.#index.find(metastreamOf(stream))
  }

  /** As of everything judged so far, durable or not. */
  #isSoftDeleted(entry: StreamEntry): boolean {
    return this.#index.metadataOf(entry, Infinity, (ordinal) => this.#dataOf(ordinal)).truncateBefore === deletedBefore
  }

  #dataOf(ordinal: number): Buffer {
    return dataOf(this.#records.now(ordinal))
  }

  /** The events, and what the store itself adds where they bring a soft-deleted stream back. */
  #writesFor(stream: string, events: readonly ProposedEvent[]): readonly Write[] {
    const writes: Write[] = [{ stream, drafts: this.#draftsFor(stream, events) }]
    if (events.length === 0) return writes
    const entry = this.#index.find(stream)
    if (entry && this.#isSoftDeleted(entry)) {
      const metastream = metastreamOf(stream)
      const newest = entry.metastream!.ordinalAt(entry.metastream!.count - 1)!
      const restored = withTruncateBefore(parseMetadata(this.#dataOf(newest)) ?? {}, entry.count)
      writes.push({ stream: metastream, drafts: this.#draftsFor(metastream, [systemEvent('$metadata', restored)]) })
    }
    const owner = isMetastream(stream) ? this.#index.find(stream.slice(2)) : undefined
    if (owner && this.#isSoftDeleted(owner)) {
      const wanted = parseMetadata(events.at(-1)!.data)
      const restored = wanted && systemEvent('$metadata', withTruncateBefore(wanted, owner.count))
      if (restored) writes.push({ stream, drafts: this.#draftsFor(stream, [restored], events.length) })
    }
    return writes
  }

  #draftsFor(stream: string, events: readonly ProposedEvent[], after = 0): readonly Draft[] {
    const next = (this.#index.find(stream)?.count ?? 0) + after
    return events.map((event, nth) => draft(event, next + nth))
  }

  async #repeated(entry: StreamEntry, revision: number): Promise<Verdict> {
    const ordinal = entry.ordinalAt(revision)!
    if (ordinal >= this.#index.visible) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ ordinal, answer: (error) => (error ? reject(error) : resolve()) }))
    }
    return { kind: 'written', revision, position: this.#index.positions.get(ordinal) }
  }

  async #write(writes: readonly Write[], revision: number): Promise<Verdict> {
    const created = `${(this.#options.now_ms ?? Date.now)()}0000`
    const names = writes.map(({ stream }) => Buffer.from(stream))
    let bytes_max = frame_bytes_min
    for (const [nth, { drafts }] of writes.entries()) for (const draft of drafts) bytes_max += 4 + recordLengthMax(draft, names[nth]!.length, created)
    const base = this.#writer.place(bytes_max)
    const frame = this.#slabs.take(bytes_max)
    let [at, position] = [frameHeader_bytes, -1]
    for (const [nth, { stream, drafts }] of writes.entries()) {
      for (const draft of drafts) {
        const start = at + 4
        at = writeRecord(frame, start, draft, names[nth]!, base + start, created)
        frame.writeUInt32LE(at - start, start - 4)
        const { id, type } = draft.event
        const isTombstone = draft.revision === TOMBSTONE_REVISION
        this.#records.keep(this.#index.add({ position: base + start, length: at - start, stream, type, id, isTombstone }), frame.subarray(start, at))
        // What the store adds by itself stands behind what was asked for.
        if (nth === 0) position = base + start
      }
    }
    at += frameTrailer_bytes
    this.#slabs.giveBack(bytes_max - at)
    this.#pending.push(this.#index.length)
    return new Promise((resolve, reject) => this.#writer.append(frame.subarray(0, at), (error) => {
      if (error) reject(error)
      else resolve({ kind: 'written', revision, position })
    }))
  }

  /** So many more frames are durable. */
  #show(frames: number) {
    const from = this.#index.visible
    const to = this.#pending[frames - 1]!
    this.#pending = this.#pending.slice(frames)
    this.#index.visible = to
    this.#passed(this.#writer.durable)
    if (this.#waiting.length > 0) {
      const answered = this.#waiting.filter(({ ordinal }) => ordinal < to)
      this.#waiting = this.#waiting.filter(({ ordinal }) => ordinal >= to)
      for (const { answer } of answered) answer()
    }
    for (const listener of this.#listeners) listener(from, to)
    const { end, size, writing } = this.#snapshot
    const due = Math.max(this.#options.snapshot_bytes ?? snapshot_bytes, 2 * size)
    if (!writing && this.#writer.durable - end >= due) void this.#writeSnapshot()
  }

  #rollBack() {
    this.#pending = []
    this.#records.drop(this.#index.visible)
    this.#index.rollBack()
    for (const { answer } of this.#waiting.splice(0)) answer(new Error('the append that this one repeats could not be written'))
  }

  /** Without one, the next start reads more of the log and nothing else is lost: a failure is no reason to stop. */
  async #writeSnapshot(): Promise<void> {
    const end = this.#writer.durable
    const write = writeSnapshot(this.#files, this.#options.dir, { store: this.id, end, checkFrom: this.#ends.older }, this.#index)
      .catch((error: Error) => {
        this.#options.onWarning?.(`the index could not be written, so the next start takes longer: ${error.message}`)
        return this.#snapshot.size
      })
      .then((size) => { this.#snapshot = { end, size, writing: undefined } })
    this.#snapshot.writing = write
    await write
  }

  stream(name: string): StreamView {
    return streamView(this.#index, name, this.#options.now_ms ?? Date.now, (ordinal) => this.#dataOf(ordinal))
  }

  entry(ordinal: number): EntryView {
    return new Entry(this.#index, ordinal)
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

  #streamsInUse(): number {
    let used = 0
    for (let key = 0; key < this.#index.streamCount; key++) if (this.#index.countOf(key) > 0 || this.#index.tombstones.has(key)) used++
    return used
  }

  stats(): StoreStats {
    return {
      events: this.count, streams: this.#streamsInUse(), segments: this.#segments.length, tail: this.#writer.durable, syncs: this.#writer.syncs,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writer.close()
    await this.#snapshot.writing
    if (!this.#writer.failure && this.#snapshot.end < this.#writer.durable) await this.#writeSnapshot()
    await this.#records.settle()
    for (const { fd } of this.#segments) this.#files.close(fd)
    this.#unlock()
  }
}

/** Names are made only for those who ask. */
class Entry implements EntryView {
  readonly #index: LogIndex
  readonly ordinal: number

  constructor(index: LogIndex, ordinal: number) {
    this.#index = index
    this.ordinal = ordinal
  }

  get position(): number {
    return this.#index.positions.get(this.ordinal)
  }

  get stream(): string {
    return this.#index.nameOf(this.#index.streamKeys.get(this.ordinal))
  }

  get type(): string {
    return this.#index.types.names[this.#index.typeKeys.get(this.ordinal)]!
  }

  get revision(): number {
    return this.#index.revisions.get(this.ordinal)
  }
}

const systemEvent = (type: string, data: Buffer): ProposedEvent => ({ id: randomUUID(), type, json: true, metadata: none, data })

const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
