import { randomUUID } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client'
import fc from 'fast-check'
import { connect, headers, nanos, type JsMsg } from 'nats'
import pg from 'pg'
import t, { type Test } from 'tap'
import { events } from 'shared-domain/kernel/events.ts'
import { z } from 'zod'
import { startEngines } from '../../infra/embedded/engines.ts'
import { startNats } from '../../infra/embedded/nats.ts'
import { freePort } from '../../infra/embedded/ports.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { messages } from './announced.ts'
import { start } from './app.ts'
import { configFrom } from './config.ts'

const Thing = events({
  ThingPut: { about: 'A thing is there.', data: z.object({ name: z.string() }), recipient: () => 'someone' },
})

const root = folderFor(t, 'announce')
const binDir = fileURLToPath(new URL('../../.baton/bin', import.meta.url))
const engines = await startEngines({ root, env: { NATS_URL: 'elsewhere' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
const admin = new pg.Client({ connectionString: engines.urls.database })
await admin.connect()
t.teardown(async () => {
  await client.dispose()
  await admin.end()
  await engines.stop()
})

let written = 0

/** A fact, under an id that may be known before. */
async function write(id: string = randomUUID()) {
  const data = { name: `n${written++}` }
  const metadata = { version: 1, at: new Date().toISOString(), by: { kind: 'admin', id: 'a' }, organization: 'acme', commandId: randomUUID(), $correlationId: 'c' }
  await client.appendToStream(`thing-${written % 5}`, [jsonEvent({ id, type: 'ThingPut', data, metadata })])
}

async function logged(): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { event } of client.readAll({ filter: streamNameFilter({ prefixes: ['thing-'] }) } as never)) {
    if (event?.streamId.startsWith('thing-')) ids.push(event.id)
  }
  return ids
}

async function until<T>(probe: () => Promise<T | undefined | false | null>): Promise<T> {
  for (let tries = 0; tries < 800; tries++) {
    const found = await probe()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  throw new Error('it did not become so in twelve seconds')
}

let houses = 0

/** A database and a NATS of their own, over the log of all tests, whose facts must all be announced. */
async function house(t: Test) {
  const name = `announce_${++houses}`
  await admin.query(`create database ${name}`)
  const url = engines.urls.database.replace(/\/[^/]*$/, `/${name}`)
  const db = new pg.Pool({ connectionString: url, max: 2 })
  db.on('error', () => undefined)
  const [dir, port] = [join(root, name), await freePort()]
  let nats = await startNats({ dir, port, binDir })
  let service: Awaited<ReturnType<typeof start>> | undefined
  await write()

  async function announcing(isOn: boolean) {
    await service?.stop()
    service = undefined
    if (!isOn) return
    const env = { EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: url, NATS_URL: nats.url, PROJECTION_PORT: '0', LOG_LEVEL: 'silent' }
    service = await start(configFrom(env), { deciders: [{ category: 'thing', events: Thing }], readModels: [] })
  }
  t.teardown(async () => {
    await announcing(false)
    await nats.stop()
    await db.end()
  })

  async function asking<T>(ask: (connection: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: nats.url, maxReconnectAttempts: 0, timeout: 2_000 })
    try {
      return await ask(connection)
    } finally {
      await connection.close()
    }
  }

  const manage = <T>(ask: (streams: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['jetstreamManager']>>['streams']) => Promise<T>) =>
    asking(async (connection) => ask((await connection.jetstreamManager()).streams))

  /** Everything on the stream, in its order. */
  const told = () => asking(async (connection) => {
    const { state } = await (await connection.jetstreamManager()).streams.info('BATON_EVENTS')
    const all: JsMsg[] = []
    for await (const message of messages(connection.jetstream(), 'BATON_EVENTS', 1, state.last_seq)) all.push(message)
    return all
  })

  /** Ids of what the announcer says. What others say has another source. */
  const announced = async () => (await told()).filter(({ headers }) => headers?.get('X-Stranger') !== 'yes').map(({ headers }) => headers!.get('Nats-Msg-Id'))

  return {
    db, dir, announcing, asking, manage, told, announced,

    async shows(t: Test, sentence: string, expected?: readonly string[]) {
      const wanted = expected ?? await logged()
      await until(async () => (await announced().catch(() => [])).length >= wanted.length).catch(() => undefined)
      t.strictSame(await announced(), wanted, sentence)
    },

    /** What anybody can say who may publish; `baton.hello` is the least of it. */
    stranger: (subject: string, body: string, more: Readonly<Record<string, string>> = {}) => asking(async (connection) => {
      const header = headers()
      for (const [name, value] of Object.entries({ 'X-Stranger': 'yes', ...more })) header.set(name, value)
      connection.publish(subject, body, { headers: header })
      await connection.flush()
    }),

    /** NATS goes away, something is done to its folder, and it comes back. */
    async meanwhile(change: () => void) {
      await nats.stop()
      change()
      nats = await startNats({ dir, port, binDir })
    },

    remembered: () => until(async () => {
      const { state } = await manage((streams) => streams.info('BATON_EVENTS'))
      return (await db.query('select 1 from announced where sequence = $1', [state.last_seq])).rowCount
    }),
  }
}

const mine = 'baton.acme.thing.ThingPut.someone.1'

t.test('S-66 every fact is announced once and in order, across restarts of the announcer and of NATS', async (t) => {
  const { announcing, meanwhile, shows, told } = await house(t)
  await announcing(true)
  for (let n = 0; n < 20; n++) await write()
  await announcing(false)
  for (let n = 0; n < 20; n++) await write()
  await announcing(true)
  await meanwhile(() => undefined)
  for (let n = 0; n < 20; n++) await write()
  await shows(t, 'each once')
  const message = (await told()).at(-1)!
  t.match(message.json(), { specversion: '1.0', type: 'baton.ThingPut', organization: 'acme', correlationid: 'c', data: { name: `n${written - 1}` } })
  t.equal(message.subject, `baton.acme.thing.ThingPut.someone.${written % 5}`)
  t.equal(message.headers!.get('Nats-Msg-Id'), message.json<{ id: string }>().id)
  t.match(message.headers!.get('Baton-Position'), /^\d+$/)
})

t.test('S-66 somebody publishes baton.hello, then a fact is written: nothing is announced twice and it arrives', async (t) => {
  const { announcing, stranger, shows, told } = await house(t)
  await write()
  await announcing(true)
  await shows(t, 'what is there')
  await stranger('baton.hello', 'hello')
  await write()
  await shows(t, 'goes on')
  await announcing(false)
  await stranger('baton.hello', 'hello')
  await announcing(true)
  await write()
  await shows(t, 'also after a restart')
  t.notOk((await told()).some(({ subject }) => subject === 'baton.hello'), 'the stream takes nothing that has no form of an announcement')
})

t.test('S-66 whatever others publish into the stream, and whenever, facts are announced once and in order', async (t) => {
  const seed = 66
  t.comment(`seed ${seed}`)
  const { announcing, stranger, shows, told } = await house(t)
  await announcing(true)
  await write()
  await shows(t, 'what is there')
  const copy = async () => {
    const message = (await told()).find(({ headers }) => headers?.get('X-Stranger') !== 'yes')!
    return [message.string(), message.headers!.get('Baton-Position')] as const
  }
  const strangers: Readonly<Record<string, () => Promise<void>>> = {
    plain: () => stranger(mine, 'hello'),
    empty: () => stranger(mine, ''),
    far: () => stranger(mine, '{}', { 'Baton-Position': '999999999999' }),
    nowhere: () => stranger(mine, JSON.stringify({ id: randomUUID(), subject: 'thing-none', revision: '0' }), { 'Baton-Position': 'x' }),
    past: async () => {
      const [body, position] = await copy()
      await stranger(mine, body, { 'Baton-Position': position })
    },
    changed: async () => {
      const [body, position] = await copy()
      await stranger(mine, body.replace('"n0"', '"n9"'), { 'Baton-Position': position, 'Nats-Msg-Id': randomUUID() })
    },
  }
  const step = fc.constantFrom('write', 'write', 'restart', ...Object.keys(strangers))
  const [script] = fc.sample(fc.array(step, { minLength: 60, maxLength: 60 }), { seed, numRuns: 1 })
  for (const step of script!) {
    if (step === 'write') await write()
    else if (step === 'restart') await announcing(false).then(() => announcing(true))
    else await strangers[step]!()
  }
  await write()
  await shows(t, 'each once')
})

t.test('S-66 an id that somebody else has used keeps no fact from being announced', async (t) => {
  const { announcing, stranger, shows } = await house(t)
  await announcing(true)
  await shows(t, 'what is there')
  const id = randomUUID()
  await stranger(mine, 'mine!', { 'Nats-Msg-Id': id })
  await write(id)
  await write()
  await shows(t, 'each once')
})

t.test('S-66 an announcement that somebody else has made is not made again, and only if it says the same', async (t) => {
  const { announcing, asking, shows, told, db } = await house(t)
  await write()
  await announcing(true)
  await shows(t, 'what is there')
  await announcing(false)
  const last = (await told()).at(-1)!
  // As if the process had been killed between the answer of NATS and what it remembers of it.
  await db.query('update announced set sequence = sequence - 1, commit = commit - 1')
  await announcing(true)
  await write()
  await shows(t, 'each once')
  await announcing(false)
  await db.query('update announced set sequence = $1, commit = $2', [last.seq - 1, String(BigInt(last.headers!.get('Baton-Position')) - 1n)])
  await asking(async (connection) => (await connection.jetstreamManager()).streams.deleteMessage('BATON_EVENTS', last.seq))
  await announcing(true)
  const ids = await logged()
  await shows(t, 'from the first that is not there', [...ids.slice(0, -2), ids.at(-1)!, ...ids.slice(-2)])
})

t.test('S-66 what ends between publishing and remembering doubles nothing', async (t) => {
  const { announcing, shows, announced, db } = await house(t)
  await announcing(true)
  await shows(t, 'what is there')
  const lock = await db.connect()
  await lock.query('begin; lock table announced in access exclusive mode')
  for (let n = 0; n < 30; n++) await write()
  const before = (await logged()).length
  await until(async () => (await announced()).length > before - 30)
  const ended = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'projection-service' and wait_event_type = 'Lock'`
  await until(async () => (await db.query(ended)).rowCount)
  await lock.query('rollback')
  lock.release()
  await write()
  await shows(t, 'each once')
})

t.test('S-66 a stream that was deleted, or lost with the folder of NATS, gets every fact', async (t) => {
  const { announcing, manage, meanwhile, shows, dir } = await house(t)
  await announcing(true)
  await shows(t, 'what is there')
  await manage((streams) => streams.delete('BATON_EVENTS'))
  await write()
  await shows(t, 'the new stream')
  await meanwhile(() => rmSync(dir, { recursive: true }))
  await write()
  await shows(t, 'another folder')
})

t.test('S-66 a stream that was put back to an older state gets what it has lost, whatever others wrote meanwhile', async (t) => {
  const { announcing, meanwhile, shows, dir, stranger, remembered } = await house(t)
  const older = `${dir}-older`
  const putBack = () => {
    rmSync(dir, { recursive: true })
    cpSync(older, dir, { recursive: true })
  }
  await announcing(true)
  await shows(t, 'what is there')
  await announcing(false)
  await meanwhile(() => cpSync(dir, older, { recursive: true }))
  await announcing(true)
  for (let n = 0; n < 5; n++) await write()
  await shows(t, 'and more')
  await remembered()
  await meanwhile(putBack)
  await shows(t, 'all of it again')
  await announcing(false)
  await meanwhile(putBack)
  for (let n = 0; n < 9; n++) await stranger(mine, 'hello')
  await announcing(true)
  await shows(t, 'behind what others wrote')
})

t.test('S-66 a new database goes on where the stream ends, and what has expired is not announced again', async (t) => {
  const { announcing, manage, shows, stranger, remembered, db } = await house(t)
  await announcing(true)
  await shows(t, 'what is there')
  await remembered()
  await announcing(false)
  await db.query('truncate announced')
  await stranger(mine, 'hello')
  await announcing(true)
  await write()
  await shows(t, 'nothing is doubled')
  await manage((streams) => streams.purge('BATON_EVENTS', { keep: 2 }))
  await announcing(false)
  await db.query('truncate announced')
  await announcing(true)
  await write()
  await shows(t, 'what comes before the first of ours has expired', (await logged()).slice(-2))
  await remembered()
  await manage((streams) => streams.purge('BATON_EVENTS'))
  await announcing(false)
  await announcing(true)
  await write()
  await shows(t, 'also when nothing is left', (await logged()).slice(-1))
})

t.test('S-66 a stream with other settings is brought up to these', async (t) => {
  const { announcing, manage, shows } = await house(t)
  await manage((streams) => streams.add({ name: 'BATON_EVENTS', subjects: ['baton.>'], duplicate_window: nanos(120_000) }))
  await announcing(true)
  await shows(t, 'it gets every fact')
  const { config } = await manage((streams) => streams.info('BATON_EVENTS'))
  t.match(config, { subjects: ['baton.*.*.*.*.*'], max_bytes: 1_073_741_824, duplicate_window: 100_000_000 })
})
