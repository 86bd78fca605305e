import { LRUCache } from 'lru-cache'
import { streamOf, type Fold } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent, Meta } from 'shared-domain/kernel/fact.ts'
import { decode } from 'shared-domain/kernel/events.ts'
import { Commands } from './commands.ts'
import type { EventStore, StoredEvent } from './event-store.ts'
import type { Kept, KeptStates } from './kept-states.ts'

/** A stream with so many facts is long, and kept each time when it has grown by as many. Who has it not reads that twice at the most. */
export const long_min = 256

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
  /** Of the last event. */
  command: string
  /** Revision of what was kept of it last, -1 for nothing. */
  kept: number
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
  readonly #kept: KeptStates | undefined
  readonly #entries: LRUCache<string, Entry>

  constructor(store: EventStore, states_max: number, kept?: KeptStates) {
    this.#store = store
    this.#kept = kept
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
    const known = this.#entries.get(stream)
    const asked_ms = performance.now()
    const entry = known ?? await this.#fromTheStart(stream, fold)
    if (known) await this.#store.read(stream, known.revision + 1, (event) => take(known, fold, event))
    entry.read_ms = Math.max(entry.read_ms, asked_ms)
    this.#keep(entry)
    return entry
  }

  /** What is kept is asked for only when the first facts show that the stream is long. */
  async #fromTheStart(stream: string, fold: Fold): Promise<Entry> {
    const entry = blank(stream, fold)
    await this.#store.read(stream, 0, (event) => take(entry, fold, event), this.#kept && long_min)
    if (!this.#kept || entry.revision + 1 < long_min) return entry
    const kept = await this.#kept.of(stream)
    const restored = kept && await this.#restored(kept, fold)
    if (restored) return restored
    await this.#store.read(stream, entry.revision + 1, (event) => take(entry, fold, event))
    return entry
  }

  /** The stream as it was kept, with what came since: unless the log holds another fact there, because it was restored from an older copy. */
  async #restored(kept: Kept, fold: Fold): Promise<Entry | undefined> {
    const { stream, state, revision, last, position, command, organization, commands } = kept
    const entry: Entry = { stream, state, revision, last, position, command, organization, commands: Commands.of(commands), kept: revision, read_ms: -Infinity }
    let isSame = false
    await this.#store.read(stream, revision, (event) => {
      if (event.revision === revision) isSame = event.position === position && (event.metadata as Meta).commandId === command
      else if (isSame) take(entry, fold, event)
    })
    if (!isSame) await this.#kept!.forget(kept)
    return isSame ? entry : undefined
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
    if (!this.#kept || entry.revision - entry.kept < long_min) return
    const { stream, state, revision: now, last, position, command, organization, commands } = entry
    entry.kept = now
    this.#kept.keep({ stream, state, revision: now, last: last!, position, command, organization: organization!, commands: commands.bytes })
  }
}

const blank = (stream: string, { initial }: Fold): Entry =>
  ({ stream, state: initial, revision: -1, last: undefined, position: 0n, organization: undefined, commands: new Commands(), command: '', kept: -1, read_ms: -Infinity })

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
  entry.command = meta.commandId
  entry.position = BigInt(meta.position)
  entry.organization ??= meta.organization
  if (request !== undefined) entry.commands.add(meta.commandId, meta.revision)
}
