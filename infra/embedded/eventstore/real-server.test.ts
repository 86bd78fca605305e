import {
  binaryEvent, PARK, persistentSubscriptionToStreamSettingsFromDefaults, START, type PersistentSubscriptionToStream, type PersistentSubscriptionToStreamSettings,
  type ResolvedEvent,
} from '@eventstore/db-client'
import t from 'tap'
import { collected, failure, happened, newStream, several, started, until } from './testing.ts'
import { answered, any, calling, fieldsOf, options, streams, within } from './testing-wire.ts'
import { uuid } from './wire/fields.ts'
import { messageField, numberField } from './wire/protobuf.ts'

/**
 * Programs that were run side by side with EventStoreDB 24.10.4 and came out otherwise, D1 to D8: here with what the real server does.
 */
const { client, server, store } = await started(t, { tick_ms: 10 })
const { append, conversation } = calling(t, server.port)

const revision_max = 9223372036854775807n

const grouped = async (stream: string, changes: Partial<PersistentSubscriptionToStreamSettings> = {}) => {
  await client.createPersistentSubscriptionToStream(stream, 'group', persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, checkPointAfter: 0, checkPointLowerBound: 1, ...changes }))
  return client.subscribeToPersistentSubscriptionToStream(stream, 'group')
}

/** The first events that a consumer is given; it answers none of them. */
async function given(consumer: PersistentSubscriptionToStream, count: number): Promise<readonly ResolvedEvent[]> {
  const events: ResolvedEvent[] = []
  consumer.on('data', (event: ResolvedEvent) => events.push(event))
  await until(() => events.length >= count)
  return events
}

/** How a subscription ended. */
const ended = (subscription: PersistentSubscriptionToStream): Promise<unknown> => new Promise((resolve) => subscription.once('error', resolve))

t.test('D1 a group on a stream that was tombstoned drops its consumers, and delivers nothing', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(3))
  await client.tombstoneStream(stream)
  const first = await grouped(stream)
  let delivered = 0
  first.on('data', () => delivered++)
  t.match(await ended(first), { type: 'persistent-subscription-dropped', streamName: stream, groupName: 'group' })
  t.match(await ended(client.subscribeToPersistentSubscriptionToStream(stream, 'group')), { type: 'persistent-subscription-dropped' }, 'whoever comes next')
  t.equal(delivered, 0)
})

t.test('D1 a group that had not read all of its stream when that was tombstoned drops who is there, and forgets what it had read', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(100))
  const consumer = await grouped(stream, { historyBufferSize: 20, readBatchSize: 10 })
  const events = await given(consumer, 10)
  const dropped = ended(consumer)
  await client.tombstoneStream(stream)
  // Room in the buffer makes the group read on.
  await consumer.ack(...events)
  t.match(await dropped, { type: 'persistent-subscription-dropped' })
  const { stats } = await client.getPersistentSubscriptionToStreamInfo(stream, 'group')
  t.match(stats, { outstandingMessagesCount: 0, readBufferCount: 0, retryBufferCount: 0 })
})

t.test('D2 a group that follows a stream is delivered the event that tombstones it', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(1))
  const consumer = await grouped(stream)
  await until(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, 'group')).status === 'Live')
  await client.tombstoneStream(stream)
  const all = [{ event: { revision: 0n } }, { event: { streamId: stream, type: '$streamDeleted', revision: revision_max } }]
  t.match(await given(consumer, 2), all)
  await consumer.unsubscribe()
  const next = client.subscribeToPersistentSubscriptionToStream(stream, 'group')
  const again = await given(next, 2)
  t.match(again, all, 'the group goes on: what was not answered comes again')
  await next.ack(...again)
  const checkpoint = async () => (await client.getPersistentSubscriptionToStreamInfo(stream, 'group')).stats.lastCheckpointedEventRevision
  await until(async () => await checkpoint() !== undefined)
  t.equal(await checkpoint(), 0n, 'of what there is, everything is dealt with')
  await next.unsubscribe()
})

t.test('D3 $streamDeleted is no JSON and holds nothing', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(1))
  await client.tombstoneStream(stream)
  const event = (await collected(client.readAll())).map(({ event }) => event!).find(({ streamId, type }) => streamId === stream && type === '$streamDeleted')
  t.match(event, { isJson: false, revision: revision_max })
  t.same(event!.data, new Uint8Array())
})

/** What Append and BatchAppend answer to an append of no events: fields of their success. */
async function appendOfNothing(stream: string) {
  const one = within(answered(await append([messageField(1, ...options(stream, any))])), 1)
  const { call, answers } = conversation(`${streams}/BatchAppend`)
  call.write(Buffer.concat([uuid(1, '00000000-0000-4000-8000-000000000001'), messageField(2, ...options(stream, any)), numberField(4, 1)]))
  await until(() => answers.length === 1)
  call.end()
  return [one, within(answers[0]!, 3)].map(fieldsOf)
}

t.test('D4 an append of no events brings a soft-deleted stream back', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(1))
  await client.deleteStream(stream)
  const { lastVisible } = store.stream(`$$${stream}`)
  for (const success of await appendOfNothing(stream)) {
    t.same(success.get(1), [0n], 'the revision stays')
    t.ok(success.has(3), 'and there is a position')
  }
  t.match((await client.getStreamMetadata(stream)).metadata, { truncateBefore: 1 })
  t.equal(store.stream(`$$${stream}`).lastVisible, lastVisible + 1, 'once: the second append found it there')
  t.same(await collected(client.readStream(stream)), [], 'it is there, with nothing left in it')
  await client.appendToStream(stream, happened(1))
  t.match(await collected(client.readStream(stream)), [{ event: { revision: 1n } }])
})

t.test('D5 an append of no events succeeds with the end of the log as its position', async (t) => {
  const stream = newStream()
  for (const events of [0, 2]) {
    await client.appendToStream(stream, several(events))
    const newest = store.entry(store.count - 1).position
    for (const success of await appendOfNothing(stream)) {
      t.same(success.get(events === 0 ? 2 : 1), [events === 0 ? Buffer.alloc(0) : BigInt(events - 1)], 'the stream is where it was')
      const position = fieldsOf(success.get(3)![0] as Buffer)
      const [commit, prepare] = [1, 2].map((field) => position.get(field)![0] as bigint)
      t.equal(commit, prepare)
      t.ok(commit! > newest, 'behind everything there is')
      const later = await client.appendToStream(newStream(), happened(0))
      t.ok(later.position!.commit >= commit!, 'and before whatever comes')
    }
  }
})

t.test('D6 a group that would read as much as its buffer holds, or more, is refused in the words of the real server', async (t) => {
  for (const readBatchSize of [20, 21]) {
    t.match(await failure(grouped(newStream(), { readBatchSize, historyBufferSize: 20 })), {
      type: 'persistent-subscription-failed',
      reason: `Specified argument was out of the range of valid values. (Parameter 'ReadBatchSize may not be greater than or equal to BufferSize')`,
    })
  }
})

t.test('D7 what a group resolves stands where its link does; what it parks says when and why, and no more', async (t) => {
  const [target, links] = [newStream(), newStream()]
  await client.appendToStream(target, several(1))
  const linked = await client.appendToStream(links, binaryEvent({ type: '$>', data: Buffer.from(`0@${target}`) }))
  const consumer = await grouped(links, { resolveLinkTos: true })
  const [found] = await given(consumer, 1)
  t.match(found!.event, { streamId: target, revision: 0n, data: { n: 0 }, position: linked.position }, 'all else is the target\'s own')
  t.match(found!.link, { streamId: links, position: linked.position })
  await consumer.nack(PARK, 'too hot', found!)
  const parkedStream = `$persistentsubscription-${links}::group-parked`
  await until(() => store.stream(parkedStream).lastVisible === 0)
  const [parked] = await collected(client.readStream(parkedStream))
  t.same(Object.keys(parked!.event!.metadata as object).toSorted(), ['added', 'reason'])
  await consumer.unsubscribe()
})

t.test('D8 whoever consumes is `system` in the info of a group', async (t) => {
  const stream = newStream()
  const consumer = await grouped(stream)
  await new Promise((resolve) => consumer.once('confirmation', resolve))
  t.match((await client.getPersistentSubscriptionToStreamInfo(stream, 'group')).connections, [{ username: 'system' }])
  await consumer.unsubscribe()
})
