import { PARK, persistentSubscriptionToAllSettingsFromDefaults, persistentSubscriptionToStreamSettingsFromDefaults, START } from '@eventstore/db-client'
import { status } from '@grpc/grpc-js'
import t from 'tap'
import { collected, failure, happened, newStream, several, started, until } from './testing.ts'
import { answered, calling, codeOf, exception, fieldsOf, persistentSubscriptions, textsOf, within } from './testing-wire.ts'
import { empty, streamIdentifier, uuid } from './wire/fields.ts'
import { bytesField, messageField, numberField } from './wire/protobuf.ts'
import { readRecord } from './wire/recorded-event.ts'

/** Persistent subscriptions in bytes: what 6.2.1 does not send, and what the server writes. */
const { client, server, store, connected } = await started(t, { tick_ms: 10 })
const { unary, conversation } = calling(t, server.port)

const call = (method: string, ...fields: readonly Buffer[]) => unary(`${persistentSubscriptions}/${method}`, messageField(1, ...fields))
const group = bytesField(2, 'group')
const sizes = [numberField(5, 10), numberField(7, 1), numberField(8, 1), numberField(10, 20), numberField(11, 10), numberField(12, 20), numberField(14, 30_000)]
const settings = (...more: readonly Buffer[]) => messageField(3, ...sizes, ...more)
const roundRobin = numberField(13, 1)
const done = async (outcome: ReturnType<typeof unary>) => void answered(await outcome)

/** A consumer; with what it was given as [number, retries], and how it answers. */
function consuming(source: Buffer, bufferSize = 10) {
  const { call, answers, over } = conversation(`${persistentSubscriptions}/Read`)
  call.write(messageField(1, source, group, numberField(3, bufferSize)))
  const given = () => answers.slice(1).map((answer) => within(answer, 1))
  return {
    answers, given, over,
    key: () => textsOf(within(answers[0]!, 2), 1)[0],
    numbers: () => given().map((event) => (JSON.parse(textsOf(within(event, 1), 8)[0]!) as { readonly n: number }).n),
    retries: () => given().map((event) => Number(fieldsOf(event).get(5)?.[0] ?? 0)),
    ids: () => given().map((event) => textsOf(within(event, 1, 1), 2)[0]!),
    ack: (...ids: readonly string[]) => call.write(messageField(2, ...ids.map((id) => uuid(2, id)))),
    nack: (action: number, ...ids: readonly string[]) => call.write(messageField(3, ...ids.map((id) => uuid(2, id)), numberField(3, action), bytesField(4, 'because'))),
    leave: () => call.cancel(),
  }
}

const info = async (stream: string) => within(answered(await call('GetInfo', streamIdentifier(1, stream), bytesField(3, 'group'))), 1)

/** The newest event of a stream, as it lies in the log. */
async function newestOf(stream: string) {
  const { lastVisible, ordinalOf } = store.stream(stream)
  return readRecord((await store.records([ordinalOf(lastVisible)]))[0]!)
}
const jsonOf = async (stream: string) => JSON.parse((await newestOf(stream)).data.toString()) as unknown

/** A consumer who was given all of so many events, of a stream with a group of its own. */
async function given(count: number) {
  const stream = newStream()
  await client.appendToStream(stream, several(count))
  await done(call('Create', streamIdentifier(1, stream), group, settings(roundRobin)))
  const consumer = consuming(streamIdentifier(1, stream))
  await until(() => consumer.given().length === count)
  return { stream, consumer }
}

t.test('§7: a group is made in the older form and in the newer one; its start is inclusive, and may be the end', async (t) => {
  const streams = Array.from({ length: 6 }, () => newStream())
  for (const stream of streams) await client.appendToStream(stream, several(4))
  const older = (stream: string, ...start: readonly Buffer[]) => call('Create', streamIdentifier(1, stream), group, settings(roundRobin, ...start))
  const newer = (stream: string, start: Buffer) => call('Create', messageField(4, streamIdentifier(1, stream), start), group, settings(roundRobin))
  await done(older(streams[0]!, numberField(2, 2)))
  await done(older(streams[1]!, numberField(2, 2n ** 64n - 1n)))
  await done(older(streams[2]!))
  await done(newer(streams[3]!, numberField(2, 2)))
  await done(newer(streams[4]!, empty(4)))
  await done(newer(streams[5]!, empty(3)))
  const consumers = streams.map((stream) => consuming(streamIdentifier(1, stream)))
  for (const stream of streams) await client.appendToStream(stream, happened(4))
  const expected = [[2, 3, 4], [4], [0, 1, 2, 3, 4], [2, 3, 4], [4], [0, 1, 2, 3, 4]]
  await until(() => consumers.every(({ given }, nth) => given().length >= expected[nth]!.length))
  t.same(consumers.map(({ numbers }) => numbers()), expected)
  t.same(consumers.map(({ key }) => key()), streams.map((stream) => `${stream}::group`), 'it is confirmed by its key')
  const starts = await Promise.all(streams.map(async (stream) => textsOf(await info(stream), 11)[0]))
  t.same(starts, ['2', '-1', '0', '2', '-1', '0'], 'and the start is told as text')
  for (const { leave } of consumers) leave()
})

t.test('§7: a group on $all is called by that name, and says positions', async (t) => {
  const { position } = await client.appendToStream(newStream(), happened(0))
  const at = Number(position!.commit)
  const toAll = (name: string, start: Buffer) => call('Create', messageField(5, start, empty(5)), bytesField(2, name), settings(roundRobin))
  await done(toAll('group', messageField(1, numberField(1, at), numberField(2, at))))
  await done(toAll('from the end', empty(3)))
  await done(toAll('from the start', empty(2)))
  const starts = await Promise.all(['group', 'from the end', 'from the start'].map(async (name) =>
    textsOf(within(answered(await call('GetInfo', empty(2), bytesField(3, name))), 1), 11)[0]))
  t.same(starts, [`C:${at}/P:${at}`, 'C:-1/P:-1', 'C:0/P:0'])
  const consumer = consuming(empty(5))
  await until(() => consumer.given().length > 0)
  t.equal(consumer.key(), '$all::group')
  t.same(fieldsOf(within(consumer.given()[0]!, 1)).get(5), [position!.commit], 'its start is inclusive')
  consumer.ack(consumer.ids()[0]!)
  await until(() => store.stream('$persistentsubscription-$all::group-checkpoint').lastVisible >= 0)
  t.match(await jsonOf('$persistentsubscription-$all::group-checkpoint'), /^C:\d+\/P:\d+$/)
  consumer.leave()
  for (const name of ['group', 'from the end', 'from the start']) await done(call('Delete', empty(3), bytesField(2, name)))
})

t.test('§7: a strategy is said by its number, and by its name, which goes before', async (t) => {
  for (const [fields, expected] of [
    [[], 'DispatchToSingle'], [[numberField(13, 0)], 'DispatchToSingle'], [[numberField(13, 1)], 'RoundRobin'], [[numberField(13, 2)], 'Pinned'],
    [[numberField(13, 1), bytesField(16, 'PinnedByCorrelation')], 'PinnedByCorrelation'], [[bytesField(16, 'RoundRobin')], 'RoundRobin'],
  ] as const) {
    const stream = newStream()
    await done(call('Create', streamIdentifier(1, stream), group, settings(...fields)))
    t.same(textsOf(await info(stream), 26), [expected])
  }
  const unknown = await call('Create', streamIdentifier(1, newStream()), group, settings(numberField(13, 9)))
  t.equal(exception(unknown), 'persistent-subscription-failed')
})

t.test('§7: a group is read by saying first which one, and once', async (t) => {
  const stream = newStream()
  await done(call('Create', streamIdentifier(1, stream), group, settings(roundRobin)))
  const early = conversation(`${persistentSubscriptions}/Read`)
  early.call.write(messageField(2, uuid(2, '00112233-4455-6677-8899-aabbccddeeff')))
  t.equal(codeOf(await early.over), status.INVALID_ARGUMENT, 'an answer before the question')
  const twice = conversation(`${persistentSubscriptions}/Read`)
  for (let n = 0; n < 2; n++) twice.call.write(messageField(1, streamIdentifier(1, stream), group, numberField(3, 10)))
  t.equal(codeOf(await twice.over), status.INVALID_ARGUMENT, 'a second group')
  await until(async () => fieldsOf(await info(stream)).get(4) === undefined)
  const none = consuming(streamIdentifier(1, stream), 0)
  t.equal(codeOf(await none.over), status.INVALID_ARGUMENT, 'room for nothing')
})

t.test('§5, §7: ids are text or two numbers, as is wished, and answers may name them in either form', async (t) => {
  const stream = newStream()
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  await client.appendToStream(stream, happened(0, 'Happened', id))
  await done(call('Create', streamIdentifier(1, stream), group, settings(roundRobin)))
  const { call: reading, answers } = conversation(`${persistentSubscriptions}/Read`)
  reading.write(messageField(1, streamIdentifier(1, stream), group, numberField(3, 10), messageField(4, empty(1))))
  await until(() => answers.length === 2)
  const two = within(answers[1]!, 1, 1, 1)
  t.same([...fieldsOf(within(two, 1))].map(([, [value]]) => BigInt.asUintN(64, value as bigint)), [0x0011223344556677n, 0x8899aabbccddeeffn])
  reading.write(messageField(2, bytesField(2, two)))
  await until(async () => textsOf(await info(stream), 8)[0] === '0')
  reading.cancel()
})

t.test('§7: nack by number: unknown and retry try again, park parks, skip and stop go on', async (t) => {
  const { stream, consumer } = await given(5)
  for (const [action, id] of consumer.ids().entries()) consumer.nack(action, id)
  await until(() => consumer.given().length === 7)
  t.same(consumer.numbers().slice(5), [0, 2])
  t.same(consumer.retries(), [0, 0, 0, 0, 0, 1, 1])
  const parked = await collected(client.readStream(`$persistentsubscription-${stream}::group-parked`))
  t.same(parked.map(({ event }) => Buffer.from(event!.data as Uint8Array).toString()), [`1@${stream}`])
  t.equal(parked[0]!.event!.type, '$>')
  t.match(parked[0]!.event!.metadata, { added: /^\d{4}-\d\d-\d\dT/, reason: /because/ })
  consumer.ack(...consumer.ids().slice(5))
  await until(async () => textsOf(await info(stream), 8)[0] === '4')
  consumer.leave()
})

t.test('§7: which groups there are is one event, written anew with every change', async (t) => {
  const stream = newStream()
  const config = '$persistentSubscriptionConfig'
  interface Config { readonly entries: readonly { readonly stream: string; readonly group: string; readonly retries_max: number }[] }
  const named = async () => (await jsonOf(config) as Config).entries.find((entry) => entry.stream === stream)
  const changes = [
    ['Create', [streamIdentifier(1, stream), group, settings(roundRobin)], { group: 'group', retries_max: 10 }],
    ['Update', [streamIdentifier(1, stream), group, messageField(3, numberField(5, 3), numberField(11, 10), numberField(12, 20), numberField(14, 30_000))], { group: 'group', retries_max: 3 }],
    ['Delete', [streamIdentifier(1, stream), group], undefined],
  ] as const
  for (const [method, fields, expected] of changes) {
    const before = store.stream(config).lastVisible
    await done(call(method, ...fields))
    t.equal(store.stream(config).lastVisible, before + 1, `${method}: durable when it is answered`)
    const { type, json } = await newestOf(config)
    t.same([type, json], ['$PersistentConfig', true])
    if (expected) t.match(await named(), expected)
    else t.equal(await named(), undefined)
  }
  t.same(await jsonOf(`$$${config}`), { $maxCount: 2 })
  t.equal((await collected(client.readStream(config))).length, 2)
})

t.test('§7: a checkpoint is a JSON string in a stream of its own, of which two are kept', async (t) => {
  const { stream, consumer } = await given(5)
  const checkpoint = `$persistentsubscription-${stream}::group-checkpoint`
  for (const [nth, id] of consumer.ids().entries()) {
    consumer.ack(id)
    await until(() => store.stream(checkpoint).lastVisible === nth)
    const { type, json, data } = await newestOf(checkpoint)
    t.same([type, json, data.toString()], ['$SubscriptionCheckpoint', true, `"${nth}"`])
  }
  t.same(await jsonOf(`$$${checkpoint}`), { $maxCount: 2 })
  t.equal((await collected(client.readStream(checkpoint))).length, 2)
  consumer.leave()
})

t.test('§7: an update keeps the checkpoint; a deletion deletes it, and what is parked, softly', async (t) => {
  const { stream, consumer: before } = await given(3)
  const streams = ['checkpoint', 'parked'].map((what) => `$persistentsubscription-${stream}::group-${what}`)
  const [zero, one] = before.ids()
  before.ack(zero!)
  before.nack(1, one!)
  await until(async () => textsOf(await info(stream), 8)[0] === '1')
  await done(call('Update', streamIdentifier(1, stream), group, settings(roundRobin)))
  t.equal(exception(await before.over), 'persistent-subscription-dropped')
  const after = consuming(streamIdentifier(1, stream))
  await until(() => after.given().length === 1)
  t.same(after.numbers(), [2], 'what is behind the checkpoint does not come again')
  t.same(fieldsOf(await info(stream)).get(28), [1n], 'what is parked stays')
  t.same(streams.map((name) => store.stream(name).status), ['live', 'live'])
  await done(call('Delete', streamIdentifier(1, stream), group))
  t.same(streams.map((name) => store.stream(name).status), ['deleted', 'deleted'])
  t.equal(exception(await after.over), 'persistent-subscription-dropped')
})

t.test('§7: a replay sets $tb of what is parked, and what comes is the event and its link; the count is what is left', async (t) => {
  const { stream, consumer } = await given(4)
  const parked = `$persistentsubscription-${stream}::group-parked`
  consumer.nack(1, ...consumer.ids())
  await until(() => store.stream(parked).lastVisible === 3)
  await done(call('ReplayParked', bytesField(1, 'group'), streamIdentifier(2, stream), numberField(4, 3)))
  await until(() => consumer.given().length === 7 && store.stream(`$$${parked}`).lastVisible >= 0)
  t.same(await jsonOf(`$$${parked}`), { $tb: 3 })
  t.same(fieldsOf(await info(stream)).get(28), [1n])
  const links = consumer.given().slice(4).map((event) => within(event, 2))
  t.same(consumer.numbers().slice(4), [0, 1, 2], 'the events')
  t.same(links.map((link) => textsOf(within(link, 2), 3)[0]), [parked, parked, parked], 'with the links that led to them')
  const [first] = links
  consumer.ack(textsOf(within(first!, 1), 2)[0]!)
  await until(async () => String(fieldsOf(await info(stream)).get(24)?.[0]) === '2')
  t.pass('which are what answers name')
  consumer.leave()
})

t.test('§7: information says whether a group is behind, by which name a connection goes, and measures only when asked', async (t) => {
  const { client, server } = await started(t, { tick_ms: 10 })
  t.same(await client.listAllPersistentSubscriptions(), [], 'of all, when there is none: nothing')
  t.match(await failure(client.listPersistentSubscriptionsToStream('order-1')), { type: 'persistent-subscription-does-not-exist' })
  t.match(await failure(client.listPersistentSubscriptionsToAll()), { type: 'persistent-subscription-does-not-exist' })
  await client.appendToStream('order-1', several(100))
  const settings = { startFrom: START, historyBufferSize: 12, readBatchSize: 10 } as const
  await client.createPersistentSubscriptionToStream('order-1', 'group', persistentSubscriptionToStreamSettingsFromDefaults(settings))
  await client.createPersistentSubscriptionToAll('group', persistentSubscriptionToAllSettingsFromDefaults())
  const told = () => client.getPersistentSubscriptionToStreamInfo('order-1', 'group')
  await until(async () => (await told()).stats.readBufferCount === 12)
  t.equal((await told()).status, 'Behind', 'while there is more than the buffer takes')
  const named = connected(`esdb://127.0.0.1:${server.port}?tls=false&connectionName=the-warehouse`)
  const consumer = named.subscribeToPersistentSubscriptionToStream('order-1', 'group', { bufferSize: 5 })
  let answered = 0
  consumer.on('data', (event) => void consumer.ack(event).then(() => answered++))
  await until(async () => answered === 100 && (await told()).status === 'Live')
  const { connections, stats, eventSource, groupName } = await told()
  t.same([eventSource, groupName, connections.length, connections[0]!.connectionName], ['order-1', 'group', 1, 'the-warehouse'])
  t.same([connections[0]!.totalItems, stats.totalItems, stats.readBufferCount, connections[0]!.extraStatistics?.size ?? 0], [100n, 100n, 0, 0])
  t.same((await client.listAllPersistentSubscriptions()).map((each) => each.eventSource).toSorted(), ['$all', 'order-1'])
  t.equal((await client.listPersistentSubscriptionsToStream('order-1')).length, 1)
  await consumer.unsubscribe()
  await until(async () => (await told()).connections.length === 0)
})

t.test('§7: a link to what is gone is given all the same, and parked by what it says', async (t) => {
  const links = newStream('links')
  const data = Buffer.from('3@nothing-here')
  await client.appendToStream(links, { ...happened(0, '$>'), contentType: 'application/octet-stream', data, metadata: Buffer.alloc(0) })
  await client.createPersistentSubscriptionToStream(links, 'group', persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, resolveLinkTos: true }))
  const consumer = client.subscribeToPersistentSubscriptionToStream(links, 'group')
  const [given] = await new Promise<{ readonly event?: unknown; readonly link?: unknown }[]>((resolve) => consumer.on('data', (event) => {
    void consumer.nack(PARK, 'nobody there', event)
    resolve([event])
  }))
  t.equal(given!.event, undefined)
  t.match(given!.link, { streamId: links })
  const parked = `$persistentsubscription-${links}::group-parked`
  await until(() => store.stream(parked).lastVisible === 0)
  t.same((await newestOf(parked)).data, data)
  await consumer.unsubscribe()
})
