import {
  END, PARK, persistentSubscriptionToAllSettingsFromDefaults, persistentSubscriptionToStreamSettingsFromDefaults, RETRY, SKIP, START, STOP,
  streamNameFilter, type PersistentAction, type PersistentSubscriptionToAll, type PersistentSubscriptionToStream, type PersistentSubscriptionToStreamSettings, type ResolvedEvent,
} from '@eventstore/db-client'
import t from 'tap'
import { folderFor } from '../testing.ts'
import { collected, failure, happened, newStream, several, started, taken, until, opened } from './testing.ts'

const clock = { ahead_ms: 0 }
const now_ms = () => Date.now() + clock.ahead_ms
const { client, store, connected } = await started(t, { tick_ms: 10, now_ms })

const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, checkPointAfter: 0, checkPointLowerBound: 1, ...changes })

const n = (event: ResolvedEvent) => (event.event?.data as { n?: number } | undefined)?.n

/** A consumer that remembers what it gets and answers as told. */
function consuming(subscription: PersistentSubscriptionToStream | PersistentSubscriptionToAll, answer: (event: ResolvedEvent, retries: number) => PersistentAction | 'ack' | 'nothing') {
  const seen: { readonly n: number | undefined; readonly retries: number; readonly event: ResolvedEvent }[] = []
  const consumer = { seen, subscription, confirmed: false, error: undefined as Record<string, unknown> | undefined }
  subscription.once('confirmation', () => { consumer.confirmed = true })
  subscription.on('error', (error: object) => { consumer.error = error as Record<string, unknown> })
  subscription.on('data', (event: ResolvedEvent & { retryCount?: number }) => {
    const retries = event.retryCount ?? 0
    seen.push({ n: n(event), retries, event })
    const action = answer(event, retries)
    if (action === 'ack') void subscription.ack(event)
    else if (action !== 'nothing') void subscription.nack(action, 'because', event)
  })
  return consumer
}

const numbersOf = ({ seen }: ReturnType<typeof consuming>) => seen.map(({ n }) => n)
const range = (length: number, from = 0) => Array.from({ length }, (_, n) => n + from)

async function groupOn(stream: string, changes: Partial<PersistentSubscriptionToStreamSettings> = {}) {
  await client.createPersistentSubscriptionToStream(stream, 'group', settings(changes))
  const join = (bufferSize = 10, answer: Parameters<typeof consuming>[1] = () => 'ack') =>
    consuming(client.subscribeToPersistentSubscriptionToStream(stream, 'group', { bufferSize }), answer)
  const info = () => client.getPersistentSubscriptionToStreamInfo(stream, 'group')
  return { join, info }
}

t.test('§7: every event is given once to a group whose consumers answer, from the start on and live', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(700))
  const { join, info } = await groupOn(stream)
  const consumer = join()
  await until(() => consumer.seen.length === 700)
  for (let n = 700; n < 750; n++) await client.appendToStream(stream, happened(n))
  await until(() => consumer.seen.length === 750)
  t.same(numbersOf(consumer), range(750))
  t.ok(consumer.seen.every(({ retries }) => retries === 0))
  await until(async () => (await info()).stats.lastCheckpointedEventRevision === 749n)
  t.match(await info(), { status: 'Live', stats: { outstandingMessagesCount: 0, lastKnownEventRevision: 749n, totalItems: 750n } })
  await consumer.subscription.unsubscribe()
})

t.test('§7: start: inclusive of a revision, after the end', async (t) => {
  const [from, end] = [newStream(), newStream()]
  for (const stream of [from, end]) await client.appendToStream(stream, several(5))
  const third = (await groupOn(from, { startFrom: 3n })).join()
  const later = (await groupOn(end, { startFrom: END })).join()
  await client.appendToStream(end, happened(5))
  await until(() => third.seen.length === 2 && later.seen.length === 1)
  t.same([numbersOf(third), numbersOf(later)], [[3, 4], [5]])
  for (const { subscription } of [third, later]) await subscription.unsubscribe()
})

t.test('§4, §7: metadata hides what was there, and nothing that comes while a group is live', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(5))
  await client.setStreamMetadata(stream, { maxCount: 1 })
  const { join, info } = await groupOn(stream)
  const consumer = join()
  await until(async () => consumer.seen.length === 1 && (await info()).status === 'Live')
  await client.appendToStream(stream, range(3, 5).map((n) => happened(n)))
  await until(() => numbersOf(consumer).includes(7))
  t.same(numbersOf(consumer), range(4, 4))
  await consumer.subscription.unsubscribe()
})

t.test('§7: a stream that does not exist yet is waited for, and links are resolved', async (t) => {
  const [target, links] = [newStream(), newStream('links')]
  const consumer = (await groupOn(links, { resolveLinkTos: true })).join()
  await until(() => consumer.confirmed)
  await client.appendToStream(target, several(1))
  await client.appendToStream(links, { ...happened(0), type: '$>', contentType: 'application/octet-stream', data: Buffer.from(`0@${target}`), metadata: Buffer.alloc(0) })
  await until(() => consumer.seen.length === 1)
  t.match(consumer.seen[0]!.event, { event: { streamId: target, data: { n: 0 } }, link: { streamId: links } })
  await until(() => store.stream(`$persistentsubscription-${links}::group-checkpoint`).lastVisible === 0)
  t.pass('it was answered by the id of the link')
  await consumer.subscription.unsubscribe()
})

t.test('§7: nack: retry comes again with a count until it is parked; at most maxRetryCount + 1 deliveries', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(3))
  const { join, info } = await groupOn(stream, { maxRetryCount: 3 })
  const consumer = join(10, (event) => (n(event) === 1 ? RETRY : 'ack'))
  await until(async () => (await info()).stats.parkedMessageCount === 1n)
  t.same(consumer.seen.filter(({ n }) => n === 1).map(({ retries }) => retries), [0, 1, 2, 3])
  const [parked] = await collected(client.readStream(`$persistentsubscription-${stream}::group-parked`))
  t.match(parked!.event, { type: '$>', metadata: { reason: 'Reached retry count of 3' } })
  t.equal(Buffer.from(parked!.event!.data as Uint8Array).toString(), `1@${stream}`)
  await consumer.subscription.unsubscribe()
})

t.test('§7: nack: park, skip, stop', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(4))
  const { join, info } = await groupOn(stream)
  const consumer = join(10, (event) => ([PARK, SKIP, STOP, 'ack'] as const)[n(event)!]!)
  await until(async () => (await info()).stats.lastCheckpointedEventRevision === 3n)
  t.same(numbersOf(consumer), range(4), 'nothing comes twice')
  t.equal((await info()).stats.parkedMessageCount, 1n)
  const [parked] = await collected(client.readStream(`$persistentsubscription-${stream}::group-parked`))
  t.match(parked!.event!.metadata, { reason: /Client explicitly NAK'ed message\.\s*because/ })
  await consumer.subscription.unsubscribe()
})

t.test('§7: what is parked can be tried anew, all of it or up to a number, and is then no longer parked', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(5))
  const { join, info } = await groupOn(stream)
  let parks = true
  const consumer = join(10, () => (parks ? PARK : 'ack'))
  await until(async () => (await info()).stats.parkedMessageCount === 5n)
  parks = false
  await client.replayParkedMessagesToStream(stream, 'group', { stopAt: 2 })
  await until(() => consumer.seen.length === 7)
  await until(async () => (await info()).stats.parkedMessageCount === 3n)
  t.match(consumer.seen[5]!.event, { event: { streamId: stream, data: { n: 0 } }, link: { type: '$>' } })
  await client.replayParkedMessagesToStream(stream, 'group')
  await until(async () => (await info()).stats.parkedMessageCount === 0n && consumer.seen.length === 10)
  t.same(numbersOf(consumer).slice(5), range(5))
  await until(async () => (await info()).stats.outstandingMessagesCount === 0)
  await consumer.subscription.unsubscribe()
})

t.test('§7: what is parked more than the buffer holds comes back completely', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(300))
  const { join, info } = await groupOn(stream, { historyBufferSize: 21 })
  let parks = true
  const consumer = join(10, () => (parks ? PARK : 'ack'))
  await until(async () => (await info()).stats.parkedMessageCount === 300n)
  parks = false
  await client.replayParkedMessagesToStream(stream, 'group')
  await until(async () => (await info()).stats.parkedMessageCount === 0n && consumer.seen.length === 600)
  t.same(numbersOf(consumer).slice(300).toSorted((a, b) => a! - b!), range(300))
  await consumer.subscription.unsubscribe()
})

t.test('§7: an event that nobody answers in time goes to somebody else', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(2))
  const { join } = await groupOn(stream, { messageTimeout: 60_000 })
  const silent = join(10, () => 'nothing')
  await until(() => silent.seen.length === 2)
  const other = join()
  await until(() => other.confirmed)
  clock.ahead_ms += 61_000
  await until(() => other.seen.length + silent.seen.length >= 4)
  t.ok([...other.seen, ...silent.seen.slice(2)].every(({ retries }) => retries === 1))
  for (const { subscription } of [silent, other]) await subscription.unsubscribe()
})

t.test('§7: a consumer that leaves gives what it held to the others, in order, however few retries are allowed', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(30))
  const { join, info } = await groupOn(stream, { maxRetryCount: 0 })
  const first = join(10, () => 'nothing')
  await until(() => first.seen.length === 10)
  await first.subscription.unsubscribe()
  const second = join()
  await until(() => second.seen.length === 30)
  t.same(numbersOf(second), range(30))
  t.same(second.seen.slice(0, 11).map(({ retries }) => retries), [...Array<number>(10).fill(1), 0])
  t.equal((await info()).stats.parkedMessageCount, 0n)
  await second.subscription.unsubscribe()
})

t.test('§7: a consumer holds at most its buffer size', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(50))
  const { join, info } = await groupOn(stream)
  const consumer = join(7, () => 'nothing')
  await until(() => consumer.seen.length === 7)
  t.match(await info(), { stats: { outstandingMessagesCount: 7, totalInFlightMessages: 7 }, connections: [{ availableSlots: 0, inFlightMessages: 7 }] })
  await consumer.subscription.ack(consumer.seen[3]!.event)
  await until(() => consumer.seen.length === 8)
  t.same(numbersOf(consumer), range(8))
  await consumer.subscription.unsubscribe()
})

t.test('§7: strategies: taking turns, filling one first, and a stream for each', async (t) => {
  const by = async (consumerStrategyName: PersistentSubscriptionToStreamSettings['consumerStrategyName']) => {
    const stream = newStream()
    const { join } = await groupOn(stream, { consumerStrategyName })
    const consumers = [join(5, () => 'nothing'), join(5, () => 'nothing')]
    await until(() => consumers.every(({ confirmed }) => confirmed))
    await client.appendToStream(stream, several(6))
    await until(() => consumers.reduce((sum, { seen }) => sum + seen.length, 0) >= (consumerStrategyName === 'Pinned' ? 5 : 6))
    const counts = consumers.map(({ seen }) => seen.length)
    for (const { subscription } of consumers) await subscription.unsubscribe()
    return counts.toSorted()
  }
  t.same(await by('RoundRobin'), [3, 3])
  t.same(await by('DispatchToSingle'), [1, 5])
  t.same(await by('Pinned'), [0, 5], 'one stream has one consumer, and waits when that is full')
})

t.test('§7: the checkpoint stands before the oldest event without an answer, and a restart goes on from there', async (t) => {
  const dir = folderFor(t, 'groups')
  const before = await opened(dir, { tick_ms: 10 })
  await before.client.appendToStream('restarted', several(20))
  await before.client.createPersistentSubscriptionToStream('restarted', 'group', settings())
  await before.client.createPersistentSubscriptionToStream('restarted', 'from the end', settings({ startFrom: END }))
  await before.client.appendToStream('restarted', happened(20))
  const first = consuming(before.client.subscribeToPersistentSubscriptionToStream('restarted', 'group', { bufferSize: 20 }), (event) => (n(event) === 12 ? 'nothing' : 'ack'))
  await until(() => first.seen.length === 21)
  await until(async () => (await before.client.getPersistentSubscriptionToStreamInfo('restarted', 'group')).stats.lastCheckpointedEventRevision === 11n)
  await before.close()

  const after = await opened(dir, { tick_ms: 10 })
  t.equal((await after.client.listAllPersistentSubscriptions()).length, 2)
  const second = consuming(after.client.subscribeToPersistentSubscriptionToStream('restarted', 'group'), () => 'ack')
  await until(() => second.seen.length === 9)
  t.same(numbersOf(second), range(9, 12))
  const third = consuming(after.client.subscribeToPersistentSubscriptionToStream('restarted', 'from the end'), () => 'ack')
  await until(() => third.seen.length === 1)
  t.same(numbersOf(third), [20], 'what came after the end as it was is not passed over')
  await after.close()
})

t.test('§7: $all, with a filter', async (t) => {
  const category = newStream('all')
  const { position } = await client.appendToStream(`${category}-a`, several(3))
  await client.appendToStream(newStream('noise'), several(3))
  await client.createPersistentSubscriptionToAll('filtered', persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, checkPointAfter: 0, checkPointLowerBound: 1 }),
    { filter: streamNameFilter({ prefixes: [category] }) })
  const consumer = consuming(client.subscribeToPersistentSubscriptionToAll('filtered'), () => 'ack')
  await client.appendToStream(`${category}-b`, several(2))
  await until(() => consumer.seen.length === 5)
  t.same(numbersOf(consumer), [0, 1, 2, 0, 1])
  t.ok((await client.getPersistentSubscriptionToAllInfo('filtered')).stats.lastKnownEventPosition!.commit > position!.commit)
  await until(async () => (await client.getPersistentSubscriptionToAllInfo('filtered')).stats.lastCheckpointedEventPosition !== undefined)
  t.equal((await client.listPersistentSubscriptionsToAll()).length, 1)
  t.match(await failure(client.createPersistentSubscriptionToAll('filtered', persistentSubscriptionToAllSettingsFromDefaults())), { type: 'persistent-subscription-exists' })
  const far = { commit: 2n ** 50n, prepare: 2n ** 50n }
  t.match(await failure(client.createPersistentSubscriptionToAll('far', persistentSubscriptionToAllSettingsFromDefaults({ startFrom: far }))), { type: 'persistent-subscription-failed' })
  const crooked = { commit: 10n, prepare: 20n }
  t.match(await failure(client.createPersistentSubscriptionToAll('crooked', persistentSubscriptionToAllSettingsFromDefaults({ startFrom: crooked }))), { type: 'persistent-subscription-failed' })
  await client.updatePersistentSubscriptionToAll('filtered', persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }))
  await until(() => consumer.error !== undefined)
  const again = consuming(client.subscribeToPersistentSubscriptionToAll('filtered'), () => 'ack')
  await client.appendToStream(newStream('noise'), happened(8))
  await client.appendToStream(`${category}-c`, happened(9))
  await until(() => numbersOf(again).includes(9))
  t.notOk(numbersOf(again).includes(8), 'an update keeps the filter')
  await client.replayParkedMessagesToAll('filtered')
  await client.deletePersistentSubscriptionToAll('filtered')
  await until(() => again.error !== undefined)
})

t.test('§2, §7: what is refused says so by name', async (t) => {
  const stream = newStream()
  const named = { streamName: stream, groupName: 'group' }
  const missing = { type: 'persistent-subscription-does-not-exist', ...named }
  t.match(await failure(client.updatePersistentSubscriptionToStream(stream, 'group', settings())), missing)
  t.match(await failure(client.deletePersistentSubscriptionToStream(stream, 'group')), missing)
  t.match(await failure(client.getPersistentSubscriptionToStreamInfo(stream, 'group')), missing)
  t.match(await failure(client.replayParkedMessagesToStream(stream, 'group')), missing)
  t.match(await failure(taken(client.subscribeToPersistentSubscriptionToStream(stream, 'group'), 1)), missing)
  t.match(await failure(client.listPersistentSubscriptionsToStream(stream)), { type: 'persistent-subscription-does-not-exist' })
  await client.createPersistentSubscriptionToStream(stream, 'group', settings({ maxSubscriberCount: 1 }))
  t.match(await failure(client.createPersistentSubscriptionToStream(stream, 'group', settings())), { type: 'persistent-subscription-exists', ...named })
  t.match(await failure(client.createPersistentSubscriptionToStream(stream, 'other', settings({ readBatchSize: 500 }))), { type: 'persistent-subscription-failed' })
  t.match(await failure(client.createPersistentSubscriptionToStream('$all', 'other', settings())), { type: 'persistent-subscription-failed' })
  const consumer = consuming(client.subscribeToPersistentSubscriptionToStream(stream, 'group'), () => 'ack')
  await until(() => consumer.confirmed)
  t.match(await failure(taken(client.subscribeToPersistentSubscriptionToStream(stream, 'group'), 1)), { type: 'maximum-subscribers-reached', ...named })
  await client.updatePersistentSubscriptionToStream(stream, 'group', settings({ maxRetryCount: 77 }))
  await until(() => consumer.error !== undefined)
  t.match(consumer.error, { type: 'persistent-subscription-dropped', ...named })
  t.match(await client.getPersistentSubscriptionToStreamInfo(stream, 'group'), { settings: { maxRetryCount: 77 } })
  const next = consuming(client.subscribeToPersistentSubscriptionToStream(stream, 'group'), () => 'ack')
  await until(() => next.confirmed)
  await client.deletePersistentSubscriptionToStream(stream, 'group')
  await until(() => next.error !== undefined)
  t.match(next.error, { type: 'persistent-subscription-dropped', ...named })
})

t.test('§7: a group that is made again under an old name begins anew', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(3))
  for (const turn of [1, 2]) {
    const { join, info } = await groupOn(stream)
    t.equal((await info()).stats.parkedMessageCount, 0n)
    const consumer = join(10, (event) => (n(event) === 0 ? PARK : 'ack'))
    await until(async () => (await info()).stats.lastCheckpointedEventRevision === 2n && (await info()).stats.parkedMessageCount === 1n)
    t.same(numbersOf(consumer), range(3), `turn ${turn}`)
    await consumer.subscription.unsubscribe()
    await client.deletePersistentSubscriptionToStream(stream, 'group')
  }
})

t.test('§7: information says what was set, who is connected and how it goes', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(3))
  const wished = settings({ extraStatistics: true, startFrom: 1n, messageTimeout: 12_345, maxRetryCount: 4, checkPointAfter: 77, checkPointLowerBound: 5, checkPointUpperBound: 66,
    maxSubscriberCount: 9, liveBufferSize: 88, readBatchSize: 11, historyBufferSize: 99, consumerStrategyName: 'Pinned' })
  const { join, info } = await groupOn(stream, wished)
  t.match(await info(), { eventSource: stream, groupName: 'group', settings: wished, connections: [], stats: { lastCheckpointedEventRevision: undefined } })
  const consumer = join()
  await until(() => consumer.seen.length === 2)
  await until(async () => (await info()).stats.outstandingMessagesCount === 0)
  const { connections: [connection] } = await info()
  t.match(connection, { totalItems: 2n, availableSlots: 10, inFlightMessages: 0, username: 'system' })
  t.ok(connection!.connectionName.length > 0)
  t.ok(connection!.extraStatistics!.has('highest') && connection!.extraStatistics!.has('median'))
  await consumer.subscription.unsubscribe()
})

t.test('§7: a restart of the subsystem drops consumers and keeps groups', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(3))
  const { join } = await groupOn(stream)
  const before = join(10, () => 'nothing')
  await until(() => before.seen.length === 3)
  await client.restartPersistentSubscriptionSubsystem()
  await until(() => before.error !== undefined)
  t.match(before.error, { type: 'persistent-subscription-dropped' })
  const after = join()
  await until(() => after.seen.length === 3)
  await after.subscription.unsubscribe()
})

t.test('§7: many consumers that retry, vanish and answer at random leave nothing out', async (t) => {
  const stream = newStream()
  const { join } = await groupOn(stream, { maxRetryCount: 1_000, checkPointUpperBound: 20 })
  let state = 42
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
  const acked = new Set<number>()
  const answer = (event: ResolvedEvent) => {
    if (random() < 0.2) return RETRY
    acked.add(n(event)!)
    return 'ack' as const
  }
  let consumers = [join(5, answer), join(5, answer), join(5, answer)]
  for (let from = 0; from < 300; from += 30) {
    await client.appendToStream(stream, range(30, from).map((n) => happened(n)))
    await consumers[0]!.subscription.unsubscribe()
    consumers = [...consumers.slice(1), join(5, answer)]
  }
  await until(() => acked.size === 300)
  t.equal(acked.size, 300)
  for (const { subscription } of consumers) await subscription.unsubscribe()
})

t.test('§7: another client sees the same groups', async (t) => {
  const stream = newStream()
  await groupOn(stream)
  t.match(await connected().listPersistentSubscriptionsToStream(stream), [{ eventSource: stream, groupName: 'group' }])
})
