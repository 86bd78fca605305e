/**
 * What the protocol side may ask of the storage side, and nothing more.
 *
 * Events are numbered twice: by `ordinal` (0, 1, 2 ... in log order, dense, only in memory) and by `position` (byte offset in the
 * log, growing, sparse, below 2^53; what clients see). A `record` is the event in the very bytes of the wire's `RecordedEvent`.
 * Everything read here is durable: an event is visible only after its frame was synced.
 */

/** Expected revision of an append: a revision (0 ...) or one of these. */
export const NO_STREAM = -1
export const ANY = -2
export const STREAM_EXISTS = -4

/** Revision of the `$streamDeleted` event of a tombstoned stream (int64 max; not a safe number, so compare, never calculate). */
export const TOMBSTONE_REVISION = 9223372036854775807n

export interface ProposedEvent {
  /** Lower-case uuid. */
  readonly id: string
  readonly type: string
  readonly json: boolean
  readonly metadata: Buffer
  readonly data: Buffer
}

export type Verdict =
  /** `revision` and `position` of the last event; also for a recognised repetition. Of an append of nothing, where the stream and the log end. */
  | { readonly kind: 'written'; readonly revision: number; readonly position: number }
  /** `current` is the last revision, -1 where the stream has none. */
  | { readonly kind: 'wrong-revision'; readonly current: number }
  | { readonly kind: 'stream-deleted' }

export interface StreamView {
  readonly name: string
  /** `missing`: never written. `deleted`: soft-deleted ($tb = int64 max). `tombstoned`: for ever. */
  readonly status: 'missing' | 'live' | 'deleted' | 'tombstoned'
  /** First revision that a read may show ($tb and $maxCount applied; $maxAge is judged per event by `isExpired`). */
  readonly first: number
  /** Last revision written, -1 for none; for a tombstoned stream the last one before the tombstone. */
  readonly last: number
  /** Last revision a reader may see, -1 for none (differs from `last` only while a write is under way). */
  readonly lastVisible: number
  /** Ordinal of the event with this revision, -1 where there is none. */
  ordinalOf(revision: number): number
  /** Ordinal of the `$streamDeleted` event, -1 for none. */
  readonly tombstone: number
  /** True when $maxAge hides an event created at `createdTicks` (100 ns since the Unix epoch). */
  isExpired(createdTicks: bigint): boolean
}

export interface EntryView {
  readonly ordinal: number
  readonly position: number
  readonly stream: string
  readonly type: string
  readonly revision: number
}

export interface Store {
  /** Identity of this log, made at creation, kept for ever. */
  readonly id: string
  /** How many events are visible; ordinals run from 0 to count - 1. */
  readonly count: number
  /** Judges in call order, answers after the sync. */
  append(stream: string, expected: number, events: readonly ProposedEvent[]): Promise<Verdict>
  delete(stream: string, expected: number): Promise<Verdict>
  tombstone(stream: string, expected: number): Promise<Verdict>
  stream(name: string): StreamView
  entry(ordinal: number): EntryView
  /** Small integers for the stream name and the type of an event: decide a filter once per distinct value and remember it. */
  streamKey(ordinal: number): number
  typeKey(ordinal: number): number
  /** First ordinal whose position is >= `position` (= count when there is none). */
  ordinalAt(position: number): number
  /** The records of these ordinals (growing), in as few file reads as possible. Synchronous when cached, else a promise. */
  records(ordinals: readonly number[]): Promise<Buffer[]> | Buffer[]
  /** Called after each sync with the range [from, to) of ordinals that became visible. Returns the way to stop. */
  onVisible(listener: (from: number, to: number) => void): () => void
  close(): Promise<void>
}
