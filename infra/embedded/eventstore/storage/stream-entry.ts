import { noMetadata, type StreamMetadata } from './stream-metadata.ts'

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
