import type { EventStoreDBClient } from '@eventstore/db-client'
import type { FastifyBaseLogger } from 'fastify'
import { connect, headers, nanos, RetentionPolicy, StorageType, type JetStreamClient, type JetStreamManager, type NatsConnection, type NatsError } from 'nats'
import type { Pool } from 'pg'
import { cloudEvent } from 'shared-domain/kernel/cloud-event.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import type { Received } from './facts.ts'
import { batches } from './follow.ts'
import { pause } from './leader.ts'

const streamName = 'BATON_EVENTS'

const batch_max = 500
/** Publications on their way to the server at once; their order is kept by the expected sequence. */
const window_max = 256
const publish_ms_max = 5_000
const retry_max_ms = 5_000

interface Parts {
  readonly client: EventStoreDBClient
  readonly pool: Pool
  readonly natsUrl: string
  readonly categories: readonly string[]
  readonly definitions: Definitions
  /** Identity of the log: positions mean nothing in another one. */
  readonly store: string
  readonly maxAge_hours: number
  readonly maxBytes: number
  readonly log: FastifyBaseLogger
}

/** A part of a subject: no dots, blanks or wildcards. */
const token = (text: string) => text.replaceAll(/[^A-Za-z0-9_-]/g, '_') || '_'

/** `baton.<organization>.<category>.<EventType>.<recipient or _>.<id>` (S-66) */
function subjectOf({ fact }: Received, definitions: Definitions): string {
  const { organization, category, type, id, data } = fact!
  const recipient = definitions[type]!.recipient?.(data, id) ?? '_'
  return ['baton', organization, category, type, recipient, id].map(token).join('.')
}

/**
 * Announces every fact on NATS JetStream, once and in the order of the log. The stream itself says what was announced last, and each
 * publication says which sequence it expects to follow: the server refuses a gap, a repetition and a second announcer alike.
 */
export class Announcer {
  readonly #parts: Parts
  announced = 0
  position = -1n
  isConnected = false

  constructor(parts: Parts) {
    this.#parts = parts
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
    const { client, natsUrl, categories, definitions } = this.#parts
    const connection = await connect({ servers: natsUrl, name: 'baton announcer', maxReconnectAttempts: 0, timeout: publish_ms_max })
    const over = new AbortController()
    const lost = () => over.abort()
    void connection.closed().then(lost)
    const both = AbortSignal.any([signal, over.signal])
    try {
      const stream = await this.#stream(connection)
      this.isConnected = true
      const js = connection.jetstream({ timeout: publish_ms_max })
      let { sequence } = stream
      this.position = stream.position
      for await (const batch of batches(client, categories, definitions, stream.position, batch_max, both)) {
        sequence = await this.#publish(js, batch.events, sequence)
        this.position = batch.position
        await this.#remember(batch.position)
      }
      if (!signal.aborted) throw new Error('the connection to NATS was lost')
    } finally {
      await connection.close()
    }
  }

  /**
   * Makes the stream where it is missing, and says where it stands. Its last message counts; what Postgres remembers only does when all
   * messages have expired. A stream that never held any starts from the first fact.
   */
  async #stream(connection: NatsConnection): Promise<{ sequence: number; position: bigint }> {
    const { maxAge_hours, maxBytes, pool, store } = this.#parts
    const manager = await connection.jetstreamManager({ timeout: publish_ms_max })
    const { state: { messages, last_seq: sequence } } = await manager.streams.info(streamName).catch((error: NatsError) => {
      if (error.api_error?.code !== 404) throw error
      return manager.streams.add({
        name: streamName, subjects: ['baton.>'], storage: StorageType.File, retention: RetentionPolicy.Limits,
        max_age: nanos(maxAge_hours * 3_600_000), max_bytes: maxBytes, duplicate_window: nanos(120_000),
      })
    })
    if (messages > 0) return { sequence, position: await lastPosition(manager) }
    const { rows: [floor] } = await pool.query<{ commit: string }>('select commit from announced where store = $1', [store])
    return { sequence, position: floor && sequence > 0 ? BigInt(floor.commit) : -1n }
  }

  async #publish(js: JetStreamClient, events: readonly Received[], sequence: number): Promise<number> {
    const { definitions, log } = this.#parts
    const readable = events.filter(({ fact, stream, revision, fault }) => {
      if (!fact) log.error({ stream, revision, fault }, 'a fact that cannot be read is not announced')
      return fact !== undefined
    })
    for (let from = 0; from < readable.length; from += window_max) {
      const acks = readable.slice(from, from + window_max).map((event) => {
        const { fact, provenance, eventId, position } = event
        const header = headers()
        header.set('Baton-Position', String(position))
        header.set('content-type', 'application/cloudevents+json')
        const body = JSON.stringify(cloudEvent(definitions[fact!.type]!, fact!, provenance))
        return js.publish(subjectOf(event, definitions), body, { msgID: eventId, headers: header, expect: { lastSequence: sequence++ } })
      })
      const results = await Promise.allSettled(acks)
      const failed = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
      this.announced += results.filter(({ status }) => status === 'fulfilled').length
      if (failed) throw failed.reason
    }
    return sequence
  }

  /** A floor for the day when everything on the stream has expired. */
  #remember(position: bigint) {
    return this.#parts.pool.query(
      'insert into announced (store, commit) values ($1, $2) on conflict (store) do update set commit = excluded.commit',
      [this.#parts.store, String(position)])
  }
}

async function lastPosition(manager: JetStreamManager): Promise<bigint> {
  const message = await manager.streams.getMessage(streamName, { last_by_subj: 'baton.>' })
  return BigInt(message.header.get('Baton-Position') || '-1')
}
