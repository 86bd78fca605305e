import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import Fastify from 'fastify'
import { sql } from 'kysely'
import type { Decider } from 'shared-domain/kernel/decider.ts'
import { process as reaction } from 'shared-domain/kernel/process.ts'
import { later } from 'shared-domain/kernel/time.ts'
import t from 'tap'
import { z } from 'zod'
import { startEngines } from '../../infra/embedded/engines.ts'
import { freePort } from '../../infra/embedded/ports.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { until } from './fixture.ts'
import type { Errand } from './intents.ts'
import { runProcesses, unreadFacts } from './processes.ts'
import { database, migrate } from './store/database.ts'
import { runSweeps } from './sweeps.ts'
import { Timers, type Timer } from './timers.ts'

const root = folderFor(t, 'processes')
const engines = await startEngines({ root, env: { NATS_URL: 'nats://127.0.0.1:1' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
const db = database(engines.urls.database, () => undefined)
await migrate(db)
t.teardown(async () => {
  await db.destroy()
  await client.dispose()
  await engines.stop()
})

const { log } = Fastify({ logger: false })
const timers = new Timers(db)

/** A category of this test's own, whose only fact asks for something to be done to the stream that it names. */
const thing = (data: z.ZodObject) => ({ category: 'thing', events: { definitions: { ThingHappened: { about: 'It did.', data } } } }) as unknown as Decider
const follow = reaction<any>({
  name: 'follow', about: 'Asks for it.',
  react: { ThingHappened: ({ data }: { data: { target: string } }) => [{ category: 'other', id: data.target, command: 'do', data: {} }] } as never,
})

const happened = (id: string, data: object) => client.appendToStream(`thing-${id}`, [jsonEvent({
  type: 'ThingHappened', data: data as never,
  metadata: { version: 1, at: new Date().toISOString(), by: { kind: 'admin', id: 'a' }, organization: 'acme', commandId: randomUUID(), $correlationId: 'c', $causationId: 'c' } as never,
})])

/** Leads until `isOver`; what is carried out is told to `carryOut`. */
async function led(data: z.ZodObject, carryOut: (errand: Errand) => Promise<void>, isOver: () => Promise<unknown>) {
  const end = new AbortController()
  const running = runProcesses({ client, db, deciders: [thing(data)], processes: [follow], timers, carryOut, log }, end.signal)
  await until(isOver)
  end.abort()
  await running
}

const Target = z.object({ target: z.string() })
const rowsOf = async (table: string) => (await db.selectFrom(table).selectAll().execute()) as readonly any[]

t.test('what a process cannot do now is put off, and holds up nothing behind it', async (t) => {
  const done: string[] = []
  await happened('1', { target: 'full' })
  await happened('1', { target: 'free' })
  await led(Target, async ({ intent }) => {
    if (intent.id === 'full') throw new Error('not now')
    done.push(intent.id)
  }, async () => (await rowsOf('timer')).length > 0 && done.length > 0)
  t.strictSame(done, ['free'])
  t.match(await rowsOf('timer'), [{ key: /^again /, intent: { process: 'follow', organization: 'acme', intent: { id: 'full', command: 'do' } } }])
  await led(Target, async ({ intent }) => { done.push(intent.id) }, () => happened('1', { target: 'later' }).then(() => until(async () => done.includes('later'))))
  t.strictSame(done, ['free', 'later'], 'the checkpoint has passed what was put off')
})

t.test('a fact that cannot be read is kept, and read again by whoever leads next', async (t) => {
  const done: string[] = []
  const carryOut = async ({ intent }: Errand) => { done.push(intent.id) }
  await happened('2', { target: 'new', from: 'a newer version' })
  await led(z.strictObject({ target: z.string() }), carryOut, async () => await unreadFacts(db) === 1)
  t.strictSame(done, [])
  await led(Target, carryOut, async () => await unreadFacts(db) === 0)
  t.strictSame(done, ['new'])
})

t.test('a connection that is ended while it is in use ends what it was used for and nothing else', async (t) => {
  await t.rejects(db.transaction().execute((trx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx)))
  // What has been ended may be found so only by the next one who uses it.
  await until(() => sql`select 1`.execute(db).catch(() => undefined))
})

t.test('a store that goes away while facts are read again ends the run and not the service', async (t) => {
  const away = EventStoreDBClient.connectionString`esdb://127.0.0.1:${await freePort()}?tls=false&maxDiscoverAttempts=1`
  const end = new AbortController()
  t.teardown(() => {
    end.abort()
    return away.dispose()
  })
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const seen = Object.assign(Object.create(away), {
    subscribeToAll: (options: never) => away.subscribeToAll(options).once('close', resolve),
  }) as EventStoreDBClient
  const { promise: ended, reject } = Promise.withResolvers<never>()
  ended.catch(() => undefined)
  await db.transaction().execute(async (trx) => {
    await sql`lock table unread_fact in access exclusive mode`.execute(trx)
    runProcesses({ client: seen, db, deciders: [thing(Target)], processes: [follow], timers, carryOut: async () => undefined, log }, end.signal).catch(reject)
    await closed
  })
  await t.rejects(ended, { message: /UNAVAILABLE/ })
})

const timer = (key: string, due = new Date().toISOString(), more: object = {}): Timer => ({
  key, due, position: 1n,
  errand: { intent: { category: 'other', id: key, command: 'do', data: {}, ...more }, process: 'follow', commandId: randomUUID(), organization: 'acme', correlationId: 'c', causationId: 'c' },
})

t.test('a slow timer holds up no other, one that fails comes again, and what was done is gone', async (t) => {
  await db.deleteFrom('timer').execute()
  const end = new AbortController()
  const done: string[] = []
  let release = () => undefined as void
  const slow = new Promise<void>((resolve) => { release = resolve })
  await timers.change([timer('slow'), timer('bad'), timer('good')], [])
  const running = timers.run(async ({ intent: { id } }) => {
    if (id === 'slow') await slow
    if (id === 'bad') throw new Error('not now')
    done.push(id)
  }, log, end.signal)
  await until(async () => done.includes('good') && (await rowsOf('timer')).length === 2)
  await timers.change([timer('next')], [])
  await until(async () => done.includes('next') && (await rowsOf('timer')).length === 2)
  t.strictSame(done, ['good', 'next'])
  const bad = (await rowsOf('timer')).find(({ key }) => key === 'bad')
  t.ok(bad.attempts >= 1 && bad.due > new Date().toISOString(), 'it is put off')
  t.equal(await timers.overdue(), 0)
  release()
  await until(async () => done.includes('slow') && (await rowsOf('timer')).length === 1)
  end.abort()
  await running
})

t.test('a timer of an organization that nothing can be learned of just now is put off, and ends nothing', async (t) => {
  await db.deleteFrom('timer').execute()
  const end = new AbortController()
  const done: string[] = []
  let isAway = true
  const timers = new Timers(db, async (organization) => {
    if (organization === 'acme' && isAway) throw new Error('the store is away')
    return false
  })
  const other = timer('other')
  await timers.change([timer('first'), { ...other, errand: { ...other.errand, organization: 'globex' } }], [])
  const running = timers.run(async ({ intent: { id } }) => { done.push(id) }, log, end.signal)
  await until(async () => (await rowsOf('timer')).some(({ attempts }) => attempts === 1) && done.length > 0)
  isAway = false
  await sql`update timer set due = now()`.execute(db)
  await until(async () => (await rowsOf('timer')).length === 0)
  t.strictSame(done, ['other', 'first'])
  end.abort()
  await running
})

t.test('a subscription that ends, and a save that fails, end the run, so that it begins anew', async (t) => {
  const parts = { db, deciders: [thing(Target)], processes: [follow], timers, carryOut: async () => undefined, log }
  const run = async (more: object) => {
    const end = new AbortController()
    await runProcesses({ client, ...parts, ...more }, end.signal).finally(() => end.abort())
  }
  const over = { readAll: client.readAll, subscribeToAll: () => Object.assign(Readable.from([]), { unsubscribe: async () => undefined }) }
  await t.rejects(run({ client: over }), { message: 'the event store has ended the subscription' })
  await happened('3', { target: 'new' })
  await t.rejects(run({ timers: { change: () => Promise.reject(new Error('no space left')) } }), { message: 'no space left' })
})

t.test('who led before and is late withdraws nothing that was set after he had to go', async (t) => {
  await db.deleteFrom('timer').execute()
  await timers.change([{ ...timer('again', '2999-01-01T00:00:00.000Z'), position: 7n }], [])
  await timers.change([], [{ key: 'again', position: 6n }])
  t.equal((await rowsOf('timer')).length, 1)
  await timers.change([], [{ key: 'again', position: 7n }])
  t.same(await rowsOf('timer'), [])
})

const patience_ms = 400
const longAgo = '2020-01-01T00:00:00.000Z'

t.test('S-22 a wait for the end of a silence begins anew with whoever takes the lead, any other wait does not', async (t) => {
  await db.deleteFrom('timer').execute()
  await new Timers(db).change([timer('silence', longAgo, { patience_ms }), timer('later', later(longAgo, 1)), timer('young', '2999-01-01T00:00:00.000Z', { patience_ms })], [])
  const end = new AbortController()
  const done: { readonly id: string; readonly at_ms: number }[] = []
  const since_ms = Date.now()
  const running = new Timers(db).run(async ({ intent: { id } }) => { done.push({ id, at_ms: Date.now() }) }, log, end.signal)
  await until(async () => done.length === 2)
  end.abort()
  await running
  t.strictSame(done.map(({ id }) => id), ['later', 'silence'], 'although the silence was to end first')
  t.ok(done[1]!.at_ms >= since_ms + patience_ms, 'after a silence that was listened to')
  t.match(await rowsOf('timer'), [{ key: 'young', due: '2999-01-01T00:00:00.000Z' }], 'what is due later stays as it is')
})

t.test('S-22 whoever leads again a moment later has listened all the time', async (t) => {
  await db.deleteFrom('timer').execute()
  const timers = new Timers(db)
  const leads = async (name: string) => {
    const end = new AbortController()
    const done: string[] = []
    await timers.change([timer(name)], [])
    const running = timers.run(async ({ intent: { id } }) => { done.push(id) }, log, end.signal)
    await until(async () => done.includes(name))
    end.abort()
    await running
  }
  await leads('first')
  await timers.change([timer('silence', later(new Date().toISOString(), 60_000), { patience_ms: 3_600_000 })], [])
  const [before] = await rowsOf('timer')
  await leads('second')
  t.strictSame((await rowsOf('timer')).map(({ key, due }) => [key, due]), [['silence', before.due]])
})

t.test('S-22 a fact that is told again to the next one who leads ends no silence either', async (t) => {
  await db.deleteFrom('timer').execute()
  const silent = reaction<any>({
    name: 'silent', about: 'Waits for a silence to end.',
    react: { ThingHappened: ({ data }: { data: { target: string } }) => [
      { category: 'other', id: data.target, command: 'do', data: {}, due: longAgo, key: data.target, patience_ms },
    ] } as never,
  })
  const target = randomUUID()
  await happened('3', { target })
  const [end, timers] = [new AbortController(), new Timers(db)]
  let at_ms: number | undefined
  const carryOut = async ({ intent: { id } }: Errand) => { if (id === target) at_ms ??= Date.now() }
  const since_ms = Date.now()
  const running = [
    runProcesses({ client, db, deciders: [thing(Target)], processes: [silent], timers, carryOut, log }, end.signal), timers.run(carryOut, log, end.signal),
  ]
  await until(async () => at_ms)
  end.abort()
  await Promise.all(running)
  t.ok(at_ms! >= since_ms + patience_ms)
})

t.test('R-34 a sweep sends its command for every row that it is about, of every organization that is awake, once an instant', async (t) => {
  await sql`create table room (organization text, room text, level integer)`.execute(db)
  await sql`insert into room select organization, 'r' || n, n % 2 from generate_series(1, 1100) as n, (values ('acme'), ('asleep')) as o (organization)`.execute(db)
  const sent: Errand[] = []
  const end = new AbortController()
  const sweep = {
    name: 'clean', about: 'Cleans.', every_s: 1, over: { from: { name: 'room', key: ['room'] } as never, meets: [{ column: 'level', atLeast: 1 }] },
    sends: ({ room }: { room: string }) => ({ category: 'room', id: room, command: 'clean', data: {} }),
  }
  const carryOut = async (errand: Errand) => { sent.push(errand) }
  const running = runSweeps({ db, sweeps: [sweep], carryOut, sleeps: async (organization) => organization === 'asleep', log }, end.signal)
  await until(async () => sent.length >= 1_100)
  end.abort()
  await running
  const first = sent.slice(0, 550)
  t.equal(new Set(first.map(({ intent }) => intent.id)).size, 550)
  t.strictSame([...new Set(sent.map(({ organization }) => organization))], ['acme'])
  t.equal(new Set(sent.map(({ commandId }) => commandId)).size, sent.length, 'another instant, another command')
})
