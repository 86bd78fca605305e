import { isMetastream } from '../storage/index.ts'
import { deletedBefore, parseMetadata } from '../storage/stream-metadata.ts'
import type { ExportedEvent } from './ndjson.ts'

export type Answer =
  /** `isNew`: not there before this import began. */
  | { readonly kind: 'written'; readonly isNew: boolean }
  /** `current` is the last revision, -1 for none. */
  | { readonly kind: 'wrong-revision'; readonly current: number }
  | { readonly kind: 'stream-deleted' }

/** A store to import into. */
export interface Target {
  /** Judged in the order of calls. `expected` is the last revision before, -1 for none. */
  append(stream: string, expected: number, events: readonly ExportedEvent[]): Promise<Answer>
  tombstone(event: ExportedEvent): Promise<Answer>
  close(): Promise<void>
}

export interface Imported {
  /** Events in the file. */
  readonly events: number
  readonly written: number
  /** Those that the target had already, the metadata that it writes by itself among them. */
  readonly present: number
  /** In streams that belong to the server that was exported. */
  readonly own: number
}

/** What the target holds does not come from this log. */
export class Conflict extends Error {}

const batch_events_max = 256
const batch_bytes_max = 256 * 1024
/** Appends under way at once, from the first on that the target had not. */
const window_max = 32

const ownerOf = (stream: string) => (isMetastream(stream) ? stream.slice(2) : stream)
const sizeOf = ({ data, metadata, type }: ExportedEvent) => data.length + metadata.length + type.length

interface StreamState {
  /** In the file so far. */
  seen: number
  /** In the target, once everything so far is there. */
  sent: number
  isSoftDeleted: boolean
  /** `$tb` in the metadata event that the target wrote by itself when it brought the stream back; the file has the same from its own server. */
  restored: number | undefined
}

interface Batch {
  readonly stream: string
  readonly expected: number
  readonly events: ExportedEvent[]
  bytes: number
}

/**
 * Plays an export into a target, in its order. Expected revisions make every append happen once, whoever runs this again and how often:
 * what is there is recognised by its ids, and what is missing is added. Memory holds a few batches, and numbers for every stream.
 */
export async function importLog(events: AsyncIterable<ExportedEvent>, target: Target, onEvent: (done: number) => void = () => undefined): Promise<Imported> {
  const player = new Player(target)
  let done = 0
  for await (const event of events) {
    await player.play(event)
    onEvent(++done)
  }
  await player.end()
  const { written, own } = player
  return { events: done, written, present: done - written - own, own }
}

class Player {
  readonly #target: Target
  readonly #streams = new Map<string, StreamState>()
  /** Deleted for ever in the target; the file must say so too, further on. */
  readonly #deleted = new Set<string>()
  #batch: Batch | undefined
  readonly #underWay: Promise<void>[] = []
  #window = 1
  #failure: Error | undefined
  written = 0
  own = 0

  constructor(target: Target) {
    this.#target = target
  }

  #state(stream: string): StreamState {
    let state = this.#streams.get(stream)
    if (!state) this.#streams.set(stream, state = { seen: 0, sent: 0, isSoftDeleted: false, restored: undefined })
    return state
  }

  async play(event: ExportedEvent): Promise<void> {
    if (ownerOf(event.stream).startsWith('$')) {
      this.own++
      return
    }
    const state = this.#state(event.stream)
    if (event.revision < 0) return this.#tombstone(event)
    // A server that was scavenged has forgotten old metadata, and no more than that may be missing.
    if (event.revision !== state.seen && !isMetastream(event.stream)) {
      throw new Conflict(`stream ${event.stream} has revision ${event.revision} after ${state.seen} events: revisions that are missing cannot be kept`)
    }
    state.seen = event.revision + 1
    if (isMetastream(event.stream)) return this.#metadata(event, state)
    if (state.isSoftDeleted) this.#restoredBy(event.stream, state)
    await this.#append(event, state, true)
  }

  /** The next write makes the target write metadata of its own, in which `$tb` is the first revision that is shown. */
  #restoredBy(stream: string, state: StreamState) {
    state.isSoftDeleted = false
    state.restored = state.sent
    this.#state(`$$${stream}`).sent++
  }

  async #metadata(event: ExportedEvent, own: StreamState): Promise<void> {
    const owner = this.#state(ownerOf(event.stream))
    const values = parseMetadata(event.data)
    const isDeletion = values?.$tb === deletedBefore
    if (owner.restored !== undefined) {
      const isTheirs = values?.$tb === owner.restored
      owner.restored = undefined
      // What comes next stands behind it, so it may not join what stood before.
      if (isTheirs) return this.#flush()
    }
    // To delete what is deleted changes nothing, and would bring it back if it came as metadata.
    if (owner.isSoftDeleted && isDeletion) return
    const brings = owner.isSoftDeleted && values !== undefined
    await this.#append(event, own, false)
    if (brings) this.#restoredBy(ownerOf(event.stream), owner)
    else owner.isSoftDeleted = isDeletion
  }

  async #append(event: ExportedEvent, state: StreamState, joins: boolean): Promise<void> {
    const batch = this.#batch
    const size = sizeOf(event)
    const isNext = joins && batch?.stream === event.stream && batch.events[0]!.created === event.created
    if (isNext && batch.events.length < batch_events_max && batch.bytes + size <= batch_bytes_max) {
      batch.events.push(event)
      batch.bytes += size
    } else {
      await this.#flush()
      this.#batch = { stream: event.stream, expected: state.sent - 1, events: [event], bytes: size }
    }
    state.sent++
  }

  async #tombstone(event: ExportedEvent): Promise<void> {
    await this.#settle()
    const answer = await this.#target.tombstone(event)
    this.#deleted.delete(event.stream)
    if (answer.kind === 'written' && answer.isNew) this.written++
  }

  /** Sends what was gathered. Waits until there is room for one more. */
  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = undefined
    while (this.#underWay.length >= this.#window) await this.#underWay.shift()
    if (this.#failure) throw this.#failure
    if (batch) this.#underWay.push(this.#send(batch).catch((error: Error) => { this.#failure ??= error }))
  }

  async #settle(): Promise<void> {
    await this.#flush()
    await Promise.all(this.#underWay.splice(0))
    if (this.#failure) throw this.#failure
  }

  async #send({ stream, expected, events }: Pick<Batch, 'stream' | 'expected' | 'events'>): Promise<void> {
    const answer = await this.#target.append(stream, expected, events)
    if (answer.kind === 'stream-deleted') this.#deleted.add(ownerOf(stream))
    else if (answer.kind === 'written') {
      if (!answer.isNew) return
      this.written += events.length
      this.#window = window_max
    } else {
      // An import of a shorter file may have ended within what is one batch now.
      const there = answer.current - expected
      if (this.#window > 1 || there <= 0 || there >= events.length) throw conflict(stream, expected + 1)
      await this.#send({ stream, expected, events: events.slice(0, there) })
      await this.#send({ stream, expected: answer.current, events: events.slice(there) })
    }
  }

  async end(): Promise<void> {
    await this.#settle()
    for (const stream of this.#deleted) throw new Conflict(`stream ${stream} is deleted for ever in the target, and not in the file`)
  }
}

const conflict = (stream: string, revision: number) =>
  new Conflict(`stream ${stream} of the target holds other events from revision ${revision} on: import into an empty store, or into one that was filled from the same log and not written to since`)
