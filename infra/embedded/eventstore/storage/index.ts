import { Column, Names, numbers32, numbers64 } from './columns.ts'
import { RecentIds } from './recent-ids.ts'
import { metadataFrom, noMetadata, type StreamMetadata } from './stream-metadata.ts'

export const tombstoneType = '$streamDeleted'
export const metastreamOf = (stream: string) => `$$${stream}`
export const isMetastream = (stream: string) => stream.startsWith('$$')

const nothing = new Uint32Array(0)

/** What is kept of a stream, besides its events. */
export class StreamEntry {
  readonly key: number
  readonly name: string
  /** The stream that holds the metadata of this one, once it has been written to. */
  metastream: StreamEntry | undefined
  /** Ordinal of the event that deleted it for ever, -1 for none. */
  tombstone = -1
  /** What its newest metadata event says, and which that was. */
  metadata: StreamMetadata = noMetadata
  metadataOrdinal = -1
  /** How many events it holds. Events that are not durable yet count. */
  count = 0
  /** Ordinals by revision: of those that were gathered in an array that all streams share, from `#from` on; of newer ones here. */
  #gathered: Uint32Array = nothing
  #from = 0
  #newer: number[] | undefined
  #gathered_count = 0

  constructor(key: number, name: string) {
    this.key = key
    this.name = name
  }

  ordinalAt(revision: number): number | undefined {
    if (revision < 0 || revision >= this.count) return undefined
    return revision < this.#gathered_count ? this.#gathered[this.#from + revision] : this.#newer![revision - this.#gathered_count]
  }

  add(ordinal: number): void {
    if (this.#newer) this.#newer.push(ordinal)
    else this.#newer = [ordinal]
    this.count++
  }

  takeBack(): void {
    this.#newer!.pop()
    this.count--
  }

  gather(all: Uint32Array, from: number): void {
    [this.#gathered, this.#from, this.#gathered_count, this.#newer] = [all, from, this.count, undefined]
  }
}

export interface Indexed {
  readonly position: number
  readonly length: number
  readonly stream: string
  readonly type: string
  readonly id: string
  readonly isTombstone: boolean
}

/**
 * Where every event stands, in memory: 24 bytes an event, and 4 in its stream, or about 12 for those that came since the start. Events
 * enter when they are judged, in log order; those from `visible` on are not durable yet and nobody but the judge may see them.
 *
 * While the log is read at start, streams only count. `gather` then tells them where their events are, all at once.
 */
export class LogIndex {
  readonly positions = numbers64()
  readonly lengths = numbers32()
  readonly streamKeys = numbers32()
  readonly typeKeys = numbers32()
  readonly revisions = numbers32()
  readonly types = new Names()
  /** By key. Those that have metadata and no event yet are among them. */
  readonly streams: StreamEntry[] = []
  readonly #byName = new Map<string, StreamEntry>()
  readonly ids = new RecentIds()
  #isGathered = false
  visible = 0

  get length(): number {
    return this.positions.length
  }

  find(name: string): StreamEntry | undefined {
    return this.#byName.get(name)
  }

  entry(name: string): StreamEntry {
    let entry = this.#byName.get(name)
    if (!entry) {
      entry = this.#made(name)
      entry.metastream = this.#byName.get(metastreamOf(name))
      const owner = isMetastream(name) ? this.#byName.get(name.slice(2)) : undefined
      if (owner) owner.metastream = entry
    }
    return entry
  }

  #made(name: string): StreamEntry {
    const entry = new StreamEntry(this.streams.length, name)
    this.streams.push(entry)
    this.#byName.set(name, entry)
    return entry
  }

  /** The entries of many streams, in the order of their keys, into an empty index. */
  load(names: readonly string[]): void {
    const metastreams = names.map((name) => this.#made(name)).filter(({ name }) => isMetastream(name))
    for (const entry of metastreams) this.entry(entry.name.slice(2)).metastream = entry
  }

  add({ position, length, stream, type, id, isTombstone }: Indexed): number {
    const entry = this.entry(stream)
    // Metadata may come before the stream itself, and holds for it from then on.
    if (entry.count === 0 && isMetastream(stream)) this.entry(stream.slice(2))
    const ordinal = this.#place(position, length, entry, this.types.keyOf(type), isTombstone)
    this.ids.add(id, ordinal)
    return ordinal
  }

  #place(position: number, length: number, entry: StreamEntry, typeKey: number, isTombstone: boolean): number {
    const ordinal = this.positions.length
    this.positions.push(position)
    this.lengths.push(length)
    this.streamKeys.push(entry.key)
    this.typeKeys.push(typeKey)
    this.revisions.push(entry.count)
    if (isTombstone) entry.tombstone = ordinal
    else if (this.#isGathered) entry.add(ordinal)
    else entry.count++
    return ordinal
  }

  /** Ends the reading at start: from now on streams know their events. */
  gather(): void {
    const next = new Uint32Array(this.streams.length)
    let total = 0
    for (const { key, count } of this.streams) {
      next[key] = total
      total += count
    }
    const all = new Uint32Array(total)
    for (const entry of this.streams) entry.gather(all, next[entry.key]!)
    for (let ordinal = 0; ordinal < this.length; ordinal++) {
      const key = this.streamKeys.get(ordinal)
      if (this.streams[key]!.tombstone !== ordinal) all[next[key]!++] = ordinal
    }
    this.#isGathered = true
  }

  /** Takes back what was judged and never written. */
  rollBack(): void {
    for (let ordinal = this.length - 1; ordinal >= this.visible; ordinal--) {
      const entry = this.streams[this.streamKeys.get(ordinal)]!
      if (entry.tombstone === ordinal) entry.tombstone = -1
      else entry.takeBack()
    }
    for (const column of this.#columns()) column.truncate(this.visible)
  }

  #columns(): Column<any>[] {
    return [this.positions, this.lengths, this.streamKeys, this.typeKeys, this.revisions]
  }

  ordinalAt(position: number): number {
    let [low, high] = [0, this.visible]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.positions.get(middle) < position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** How many of the stream's events may be seen. */
  visibleIn(entry: StreamEntry): number {
    let { count } = entry
    while (count > 0 && entry.ordinalAt(count - 1)! >= this.visible) count--
    return count
  }

  /**
   * Metadata as of all events up to `limit`. `read` gives the data of an event; it is asked once per metadata event.
   */
  metadataOf(entry: StreamEntry, limit: number, read: (ordinal: number) => Buffer): StreamMetadata {
    const own = entry.metastream
    let count = own?.count ?? 0
    while (count > 0 && own!.ordinalAt(count - 1)! >= limit) count--
    if (count === 0) return noMetadata
    const newest = own!.ordinalAt(count - 1)!
    if (entry.metadataOrdinal !== newest) {
      entry.metadata = metadataFrom(read(newest))
      entry.metadataOrdinal = newest
    }
    return entry.metadata
  }
}
