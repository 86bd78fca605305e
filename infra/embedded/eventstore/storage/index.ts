import { Column, Names, numbers32, numbers64 } from './columns.ts'
import { LoadedStreams } from './loaded-streams.ts'
import { RecentIds } from './recent-ids.ts'
import { StreamEntry } from './stream-entry.ts'
import { metadataFrom, noMetadata, type StreamMetadata } from './stream-metadata.ts'

export const tombstoneType = '$streamDeleted'
export const metastreamOf = (stream: string) => `$$${stream}`
export const isMetastream = (stream: string) => stream.startsWith('$$')

const nothing = new Uint32Array(0)

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
  /** By key, those that were asked for. Streams that have metadata and no event yet have a key, too. */
  readonly #entries: (StreamEntry | undefined)[] = []
  readonly #byName = new Map<string, StreamEntry>()
  /** Those that a snapshot knew, and how many events it knew of each. */
  #loaded = new LoadedStreams(nothing, Buffer.alloc(0))
  #loadedCounts = nothing
  /** Ordinals of all gathered events, stream by stream, and where each stream's begin. */
  #gathered = nothing
  #starts = nothing
  /** Ordinals of tombstones by the key of their stream. */
  readonly tombstones = new Map<number, number>()
  readonly ids = new RecentIds()
  #isGathered = false
  visible = 0

  get length(): number {
    return this.positions.length
  }

  get streamCount(): number {
    return this.#entries.length
  }

  /** How many hold events, or a tombstone. */
  get streamsInUse(): number {
    let used = 0
    for (let key = 0; key < this.streamCount; key++) if (this.countOf(key) > 0 || this.tombstones.has(key)) used++
    return used
  }

  nameOf(key: number): string {
    return this.#entries[key]?.name ?? this.#loaded.nameOf(key)
  }

  countOf(key: number): number {
    return this.#entries[key]?.count ?? this.#loadedCounts[key]!
  }

  stream(key: number): StreamEntry {
    return this.#entries[key] ?? this.#made(key, this.#loaded.nameOf(key))
  }

  find(name: string): StreamEntry | undefined {
    const known = this.#byName.get(name)
    if (known) return known
    const key = this.#loaded.find(name)
    return key === undefined ? undefined : this.stream(key)
  }

  entry(name: string): StreamEntry {
    return this.find(name) ?? this.#made(this.#entries.length, name)
  }

  #made(key: number, name: string): StreamEntry {
    const entry = new StreamEntry(key, name)
    this.#entries[key] = entry
    this.#byName.set(name, entry)
    if (key < this.#loaded.length) {
      entry.count = this.#loadedCounts[key]!
      entry.tombstone = this.tombstones.get(key) ?? -1
      if (this.#isGathered) entry.gather(this.#gathered, this.#starts[key]!)
    }
    // Whichever of a stream and its metadata is made last finds the other one.
    entry.metastream = this.find(metastreamOf(name))
    const owner = isMetastream(name) ? this.#byName.get(name.slice(2)) : undefined
    if (owner) owner.metastream = entry
    return entry
  }

  /** The streams of a snapshot, in the order of their keys, into an empty index; events and tombstones are there already. */
  load(streams: LoadedStreams): void {
    this.#loaded = streams
    this.#entries.length = streams.length
    this.#loadedCounts = new Uint32Array(streams.length)
    for (let ordinal = 0; ordinal < this.length; ordinal++) this.#loadedCounts[this.streamKeys.get(ordinal)]!++
    for (const key of this.tombstones.keys()) this.#loadedCounts[key]!--
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
    if (isTombstone) this.tombstones.set(entry.key, entry.tombstone = ordinal)
    else if (this.#isGathered) entry.add(ordinal)
    else entry.count++
    return ordinal
  }

  /** Ends the reading at start: from now on streams know their events. */
  gather(): void {
    const { streamCount } = this
    const [starts, next] = [new Uint32Array(streamCount), new Uint32Array(streamCount)]
    let total = 0
    for (let key = 0; key < streamCount; key++) {
      starts[key] = next[key] = total
      total += this.countOf(key)
    }
    const all = new Uint32Array(total)
    const tombstones = new Set(this.tombstones.values())
    for (let ordinal = 0; ordinal < this.length; ordinal++) {
      if (tombstones.size > 0 && tombstones.has(ordinal)) continue
      const key = this.streamKeys.get(ordinal)
      all[next[key]!++] = ordinal
    }
    for (const entry of this.#entries) entry?.gather(all, starts[entry.key]!)
    ;[this.#gathered, this.#starts, this.#isGathered] = [all, starts, true]
  }

  /** Takes back what was judged and never written. */
  rollBack(): void {
    for (let ordinal = this.length - 1; ordinal >= this.visible; ordinal--) {
      const entry = this.stream(this.streamKeys.get(ordinal))
      if (entry.tombstone !== ordinal) entry.takeBack()
      else {
        entry.tombstone = -1
        this.tombstones.delete(entry.key)
      }
      // What its newest metadata event says may have been read from this one, and another one will have its ordinal.
      const owner = isMetastream(entry.name) ? this.find(entry.name.slice(2)) : undefined
      if (owner) owner.metadataOrdinal = -1
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
