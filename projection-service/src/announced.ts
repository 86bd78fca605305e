import { StreamDeletedError, StreamNotFoundError, type EventStoreDBClient } from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'
import type { JetStreamClient, JetStreamManager, NatsError, StoredMsg, StreamInfo } from 'nats'
import type { Pool } from 'pg'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { says, type Announcement } from './announcement.ts'
import { received, type Received } from './facts.ts'

/** All facts up to a position of the log stand on the stream, at this sequence or before. */
export interface Mark {
  readonly position: bigint
  readonly sequence: number
}

const nothing: Mark = { position: -1n, sequence: 0 }

const remembered_ms = 1_000
const page_max = 500
const page_ms_max = 5_000
/** So many messages at the start of a stream that nobody remembers are looked up in the log. */
const strangers_max = 1_000

interface Parts {
  readonly client: EventStoreDBClient
  readonly pool: Pool
  readonly definitions: Definitions
  /** Identity of the log: positions mean nothing in another one. */
  readonly store: string
}

/** A stream that was deleted and made again is another one. */
const identityOf = ({ created }: StreamInfo) => created as unknown as string

/**
 * How far the facts have been announced. It is remembered in Postgres, since whoever may publish could write anything on the stream;
 * and it only counts for the stream that it was written about, as long as that has not lost what it says.
 */
export class Announced {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  remembering(stream: StreamInfo): Remembering {
    return new Remembering(({ position, sequence }) => this.#parts.pool.query(
      `insert into announced (store, commit, stream, sequence) values ($1, $2, $3, $4)
       on conflict (store) do update set commit = excluded.commit, stream = excluded.stream, sequence = excluded.sequence`,
      [this.#parts.store, String(position), identityOf(stream), sequence]))
  }

  /** What is remembered, if the stream bears it out; otherwise where the stream begins. */
  async mark(stream: StreamInfo, manager: JetStreamManager, js: JetStreamClient): Promise<Mark> {
    const { rows: [row] } = await this.#parts.pool.query<{ commit: string; sequence: string }>(
      'select commit, sequence from announced where store = $1 and stream = $2', [this.#parts.store, identityOf(stream)])
    const remembered = row && { position: BigInt(row.commit), sequence: Number(row.sequence) }
    if (remembered && await this.#isBorneOut(remembered, stream, manager)) return remembered
    return this.#beginning(stream, js)
  }

  /** A stream that was put back to an older state ends earlier, or goes on with what others wrote meanwhile. */
  async #isBorneOut({ sequence }: Mark, { config, state }: StreamInfo, manager: JetStreamManager): Promise<boolean> {
    if (sequence > state.last_seq) return false
    // Nothing was said yet, or all of it has expired.
    if (sequence === 0 || sequence < state.first_seq) return true
    const message = await manager.streams.getMessage(config.name, { seq: sequence }).catch((error: NatsError) => {
      if (error.api_error?.code !== 404) throw error
      return undefined
    })
    return message === undefined || (await this.#factOf(message)) !== undefined
  }

  /** Since facts are announced in order, what comes before the first that the stream holds was announced and has expired. */
  async #beginning({ config, state }: StreamInfo, js: JetStreamClient): Promise<Mark> {
    let strangers = 0
    for await (const message of messages(js, config.name, state.first_seq, state.last_seq)) {
      const fact = await this.#factOf(message)
      if (fact) return { position: fact.position, sequence: message.seq }
      if (++strangers === strangers_max) break
    }
    return nothing
  }

  /** The fact of the log that a message is about. What the message says is only taken as the place to look. */
  async #factOf(message: Pick<StoredMsg, 'string'>): Promise<Received | undefined> {
    const { id, subject, revision } = claimIn(message)
    if (typeof subject !== 'string' || !/^\d{1,15}$/.test(String(revision))) return undefined
    let fact: Received | undefined
    try {
      const reading = heard(this.#parts.client.readStream(subject, { fromRevision: BigInt(revision as string), maxCount: 1 }))
      // To its end: a read that is left keeps the client from closing.
      for await (const { event } of reading) if (event && event.id === id) fact = received(event as never, this.#parts.definitions)
    } catch (error) {
      if (!(error instanceof StreamNotFoundError || error instanceof StreamDeletedError)) throw error
    }
    return fact
  }
}

/**
 * Remembers the last mark that it was told, once a second: what was announced since is compared with the stream by whoever begins there,
 * and not announced again.
 */
export class Remembering {
  readonly #write: (mark: Mark) => Promise<unknown>
  #mark: Mark | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(write: (mark: Mark) => Promise<unknown>) {
    this.#write = write
  }

  /** Throws why the one before could not be written. */
  tell(mark: Mark): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#mark = mark
    this.#arm()
  }

  /** Writes the last; it does not matter much whether that works. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    clearTimeout(this.#timer)
    await this.#flush()
  }

  #arm() {
    this.#timer ??= setTimeout(() => { this.#writing = this.#flush() }, remembered_ms)
  }

  async #flush(): Promise<void> {
    const mark = this.#mark
    this.#mark = undefined
    if (mark) await this.#write(mark).catch((error: unknown) => { this.#failure = error })
    this.#timer = undefined
    if (this.#mark) this.#arm()
  }
}

function claimIn(message: Pick<StoredMsg, 'string'>): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(message.string()))
  } catch {
    return {}
  }
}

/** The messages from one sequence to another that the stream still holds. */
export async function* messages(js: JetStreamClient, stream: string, from: number, to: number) {
  const opt_start_seq = Math.max(1, from)
  if (opt_start_seq > to) return
  const consumer = await js.consumers.get(stream, { opt_start_seq })
  for (;;) {
    if ((await consumer.info()).num_pending === 0) return
    let isEmpty = true
    for await (const message of await consumer.fetch({ max_messages: page_max, expires: page_ms_max })) {
      if (message.seq > to) return
      isEmpty = false
      yield message
      if (message.seq === to || message.info.pending === 0) return
    }
    if (isEmpty) throw new Error(`the stream ${stream} does not say what it holds`)
  }
}

/** Which of the next facts stand on a stream already. Both are walked once and in order; messages of others are passed over. */
export class Tail {
  readonly #messages: ReturnType<typeof messages>
  /** Of the last message that was recognised. */
  sequence: number
  isOver = false

  constructor(told: ReturnType<typeof messages>, sequence: number) {
    this.#messages = told
    this.sequence = sequence
  }

  /** From the first that is not there. */
  async unsaid(announcements: readonly Announcement[]): Promise<readonly Announcement[]> {
    for (const [said, announcement] of announcements.entries()) {
      if (!await this.#holds(announcement)) return announcements.slice(said)
    }
    return []
  }

  async #holds(announcement: Announcement): Promise<boolean> {
    while (!this.isOver) {
      const { value: message, done } = await this.#messages.next()
      if (done) {
        this.isOver = true
      } else if (says(message, announcement)) {
        this.sequence = message.seq
        return true
      }
    }
    return false
  }
}
