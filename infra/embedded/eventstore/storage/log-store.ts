import { ANY, TOMBSTONE_REVISION, type EntryView, type ProposedEvent, type StreamView, type Verdict } from '../contract.ts'
import { dataOf } from '../wire/recorded-event.ts'
import { Entry } from './entry-view.ts'
import type { FileLayer } from './files.ts'
import { metastreamOf, type LogIndex } from './index.ts'
import { frameLengthMax, layOut } from './layout.ts'
import { endIn, load } from './loading.ts'
import { checked_bytes, segment_bytes, snapshot_bytes, type OpenStore, type StoreOptions, type StoreStats } from './options.ts'
import { Plans, systemEvent, type Write } from './plans.ts'
import { Records } from './records.ts'
import { recover } from './recovery.ts'
import { scrub } from './scrub.ts'
import { segmentHeader_bytes, type Segment } from './segment.ts'
import { Slabs } from './slabs.ts'
import { Snapshots } from './snapshots.ts'
import { streamView } from './stream-view.ts'
import { LogWriter } from './writer.ts'

const dieLoudly = (error: Error) => {
  process.stderr.write(`${error.message}. The process ends; start it again to read what the disk holds.\n`)
  process.exit(1)
}

/** An answer about what is not durable yet: it waits for the event before this ordinal. */
interface Waiting {
  readonly ordinal: number
  readonly answer: (error?: Error) => void
}

export class LogStore implements OpenStore {
  readonly id: string
  readonly torn_bytes: number
  readonly #options: StoreOptions
  readonly #files: FileLayer
  readonly #unlock: () => void
  readonly #segments: Segment[]
  readonly #snapshots: Snapshots
  readonly #index: LogIndex
  readonly #records: Records
  readonly #plans: Plans
  readonly #slabs = new Slabs()
  readonly #writer: LogWriter
  readonly #listeners = new Set<(from: number, to: number) => void>()
  /** Of every frame that is not durable yet, the ordinal behind its last event. */
  #pending: number[] = []
  #waiting: Waiting[] = []
  #isClosed = false

  constructor(options: StoreOptions, files: FileLayer, segments: Segment[], storeId: Buffer, unlock: () => void) {
    this.#options = options
    this.#files = files
    this.#unlock = unlock
    this.#segments = segments
    this.id = uuidOf(storeId)
    this.#snapshots = new Snapshots({
      files, dir: options.dir, store: this.id, snapshot_bytes: options.snapshot_bytes ?? snapshot_bytes,
      checked_bytes: options.checked_bytes ?? checked_bytes, onWarning: options.onWarning,
    })
    const { index, loaded: { end: from, checkFrom } } = this.#snapshots
    this.#index = index
    this.#records = new Records(files, index, segments)
    this.#plans = new Plans(index, this.#records)
    const last = segments.at(-1)!
    const total = last.base + last.allocated - from
    const { end, torn_bytes } = recover({
      files, segments, checkFrom, from,
      visit: (frame, position) => {
        load(index, segments, frame, position)
        this.#snapshots.passed(position)
        options.onProgress?.(position + frame.bytes.length - from, total)
      },
    })
    index.visible = index.length
    index.gather()
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

  /** Old damage must not wait for its first reader. It is treated as it would be at start: the process ends and says where. */
  async #scrub(segments: readonly Segment[], to: number): Promise<void> {
    const endOf = (segment: Segment) => Math.min(to, endIn(this.#index, segment))
    const damage = await scrub({ files: this.#files, segments, endOf, isWanted: () => !this.#isClosed }).catch((error: Error) => error)
    if (damage && !this.#isClosed) (this.#options.onFatal ?? dieLoudly)(damage)
  }

  get count(): number {
    return this.#index.visible
  }

  append(stream: string, expected: number, events: readonly ProposedEvent[]): Promise<Verdict> {
    return this.#judged(stream, expected, events, () => this.#plans.append(stream, events))
  }

  delete(stream: string, expected: number): Promise<Verdict> {
    if (!this.#plans.isKnown(stream)) return Promise.resolve({ kind: 'wrong-revision', current: -1 })
    const writes = this.#plans.softDeletion(stream)
    return this.#judged(stream, expected, [writes[0]!.drafts[0]!.event], () => writes)
  }

  tombstone(stream: string, expected: number): Promise<Verdict> {
    const writes = this.#plans.tombstone(stream)
    return this.#judged(stream, expected, [writes[0]!.drafts[0]!.event], () => writes)
  }

  /** Judges now, in the order of calls; answers when what it answers about is durable. */
  #judged(stream: string, expected: number, events: readonly Pick<ProposedEvent, 'id'>[], writes: () => readonly Write[]): Promise<Verdict> {
    if (this.#isClosed) return Promise.reject(new Error('the store is closed'))
    const entry = this.#index.find(stream)
    const judgement = this.#plans.judge(stream, expected, events)
    const current = (entry?.count ?? 0) - 1
    if (judgement.kind === 'wrong-revision') return Promise.resolve({ kind: 'wrong-revision', current })
    if (judgement.kind === 'stream-deleted') return Promise.resolve(judgement)
    if (judgement.kind === 'repeated') return this.#repeated(entry!.ordinalAt(judgement.revision)!, judgement.revision)
    const plan = writes()
    if (plan.every(({ drafts }) => drafts.length === 0)) return this.#nothing(current)
    return this.#write(plan, current + events.length)
  }

  async #repeated(ordinal: number, revision: number): Promise<Verdict> {
    await this.#durable(ordinal)
    return { kind: 'written', revision, position: this.#index.positions.get(ordinal) }
  }

  /** An append of nothing says where the log ended. */
  async #nothing(revision: number): Promise<Verdict> {
    const position = this.#writer.end
    await this.#durable(this.#index.length - 1)
    return { kind: 'written', revision, position }
  }

  async #durable(ordinal: number): Promise<void> {
    if (ordinal < this.#index.visible) return
    await new Promise<void>((resolve, reject) => this.#waiting.push({ ordinal, answer: (error) => (error ? reject(error) : resolve()) }))
  }

  async #write(writes: readonly Write[], revision: number): Promise<Verdict> {
    const created = `${(this.#options.now_ms ?? Date.now)()}0000`
    const bytes_max = frameLengthMax(writes, created)
    const base = this.#writer.place(bytes_max)
    const frame = this.#slabs.take(bytes_max)
    let position = base
    const length = layOut(frame, base, writes, created, (write, { event: { id, type }, revision }, start, end) => {
      const isTombstone = revision === TOMBSTONE_REVISION
      const ordinal = this.#index.add({ position: base + start, length: end - start, stream: write.stream, type, id, isTombstone })
      this.#records.keep(ordinal, frame.subarray(start, end))
      // What the store adds by itself stands behind what was asked for.
      if (write === writes[0]) position = base + start
    })
    this.#slabs.giveBack(bytes_max - length)
    this.#pending.push(this.#index.length)
    return new Promise((resolve, reject) => this.#writer.append(frame.subarray(0, length), (error) => {
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
    if (this.#waiting.length > 0) {
      const answered = this.#waiting.filter(({ ordinal }) => ordinal < to)
      this.#waiting = this.#waiting.filter(({ ordinal }) => ordinal >= to)
      for (const { answer } of answered) answer()
    }
    for (const listener of this.#listeners) listener(from, to)
    this.#snapshots.grown(this.#writer.durable)
  }

  #rollBack() {
    this.#pending = []
    this.#records.drop(this.#index.visible)
    this.#index.rollBack()
    for (const { answer } of this.#waiting.splice(0)) answer(new Error('an append before this one, which it was judged by, could not be written'))
  }

  stream(name: string): StreamView {
    return streamView(this.#index, name, this.#options.now_ms ?? Date.now, (ordinal) => dataOf(this.#records.now(ordinal)))
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

  stats(): StoreStats {
    return {
      events: this.count, streams: this.#index.streamsInUse, segments: this.#segments.length, tail: this.#writer.durable, syncs: this.#writer.syncs,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writer.close()
    await (this.#writer.failure ? this.#snapshots.settle() : this.#snapshots.finish(this.#writer.durable))
    await this.#records.settle()
    for (const { fd } of this.#segments) this.#files.close(fd)
    this.#unlock()
  }
}

const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
