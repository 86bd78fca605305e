import { EventStoreDBClient } from '@eventstore/db-client'
import { deciders, settings } from 'shared-domain/catalogue.ts'
import { capacityState, counted } from 'shared-domain/fleet/capacity/state.ts'
import { Rejection, scopes } from 'shared-domain/kernel/decider.ts'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { startEventStore } from '../../infra/embedded/engines.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { authoriser, fingerprintOf } from './auth.ts'
import { handler } from './handle.ts'
import { newId } from 'shared-service/new-id.ts'
import { Queues } from './queues.ts'
import type { Accepted } from './request.ts'
import { settingsFrom } from './organizations.ts'
import { eventStore, type EventStore } from './store/event-store.ts'
import { Streams } from './store/streams.ts'

const engine = await startEventStore({ dir: folderFor(t, 'handle') })
const client = EventStoreDBClient.connectionString`${engine.url}`
t.teardown(async () => {
  await client.dispose()
  await engine.stop()
})
const store = eventStore(client)

/** A replica of its own: what others write it learns from the store alone. */
function replica(store: EventStore, queues = new Queues(10)) {
  const streams = new Streams(store, 100)
  const handle = handler({ store, streams, queues, deciders, findRows: () => Promise.reject(new Error('nobody asked for rows')), findSettings: settingsFrom(streams, settings) })
  const says = async (category: string, id: string, command: string, wish: object = {}, more: object = {}): Promise<Accepted> => {
    const decider = deciders.find((decider) => decider.category === category)!
    const outcome = await handle(decider, command, decider.commands[command]!.data.parse(wish), {
      id, by: { kind: 'admin', id: 'ada' }, actsFor: null, allowed: scopes, organization: 'acme', at: new Date().toISOString(), commandId: newId(), repeatable: false,
      correlationId: 'c', causationId: 'c', ...more,
    })
    if (outcome instanceof Rejection) throw outcome
    return outcome
  }
  const slotsOf = async (id: string) => counted((await streams.refreshed(capacityState, id)).state)
  return { says, slotsOf }
}

/** Two orchestrators at work, and a task of the first. */
async function staged() {
  const [ada, bob, work] = [newId(), newId(), newId()]
  const there = replica(store)
  for (const id of [ada, bob]) {
    await there.says('orchestrator', id, 'register', { name: 'x' })
    await there.says('orchestrator', id, 'activate')
  }
  await there.says('task', work, 'create', { owner: ada, title: 'Work' })
  return { ada, bob, work, there }
}

t.test('S-40 a task that changes hands while it is being started takes a slot of its new owner, and none of the old one', async (t) => {
  const { ada, bob, work, there } = await staged()
  let isFirst = true
  const here = replica({
    ...store,
    async append(stream, expected, events) {
      if (stream === `task-${work}` && isFirst) {
        isFirst = false
        await there.says('task', work, 'delegate', { to: bob })
      }
      return store.append(stream, expected, events)
    },
  })
  const { revision } = await here.says('task', work, 'start')
  t.equal(revision, 3, 'after the delegation, and that its target took it up')
  t.strictSame([await here.slotsOf(ada), await here.slotsOf(bob)], [{ max: 5, active: 0, reserved: 0 }, { max: 5, active: 0, reserved: 1 }])
})

t.test('S-40 a slot that was taken in vain goes back before those who wait for the same orchestrator, however many they are', async (t) => {
  const { ada, bob, work, there } = await staged()
  const gate = Promise.withResolvers<void>()
  /** One may wait; the turn before it ends when somebody urgent has come. */
  class Watched extends Queues {
    override run<T>(key: string, task: () => Promise<T>, isUrgent?: boolean): Promise<T> {
      const turn = super.run(key, task, isUrgent)
      if (isUrgent) gate.resolve()
      return turn
    }
  }
  const others: Promise<Accepted>[] = []
  const order: string[] = []
  const here = replica({
    ...store,
    async append(stream, expected, events) {
      if (stream === `task-${work}` && others.length === 0) {
        await there.says('task', work, 'delegate', { to: bob })
        for (const max of [3, 4]) others.push(here.says('capacity', ada, 'set', { maxConcurrentTasks: max }))
      } else if (stream === `capacity-${ada}` && others.length > 0) {
        await gate.promise
        order.push(...events.map(({ type }) => type))
      }
      return store.append(stream, expected, events)
    },
  }, new Watched(1))
  await here.says('task', work, 'start')
  await Promise.all(others)
  t.strictSame(order, ['CapacitySet', 'SlotReleased', 'CapacitySet'])
  t.strictSame([await here.slotsOf(ada), await here.slotsOf(bob)], [{ max: 4, active: 0, reserved: 0 }, { max: 5, active: 0, reserved: 1 }])
})

t.test('F-63 a key that is known costs a read a second at the most, and so do its orchestrator and its organization', async (t) => {
  const { ada, there } = await staged()
  const secret = `bk_${'k'.repeat(43)}`
  const { id, hash, prefix } = fingerprintOf(secret)
  await there.says('apiKey', id, 'generate', { orchestrator: ada }, { secret: { hash, prefix } })
  await there.says('organization', 'acme', 'create', { slug: 'acme', name: 'Acme' })
  const read: string[] = []
  const authorise = authoriser(new Streams({ ...store, read: (stream, ...how) => { read.push(stream); return store.read(stream, ...how) } }, 100))
  const request = { headers: { authorization: `Bearer ${secret}` }, ip: '::1' } as unknown as FastifyRequest
  t.match(await authorise(request, false), { actsFor: ada })
  t.strictSame(read.splice(0), [`apiKey-${id}`, `organization-acme`, `orchestrator-${ada}`])
  const begun_ms = performance.now()
  for (let n = 0; n < 100; n++) await authorise(request, false)
  const seconds = Math.ceil((performance.now() - begun_ms) / 1_000)
  t.ok(read.splice(0).length <= 3 * seconds, `100 requests in ${seconds} s at the most`)
  await there.says('orchestrator', ada, 'deactivate')
  await there.says('orchestrator', ada, 'archive')
  await t.rejects(authorise(request, true), { code: 'INVALID_API_KEY' }, 'what must be fresh is looked at now')
  await t.rejects(authorise(request, false), { code: 'INVALID_API_KEY' })
})
