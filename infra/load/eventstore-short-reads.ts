import { openStore } from '../embedded/eventstore/store.ts'
import { paths, rawClient } from './eventstore-floor.ts'
import { order, readStreamRequest } from './eventstore-messages.ts'
import type { Measured } from './eventstore-processes.ts'
import { slice, streamed, together, type Sample } from './eventstore-slices.ts'

/**
 * What a command does before it appends: it reads one stream, of some twenty events. In half of the streams they stand in one place; in the
 * others there are 5,000 events of others between each two.
 */
const streams = 5_000
const events = 20
/** Reads of each kind before anything is measured: by then the server's code is compiled. */
const warm_count = 2_000
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

/** Reads of whole streams, one at a time, never the same one soon again, each kind in turns, beside as many messages from the floor. */
export async function measureShortReads(
  floor: Measured, server: Measured, rounds: number, slice_ms: number,
): Promise<readonly (readonly [name: string, sample: Sample])[]> {
  const [rawFloor, rawServer] = [rawClient(floor.port), rawClient(server.port)]
  let nth = 0
  const read = (kind: string) => () => streamed(rawServer, path, readStreamRequest(`${kind}-${nth = (nth + 2_741) % streams}`, events))
  const kinds: readonly (readonly [name: string, from: Measured, run: () => Promise<unknown>])[] = [
    [`send ${events}`, floor, () => streamed(rawFloor, paths.down, Buffer.from(String(events)))],
    [`read ${events} contiguous`, server, read('contiguous')],
    [`read ${events} scattered`, server, read('scattered')],
  ]
  for (const [, , run] of kinds) for (let warm = 0; warm < warm_count; warm++) await run()
  const samples: [string, Sample][] = []
  for (let round = 0; round < rounds; round++) {
    for (const [name, from, run] of kinds) samples.push([name, await slice(from, slice_ms, together(1, run))])
  }
  for (const raw of [rawFloor, rawServer]) raw.close()
  return samples
}
