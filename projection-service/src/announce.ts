import type { EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyBaseLogger } from 'fastify'
import { connect, nanos, RetentionPolicy, StorageType, type JetStreamClient, type JetStreamManager, type NatsError, type StreamInfo } from 'nats'
import type { Pool } from 'pg'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { Announced, messages, Tail, type Remembering } from './announced.ts'
import { announcementOf, headersOf, subjects, type Announcement } from './announcement.ts'
import type { Received } from './facts.ts'
import { alongside } from './follow.ts'
import { addressOf } from './nats-address.ts'
import type { Recent } from './recent.ts'
import { pause } from 'shared-service/pause.ts'

const streamName = 'BATON_EVENTS'

/** Publications on their way to the server at once; their order is kept by the expected sequence. */
const window_max = 256
const publish_ms_max = 5_000
const retry_max_ms = 5_000
/**
 * The shortest that NATS allows. What was announced is known here; and an id that somebody else has used must not keep a fact from
 * being taken for longer than it takes to try again.
 */
const duplicates_ms = 100

interface Parts {
  readonly client: EventStoreDBClient
  readonly pool: Pool
  /** What the projector hears; what it has forgotten, or not heard yet, is read from the log. */
  readonly recent: Recent
  readonly natsUrl: string
  readonly categories: readonly string[]
  readonly definitions: Definitions
  /** Identity of the log: positions mean nothing in another one. */
  readonly store: string
  readonly maxAge_hours: number
  readonly maxBytes: number
  readonly log: FastifyBaseLogger
}

/**
 * Announces every fact on NATS JetStream, once and in the order of the log. Each publication says what it expects to follow: the
 * server refuses a gap, a repetition, a second announcer, and to go on over what somebody else has published in between. Then it is
 * looked anew how far the stream has got.
 */
export class Announcer {
  readonly #parts: Parts
  readonly #announced: Announced
  announced = 0
  position = -1n
  isConnected = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#announced = new Announced(parts)
  }

  /** Goes on until the signal, whatever NATS does meanwhile. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const before = this.announced
      try {
        await this.#session(signal)
      } catch (error) {
        if (signal.aborted) return
        if (this.announced > before) failures = 0
        this.#parts.log.warn({ err: error }, 'announcements wait for NATS')
      }
      this.isConnected = false
      await pause(Math.min(retry_max_ms, 50 * 2 ** failures), signal)
    }
  }

  async #session(signal: AbortSignal) {
    const { natsUrl } = this.#parts
    const connection = await connect({ ...addressOf(natsUrl), name: 'baton announcer', reconnect: false, timeout: publish_ms_max })
    const over = new AbortController()
    const lost = () => over.abort()
    void connection.closed().then(lost)
    const both = AbortSignal.any([signal, over.signal])
    let remembering: Remembering | undefined
    try {
      const manager = await connection.jetstreamManager({ timeout: publish_ms_max })
      const js = connection.jetstream({ timeout: publish_ms_max })
      const stream = await this.#stream(manager)
      const mark = await this.#announced.mark(stream, manager, js)
      this.isConnected = true
      this.position = mark.position
      let { last_seq: last } = stream.state
      const tail = new Tail(messages(js, streamName, mark.sequence + 1, last), mark.sequence)
      remembering = this.#announced.remembering(stream)
      for await (const { events, position } of alongside({ ...this.#parts, from: mark.position, signal: both })) {
        const unsaid = await tail.unsaid(this.#announcements(events))
        last = await this.#publish(js, unsaid, last)
        this.position = position
        // Behind what was recognised there may be more that is: only at its end does the end of the stream count.
        remembering.tell({ position, sequence: tail.isOver ? last : tail.sequence })
      }
      if (!signal.aborted) throw new Error('the connection to NATS was lost')
    } finally {
      await remembering?.close()
      await connection.close()
    }
  }

  /** Makes the stream where it is missing, and brings it up to these settings. */
  async #stream(manager: JetStreamManager): Promise<StreamInfo> {
    const { maxAge_hours, maxBytes } = this.#parts
    const settings = {
      subjects: [subjects], max_age: nanos(maxAge_hours * 3_600_000), max_bytes: maxBytes, duplicate_window: nanos(duplicates_ms),
    }
    const found = await manager.streams.info(streamName).catch((error: NatsError) => {
      if (error.api_error?.code !== 404) throw error
      return undefined
    })
    if (!found) return manager.streams.add({ name: streamName, storage: StorageType.File, retention: RetentionPolicy.Limits, ...settings })
    const differs = Object.entries(settings).some(([name, value]) => String(found.config[name as keyof typeof settings]) !== String(value))
    return differs ? manager.streams.update(streamName, settings) : found
  }

  #announcements(events: readonly Received[]): readonly Announcement[] {
    const { definitions, log } = this.#parts
    const readable = events.filter(({ fact, stream, revision, fault }) => {
      if (!fact) log.error({ stream, revision, fault }, 'a fact that cannot be read is not announced')
      return fact !== undefined
    })
    return readable.map((event) => announcementOf(event, definitions))
  }

  /** Throws when one was not taken, or was taken for another that the stream knows: nothing behind it is taken then. */
  async #publish(js: JetStreamClient, announcements: readonly Announcement[], last: number): Promise<number> {
    for (let from = 0; from < announcements.length; from += window_max) {
      const acks = announcements.slice(from, from + window_max).map(async (announcement, n, window) => {
        const lastSequence = last++
        // What others publish may make up for the sequence of one that was refused; behind that one this may not stand.
        const before = window[n - 1]
        const { duplicate } = await js.publish(announcement.subject, announcement.body, {
          headers: headersOf(announcement), msgID: announcement.id, expect: before ? { lastSequence, lastMsgID: before.id } : { lastSequence },
        })
        if (duplicate) throw new Error(`NATS takes the announcement of ${announcement.id} for a repetition`)
        this.announced++
      })
      const failed = (await Promise.allSettled(acks)).find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
      if (failed) throw failed.reason
    }
    return last
  }
}
