import { randomUUID } from 'node:crypto'
import { EventStoreDBClient } from '@eventstore/db-client'
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { deciders } from 'shared-domain/catalogue.ts'
import { rowsAfter } from 'shared-domain/kernel/picture.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { z } from 'zod'
import { startEngines } from '../../infra/embedded/engines.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import type { Running } from 'shared-service/program.ts'
import { start, type Catalogue } from './app.ts'
import { configFrom, shown } from './config.ts'
import { catalogueOf, counts, put, reached, row, Thing, things, until, writer } from './fixture.ts'
import { addressOf } from './nats-address.ts'
import { asWritten } from './tables.ts'

const root = folderFor(t, 'projection')
const engines = await startEngines({ root, env: {}, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
const admin = new pg.Client({ connectionString: engines.urls.database })
admin.on('error', () => undefined)
await admin.connect()
const running = new Set<Running>()

t.teardown(async () => {
  for (const service of running) await service.stop()
  await client.dispose()
  await admin.end()
  await engines.stop()
})

let databases = 0

/** A database of its own, so that one test's tables are not another's. */
async function fresh() {
  const name = `test_${++databases}`
  await admin.query(`create database ${name}`)
  const url = engines.urls.database.replace(/\/[^/]*$/, `/${name}`)
  const db = new pg.Pool({ connectionString: url, max: 2 })
  db.on('error', () => undefined)
  t.teardown(() => db.end())
  const serve = async (catalogue: Catalogue, env: Record<string, string> = {}) => {
    const service = await start(configFrom({
      EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: url, NATS_URL: engines.urls.announcer, PROJECTION_PORT: '0', LOG_LEVEL: 'silent', ...env,
    }), catalogue)
    running.add(service)
    return { ...service, stop: () => { running.delete(service); return service.stop() } }
  }
  return { db, serve, url }
}

const write = writer(client)

t.test('tables equal the fold of the facts, whatever the batches and restarts', async (t) => {
  const seed = 4_711
  t.comment(`seed ${seed}`)
  const { db, serve } = await fresh()
  const model = things()
  const run = randomUUID().slice(0, 8)
  const fact = fc.oneof(
    fc.record({ name: fc.constantFrom('a', 'b', 'ü\t\\n'), size: fc.nat(9), note: fc.option(fc.string({ unit: 'grapheme', maxLength: 5 }).filter((text) => !text.includes('\u0000'))) }).map(({ name, size, note }) => put(name, size, note)),
    fc.nat(9).map((by) => Thing.ThingGrown({ by })),
    fc.constantFrom('c', 'd').map((name) => Thing.ThingRenamed({ name })),
    fc.constant(Thing.ThingGone({})),
  )
  const scripts = fc.sample(fc.tuple(fc.nat(4), fc.array(fact, { minLength: 1, maxLength: 6 })), { seed, numRuns: 60 })
  const alive = new Set<string>()
  const written: Recorded[] = []
  let service = await serve(catalogueOf(model, counts), { PROJECTION_BATCH_MAX: '7', PROJECTION_ROWS_CACHED_MAX: '100' })
  let position = 0n
  for (const [n, [thing, facts]] of scripts.entries()) {
    const id = `${run}${thing}`
    for (const one of facts) {
      // Only what makes sense for the thing as it is.
      if (one.type !== 'ThingPut' && !alive.has(id)) continue
      if (one.type === 'ThingGone') alive.delete(id)
      else alive.add(id)
      position = await write(id, [one])
      written.push({ ...one, category: 'thing', id, organization: 'acme', at: '', by: { kind: 'admin', id: 'a' }, commandId: '', revision: 0, position: String(position) })
    }
    if (n % 20 === 19) {
      await service.stop()
      service = await serve(catalogueOf(model, counts), { PROJECTION_BATCH_MAX: String(1 + n) })
    }
  }
  await reached(db, 'thing', position)
  const { rows } = await db.query('select thing, name, size, tags, note, position::text from thing where organization = $1 and thing like $2 order by thing', ['acme', `${run}%`])
  const expected = rowsAfter(model, written).map(({ at: _at, ...row }) => row).sort((a, b) => String(a.thing).localeCompare(String(b.thing)))
  t.strictSame(rows, expected)
  const totals = await db.query('select name, seen, total_size::int from count order by name collate "C"')
  t.strictSame(totals.rows, rowsAfter(counts, written).map((row) => row).sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1)))
  await service.stop()
})

t.test('a connection that is ended while it writes ends no service: what it was to write is written by the next', async (t) => {
  const { db, serve, url } = await fresh()
  const service = await serve(catalogueOf(counts))
  const name = randomUUID()
  await reached(db, 'count', await write(randomUUID(), [put(name, 2)]))
  const lock = new pg.Client({ connectionString: url })
  await lock.connect()
  await lock.query('begin; lock table checkpoint in exclusive mode')
  const position = await write(randomUUID(), [put(name, 3)])
  const ended = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'projection-service' and wait_event_type = 'Lock'`
  await until(async () => (await db.query(ended)).rowCount)
  await lock.end()
  await reached(db, 'count', position)
  t.same((await db.query('select seen from count where name = $1', [name])).rows, [{ seen: 2 }])
  await service.stop()
})

t.test('tenants have rows of their own under the same key', async (t) => {
  const { db, serve } = await fresh()
  const service = await serve(catalogueOf(counts))
  const name = randomUUID()
  await write(randomUUID(), [put(name, 2)])
  await reached(db, 'count', await write(randomUUID(), [put(name, 3)], { organization: 'globex' }))
  const { rows } = await db.query('select organization, seen, total_size::int from count where name = $1 order by 1', [name])
  t.strictSame(rows, [{ organization: 'acme', seen: 1, total_size: 2 }, { organization: 'globex', seen: 1, total_size: 3 }])
  await service.stop()
})

t.test('a fact that does not fit parks its stream, others flow, and it can be retried or skipped with a reason', async (t) => {
  const { db, serve } = await fresh()
  const service = await serve(catalogueOf(things(), counts))
  const [bad, good] = [randomUUID(), randomUUID()]
  await write(bad, [put('x', 1), Thing.ThingGrown({ by: 5_000 }), Thing.ThingGrown({ by: 3 })])
  await write(bad, [Thing.ThingRenamed({ name: 'y' })])
  const position = await write(good, [put('z', 7)])
  await reached(db, 'thing', position)
  const ask = async (path: string, body?: object) => {
    const response = await fetch(service.url + path, body ? { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {})
    return { status: response.status, body: await response.json() as any }
  }
  const parked = await until(async () => (await ask('/parked')).body.parked.find((row: any) => row.stream === `thing-${bad}` && row.waiting === 2))
  t.match(parked, { model: 'thing', revision: '1', error: 'too much for this projection' })
  t.equal((await db.query('select size from thing where thing = $1', [bad])).rows[0].size, 1)
  t.equal((await db.query('select size from thing where thing = $1', [good])).rows[0].size, 7)
  t.match(await ask('/parked/retry', { model: 'thing', stream: `thing-${bad}` }), { status: 409, body: { code: 'STILL_PARKED', detail: 'too much for this projection' } })
  t.match(await ask('/parked/skip', { model: 'thing', stream: `thing-${bad}` }), { status: 400 })
  t.match(await ask('/parked/skip', { model: 'thing', stream: `thing-${bad}`, reason: 'a typing error' }), { status: 200 })
  t.match((await db.query('select name, size from thing where thing = $1', [bad])).rows[0], { name: 'y', size: 4 })
  t.match((await db.query('select reason from skipped')).rows, [{ reason: 'a typing error' }])
  t.match(await ask('/parked/retry', { model: 'thing', stream: 'thing-none' }), { status: 404 })
  t.match(await ask('/parked/retry', {}), { status: 400 })
  await reached(db, 'thing', await write(bad, [Thing.ThingGrown({ by: 1 })]))
  t.equal((await db.query('select size from thing where thing = $1', [bad])).rows[0].size, 5, 'and goes on')

  const broken = randomUUID()
  await write(broken, [put('q', 1)])
  await write(broken, [{ type: 'ThingGrown', data: { by: 'much' } }])
  await write(broken, [Thing.ThingRenamed({ name: 'later' })])
  const unknown = await write(randomUUID(), [{ type: 'ThingPainted', data: {} }])
  await reached(db, 'thing', unknown)
  const malformed = (await ask('/parked')).body.parked.filter((row: any) => row.stream === `thing-${broken}`)
  t.strictSame(malformed.map(({ model }: any) => model).sort(), ['count', 'thing'], 'what nobody can read is parked for every model')
  await service.stop()
  const again = await serve(catalogueOf(things(), counts))
  t.ok((await (await fetch(`${again.url}/parked`)).json() as any).parked.length >= 2, 'after a restart it is still parked')
  await again.stop()
})

t.test('a model is built anew beside the one in use, by COPY, and switched to', async (t) => {
  const { db, serve } = await fresh()
  const ids = Array.from({ length: 30 }, () => randomUUID())
  for (const id of ids) await write(id, [put('n', 1, 'back\\slash\tand tab'), Thing.ThingGrown({ by: 2 })])
  let service = await serve(catalogueOf(things(), counts))
  const position = await write(ids[0]!, [Thing.ThingGrown({ by: 1 })])
  await reached(db, 'thing', position)
  const before = (await db.query('select * from thing order by thing')).rows
  await db.query('update thing_v1 set size = 99')
  const rebuilt = await (await fetch(`${service.url}/models/thing/rebuild`, { method: 'POST' })).json() as any
  t.match(rebuilt, { rows: before.length })
  t.strictSame((await db.query('select * from thing order by thing')).rows, before)
  t.equal((await fetch(`${service.url}/models/nothing/rebuild`, { method: 'POST' })).status, 404)
  await reached(db, 'thing', await write(ids[0]!, [Thing.ThingGrown({ by: 1 })]))
  t.equal((await db.query('select size from thing where thing = $1', [ids[0]])).rows[0].size, 5, 'it is followed from there')
  await service.stop()

  await t.rejects(serve(catalogueOf(things(1, { row: row.extend({ colour: z.string() }) } as never))), /has changed but is still version 1: give it version 2/)
  service = await serve(catalogueOf(things(2, {
    row: row.extend({ colour: z.string() }),
    project: { ThingPut: ({ id, at, position, data }: Recorded<any>) => [{ put: { thing: id, ...data, position, at, colour: 'red' } }] },
  } as never), counts))
  await until(async () => (await db.query('select 1 from checkpoint where model = $1 and version = 2 and active', ['thing'])).rowCount)
  t.equal((await db.query('select distinct colour from thing')).rows[0].colour, 'red')
  t.strictSame((await db.query(`select count(*)::int as n from pg_tables where tablename like 'thing_v%'`)).rows, [{ n: 1 }], 'the old table is gone')
  await service.stop()
})

t.test('of two projectors one leads, and the other takes over', async (t) => {
  const { db, serve } = await fresh()
  const [a, b] = [await serve(catalogueOf(things())), await serve(catalogueOf(things()))]
  const leads = async (service: Running) => (await (await fetch(`${service.url}/healthz`)).json() as any).leading as boolean
  await until(async () => (await leads(a)) !== (await leads(b)))
  const [leader, standby] = (await leads(a)) ? [a, b] : [b, a]
  t.equal((await fetch(`${standby.url}/models/thing/rebuild`, { method: 'POST' })).status, 503)
  await leader.stop()
  const id = randomUUID()
  await reached(db, 'thing', await write(id, [put()]))
  t.equal((await db.query('select 1 from thing where thing = $1', [id])).rowCount, 1)
  t.match(await (await fetch(`${standby.url}/metrics`)).text(), /baton_projection_leading 1/)
  t.match((await (await fetch(`${standby.url}/models`)).json() as any).models, [{ model: 'thing', version: 1, parked: Number }])
  await standby.stop()
})

t.test('a checkpoint that somebody else moved is not overwritten: the projector starts over from what is stored', async (t) => {
  const { db, serve } = await fresh()
  const service = await serve(catalogueOf(counts))
  const name = randomUUID()
  await reached(db, 'count', await write(randomUUID(), [put(name, 1)]))
  await db.query('update checkpoint set commit = commit - 1, prepare = prepare - 1')
  await reached(db, 'count', await write(randomUUID(), [put(name, 1)]))
  // The fact before was taken a second time: exactly what the stored checkpoint asks for.
  t.equal((await db.query('select seen from count where name = $1', [name])).rows[0].seen, 3)
  await service.stop()
})

t.test('nor does an operator take a stream up again on what is not stored any more', async (t) => {
  const { db, serve } = await fresh()
  const service = await serve(catalogueOf(things()))
  const id = randomUUID()
  await reached(db, 'thing', await write(id, [put('x', 1), Thing.ThingGrown({ by: 5_000 }), Thing.ThingGrown({ by: 3 })]))
  await db.query('update checkpoint set commit = commit - 1, prepare = prepare - 1')
  const body = JSON.stringify({ model: 'thing', stream: `thing-${id}`, reason: 'a typing error' })
  const skip = () => fetch(`${service.url}/parked/skip`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  t.equal((await skip()).status, 503)
  t.strictSame((await db.query('select 1 from skipped')).rows, [])
  t.equal((await db.query('select 1 from parked where stream = $1', [`thing-${id}`])).rowCount, 1)
  await reached(db, 'thing', await write(randomUUID(), [put()]))
  t.equal((await skip()).status, 200)
  t.equal((await db.query('select size from thing where thing = $1', [id])).rows[0].size, 4)
  await service.stop()
})

t.test('S-64 what the tables say of an instant is read as it was written, in every year and in every zone', async (t) => {
  const { url } = await fresh()
  const reader = new pg.Client({ connectionString: url, types: asWritten as never })
  await reader.connect()
  const years = Array.from({ length: 9_999 }, (_, n) => `${String(n + 1).padStart(4, '0')}-01-01T00:00:00.120Z`)
  for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu']) {
    await reader.query(`set timezone to '${zone}'`)
    const { rows } = await reader.query<{ at: string }>('select at::timestamptz(3) from unnest($1::text[]) with ordinality as written(at, n) order by n', [years])
    t.strictSame(rows.map(({ at }) => at), years, zone)
  }
  await reader.end()
})

t.test('a database that belongs to another log is refused', async (t) => {
  const { db, serve } = await fresh()
  await (await serve(catalogueOf(counts))).stop()
  await db.query(`update checkpoint set store = 'somewhere else'`)
  await t.rejects(serve(catalogueOf(counts)), /built from another log/)
})

t.test('settings are read once, shown without secrets, and refused in one sentence each', async (t) => {
  t.strictSame(addressOf('nats://ada:p%40ss@h:4222, nats://h2'), { servers: ['h:4222', 'h2'], user: 'ada', pass: 'p@ss' })
  t.strictSame([addressOf('nats://word@h'), addressOf('h:1')], [{ servers: ['h'], token: 'word' }, { servers: ['h:1'] }])
  const config = configFrom({ EVENTSTORE_URL: 'esdb://u:secret@h', DATABASE_URL: 'postgres://h/d?user=u&password=secret', NATS_URL: 'nats://secret@h:4222,nats://h2' })
  t.match(shown(config), { eventStoreUrl: 'esdb://***@h', databaseUrl: 'postgres://h/d?user=u&password=***', natsUrl: 'nats://***@h:4222,nats://h2' })
  t.throws(() => configFrom({ PROJECTION_PORT: 'x' }), /PROJECTION_PORT.*EVENTSTORE_URL/)
})

t.test('rebuilds that are asked for together are done one by one, and every model is followed from there', async (t) => {
  const { db, serve } = await fresh()
  const service = await serve(catalogueOf(things(), counts))
  const facts = async () => Number(/^baton_projection_facts_total (\d+)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())![1])
  await reached(db, 'count', await write(randomUUID(), [put()]))
  const before = await facts()
  const asked = await Promise.all(['thing', 'count', 'thing', 'count', 'thing', 'count', 'thing', 'count'].map((name) => fetch(`${service.url}/models/${name}/rebuild`, { method: 'POST' })))
  t.strictSame(asked.map(({ status }) => status), asked.map(() => 200))
  const position = await write(randomUUID(), [put()])
  await reached(db, 'thing', position)
  await reached(db, 'count', position)
  t.ok(await until(facts) > before, 'without starting over')
  await service.stop()
})

t.test('a new version that cannot be built is tried again, and nothing half built is left', async (t) => {
  const { db, serve } = await fresh()
  let service = await serve(catalogueOf(things(), counts))
  await reached(db, 'thing', await write(randomUUID(), [put()]))
  await service.stop()
  await db.query('create table thing_v2_killed (x int); create view report as select * from thing')
  service = await serve(catalogueOf(things(2), counts))
  const rebuilt = await until(async () => {
    const { status } = await fetch(`${service.url}/models/thing/rebuild`, { method: 'POST' })
    return status === 503 ? undefined : status
  })
  t.equal(rebuilt, 500, 'as long as something holds on to the old view')
  await reached(db, 'count', await write(randomUUID(), [put()]))
  await db.query('drop view report')
  await until(async () => (await db.query('select 1 from checkpoint where model = $1 and version = 2 and active', ['thing'])).rowCount)
  t.equal((await db.query(`select 1 from pg_tables where tablename like 'thing_v%'`)).rowCount, 1)
  await service.stop()
})

t.test('replicas that start together on a new database all start', async (t) => {
  const { readModels } = await import('shared-domain/catalogue.ts')
  const { db, serve } = await fresh()
  const services = await Promise.all([1, 2, 3, 4].map(() => serve({ deciders, readModels })))
  t.equal((await db.query('select 1 from checkpoint where active')).rowCount, readModels.length)
  for (const service of services) await service.stop()
})

t.test('every read model of the catalogue can become a table', async (t) => {
  const { readModels } = await import('shared-domain/catalogue.ts')
  const { db, serve } = await fresh()
  const service = await serve({ deciders, readModels })
  t.equal((await db.query('select 1 from checkpoint where active')).rowCount, readModels.length)
  await service.stop()
})

// It stands last: what it writes no table of the others could hold either.
t.test('a fact that the table cannot hold parks its stream for that model alone, wherever in a batch it stands', async (t) => {
  const { db, serve } = await fresh()
  const [good, year, long] = [randomUUID(), randomUUID(), randomUUID()]
  const dated = things(1, { name: 'dated', row: row.extend({ note: z.iso.datetime({ precision: 3 }).nullable() }) } as never)
  const [day, none] = ['2030-01-01T00:00:00.000Z', '0000-06-01T00:00:00.000Z']
  const tooLong = Array.from({ length: 200 }, () => randomUUID()).join('')
  await write(good, [put('a', 1, day)])
  await write(year, [put('a', 1, day), put('b', 9, none), Thing.ThingGrown({ by: 1 }), put('c', 9, none), Thing.ThingGrown({ by: 1 })])
  await write(long, [put(tooLong, 1, day)])
  const position = await write(good, [Thing.ThingGrown({ by: 6 })])
  const service = await serve(catalogueOf(dated, counts))
  await reached(db, 'dated', position)
  const shown = async (thing: string) => (await db.query('select name, size from dated where thing = $1', [thing])).rows
  const parked = async () => (await db.query(
    'select model, stream, revision, waiting from parked where stream = any($1) order by model, stream = $2', [[`thing-${year}`, `thing-${long}`], `thing-${long}`])).rows
  t.strictSame(await shown(good), [{ name: 'a', size: 7 }])
  t.strictSame(await shown(year), [{ name: 'a', size: 1 }], 'what came before it is there')
  t.strictSame(await parked(), [
    { model: 'count', stream: `thing-${long}`, revision: '0', waiting: '0' },
    { model: 'dated', stream: `thing-${year}`, revision: '1', waiting: '3' },
    { model: 'dated', stream: `thing-${long}`, revision: '0', waiting: '0' },
  ])
  const ask = async (path: string, more: object = {}) => {
    const body = JSON.stringify({ model: 'dated', stream: `thing-${year}`, ...more })
    return (await fetch(service.url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status
  }
  t.equal(await ask('/parked/retry'), 409)
  t.strictSame(await shown(year), [{ name: 'a', size: 1 }])
  t.equal(await ask('/parked/skip', { reason: 'there is no such year' }), 409, 'the next one that does not fit parks it again')
  t.strictSame(await shown(year), [{ name: 'a', size: 2 }])
  t.equal(await ask('/parked/skip', { reason: 'there is no such year' }), 200)
  t.strictSame(await shown(year), [{ name: 'a', size: 3 }])

  const before = [await shown(good), await shown(year), await parked()]
  const rebuilt = await fetch(`${service.url}/models/dated/rebuild`, { method: 'POST' })
  t.equal(rebuilt.status, 200, await rebuilt.text())
  t.strictSame([await shown(good), await shown(year), await parked()], before, 'built anew it is the same, and what was skipped stays so')
  await service.stop()
})
