import { randomUUID } from 'node:crypto'
import { EventStoreDBClient, jsonEvent, type JSONEventData, type ResolvedEvent } from '@eventstore/db-client'
import type t from 'tap'
import { folderFor } from '../testing.ts'
import { startServer, type ServerOptions } from './server.ts'
import type { StoreOptions } from './storage/options.ts'
import { openStore } from './store.ts'

type Test = Pick<typeof t, 'teardown'>

/** A server on a free port over a log in a temporary folder, and the official client; all of it is gone when the test is over. */
export async function started(t: Test, options: Partial<ServerOptions> & Partial<StoreOptions> = {}) {
  const dir = folderFor(t, 'eventstore')
  const store = await openStore({ dir, ...options })
  const server = await startServer({ port: 0, ...options, store })
  const clients: EventStoreDBClient[] = []
  const connected = (url = `esdb://127.0.0.1:${server.port}?tls=false`) => {
    const client = EventStoreDBClient.connectionString(url)
    clients.push(client)
    return client
  }
  t.teardown(async () => {
    await Promise.all(clients.map((client) => client.dispose()))
    await server.stop()
    await store.close()
  })
  return { dir, store, server, client: connected(), connected }
}

/** A server over a folder that outlives it, and the official client: for tests of restarts. Whoever opens it closes it. */
export async function opened(dir: string, options: Partial<ServerOptions> = {}) {
  const store = await openStore({ dir })
  const server = await startServer({ port: 0, ...options, store })
  const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${server.port}?tls=false`)
  return {
    client,
    async close() {
      await client.dispose()
      await server.stop()
      await store.close()
    },
  }
}

let count = 0

/** A stream name that no other test uses. */
export const newStream = (category = 'order') => `${category}-${++count}`

export const happened = (n: number, type = 'Happened', id: string = randomUUID()) => jsonEvent({ type, id, data: { n } })

export const several = (length: number, type?: string): JSONEventData[] => Array.from({ length }, (_, n) => happened(n, type))

export async function collected(events: AsyncIterable<ResolvedEvent>): Promise<ResolvedEvent[]> {
  const all: ResolvedEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

/** The first events of a subscription, and what was told on the way. */
export async function taken(events: AsyncIterable<ResolvedEvent>, length: number): Promise<ResolvedEvent[]> {
  const all: ResolvedEvent[] = []
  if (length === 0) return all
  for await (const event of events) if (all.push(event) === length) break
  return all
}

export const numbers = (events: readonly ResolvedEvent[]): readonly unknown[] => events.map(({ event }) => (event?.data as { n?: number } | undefined)?.n)

/** Waits until something holds; how long is bounded. */
export async function until(holds: () => boolean | Promise<boolean>, timeout_ms = 10_000): Promise<void> {
  for (const end = performance.now() + timeout_ms; !await holds();) {
    if (performance.now() > end) throw new Error(`did not come true within ${timeout_ms} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const failure = (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
  promise.then(() => { throw new Error('it was expected to fail') }, (error: Record<string, unknown>) => error)
