import { jsonEvent, KurrentDBClient, START, streamNameFilter } from '@kurrent/kurrentdb-client'
import t from 'tap'
import { folderFor } from '../testing.ts'
import { startServer } from './server.ts'
import { openStore } from './store.ts'

// In a process of its own: both clients register their messages under the same global names.
const dir = folderFor(t, 'kurrent')
const store = await openStore({ dir })
const server = await startServer({ store, port: 0 })
t.teardown(async () => {
  await server.stop()
  await store.close()
})

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds();) {
    if (performance.now() > end) throw new Error(`did not come true: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

t.test('§11: the successor client works against it: append, read, filtered subscription, tombstone', async (t) => {
  const client = KurrentDBClient.connectionString`kurrentdb://127.0.0.1:${server.port}?tls=false`
  const events = Array.from({ length: 5 }, (_, n) => jsonEvent({ type: 'Happened', data: { n } }))
  t.match(await client.appendToStream('kurrent-1', events, { streamState: 'no_stream' }), { nextExpectedRevision: 4n })
  const stream: unknown[] = []
  for await (const { event } of client.readStream('kurrent-1')) stream.push((event!.data as { n: number }).n)
  t.same(stream, [0, 1, 2, 3, 4])
  const all: string[] = []
  for await (const { event } of client.readAll()) all.push(event!.streamId)
  t.ok(all.includes('kurrent-1'))
  const subscription = client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: ['kurrent-'] }) })
  const live: unknown[] = []
  subscription.on('data', ({ event }) => live.push(event!.revision))
  await until(() => live.length === 5)
  await client.appendToStream('kurrent-1', jsonEvent({ type: 'Happened', data: { n: 5 } }))
  await until(() => live.length === 6)
  t.same(live, [0n, 1n, 2n, 3n, 4n, 5n])
  await subscription.unsubscribe()
  await client.tombstoneStream('kurrent-1')
  const refused = await client.appendToStream('kurrent-1', jsonEvent({ type: 'Happened', data: {} })).catch((error: unknown) => error)
  t.match(refused, { type: 'stream-deleted' })
  await client.dispose()
})
