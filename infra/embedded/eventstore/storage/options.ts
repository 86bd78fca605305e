import type { Store } from '../contract.ts'
import type { FileLayer } from './files.ts'

export const segment_bytes = 64 * 1024 * 1024
export const snapshot_bytes = 32 * 1024 * 1024
export const checked_bytes = 4 * 1024 * 1024

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
