import {
  BACKWARDS, END, EventStoreDBClient, FORWARDS, NO_STREAM, START, StreamNotFoundError, WrongExpectedVersionError, type EventData, type RecordedEvent,
} from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'

/** Another writer came first. */
export class Conflict extends Error {}

export interface StoredEvent {
  readonly id: string
  readonly type: string
  readonly data: unknown
  readonly metadata: unknown
  readonly revision: number
  readonly position: bigint
}

export interface Appended {
  readonly revision: number
  readonly position: bigint
}

export interface EventStore {
  /** Shows the events of a stream from a revision on, one after the other; none when there is no such stream. Throws what `take` threw first. */
  read(stream: string, from: number, take: (event: StoredEvent) => void, events_max?: number): Promise<void>
  /** `expected` is the last revision, -1 for a new stream. Throws `Conflict` when the stream has moved past it. */
  append(stream: string, expected: number, events: readonly EventData[]): Promise<Appended>
}

/**
 * Asks what the store can do, once. After a break the client would ask again with the next append, and where no node of a cluster is found
 * just then, it keeps that failure and makes no append any more.
 */
export async function rememberCapabilities(client: EventStoreDBClient): Promise<void> {
  const { capabilities } = client as unknown as { readonly capabilities: Promise<unknown> }
  await capabilities
  Object.defineProperty(client, 'capabilities', { value: capabilities })
}

/** The one place that knows the client library of the event store. */
export const eventStore = (client: EventStoreDBClient): EventStore => ({
  async read(stream, from, take, events_max) {
    let failure: { readonly error: unknown } | undefined
    try {
      // Read to the end whatever happens: a read that is left early keeps the client from ending.
      const range = { direction: FORWARDS, fromRevision: from === 0 ? START : BigInt(from), ...(events_max ? { maxCount: events_max } : {}) } as const
      for await (const { event } of heard(client.readStream(stream, range))) {
        try {
          if (event && !failure) take(stored(event))
        } catch (error) {
          failure = { error }
        }
      }
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) throw error
    }
    if (failure) throw failure.error
  },

  async append(stream, expected, events) {
    try {
      const { nextExpectedRevision, position } = await client.appendToStream(stream, events as EventData[], {
        expectedRevision: expected < 0 ? NO_STREAM : BigInt(expected),
      })
      // Only an append that the store recognises as a repetition may come without a position.
      return { revision: Number(nextExpectedRevision), position: position?.commit ?? (await positionOfLast(client, stream)) }
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) throw new Conflict(stream)
      throw error
    }
  },
})

export interface Counted extends EventStore {
  /** How many calls so far. */
  readonly made: { readonly reads: number; readonly appends: number }
  /** Of the last fact that was appended here, 0 for none. */
  readonly position: bigint
}

export function counted(store: EventStore): Counted {
  const made = { reads: 0, appends: 0 }
  let position = 0n
  return {
    made,
    get position() { return position },
    read(...asked) {
      made.reads++
      return store.read(...asked)
    },
    async append(...asked) {
      made.appends++
      const appended = await store.append(...asked)
      if (appended.position > position) position = appended.position
      return appended
    },
  }
}

const stored = (event: RecordedEvent): StoredEvent => ({
  id: event.id, type: event.type, data: event.data, metadata: event.metadata, revision: Number(event.revision), position: event.position?.commit ?? 0n,
})

async function positionOfLast(client: EventStoreDBClient, stream: string): Promise<bigint> {
  let position = 0n
  const last = client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1 })
  for await (const { event } of heard(last)) position = event?.position?.commit ?? 0n
  return position
}
