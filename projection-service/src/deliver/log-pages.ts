import { FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client'
import { partsOf } from 'shared-domain/kernel/decider.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { heard } from 'shared-service/heard.ts'
import { received, type Received } from '../facts.ts'

const page_max = 500

interface Log {
  readonly client: EventStoreDBClient
  readonly definitions: Definitions
  readonly categories: readonly string[]
}

/** Facts behind a position, as many as are read at once; `end` where there are no more. */
export async function pageBehind({ client, categories, definitions }: Log, from: bigint): Promise<{ readonly events: readonly Received[]; readonly end: boolean }> {
  const fromPosition = from > 0n ? { commit: from, prepare: from } : START
  const events: Received[] = []
  let count = 0
  for await (const { event } of heard(client.readAll({ direction: FORWARDS, fromPosition, maxCount: page_max }))) {
    count++
    // Reading begins with what stands at the position itself.
    if (event && event.position.commit > from && categories.includes(partsOf(event.streamId).category)) events.push(received(event as never, definitions))
  }
  return { events, end: count < page_max }
}

/** One fact of a stream. */
export async function eventAt({ client, definitions }: Pick<Log, 'client' | 'definitions'>, { stream, revision }: { readonly stream: string; readonly revision: number }): Promise<Received | undefined> {
  let found: Received | undefined
  for await (const { event } of heard(client.readStream(stream, { fromRevision: BigInt(revision), maxCount: 1 }))) if (event) found = received(event as never, definitions)
  return found
}
