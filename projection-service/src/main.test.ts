import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import pg from 'pg'
import t from 'tap'
import { startEngines } from '../../infra/embedded/engines.ts'
import { folderFor } from '../../infra/embedded/testing.ts'

const root = folderFor(t, 'projection')
const { urls, stop } = await startEngines({ root, env: {}, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${urls.eventstore}`
const db = new pg.Client({ connectionString: urls.database })
await db.connect()
const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
  env: { EVENTSTORE_URL: urls.eventstore, DATABASE_URL: urls.database, NATS_URL: urls.announcer, PROJECTION_PORT: '0', LOG_LEVEL: 'silent' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const exit = once(child, 'exit')

t.teardown(async () => {
  child.kill('SIGKILL')
  await client.dispose()
  await db.end()
  await stop()
})

const write = () => client.appendToStream(`task-${randomUUID()}`, jsonEvent({ type: 'TaskPainted', data: {} }))

async function until(asked: string) {
  for (let tries = 0; tries < 800; tries++) {
    if ((await db.query(asked)).rowCount) return
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  throw new Error('it did not become so in twelve seconds')
}

t.test('the program ends by its own limit when it is told to and a batch does not end', async (t) => {
  let said = ''
  for await (const text of child.stdout.setEncoding('utf8')) if ((said += text).includes('"ready"')) break
  await write()
  await until('select 1 from checkpoint where commit >= 0')
  await db.query('begin')
  await db.query('lock table checkpoint')
  await write()
  await until(`select 1 from pg_locks where not granted and relation = 'checkpoint'::regclass`)
  child.kill('SIGTERM')
  t.strictSame(await exit, [1, null])
  await db.query('rollback')
})
