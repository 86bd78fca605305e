import { randomUUID } from 'node:crypto'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import t from 'tap'
import { startEventStore } from '../../../infra/embedded/engines.ts'
import { folderFor } from '../../../infra/embedded/testing.ts'
import { until } from '../fixture.ts'
import { eventStore, rememberCapabilities } from './event-store.ts'

t.test('appends go on after a cluster was not to be found for a while', async (t) => {
  const dir = folderFor(t, 'cluster')
  const first = await startEventStore({ dir })
  t.teardown(() => first.stop())
  const client = EventStoreDBClient.connectionString(`esdb+discover://127.0.0.1:${first.port}?tls=false&maxDiscoverAttempts=2&discoveryInterval=10`)
  t.teardown(() => client.dispose())
  await rememberCapabilities(client)
  const store = eventStore(client)
  const append = () => store.append(`thing-${randomUUID()}`, -1, [jsonEvent({ type: 'ThingHappened', data: {} })])
  await append()
  await first.kill()
  await until(() => append().then(() => false, ({ message }: Error) => message.startsWith('Failed to discover')))
  const second = await startEventStore({ dir, port: first.port })
  t.teardown(() => second.stop())
  t.match(await until(() => append().catch(() => undefined)), { revision: 0 })
})
