import { EventStoreDBClient } from '@eventstore/db-client'
import { deciders } from 'shared-domain/catalogue.ts'
import { agent } from 'shared-domain/fleet/agent/decider.ts'
import { Rejection, scopes } from 'shared-domain/kernel/decider.ts'
import { newId } from 'shared-service/new-id.ts'
import t from 'tap'
import { startEventStore } from '../../infra/embedded/engines.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { handler } from './handle.ts'
import { Busy, Queues } from './queues.ts'
import { eventStore } from './store/event-store.ts'
import { Streams } from './store/streams.ts'

const engine = await startEventStore({ dir: folderFor(t, 'agent-slots') })
const client = EventStoreDBClient.connectionString`${engine.url}`
t.teardown(async () => {
  await client.dispose()
  await engine.stop()
})
const store = eventStore(client)

/** A process of its own, as far as the store can tell. */
function replica() {
  const handle = handler({ store, streams: new Streams(store, 100), queues: new Queues(1_000), deciders, findRows: () => Promise.reject(new Error('nothing rests on rows')), findSettings: () => Promise.reject(new Error('nothing is set')) })
  return (id: string, command: string, wish: object) => handle(agent, command, agent.commands[command as 'reserve'].data.parse(wish), {
    id, by: { kind: 'process', id: 'test' }, actsFor: null, allowed: scopes, organization: 'acme', at: new Date().toISOString(), commandId: newId(), repeatable: false,
    correlationId: newId(), causationId: newId(),
  })
}

t.test('F-100 of two hundred that want a slot of an agent at once, on two replicas, as many get one as there are slots', async (t) => {
  const [one, other] = [replica(), replica()]
  const id = newId()
  await one(id, 'register', { name: 'Hand', maxConcurrent: 5 })
  // Who is told that the stream is busy asks again, as a client does.
  const reserve = async (n: number, wish: object, tries = 0): ReturnType<typeof one> => {
    try {
      return await (n % 2 ? one : other)(id, 'reserve', wish)
    } catch (error) {
      if (!(error instanceof Busy) || tries === 10) throw error
      return reserve(n, wish, tries + 1)
    }
  }
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, n) => reserve(n, { task: newId(), slot: newId() })))
  const refused = outcomes.filter((outcome) => outcome instanceof Rejection)
  t.equal(outcomes.length - refused.length, 5)
  t.ok(refused.every(({ code }) => code === 'CAPACITY_EXCEEDED'), 'and the others are told why')
  const facts = []
  for await (const { event } of client.readStream(`agent-${id}`)) facts.push(event!)
  t.strictSame(facts.map(({ type }) => type).filter((type) => type === 'AgentSlotReserved').length, 5)
  t.match(facts.at(-1), { type: 'AgentOverloaded', data: { current: 5, max: 5, load: 1 } })
})
