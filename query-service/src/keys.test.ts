import { createRequire } from 'node:module'
import { PassThrough, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { EventStoreDBClient } from '@eventstore/db-client'
import t from 'tap'
import { configFrom } from './config.ts'
import { openKeys } from './keys.ts'

/** The class that the client makes of every read. It closes only once the call beneath it has been read to its end. */
const { ReadStream } = createRequire(import.meta.url)('@eventstore/db-client/dist/streams/utils/ReadStream.js')

t.test('a read that took too long is still read to its end, or the client would never close', async (t) => {
  const call = Object.assign(new Readable({ objectMode: true, read: () => undefined }), { cancel: () => undefined })
  const store = {
    readStream: () => new ReadStream(async () => call, undefined, {}),
    subscribeToAll: () => Object.assign(new PassThrough(), { unsubscribe: async () => undefined }),
  } as unknown as EventStoreDBClient
  const config = { ...configFrom({ EVENTSTORE_URL: 'esdb://h', DATABASE_URL: 'postgres://h/d' }), eventStoreTimeout_ms: 10 }
  const keys = openKeys(store, config, () => undefined)
  t.teardown(() => keys.close())
  await t.rejects(keys.callerOf({ authorization: `Bearer bk_${'x'.repeat(43)}` }), { code: 'SERVICE_UNAVAILABLE' })
  call.push(null)
  await finished(call)
})
