import { BACKWARDS, END, FORWARDS, START, type EventStoreDBClient, type RecordedEvent } from '@eventstore/db-client'
import { deciders } from 'shared-domain/catalogue.ts'
import { partsOf } from 'shared-domain/kernel/decider.ts'
import { definitionsOf, factOf, provenanceOf, type Entry } from 'shared-domain/kernel/stored.ts'

export const definitions = definitionsOf(deciders)

/** Where to stop reading: at a position (inclusive), at an instant (inclusive), or at what is the end when reading starts. */
export interface Until {
  readonly position?: bigint | undefined
  readonly at?: string | undefined
}

/** A fact of the log that cannot be read. */
export class Unreadable extends Error {
  readonly stream: string
  readonly position: bigint
  readonly eventId: string
  constructor(event: RecordedEvent, cause: unknown) {
    super(`${event.type} at revision ${event.revision} of ${event.streamId} cannot be read: ${(cause as Error).message}`)
    this.stream = event.streamId
    this.position = event.position?.commit ?? 0n
    this.eventId = event.id
  }
}

export function entryOf(event: RecordedEvent): Entry {
  try {
    return { fact: factOf(event, definitions), provenance: provenanceOf(event) }
  } catch (cause) {
    throw new Unreadable(event, cause)
  }
}

/** The last event of the whole log, system events included. */
export async function endOf(client: EventStoreDBClient): Promise<bigint> {
  let position = 0n
  for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) position = event?.position.commit ?? 0n
  return position
}

/** The fact at a position that is known to hold one. */
export async function entryAt(client: EventStoreDBClient, position: bigint): Promise<Entry> {
  let entry: Entry | undefined
  // To its end: a read that is left early keeps the client from ending.
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: { commit: position, prepare: position }, maxCount: 1 })) {
    if (event?.position?.commit === position) entry = entryOf(event)
  }
  if (!entry) throw new Error(`the log holds no fact at position ${position}`)
  return entry
}

const categories = new Set(deciders.map(({ category }) => category))

type Reading = AsyncIterable<{ readonly event?: RecordedEvent | undefined }>
type OnUnreadable = (error: Unreadable) => void
const refuse: OnUnreadable = (error) => { throw error }

/**
 * Every fact of the catalogue's categories in log order, up to and including `until`. `onUnreadable` decides what happens to a fact
 * that cannot be read; by default it is thrown.
 */
export const facts = (client: EventStoreDBClient, until: Until = {}, onUnreadable = refuse): AsyncGenerator<Entry> =>
  entriesOf(client.readAll({ direction: FORWARDS, fromPosition: START }) as Reading, until, onUnreadable)

/** The same for one stream. The client's StreamNotFoundError when there is none. */
export const factsOf = (client: EventStoreDBClient, stream: string, until: Until = {}, onUnreadable = refuse): AsyncGenerator<Entry> =>
  entriesOf(client.readStream(stream, { direction: FORWARDS, fromRevision: START }) as Reading, until, onUnreadable)

async function* entriesOf(reading: Reading, until: Until, onUnreadable: OnUnreadable): AsyncGenerator<Entry> {
  for await (const { event } of reading) {
    if (!event || !categories.has(partsOf(event.streamId).category)) continue
    // Read on to the end: a read that is left early keeps the client from ending.
    if (until.position !== undefined && (event.position?.commit ?? 0n) > until.position) continue
    try {
      const entry = entryOf(event)
      // Imported facts carry times of their own: they are out of order, and each is judged by itself.
      if (until.at === undefined || entry.fact.at <= until.at) yield entry
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      onUnreadable(error)
    }
  }
}
