import { START, streamNameFilter, type EventStoreDBClient } from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'
import type { Definitions } from 'shared-domain/kernel/stored.ts'
import { received, type Received } from './facts.ts'
import type { Batch } from './projector.ts'
import type { Recent } from './recent.ts'
import { pause } from 'shared-service/pause.ts'

/** How many batches may wait while one is written. */
const batches_waiting_max = 1
/** How often, in multiples of 32 events looked at, the store says how far it looked when nothing was of interest. */
const checkpoint_interval = 32

export interface Wanted {
  readonly client: EventStoreDBClient
  readonly categories: readonly string[]
  readonly definitions: Definitions
  /** Exclusive. */
  readonly from: bigint
  readonly batch_max: number
  readonly signal: AbortSignal
  /** How long a few facts wait for others to come along; not at all by default. */
  readonly gather_ms?: number
  /** Told of everything as it comes, before it is in a batch. */
  readonly recent?: Recent
}

/** So many facts wait for no others. */
const gathered_max = 64

/**
 * The facts of these categories behind a position, in batches: whatever has come while the last batch was written, up to a limit. Ends
 * with the signal; throws what the store throws.
 */
export async function* batches({
  client, categories, definitions, from, batch_max, signal, gather_ms = 0, recent,
}: Wanted): AsyncGenerator<Batch> {
  let [events, position] = [[] as Received[], from]
  let [failure, hasEnded] = [undefined as unknown, false]
  let [wakeReader, wakeWriter] = [() => undefined as void, () => undefined as void]
  const subscription = heard(client.subscribeToAll({
    fromPosition: from < 0n ? START : { commit: from, prepare: from },
    filter: streamNameFilter({
      prefixes: categories.map((category) => `${category}-`), checkpointInterval: checkpoint_interval,
      // The client says this ahead of events that wait in its buffer: behind them, in the same queue, it overtakes none.
      checkpointReached: (subscription, { commit }) => void subscription.push({ commitPosition: commit }),
    }),
  }))
  const stop = () => {
    hasEnded = true
    void subscription.unsubscribe().catch(() => undefined)
    wakeReader()
    wakeWriter()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

  const reading = (async () => {
    for await (const { event, commitPosition } of subscription) {
      const read = event && received(event, definitions)
      if (read) events.push(read)
      position = event?.position.commit ?? commitPosition ?? position
      recent?.hear(read, position)
      wakeWriter()
      while (events.length >= batch_max * batches_waiting_max && !hasEnded) await new Promise<void>((resolve) => { wakeReader = resolve })
    }
  })().catch((error: unknown) => { failure = error }).finally(stop)

  try {
    let given = from
    for (;;) {
      while (!hasEnded && events.length === 0 && position <= given) await new Promise<void>((resolve) => { wakeWriter = resolve })
      if (gather_ms > 0 && events.length > 0 && events.length < gathered_max) await pause(gather_ms, signal)
      if (hasEnded && events.length === 0) break
      const taken = events.slice(0, batch_max)
      events = events.slice(batch_max)
      given = events.length > 0 ? taken.at(-1)!.position : position
      wakeReader()
      yield { events: taken, position: given }
      if (signal.aborted) break
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    await reading
  }
  if (failure !== undefined && !signal.aborted) throw failure
}

interface Shared extends Pick<Wanted, 'client' | 'categories' | 'definitions' | 'from' | 'signal'> {
  /** What somebody else in this process hears; what it has forgotten, or not heard yet, is read from the log. */
  readonly recent: Pick<Recent, 'after' | 'reaches'>
}

const shared_batch_max = 500

/** The facts behind a position, for whoever follows beside others: sent and decoded once for all of them as long as it keeps up. */
export async function* alongside({ client, categories, definitions, from: position, signal, recent }: Shared): AsyncGenerator<Batch> {
  for (let from = position; !signal.aborted;) {
    for await (const batch of recent.after(from, shared_batch_max, signal)) {
      yield batch
      from = batch.position
    }
    for await (const batch of batches({ client, categories, definitions, from, batch_max: shared_batch_max, signal })) {
      yield batch
      from = batch.position
      if (recent.reaches(from)) break
    }
  }
}
