import { BACKWARDS, END, START, streamNameFilter, type ReadPosition } from '@eventstore/db-client'
import { status } from '@grpc/grpc-js'
import t from 'tap'
import { collected, happened, newStream, numbers, several, started, taken, until } from './testing.ts'
import { answered, asIs, calling, codeOf, fieldsOf, streams, textsOf, within } from './testing-wire.ts'
import { empty, streamIdentifier } from './wire/fields.ts'
import { messageField, numberField } from './wire/protobuf.ts'

/** Reads in bytes: what they hold, and what newer clients ask for. */
const { client, server, store } = await started(t)
const { raw, read } = calling(t, server.port)

const [forever, unfiltered, asText, asNumbers] = [empty(6), empty(8), messageField(9, empty(2)), messageField(9, empty(1))]
const ofStream = (stream: string, from: Buffer = empty(3)) => messageField(1, streamIdentifier(1, stream), from)
const request = (...fields: readonly Buffer[]) => messageField(1, ...fields)
const events = async (...fields: readonly Buffer[]) => answered(await read(request(...fields, numberField(5, 100), unfiltered)))

/** A subscription, and what it has been told. */
function following(...fields: readonly Buffer[]) {
  const call = raw.makeServerStreamRequest(`${streams}/Read`, asIs, asIs, request(...fields, forever, unfiltered))
  const answers: Buffer[] = []
  call.on('error', () => undefined).on('data', (answer: Buffer) => answers.push(answer))
  return { answers, end: () => call.cancel() }
}

t.test('§5: an event is told with its id, stream, revision, positions, type, time, content type, metadata and data', async (t) => {
  const stream = newStream()
  const before = BigInt(Date.now())
  const event = { ...happened(7, 'Случилось'), metadata: { by: 'somebody' } }
  const { position } = await client.appendToStream(stream, event)
  const [answer] = await events(ofStream(stream), asText)
  const record = within(answer!, 1, 1)
  t.same([...fieldsOf(record).keys()].toSorted((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8])
  t.same([textsOf(within(record, 1), 2), textsOf(within(record, 2), 3)], [[event.id], [stream]])
  t.same([3, 4, 5].map((field) => fieldsOf(record).get(field)), [[0n], [position!.prepare], [position!.commit]], 'also a read of a stream says where in the log it is')
  const properties = Object.fromEntries((fieldsOf(record).get(6) as readonly Buffer[]).map((property) => [textsOf(property, 1).join(), textsOf(property, 2).join()]))
  t.same(Object.keys(properties).toSorted(), ['content-type', 'created', 'type'])
  t.match(properties, { type: 'Случилось', 'content-type': 'application/json', created: /^\d+$/ })
  const created = BigInt(properties.created!)
  t.ok(created >= before * 10_000n && created <= BigInt(Date.now()) * 10_000n, '100 ns since the Unix epoch')
  t.same([textsOf(record, 7), textsOf(record, 8)], [['{"by":"somebody"}'], ['{"n":7}']])
  t.same(fieldsOf(within(answer!, 1)).get(3), [position!.commit])
})

t.test('§5: ids are text or two numbers, as is wished, in reads, in links and in subscriptions', async (t) => {
  const [target, links] = [newStream(), newStream('links')]
  const [plain, link] = ['00112233-4455-6677-8899-aabbccddeeff', 'ffeeddcc-bbaa-4988-8766-554433221100']
  await client.appendToStream(target, happened(0, 'Happened', plain))
  await client.appendToStream(links, { ...happened(0, '$>', link), contentType: 'application/octet-stream', data: Buffer.from(`0@${target}`), metadata: Buffer.alloc(0) })
  const numbers = (record: Buffer) => [1, 2].map((field) => BigInt.asUintN(64, fieldsOf(within(record, 1, 1)).get(field)![0] as bigint).toString(16).padStart(16, '0')).join('')
  const bare = (id: string) => id.replaceAll('-', '')
  const resolves = numberField(4, 1)
  const { answers, end } = following(ofStream(links), asNumbers, resolves)
  await until(() => answers.length === 3)
  end()
  for (const [what, answer] of [
    ['read', (await events(ofStream(links), asNumbers, resolves))[0]!], ['subscription', answers[1]!],
  ] as const) {
    t.equal(numbers(within(answer, 1, 1)), bare(plain), `${what}: the event`)
    t.equal(numbers(within(answer, 1, 2)), bare(link), `${what}: the link`)
    t.same(textsOf(within(answer, 1, 1), 8), ['{"n":0}'], 'and all else as it is')
  }
  t.equal(numbers(within((await events(ofStream(target), asNumbers))[0]!, 1, 1)), bare(plain), 'what is no link')
  const [answer] = await events(ofStream(links), asText, resolves)
  t.same([textsOf(within(answer!, 1, 1, 1), 2), textsOf(within(answer!, 1, 2, 1), 2)], [[plain], [link]])
  t.equal(codeOf(await read(request(ofStream(links), numberField(5, 1), unfiltered, messageField(9)))), status.INVALID_ARGUMENT, 'neither is no answer')
})

t.test('§5: a position between two events is taken for the next one', async (t) => {
  const stream = newStream()
  const positions: bigint[] = []
  for (const event of several(3)) positions.push((await client.appendToStream(stream, event)).position!.commit)
  const at = (commit: bigint): ReadPosition => ({ commit, prepare: commit })
  const of = async (options: Parameters<typeof client.readAll>[0]) =>
    numbers((await collected(client.readAll(options))).filter(({ event }) => event?.streamId === stream))
  t.same(await of({ fromPosition: at(positions[1]! - 1n) }), [1, 2])
  t.same(await of({ fromPosition: at(positions[1]! + 1n) }), [2])
  t.same(await of({ direction: BACKWARDS, fromPosition: at(positions[1]! + 1n) }), [1, 0])
  t.same(await of({ direction: BACKWARDS, fromPosition: at(positions[1]! - 1n) }), [0])
  t.same(await of({ fromPosition: at(positions[2]! + 1_000_000n) }), [], 'beyond the end there is nothing')
  t.same(await of({ direction: BACKWARDS, fromPosition: at(positions[2]! + 1_000_000n) }), [2, 1, 0], 'or everything')
})

t.test('§5: who says that it knows them is told the bounds of a stream, and nobody else', async (t) => {
  const [whole, cut, empty] = [newStream(), newStream(), newStream()]
  for (const stream of [whole, cut, empty]) await client.appendToStream(stream, several(5))
  await client.setStreamMetadata(cut, { truncateBefore: 3 })
  await client.setStreamMetadata(empty, { truncateBefore: 9 })
  const newer = messageField(10, numberField(1, 1))
  const told = async (stream: string, ...more: readonly Buffer[]) => (await events(ofStream(stream), asText, ...more)).map((answer) => {
    const [[field, [value]]] = [...fieldsOf(answer)] as [[number, readonly (bigint | Buffer)[]]]
    return field === 1 ? 'event' : `${field}: ${value}`
  })
  t.same(await told(whole, newer), [...Array<string>(5).fill('event'), '6: 4'], 'the last position')
  t.same(await told(cut, newer), ['event', 'event', '6: 4'], 'no first one where there are events')
  t.same(await told(empty, newer), ['5: 5', '6: 4'], 'the first one where there are none and the stream begins later')
  t.same([await told(whole), await told(cut), await told(empty)], [Array(5).fill('event'), Array(2).fill('event'), []], '6.2.1 asks for none')
})

t.test('§5: count is a limit of what is shown, also where much is not', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(40))
  await client.setStreamMetadata(stream, { truncateBefore: 30 })
  t.same(numbers(await collected(client.readStream(stream, { maxCount: 4 }))), [30, 31, 32, 33])
  t.same(numbers(await collected(client.readStream(stream, { maxCount: 4, direction: BACKWARDS, fromRevision: END }))), [39, 38, 37, 36])
  t.equal((await collected(client.readAll({ maxCount: 7 }))).length, 7)
  t.equal((await collected(client.readAll({ maxCount: Number.MAX_SAFE_INTEGER }))).length, store.count, 'which may be larger than any log')
})

t.test('§5: $all resolves links, too, and a target that is gone for ever is absent', async (t) => {
  const [target, gone, links] = [newStream(), newStream(), newStream('links')]
  for (const stream of [target, gone]) await client.appendToStream(stream, several(1))
  const link = (to: string) => ({ ...happened(0, '$>'), contentType: 'application/octet-stream' as const, data: Buffer.from(`0@${to}`), metadata: Buffer.alloc(0) })
  const { position } = await client.appendToStream(links, [link(target), link(gone)])
  await client.tombstoneStream(gone)
  const all = (await collected(client.readAll({ resolveLinkTos: true }))).filter(({ link }) => link?.streamId === links)
  t.same(all.map(({ event }) => event?.streamId), [target, undefined])
  t.equal(all[1]!.commitPosition, position!.commit, 'the position is the one of the link')
})

t.test('§5: what $all hides is hidden in reads and subscriptions, filtered or not', async (t) => {
  const hidden = ['$epoch-information', '$persistentsubscription-$all::group-checkpoint', '$persistentsubscription-$all::group-parked']
  const shown = ['$epoch', '$persistentsubscription-$all::group', '$persistentsubscription-order::group-checkpoint', '$$$persistentsubscription-$all::group-parked']
  for (const stream of [...hidden, ...shown]) await client.appendToStream(stream, happened(1))
  await client.appendToStream('the last one', happened(2))
  const { event: before } = (await collected(client.readStream(hidden[0]!)))[0]!
  const names = (events: readonly { readonly event?: { readonly streamId: string } | undefined }[]) => events.map(({ event }) => event!.streamId)
  const fromPosition = { commit: before!.position!.commit, prepare: before!.position!.prepare }
  const filter = streamNameFilter({ prefixes: ['$', 'the'] })
  t.same(names(await collected(client.readAll({ fromPosition }))), [...shown, 'the last one'], 'read')
  t.same(names(await collected(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 5 }))), ['the last one', ...shown.toReversed()], 'read backwards')
  t.same(names(await taken(client.subscribeToAll({ fromPosition }), 5)), [...shown, 'the last one'], 'subscribed')
  t.same(names(await taken(client.subscribeToAll({ fromPosition, filter }), 5)), [...shown, 'the last one'], 'filtered')
  t.equal((await collected(client.readStream(hidden[0]!))).length, 1, 'by its name a stream is read as ever')
})

t.test('§6: first it is confirmed, with an id of its own, then comes what was there, then that it is caught up, then the rest', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(2))
  const { answers, end } = following(ofStream(stream), asText)
  const { answers: other, end: endOther } = following(messageField(2, empty(3)), asText)
  await until(() => answers.length === 4 && other.length === 2)
  await client.appendToStream(stream, happened(2))
  await until(() => answers.length === 5 && other.length === 3)
  for (const leave of [end, endOther]) leave()
  const kinds = (answers: readonly Buffer[]) => answers.map((answer) => [...fieldsOf(answer).keys()][0])
  t.same(kinds(answers), [2, 1, 1, 8, 1])
  t.match(textsOf(within(answers[0]!, 2), 1), [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/])
  t.same(kinds(other), [2, 8, 1], 'from the end: what comes later')
  t.not(textsOf(within(other[0]!, 2), 1)[0], textsOf(within(answers[0]!, 2), 1)[0])
})

t.test('§6: after a tombstone nothing of the stream or its metastream can be followed', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(1))
  await client.setStreamMetadata(stream, { owner: 'somebody' })
  await client.tombstoneStream(stream)
  for (const name of [stream, `$$${stream}`]) {
    for (const fromRevision of [START, END, 5n] as const) {
      const error = await taken(client.subscribeToStream(name, { fromRevision }), 1).then(() => undefined, (error: { readonly type: string }) => error.type)
      t.equal(error, 'stream-deleted', `${name} from ${fromRevision}`)
    }
  }
})
