import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { sql } from 'kysely'
import { capacityState } from 'shared-domain/fleet/capacity/state.ts'
import { newId } from 'shared-service/new-id.ts'
import t from 'tap'
import { startEventStore } from '../../../infra/embedded/engines.ts'
import { startPostgres } from '../../../infra/embedded/postgres.ts'
import { folderFor } from '../../../infra/embedded/testing.ts'
import { database, migrate } from './database.ts'
import { eventStore } from './event-store.ts'
import { domainVersion, KeptStates } from './kept-states.ts'
import { long_min, Streams } from './streams.ts'

const postgres = await startPostgres({ dir: join(folderFor(t, 'kept'), 'postgres') })
const engine = await startEventStore({ dir: folderFor(t, 'kept-log') })
const client = EventStoreDBClient.connectionString`${engine.url}`
const db = database(postgres.url, () => undefined)
t.teardown(async () => {
  await db.destroy()
  await client.dispose()
  await engine.stop()
  await postgres.stop()
})
await migrate(db)
const store = eventStore(client)
const warned: unknown[] = []

/** Facts of an orchestrator's capacity, one after the other, each of a command of its own. */
async function told(id: string, facts: number, from = 0) {
  const commands = Array.from({ length: facts }, newId)
  await store.append(`capacity-${id}`, from - 1, commands.map((commandId, n) => jsonEvent({
    type: 'CapacitySet', data: { max: ((from + n) % 50) + 1, active: 0, reserved: 0 },
    metadata: { version: 1, at: '2030-01-01T00:00:00.000Z', by: { kind: 'admin', id: 'ada' }, organization: 'acme', commandId, request: 'r' },
  })))
  return commands
}

/** A replica that has just started, and how many facts it has read. */
function replica(domain = 'one', table = db) {
  let facts = 0
  const kept = new KeptStates(table, domain, (error) => warned.push(error))
  const streams = new Streams({ ...store, read: (stream, from, take, max) => store.read(stream, from, (event) => { facts++; take(event) }, max) }, 100, kept)
  const stands = async (id: string) => {
    const { state, revision, position, organization, last, commands } = await streams.refreshed(capacityState, id)
    await kept.settled()
    return { state, revision, position, organization, last, commands: commands.bytes }
  }
  return { streams, stands, read: () => facts }
}

const rows = async (id: string) => (await sql<{ revision: string; domain: string }>`select revision, domain from kept_state where stream = ${`capacity-${id}`}`.execute(db)).rows

t.test('a long stream that is not in memory costs no more reads than twice what makes it long, and is known as well', async (t) => {
  const id = newId()
  const commands = await told(id, 3_000)
  const whole = await replica().stands(id)
  t.strictSame(await rows(id), [{ revision: '2999', domain: 'one' }])
  commands.push(...await told(id, 40, 3_000))
  const fresh = replica()
  const entry = await fresh.stands(id)
  t.equal(fresh.read(), long_min + 1 + 40)
  t.match(entry, { revision: 3_039, organization: whole.organization, last: 'CapacitySet', state: { max: (3_039 % 50) + 1 } })
  const unkept = new Streams(store, 100)
  const { state, position, commands: all } = await unkept.refreshed(capacityState, id)
  t.strictSame(entry, { ...entry, state, position, commands: all.bytes }, 'as one that read all')
  for (const revision of [0, 1_500, 3_039]) {
    const answered = await fresh.streams.answered(await fresh.streams.refreshed(capacityState, id), commands[revision]!)
    t.match(answered, { revision }, 'S-61 also what was asked before')
  }
})

t.test('a stream is kept each time when it has grown by so much', async (t) => {
  const [id, writer] = [newId(), replica()]
  const seen: string[] = []
  let facts = 0
  for (const more of [long_min - 1, 1, long_min - 1, 1]) {
    await told(id, more, facts)
    facts += more
    await writer.stands(id)
    seen.push((await rows(id)).map(({ revision }) => revision).join())
  }
  t.strictSame(seen, ['', '255', '255', '511'])
})

t.test('a short stream asks Postgres for nothing', async (t) => {
  const [id, asked] = [newId(), warned.length]
  await told(id, long_min - 1)
  const gone = database('postgres://nobody@127.0.0.1:1/nothing', () => undefined)
  t.teardown(() => gone.destroy())
  t.match(await replica('one', gone).stands(id), { revision: long_min - 2 })
  t.equal(warned.length, asked)
  await told(id, 1, long_min - 1)
  t.match(await replica('one', gone).stands(id), { revision: long_min - 1 }, 'and a long one needs it for nothing')
  t.ok(warned.length > asked, 'but it is said')
})

t.test('what another version of the domain folded, and what stands after a fact that the log does not hold, is not trusted', async (t) => {
  const id = newId()
  await told(id, 600)
  const first = await replica().stands(id)
  const other = replica('two')
  t.strictSame(await other.stands(id), first)
  t.equal(other.read(), 600)
  t.strictSame(await rows(id), [{ revision: '599', domain: 'two' }], 'it is kept anew')
  const second = replica('two')
  t.strictSame(await second.stands(id), first)
  t.equal(second.read(), long_min + 1, 'so that after a change of the domain a long stream is read as a whole once')
  await sql`update kept_state set state = '"nonsense"', command = ${newId()} where stream = ${`capacity-${id}`}`.execute(db)
  t.strictSame(await replica('two').stands(id), first)
  t.strictSame(await rows(id), [{ revision: '599', domain: 'two' }])
  await sql`update kept_state set state = '"nonsense"', revision = 700 where stream = ${`capacity-${id}`}`.execute(db)
  t.strictSame(await replica('two').stands(id), first, 'nor what was lost at the end of the log')
  t.strictSame(await rows(id), [{ revision: '599', domain: 'two' }])
})

/** A replica as a process of its own, which gets to know the stream. */
function replicaProcess(id: string) {
  const from = (path: string) => JSON.stringify(import.meta.resolve(path))
  const program = `
    import { EventStoreDBClient } from ${from('@eventstore/db-client')}
    import { capacityState } from ${from('shared-domain/fleet/capacity/state.ts')}
    import { database } from ${from('./database.ts')}
    import { eventStore } from ${from('./event-store.ts')}
    import { KeptStates } from ${from('./kept-states.ts')}
    import { Streams } from ${from('./streams.ts')}
    const kept = new KeptStates(database(${JSON.stringify(postgres.url)}, () => undefined), 'one', () => undefined)
    const store = eventStore(EventStoreDBClient.connectionString(${JSON.stringify(engine.url)}))
    await new Streams(store, 100, kept).refreshed(capacityState, ${JSON.stringify(id)})
    await kept.settled()`
  return spawn(execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'inherit'] })
}

t.test('a process that is killed while it keeps a state leaves the one before or the whole new one', async (t) => {
  const id = newId()
  let facts = 0
  for (const more of [600, 300, 300]) {
    await told(id, more, facts)
    facts += more
    const before = await rows(id)
    const { promise: isKilled, resolve } = Promise.withResolvers<void>()
    await db.transaction().execute(async (trx) => {
      await sql`lock table kept_state in exclusive mode`.execute(trx)
      const keeping = replicaProcess(id)
      keeping.once('exit', () => resolve())
      const isWaiting = sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into kept_state%'`
      while ((await isWaiting.execute(db)).rows.length === 0) if (keeping.exitCode !== null) throw new Error('it has ended')
      keeping.kill('SIGKILL')
      await isKilled
    })
    const whole = await new Streams(store, 100).refreshed(capacityState, id)
    const left = await rows(id)
    t.ok([JSON.stringify(before), JSON.stringify([{ revision: String(facts - 1), domain: 'one' }])].includes(JSON.stringify(left)), JSON.stringify(left))
    t.match(await replica().stands(id), { state: whole.state, revision: facts - 1, position: whole.position, commands: whole.commands.bytes })
  }
})

t.test('a state that is very large is not kept, and what an older domain folded is forgotten a day later', async (t) => {
  const [id, other] = [newId(), newId()]
  await told(id, 300)
  const kept = new KeptStates(db, 'one', (error) => warned.push(error))
  const { stands } = replica()
  await stands(id)
  const entry = { stream: `capacity-${id}`, revision: 900, last: 'CapacitySet', position: 1n, command: newId(), organization: 'acme', commands: new Uint8Array() }
  kept.keep({ ...entry, state: 'x'.repeat(1_048_576) })
  kept.keep({ ...entry, stream: `capacity-${other}`, state: 'x' })
  await kept.settled()
  t.strictSame([await rows(id), await rows(other)], [[{ revision: '299', domain: 'one' }], [{ revision: '900', domain: 'one' }]])
  const newer = new KeptStates(db, 'three', () => undefined)
  await newer.forgetOutdated()
  t.equal((await rows(id)).length, 1, 'a replica of the older one may still run')
  await sql`update kept_state set at = now() - interval '25 hours' where stream = ${`capacity-${id}`}`.execute(db)
  await new KeptStates(db, 'one', () => undefined).forgetOutdated()
  t.equal((await rows(id)).length, 1, 'one\'s own stays')
  await newer.forgetOutdated()
  t.strictSame([(await rows(id)).length, (await rows(other)).length], [0, 1])
})

t.test('the version of the domain is a digest of its source', async (t) => {
  t.match(domainVersion(), /^[0-9a-f]{64}$/)
  t.equal(domainVersion(), domainVersion())
})
