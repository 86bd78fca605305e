import { randomUUID } from 'node:crypto'
import { TOMBSTONE_REVISION, type ProposedEvent } from '../contract.ts'
import { dataOf, draft, idOf, type Draft } from '../wire/recorded-event.ts'
import { judge, type Judged, type Judgement } from './append-rules.ts'
import { isMetastream, metastreamOf, tombstoneType, type LogIndex } from './index.ts'
import type { Records } from './records.ts'
import type { StreamEntry } from './stream-entry.ts'
import { deletedBefore, parseMetadata, withTruncateBefore } from './stream-metadata.ts'

/** Events for one stream. */
export interface Write {
  readonly stream: string
  readonly drafts: readonly Draft[]
}

const none = Buffer.alloc(0)

export const systemEvent = (type: string, data: Buffer): ProposedEvent => ({ id: randomUUID(), type, json: true, metadata: none, data })

/** Whether something may be written, and what that comes to: as of everything judged so far, durable or not. */
export class Plans {
  readonly #index: LogIndex
  readonly #records: Records

  constructor(index: LogIndex, records: Records) {
    this.#index = index
    this.#records = records
  }

  judge(stream: string, expected: number, events: readonly Pick<ProposedEvent, 'id'>[]): Judgement {
    return judge(this.#judgedOf(stream, this.#index.find(stream)), expected, events)
  }

  #judgedOf(stream: string, entry: StreamEntry | undefined): Judged {
    const owner = this.#owner(stream)
    return {
      current: (entry?.count ?? 0) - 1,
      isTombstoned: (entry?.tombstone ?? -1) >= 0 || (owner?.tombstone ?? -1) >= 0,
      isSoftDeleted: entry !== undefined && this.#isSoftDeleted(entry),
      hasMetadata: entry === undefined || entry.count === 0 ? (this.#metastream(stream)?.count ?? 0) > 0 : false,
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

  #owner(stream: string): StreamEntry | undefined {
    return isMetastream(stream) ? this.#index.find(stream.slice(2)) : undefined
  }

  #metastream(stream: string): StreamEntry | undefined {
    const entry = this.#index.find(stream)
    return entry ? entry.metastream : this.#index.find(metastreamOf(stream))
  }

  #isSoftDeleted(entry: StreamEntry): boolean {
    return this.#index.metadataOf(entry, Infinity, (ordinal) => this.#dataOf(ordinal)).truncateBefore === deletedBefore
  }

  #dataOf(ordinal: number): Buffer {
    return dataOf(this.#records.now(ordinal))
  }

  /** False where there is nothing that could be deleted: no event, no metadata, no tombstone. */
  isKnown(stream: string): boolean {
    const entry = this.#index.find(stream)
    return (entry?.count ?? 0) > 0 || (this.#metastream(stream)?.count ?? 0) > 0 || (entry?.tombstone ?? -1) >= 0
  }

  /** The events, and what the store itself adds where they, or that none are appended, bring a soft-deleted stream back. */
  append(stream: string, events: readonly ProposedEvent[]): readonly Write[] {
    const writes: Write[] = [{ stream, drafts: this.#drafts(stream, events) }]
    const entry = this.#index.find(stream)
    if (entry && this.#isSoftDeleted(entry)) {
      const newest = entry.metastream!.ordinalAt(entry.metastream!.count - 1)!
      const restored = withTruncateBefore(parseMetadata(this.#dataOf(newest)) ?? {}, entry.count)
      writes.push(this.#metadata(metastreamOf(stream), restored))
    }
    const owner = events.length > 0 ? this.#owner(stream) : undefined
    if (owner && this.#isSoftDeleted(owner)) {
      const wanted = parseMetadata(events.at(-1)!.data)
      if (wanted) writes.push(this.#metadata(stream, withTruncateBefore(wanted, owner.count), events.length))
    }
    return writes
  }

  softDeletion(stream: string): readonly Write[] {
    return [this.#metadata(metastreamOf(stream), Buffer.from(`{"$tb":${deletedBefore}}`))]
  }

  /** The one event of the store's own that is not JSON, as on a real node. */
  tombstone(stream: string): readonly Write[] {
    return [{ stream, drafts: [draft({ ...systemEvent(tombstoneType, none), json: false }, TOMBSTONE_REVISION)] }]
  }

  #metadata(metastream: string, metadata: Buffer, after = 0): Write {
    return { stream: metastream, drafts: this.#drafts(metastream, [systemEvent('$metadata', metadata)], after) }
  }

  #drafts(stream: string, events: readonly ProposedEvent[], after = 0): readonly Draft[] {
    const next = (this.#index.find(stream)?.count ?? 0) + after
    return events.map((event, nth) => draft(event, next + nth))
  }
}
