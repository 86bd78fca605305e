import { LRUCache } from 'lru-cache'
import { streamOf, type Fold } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent, Meta } from 'shared-domain/kernel/fact.ts'
import { decode } from 'shared-domain/kernel/events.ts'
import { Commands } from './commands.ts'
import type { EventStore, StoredEvent } from './event-store.ts'

/** What the first answer to a command was. */
export interface Answered {
  readonly request: string
  readonly revision: number
  readonly position: bigint
}

/** A stream as far as it is known here: its state, and the commands that it holds already. */
export interface Entry {
  readonly stream: string
  state: any
  /** Of the last event, -1 for none. */
  revision: number
  /** Type of the last event. */
  last: string | undefined
  position: bigint
  /** Of the first event: the stream belongs to it. */
  organization: string | undefined
  readonly commands: Commands
  /** When the store was last asked, on the monotonic clock. */
  read_ms: number
}

/** A stream holds an event that cannot be read: no decision can be made on it. */
export class Unreadable extends Error {
  readonly stream: string
  constructor(stream: string, revision: number, cause: unknown) {
    super(`event ${revision} of ${stream} cannot be read`, { cause })
    this.stream = stream
  }
}

export class Streams {
  readonly #store: EventStore
  readonly #entries: LRUCache<string, Entry>

  constructor(store: EventStore, states_max: number) {
    this.#store = store
    this.#entries = new LRUCache({ max: states_max })
  }

  /** The stream as far as it is known here, which may not be all. */
  known(fold: Fold, id: string): Entry | undefined {
    return this.#entries.get(streamOf(fold, id))
  }

  /** A stream that is said not to exist yet. It is known as soon as something stands in it. */
  blank(fold: Fold, id: string): Entry {
    return blank(streamOf(fold, id), fold)
  }

  /** The stream as it stands now; only what is new is read. */
  async refreshed(fold: Fold, id: string): Promise<Entry> {
    const stream = streamOf(fold, id)
    const entry = this.#entries.get(stream) ?? blank(stream, fold)
    const asked_ms = performance.now()
    await this.#store.read(stream, entry.revision + 1, (event) => take(entry, fold, event))
    entry.read_ms = Math.max(entry.read_ms, asked_ms)
    this.#keep(entry)
    return entry
  }

  /** What was known after this revision. Read from the first event, unless it is the last that is known here. */
  async asOf(fold: Fold, id: string, revision: number): Promise<unknown> {
    const known = this.known(fold, id)
    if (known?.revision === revision) return known.state
    const entry = this.blank(fold, id)
    await this.#store.read(entry.stream, 0, (event) => take(entry, fold, event), revision + 1)
    return entry.state
  }

  /** The stream as it stood at most so long ago. */
  async recent(fold: Fold, id: string, age_max_ms: number): Promise<Entry> {
    const entry = this.#entries.get(streamOf(fold, id))
    return entry && performance.now() - entry.read_ms < age_max_ms ? entry : this.refreshed(fold, id)
  }

  /** What the first answer to a command was, if the stream holds what it led to. Only a repetition costs a read. */
  async answered({ stream, commands }: Entry, id: string): Promise<Answered | undefined> {
    let answer: Answered | undefined
    for (const revision of commands.revisionsOf(id)) {
      await this.#store.read(stream, revision, ({ metadata, position }) => {
        const { commandId, request } = metadata as Meta & { request?: string }
        if (commandId === id && request !== undefined) answer = { request, revision, position }
      }, 1)
      if (answer) return answer
    }
    return undefined
  }

  /** Takes over facts that were just appended after revision `base`, unless a reader brought them in already. */
  advance(entry: Entry, fold: Fold, base: number, facts: readonly AnyEvent[], meta: Omit<Meta, 'revision' | 'position'> & { request?: string }, position: bigint) {
    facts.forEach((fact, index) => {
      const revision = base + 1 + index
      if (revision === entry.revision + 1) remember(entry, fold, fact, { ...meta, revision, position: String(position) }, meta.request)
    })
    entry.read_ms = performance.now()
    this.#keep(entry)
  }

  /** Whoever asks for what does not exist must not drive out what does. */
  #keep(entry: Entry) {
    const { revision = -1 } = this.#entries.get(entry.stream) ?? {}
    if (entry.revision > revision) this.#entries.set(entry.stream, entry)
  }
}

const blank = (stream: string, { initial }: Fold): Entry =>
  ({ stream, state: initial, revision: -1, last: undefined, position: 0n, organization: undefined, commands: new Commands(), read_ms: -Infinity })

function take(entry: Entry, fold: Fold, event: StoredEvent) {
  // A second reader may have been faster; what is known is not learned twice.
  if (event.revision <= entry.revision) return
  try {
    const definition = fold.events.definitions[event.type]
    if (!definition) throw new Error(`${event.type} is not an event of ${fold.category}`)
    const { version, request, ...meta } = event.metadata as Meta & { version: number; request?: string }
    const fact = { type: event.type, data: decode(definition, event.data, version) }
    remember(entry, fold, fact, { ...meta, revision: event.revision, position: String(event.position) }, request)
  } catch (cause) {
    throw new Unreadable(entry.stream, event.revision, cause)
  }
}

function remember(entry: Entry, fold: Fold, fact: AnyEvent, meta: Meta, request: string | undefined) {
  entry.state = fold.evolve(entry.state, fact, meta)
  entry.revision = meta.revision
  entry.last = fact.type
  entry.position = BigInt(meta.position)
  entry.organization ??= meta.organization
  if (request !== undefined) entry.commands.add(meta.commandId, meta.revision)
}
