import { Column, Names, numbers32, numbers64 } from './columns.ts'
import { metadataFrom, noMetadata, type StreamMetadata } from './stream-metadata.ts'

export const tombstoneType = '$streamDeleted'
export const metastreamOf = (stream: string) => `$$${stream}`
export const isMetastream = (stream: string) => stream.startsWith('$$')

/** What is kept of a stream, besides its events. */
export interface StreamEntry {
  readonly key: number
  readonly name: string
  /** The stream that holds the metadata of this one, once it has been written to. */
  metastream: StreamEntry | undefined
  /** Ordinals of its events by revision. Events that are not durable yet count. */
  readonly ordinals: number[]
  /** Ordinal of the event that deleted it for ever, -1 for none. */
  tombstone: number
  /** What its newest metadata event says, and which that was. */
  metadata: StreamMetadata
  metadataOrdinal: number
}

export interface Indexed {
  readonly position: number
  readonly length: number
  readonly stream: string
  readonly type: string
  readonly id: string
  readonly isTombstone: boolean
}

/** Ids that are recognised as repetitions when no revision is expected: at least so many of the newest. */
export const ids_min = 100_000

/**
 * Where every event stands, in memory: 24 bytes an event and 8 in its stream. Events enter when they are judged, in log order; those
 * from `visible` on are not durable yet and nobody but the judge may see them.
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
  /** Newest ids in two generations: when the young one is full it becomes the old one. */
  #young = new Map<string, number>()
  #old = new Map<string, number>()
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
      const metastream = this.#byName.get(metastreamOf(name))
      entry = { key: this.streams.length, name, metastream, ordinals: [], tombstone: -1, metadata: noMetadata, metadataOrdinal: -1 }
      const owner = isMetastream(name) ? this.#byName.get(name.slice(2)) : undefined
      if (owner) owner.metastream = entry
      this.streams.push(entry)
      this.#byName.set(name, entry)
    }
    return entry
  }

  add({ position, length, stream, type, id, isTombstone }: Indexed): number {
    const entry = this.entry(stream)
    // Metadata may come before the stream itself, and holds for it from then on.
    if (entry.ordinals.length === 0 && isMetastream(stream)) this.entry(stream.slice(2))
    const ordinal = this.place(position, length, entry, this.types.keyOf(type), isTombstone)
    this.remember(id, ordinal)
    return ordinal
  }

  /** The same for an event whose names are known as keys already. */
  place(position: number, length: number, entry: StreamEntry, typeKey: number, isTombstone: boolean): number {
    const ordinal = this.positions.length
    this.positions.push(position)
    this.lengths.push(length)
    this.streamKeys.push(entry.key)
    this.typeKeys.push(typeKey)
    this.revisions.push(entry.ordinals.length)
    if (isTombstone) entry.tombstone = ordinal
    else entry.ordinals.push(ordinal)
    return ordinal
  }

  remember(id: string, ordinal: number): void {
    this.#young.set(id, ordinal)
    if (this.#young.size < ids_min) return
    this.#old = this.#young
    this.#young = new Map()
  }

  ordinalOfId(id: string): number | undefined {
    return this.#young.get(id) ?? this.#old.get(id)
  }

  /** Oldest first. */
  * recentIds(): Generator<readonly [id: string, ordinal: number]> {
    yield* this.#old
    yield* this.#young
  }

  /** Takes back what was judged and never written. */
  rollBack(): void {
    for (let ordinal = this.length - 1; ordinal >= this.visible; ordinal--) {
      const entry = this.streams[this.streamKeys.get(ordinal)]!
      if (entry.tombstone === ordinal) entry.tombstone = -1
      else entry.ordinals.pop()
    }
    for (const column of this.#columns()) column.truncate(this.visible)
    for (const ids of [this.#young, this.#old]) for (const [id, ordinal] of ids) if (ordinal >= this.visible) ids.delete(id)
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
  visibleIn({ ordinals }: StreamEntry): number {
    let count = ordinals.length
    while (count > 0 && ordinals[count - 1]! >= this.visible) count--
    return count
  }

  /**
   * Metadata as of all events up to `limit`. `read` gives the data of an event; it is asked once per metadata event.
   */
  metadataOf(entry: StreamEntry, limit: number, read: (ordinal: number) => Buffer): StreamMetadata {
    const own = entry.metastream
    let count = own?.ordinals.length ?? 0
    while (count > 0 && own!.ordinals[count - 1]! >= limit) count--
    if (count === 0) return noMetadata
    const newest = own!.ordinals[count - 1]!
    if (entry.metadataOrdinal !== newest) {
      entry.metadata = metadataFrom(read(newest))
      entry.metadataOrdinal = newest
    }
    return entry.metadata
  }
}
