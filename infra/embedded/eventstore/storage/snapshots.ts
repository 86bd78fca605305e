import type { FileLayer } from './files.ts'
import { LogIndex } from './index.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'

export interface SnapshotsOptions {
  readonly files: FileLayer
  readonly dir: string
  /** Id of the log. */
  readonly store: string
  /** After so much more log the index is written again; the larger the index, the rarer. */
  readonly snapshot_bytes: number
  /** So much below a snapshot, up to twice as much, is checked at every start as well. */
  readonly checked_bytes: number
  readonly onWarning: ((sentence: string) => void) | undefined
}

/** When the index is written, so that a start need not read the whole log, and from where on a start checks the log all the same. */
export class Snapshots {
  readonly #options: SnapshotsOptions
  /** As the last one had it, empty without one. */
  readonly index: LogIndex
  /** Position up to which the last one reaches, and from which on a start checks the log. */
  readonly loaded: { readonly end: number; readonly checkFrom: number }
  #end: number
  #size: number
  #writing: Promise<void> | undefined
  /** Places where one frame ends and the next begins: at least `checked_bytes` back, and the newest since then. */
  #ends: { readonly older: number; readonly newer: number }

  constructor(options: SnapshotsOptions) {
    this.#options = options
    const snapshot = readSnapshot(options.files, options.dir, options.store)
    this.index = snapshot?.index ?? new LogIndex()
    this.loaded = { end: snapshot?.end ?? 0, checkFrom: snapshot?.checkFrom ?? 0 }
    this.#end = this.loaded.end
    this.#size = snapshot?.size ?? 0
    this.#ends = { older: this.loaded.checkFrom, newer: this.loaded.checkFrom }
  }

  /** Remembers where a frame ends, or another may begin. */
  passed(position: number): void {
    const { newer } = this.#ends
    if (position - newer >= this.#options.checked_bytes) this.#ends = { older: newer, newer: position }
  }

  /** The log is durable up to here: writes the index when enough has come. */
  grown(durable: number): void {
    this.passed(durable)
    const due = Math.max(this.#options.snapshot_bytes, 2 * this.#size)
    if (!this.#writing && durable - this.#end >= due) void this.#write(durable)
  }

  /** Without one, the next start reads more of the log and nothing else is lost: a failure is no reason to stop. */
  async #write(end: number): Promise<void> {
    const { files, dir, store, onWarning } = this.#options
    const write = writeSnapshot(files, dir, { store, end, checkFrom: this.#ends.older }, this.index)
      .catch((error: Error) => {
        onWarning?.(`the index could not be written, so the next start takes longer: ${error.message}`)
        return this.#size
      })
      .then((size) => { [this.#end, this.#size, this.#writing] = [end, size, undefined] })
    this.#writing = write
    await write
  }

  /** Waits for the one that is being written. */
  async settle(): Promise<void> {
    await this.#writing
  }

  /** Writes what is missing, at a clean stop. */
  async finish(durable: number): Promise<void> {
    await this.#writing
    if (this.#end < durable) await this.#write(durable)
  }
}
