import { randomUUID } from 'node:crypto'
import { status, type ServerUnaryCall, type ServiceError } from '@grpc/grpc-js'
import t from 'tap'
import { gossip } from './services/gossip.ts'
import { empty, only, streamIdentifier } from './wire/fields.ts'
import { bytesField, lengthDelimited, message, messageField, numberField, Reader, varintField } from './wire/protobuf.ts'
import { started, until } from './testing.ts'
import {
  answered, any, calling, codeOf, exception, fieldsOf, options, properties, property, proposed, streams, textsOf, within,
} from './testing-wire.ts'
import { readRecord } from './wire/recorded-event.ts'

/** What no well-behaved client sends, and what clients only feel indirectly: said in bytes. */
const { server, store } = await started(t)
const { unary, append, read } = calling(t, server.port)

t.test('§2, §3.1: Append says what is wrong with a request', async (t) => {
  t.match(await append([messageField(1, ...options('raw')), proposed(2)]), { code: status.INVALID_ARGUMENT }, 'no expected revision')
  t.match(await append([messageField(1, any), proposed(2)]), { code: status.INVALID_ARGUMENT }, 'no stream')
  t.match(await append([]), { code: status.INVALID_ARGUMENT }, 'nothing at all')
  t.match(await append([Buffer.from([0xff, 0xff])]), { code: status.INVALID_ARGUMENT }, 'no protobuf')
  for (const [what, kept] of [['type', 1], ['content-type', 0]] as const) {
    const answer = await append([messageField(1, ...options('raw', any)), proposed(2, randomUUID(), properties[kept]!)])
    t.match(answer, { code: status.INVALID_ARGUMENT }, `no ${what}`)
    t.equal(exception(answer), 'missing-required-metadata-property')
    t.same((answer as ServiceError).metadata.get('required-metadata-properties'), ['type,content-type'])
  }
  const large = await append([messageField(1, ...options('raw', any)), proposed(2, randomUUID(), ...properties, bytesField(4, Buffer.alloc(6 * 1024 * 1024)))])
  t.equal(exception(large), 'maximum-append-size-exceeded', 'six MiB are too large for an append, not for the transport')
  t.same((large as ServiceError).metadata.get('maximum-append-size'), [String(1024 * 1024)])
})

t.test('§3.1, §3.4: a stream is named by any text but none, and is not the metastream of nothing; an event has a type and an id', async (t) => {
  const deletion = async (method: string, ...wish: Parameters<typeof options>) => codeOf(await unary(`${streams}/${method}`, messageField(1, ...options(...wish))))
  for (const name of ['', '$$']) {
    t.equal(codeOf(await append([messageField(1, ...options(name, any)), proposed(2)])), status.INVALID_ARGUMENT, `append to '${name}'`)
    for (const method of ['Delete', 'Tombstone']) t.equal(await deletion(method, name, any), status.INVALID_ARGUMENT, `${method} of '${name}'`)
  }
  for (const method of ['Delete', 'Tombstone']) t.equal(await deletion(method, 'named'), status.INVALID_ARGUMENT, `${method} without an expected revision`)
  for (const name of [' ', '$', '$$$', 'a@b::c/d', 'поток\n2', '\u{1f4e6}', 'x'.repeat(5_000)]) {
    t.equal(codeOf(await append([messageField(1, ...options(name, empty(3))), proposed(2)])), status.OK, JSON.stringify(name.slice(0, 20)))
  }
  const wish = messageField(1, ...options('named', any))
  t.equal(codeOf(await append([wish, proposed(2, undefined, property('type', ''), properties[1]!)])), status.INVALID_ARGUMENT, 'an empty type')
  t.equal(codeOf(await append([wish, proposed(2, '00000000-0000-0000-0000-000000000000')])), status.INVALID_ARGUMENT, 'an id of zeros')
  t.equal(codeOf(await append([wish, messageField(2, ...properties)])), status.INVALID_ARGUMENT, 'no id')
  t.equal(store.stream('named').last, -1)
})

t.test('§3.1: the first message says the stream and the revision, every other one is an event', async (t) => {
  const wish = messageField(1, ...options('in order', any))
  for (const [what, requests] of Object.entries({
    'an event first': [proposed(2), wish], 'options twice': [wish, wish], 'options behind an event': [wish, proposed(2), wish], 'nothing behind the options': [wish, Buffer.alloc(0)],
  })) t.equal(codeOf(await append(requests)), status.INVALID_ARGUMENT, what)
  t.equal(store.stream('in order').last, -1, 'and nothing is written')
  t.equal(codeOf(await append([wish])), status.OK, 'there may be no event at all')
})

t.test('§3.1: an answer says the revision and the position of the last event, or where stream and log end where none was appended', async (t) => {
  const success = async (stream: string, events: number) =>
    within(answered(await append([messageField(1, ...options(stream, any)), ...Array.from({ length: events }, () => proposed(2))])), 1)
  t.same([...fieldsOf(await success('answers', 0)).keys()], [2, 3], 'no_stream, and a position')
  const three = await success('answers', 3)
  t.same([...fieldsOf(three).keys()], [1, 3])
  t.same(fieldsOf(three).get(1), [2n])
  const { position } = store.entry(store.stream('answers').ordinalOf(2))
  t.same([...fieldsOf(within(three, 3))], [[1, [BigInt(position)]], [2, [BigInt(position)]]], 'commit and prepare are one')
  t.same([...fieldsOf(await success('answers', 0)).keys()], [1, 3], 'of no events: where the stream is')
})

t.test('§3.1: a wrong revision is an answer, which says it in the fields of newer clients and of older ones', async (t) => {
  const told = async (stream: string, expected: Buffer) => {
    const answer = answered(await append([messageField(1, ...options(stream, expected)), proposed(2)]))
    t.same([...fieldsOf(answer).keys()], [2])
    return Object.fromEntries([...fieldsOf(within(answer, 2))].map(([field, [value]]) => [field, typeof value === 'bigint' ? Number(value) : 'set']))
  }
  await append([messageField(1, ...options('wrong', any)), proposed(2), proposed(2)])
  t.same(await told('wrong', numberField(2, 7)), { 1: 1, 3: 7, 6: 1, 8: 7 }, 'a revision')
  t.same(await told('wrong', empty(3)), { 1: 1, 6: 1, 11: 'set' }, 'no stream')
  t.same(await told('never', numberField(2, 7)), { 2: 'set', 3: 7, 7: 'set', 8: 7 }, 'a revision of none')
  t.same(await told('never', empty(5)), { 2: 'set', 5: 'set', 7: 'set', 10: 'set' }, 'a stream that exists')
  const id = randomUUID()
  await append([messageField(1, ...options('known', any)), proposed(2, id)])
  const answer = answered(await append([messageField(1, ...options('known', any)), proposed(2, id), proposed(2)]))
  t.same([...fieldsOf(within(answer, 2)).keys()], [1, 6, 4, 9], 'any, of which a part is known')
})

t.test('§3.1: only exactly application/json is JSON', async (t) => {
  const types = ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'text/json', '']
  const wish = messageField(1, ...options('types', any))
  for (const type of types) {
    t.equal(codeOf(await append([wish, proposed(2, undefined, property('type', 'T'), property('content-type', type))])), status.OK)
  }
  const records = await Promise.all(types.map((_, revision) => store.records([store.stream('types').ordinalOf(revision)])))
  t.same(records.map(([record]) => readRecord(record!).json), [true, false, false, false, false])
})

t.test('§3.1: the size of an append is its data, its metadata and two for each character of its types; it is judged while it comes in', async (t) => {
  const { server, store } = await started(t, { append_bytes_max: 1_000 })
  const small = calling(t, server.port)
  const type = 'ы'.repeat(20)
  const sized = (field: number, bytes: number) => proposed(field, undefined, property('type', type), property('content-type', 'application/octet-stream'),
    bytesField(3, Buffer.alloc(100)), bytesField(4, Buffer.alloc(bytes - 140)))
  const wish = messageField(1, ...options('sizes', any))
  t.equal(codeOf(await small.append([wish, sized(2, 400), sized(2, 600)])), status.OK, 'as much as is allowed')
  t.equal(exception(await small.append([wish, sized(2, 400), sized(2, 601)])), 'maximum-append-size-exceeded', 'one byte more')
  t.equal(exception(await small.append([wish, sized(2, 1_001)], true)), 'maximum-append-size-exceeded', 'before the last event came')
  const { call, answers, over } = small.conversation(`${streams}/BatchAppend`)
  for (const [id, last] of [['enough', 600], ['too much', 601]] as const) {
    call.write(message(messageField(1, bytesField(2, id)), messageField(2, ...options('batches', any)), sized(3, 400), sized(3, last), numberField(4, true)))
  }
  call.write(message(messageField(1, bytesField(2, 'early')), messageField(2, ...options('batches', any)), sized(3, 1_001)))
  await until(() => answers.length === 3)
  call.end()
  await over
  const isSuccess = Object.fromEntries(answers.map((answer) => [textsOf(within(answer, 1), 2).join(), fieldsOf(answer).has(3)]))
  t.same(isSuccess, { enough: true, 'too much': false, early: false }, '§3.2: the same in a batch, whether or not its last chunk came')
  t.same([store.stream('sizes').last, store.stream('batches').last], [1, 1])
})

t.test('§3.1: an id in the structured form is the same id', async (t) => {
  const structured = messageField(1, messageField(1, numberField(1, 0x0123456789abcdefn), numberField(2, -2n)))
  const answer = await append([messageField(1, ...options('structured', any)), messageField(2, structured, ...properties)])
  t.ok(Buffer.isBuffer(answer))
  t.ok((await store.records([store.stream('structured').ordinalOf(0)]))[0]!.includes('01234567-89ab-cdef-ffff-fffffffffffe'))
})

t.test('§5, §6: Read insists on a uuid option, a sensible filter and an interval, and on what belongs together', async (t) => {
  const uuidOption = messageField(9, empty(2))
  const fromStart = messageField(2, empty(2))
  const request = (...fields: readonly Buffer[]) => messageField(1, ...fields)
  t.match(await read(request(fromStart, numberField(5, 10), empty(8))), { code: status.INVALID_ARGUMENT }, 'no uuid option')
  const filter = (expression: Buffer, multiplier: number) => messageField(7, expression, numberField(5, multiplier))
  const prefix = messageField(1, bytesField(2, 'a'))
  t.match(await read(request(fromStart, empty(6), filter(prefix, 0), uuidOption)), { code: status.INVALID_ARGUMENT }, 'an interval of zero')
  t.match(await read(request(fromStart, empty(6), filter(messageField(1, bytesField(1, '[')), 1), uuidOption)), { code: status.INVALID_ARGUMENT }, 'no pattern')
  const [stream, forever, count, plain, backwards] = [messageField(1, streamIdentifier(1, 'structured'), empty(3)), empty(6), numberField(5, 10), empty(8), numberField(3, 1)]
  const senseless: Readonly<Record<string, readonly Buffer[]>> = {
    'neither a stream nor $all': [count, plain], 'neither a count nor a subscription': [fromStart, plain], 'neither a filter nor none': [fromStart, count],
    'a stream with a filter': [stream, count, filter(prefix, 1)], 'a subscription that goes backwards': [fromStart, forever, plain, backwards],
  }
  for (const [what, fields] of Object.entries(senseless)) t.match(await read(request(...fields, uuidOption)), { code: status.INVALID_ARGUMENT }, what)
  const filtered = await read(request(fromStart, numberField(5, 10), filter(messageField(1, bytesField(2, 'struct')), 1), uuidOption))
  t.equal((filtered as readonly Buffer[]).length, 1, 'a read can be filtered, too')
  const bounds = await read(request(messageField(1, streamIdentifier(1, 'structured'), empty(3)), numberField(5, 10), empty(8), uuidOption, messageField(10, numberField(1, 1))))
  t.same((bounds as readonly Buffer[]).map((answer) => answer[0]! >> 3), [1, 6], 'newer clients also learn the last position')
})

t.test('§8: what is not served is UNIMPLEMENTED', async (t) => {
  for (const path of ['/event_store.client.users.Users/Create', '/event_store.client.operations.Operations/StartScavenge', '/event_store.client.monitoring.Monitoring/Stats',
    '/event_store.client.projections.Projections/Create']) {
    t.match(await unary(path, Buffer.alloc(0)), { code: status.UNIMPLEMENTED }, path)
  }
})

function memberFrom(answer: Buffer): Map<number, unknown> {
  const member = only(new Reader(answer), lengthDelimited(1), (reader) => reader.message())
  const seen = new Map<number, unknown>()
  while (member.more) {
    const tag = member.varint()
    seen.set(tag >> 3, tag === varintField(3) || tag === varintField(4) ? member.varint() : tag === lengthDelimited(5) ? member.bytes() : member.skip(tag))
  }
  return seen
}

t.test('§1: Gossip tells of one node, which leads and can be reached', async (t) => {
  const seen = memberFrom(await unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0)) as Buffer)
  t.equal(seen.get(3), 8, 'it leads')
  t.equal(seen.get(4), 1, 'it is alive')
  t.same(seen.get(5), message(bytesField(1, '127.0.0.1'), numberField(2, server.port)))
})

t.test('§1: Gossip of a server on all addresses names the one that it was asked by', async (t) => {
  for (const [bound, authority, told] of [
    ['0.0.0.0', 'events.example:4000', 'events.example'], ['::', '[::1]:4000', '[::1]'], ['0.0.0.0', 'events.example', 'events.example'], ['127.0.0.1', 'localhost:2113', '127.0.0.1'],
  ] as const) {
    gossip(randomUUID(), bound, () => 2113)({ getHost: () => authority } as ServerUnaryCall<Buffer, Buffer>, (_, answer) =>
      t.same(memberFrom(answer!).get(5), message(bytesField(1, told), numberField(2, 2113)), `${bound} asked as ${authority}`))
  }
})
