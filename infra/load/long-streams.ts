/** What a command pays for a stream of 10,000 facts that is not in memory: facts read, and processor time of the process that reads. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { capacityState } from 'shared-domain/fleet/capacity/state.ts'
import { newId } from 'shared-service/new-id.ts'
import { database, migrate } from '../../command-service/src/store/database.ts'
import { eventStore } from '../../command-service/src/store/event-store.ts'
import { domainVersion, KeptStates } from '../../command-service/src/store/kept-states.ts'
import { Streams } from '../../command-service/src/store/streams.ts'
import { startEventStore } from '../embedded/engines.ts'
import { startPostgres } from '../embedded/postgres.ts'
import { median } from './measure.ts'

const facts = 10_000
const rounds = 9
const dir = mkdtempSync(join(tmpdir(), 'baton-long-'))
const postgres = await startPostgres({ dir: join(dir, 'postgres') })
const engine = await startEventStore({ dir: join(dir, 'log') })
const client = EventStoreDBClient.connectionString`${engine.url}`
const db = database(postgres.url, () => undefined)
await migrate(db)
const store = eventStore(client)

async function told(id: string, count: number) {
  for (let from = 0; from < count; from += 1_000) {
    await store.append(`capacity-${id}`, from - 1, Array.from({ length: Math.min(1_000, count - from) }, (_, n) => jsonEvent({
      type: 'CapacitySet', data: { max: (n % 50) + 1, active: 0, reserved: 0 },
      metadata: { version: 1, at: '2030-01-01T00:00:00.000Z', by: { kind: 'admin', id: 'ada' }, organization: 'acme', commandId: newId(), request: 'r' },
    })))
  }
}

/** Of processes that have just started: the stream as it stands. */
async function measured(name: string, id: string, kept: () => KeptStates | undefined) {
  const [used_ms, took_ms, read]: number[][] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    let events = 0
    const counting = { ...store, read: ((stream, from, take, max) => store.read(stream, from, (event) => { events++; take(event) }, max)) as typeof store.read }
    const streams = new Streams(counting, 100, kept())
    const [began_ms, before] = [performance.now(), process.cpuUsage()]
    await streams.refreshed(capacityState, id)
    const { user, system } = process.cpuUsage(before)
    used_ms!.push((user + system) / 1_000)
    took_ms!.push(performance.now() - began_ms)
    read!.push(events)
  }
  console.log(`${name}: ${median(read!)} facts read, ${median(used_ms!).toFixed(1)} ms of processor, ${median(took_ms!).toFixed(1)} ms`)
}

const [long, short] = [newId(), newId()]
await told(long, facts)
await told(short, 20)
const domain = domainVersion()
const keeping = () => new KeptStates(db, domain, console.error)
await measured('warming up', long, () => undefined)
await measured(`${facts} facts, nothing kept`, long, () => undefined)
const first = keeping()
await new Streams(store, 100, first).refreshed(capacityState, long)
await first.settled()
await measured(`${facts} facts, kept`, long, keeping)
await measured('20 facts, nothing kept', short, () => undefined)
await measured('20 facts, long ones are kept', short, keeping)
const [began_ms] = [performance.now()]
for (let n = 0; n < 10; n++) domainVersion()
console.log(`version of the domain: ${((performance.now() - began_ms) / 10).toFixed(1)} ms, once a start`)

await db.destroy()
await client.dispose()
await engine.stop()
await postgres.stop()
rmSync(dir, { recursive: true })
