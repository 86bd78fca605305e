import { join } from 'node:path'
import { EventStoreDBClient, streamNameFilter } from '@eventstore/db-client'
import fc from 'fast-check'
import pg from 'pg'
import t, { type Test } from 'tap'
import { rowsAfter } from 'shared-domain/kernel/picture.ts'
import type { Recorded } from 'shared-domain/kernel/fact.ts'
import { readModel, type ReadModel, type Row } from 'shared-domain/kernel/read-model.ts'
import { factOf } from 'shared-domain/kernel/stored.ts'
import { z } from 'zod'
import { startEngines } from '../../infra/embedded/engines.ts'
import { startPostgres } from '../../infra/embedded/postgres.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { start } from './app.ts'
import { configFrom } from './config.ts'
import { catalogueOf, counts, put, reached, Thing, things, until, writer } from './fixture.ts'

const history = readModel({
  name: 'told', about: 'Every fact.', version: 1, path: '/told', key: ['thing', 'revision'], isAppendOnly: true,
  row: z.object({ thing: z.string(), revision: z.int(), type: z.string() }),
  every: ({ id, revision, type }: Recorded) => [{ put: { thing: id, revision, type } }],
} as never) as unknown as ReadModel
const models = [things(), counts, history]

const root = folderFor(t, 'crash')
const engines = await startEngines({ root, env: { DATABASE_URL: 'elsewhere', NATS_URL: 'elsewhere' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
const dir = join(root, 'postgres')
let postgres = await startPostgres({ dir })
const { url, port } = postgres
const db = new pg.Pool({ connectionString: url, max: 2 })
db.on('error', () => undefined)
const serve = () => start(configFrom({
  EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: url, NATS_URL: 'nats://127.0.0.1:1', PROJECTION_PORT: '0', LOG_LEVEL: 'silent',
}), catalogueOf(...models))
let service: Awaited<ReturnType<typeof serve>> | undefined

t.teardown(async () => {
  await service?.stop()
  await db.end()
  await client.dispose()
  await postgres.stop()
  await engines.stop()
})

// Postgres hands on by itself what nobody waits for: here so late that what was written last is lost for certain.
await db.query(`alter system set wal_writer_delay = '10s'`)
await db.query('select pg_reload_conf()')

const seed = 2031
const batches = fc.sample(fc.array(fc.oneof(
  fc.nat(9).map((by) => Thing.ThingGrown({ by })), fc.constantFrom('a', 'b').map((name) => Thing.ThingRenamed({ name })), fc.nat(9).map((size) => put('n', size)),
), { minLength: 1, maxLength: 90 }), { seed, numRuns: 40 })
const write = writer(client)
let things_count = 0

/** Facts of a new thing, and more of one that is known. */
async function happen(): Promise<bigint> {
  const [known, more] = [Math.max(0, things_count - 3), batches[things_count % batches.length]!]
  await write(`${things_count++}`, [put(), ...more])
  return write(`${known}`, more)
}

async function logged(): Promise<readonly Recorded[]> {
  const facts: Recorded[] = []
  for await (const { event } of client.readAll({ filter: streamNameFilter({ prefixes: ['thing-'] }) } as never)) {
    if (event?.streamId.startsWith('thing-')) facts.push(factOf(event, Thing.definitions))
  }
  return facts
}

const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(Object.fromEntries(Object.entries(row).sort()))).sort()

async function equal(t: Test, facts: readonly Recorded[], sentence: string) {
  const columns = { thing: 'thing, name, size, tags, note', count: 'name, seen, total_size::int', told: 'thing, revision, type' }
  for (const model of models) {
    const { rows } = await db.query(`select ${columns[model.name as keyof typeof columns]} from ${model.name}`)
    const expected = rowsAfter(model, facts).map(({ at: _at, position: _position, organization: _organization, ...row }: any) => row)
    t.strictSame(sorted(rows), sorted(expected), `${model.name} ${sentence}`)
  }
}

const stored = async () => BigInt((await db.query('select min(commit)::text as commit from checkpoint where active')).rows[0].commit)
const back = async () => { postgres = await startPostgres({ dir, port }) }

t.test('a crash of Postgres takes back rows and checkpoint together, and what was lost is taken again', async (t) => {
  t.comment(`seed ${seed}`)
  service = await serve()
  const sure = await happen()
  await reached(db, 'told', sure)
  // Whatever anybody commits in the ordinary way takes with it what was committed before.
  await db.query('create table meanwhile ()')
  let position = sure
  for (let n = 0; n < 5; n++) await reached(db, 'told', position = await happen())
  await postgres.kill()
  await service.stop()
  await back()
  const left = await stored()
  t.ok(left < position, 'the last of it is lost')
  t.ok(left >= sure, 'and nothing that was made sure of')
  const facts = await logged()
  await equal(t, facts.filter((fact) => BigInt(fact.position) <= left), 'is as it was at its checkpoint')
  service = await serve()
  await reached(db, 'told', position)
  await equal(t, facts, 'is whole again')
})

t.test('a projector that lives on over crashes goes by what is stored, not by what it remembers', async (t) => {
  for (let round = 1; round <= 3; round++) {
    for (let n = 0; n < 3; n++) await reached(db, 'told', await happen())
    const { promise: isUnderWay, resolve: begun } = Promise.withResolvers<void>()
    const happening = (async () => {
      await happen()
      begun()
      for (let n = 0; n < 4; n++) await happen()
      return happen()
    })()
    await isUnderWay
    await postgres.kill()
    const position = await happening
    await back()
    await until(async () => (await stored().catch(() => -1n)) >= position)
    await equal(t, await logged(), `is whole after crash ${round}`)
  }
})
