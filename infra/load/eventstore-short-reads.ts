import { openStore } from '../embedded/eventstore/store.ts'
import { rawClient } from './eventstore-floor.ts'
import { order, readStreamRequest } from './eventstore-messages.ts'
import type { Measured } from './eventstore-processes.ts'
import { slice, streamed, together, type Sample } from './eventstore-slices.ts'

/**
 * What a command does before it appends: it reads one stream, of some twenty events. In half of the streams they stand in one place; in the
 * others there are 5,000 events of others between each two.
 */
const streams = 5_000
const events = 20
const path = '/event_store.client.streams.Streams/Read'

/** A log of 200,000 events. */
export async function fillForShortReads(dir: string): Promise<void> {
  const store = await openStore({ dir })
  const [data, metadata] = [Buffer.from(JSON.stringify(order())), Buffer.from(JSON.stringify({ $correlationId: crypto.randomUUID(), $causationId: crypto.randomUUID() }))]
  const made = (length: number) => Array.from({ length }, () => ({ id: crypto.randomUUID(), type: 'OrderPlaced', json: true, metadata, data }))
  for (let nth = 0; nth < events; nth++) {
    await Promise.all(Array.from({ length: streams }, (_, stream) => store.append(`scattered-${stream}`, -2, made(1))))
  }
  await Promise.all(Array.from({ length: streams }, (_, stream) => store.append(`contiguous-${stream}`, -2, made(events))))
  await store.close()
}

/** Reads of whole streams, one at a time, never the same one soon again, each kind in turns. */
export async function measureShortReads(server: Measured, rounds: number, slice_ms: number): Promise<readonly (readonly [name: string, sample: Sample])[]> {
  const client = rawClient(server.port)
  const samples: [string, Sample][] = []
  let nth = 0
  const read = (kind: string) => async () => {
    nth = (nth + 2_741) % streams
    await streamed(client, path, readStreamRequest(`${kind}-${nth}`, events))
  }
  for (let round = 0; round <= rounds; round++) {
    for (const kind of ['contiguous', 'scattered']) {
      const sample = await slice(server, slice_ms, together(1, read(kind)))
      // The first round warms up.
      if (round > 0) samples.push([`read ${events} ${kind}`, sample])
    }
  }
  client.close()
  return samples
}
