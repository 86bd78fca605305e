import { status } from '@grpc/grpc-js'
import t from 'tap'
import { ANY, NO_STREAM, STREAM_EXISTS, type Store } from './contract.ts'
import { startServer } from './server.ts'
import { failure, happened, newStream, started } from './testing.ts'
import { any, answered, calling, codeOf, fieldsOf, options, properties, persistentSubscriptions, proposed, streams, textsOf, trailersOf, within } from './testing-wire.ts'
import { bytesField, message, messageField, numberField } from './wire/protobuf.ts'
import { empty, streamIdentifier } from './wire/fields.ts'

const { client, server, store, connected } = await started(t, { append_bytes_max: 1_000 })
const { unary, append, read, conversation } = calling(t, server.port)

const expectedAs = (expected: number) =>
  (expected === ANY ? any : expected === NO_STREAM ? empty(3) : expected === STREAM_EXISTS ? empty(5) : numberField(2, expected))

const readOf = (stream: string) =>
  messageField(1, messageField(1, streamIdentifier(1, stream), empty(3)), numberField(5, 10), empty(8), messageField(9, empty(2)))

const tombstoned = newStream()
await client.tombstoneStream(tombstoned)

t.test('§2: stream-deleted is FAILED_PRECONDITION and names the stream, whoever asks', async (t) => {
  for (const [what, outcome] of Object.entries({
    append: await append([messageField(1, ...options(tombstoned, any)), proposed(2)]), read: await read(readOf(tombstoned)),
    delete: await unary(`${streams}/Delete`, messageField(1, ...options(tombstoned, any))),
    tombstone: await unary(`${streams}/Tombstone`, messageField(1, ...options(tombstoned, any))),
  })) {
    t.equal(codeOf(outcome), status.FAILED_PRECONDITION, what)
    t.same(trailersOf(outcome), { exception: 'stream-deleted', 'stream-name': tombstoned }, what)
  }
})

t.test('§2: wrong-expected-version of Delete and Tombstone says both versions as numbers', async (t) => {
  const [there, never] = [newStream(), newStream()]
  await client.appendToStream(there, [happened(0), happened(1)])
  for (const method of ['Delete', 'Tombstone']) {
    for (const [stream, expected, actual] of [[there, 7, 1], [there, 0, 1], [there, NO_STREAM, 1], [never, 3, -1], [never, STREAM_EXISTS, -1]] as const) {
      const outcome = await unary(`${streams}/${method}`, messageField(1, ...options(stream, expectedAs(expected))))
      t.equal(codeOf(outcome), status.FAILED_PRECONDITION)
      t.same(trailersOf(outcome), {
        exception: 'wrong-expected-version', 'stream-name': stream, 'expected-version': String(expected), 'actual-version': String(actual),
      }, `${method} of ${stream} expecting ${expected}`)
    }
  }
  const outcome = await unary(`${streams}/Delete`, messageField(1, ...options(never, any)))
  t.match(trailersOf(outcome), { 'expected-version': '-2', 'actual-version': '-1' }, '§3.4: what never was cannot be deleted, not even with any')
})

t.test('§2: a read of a stream that is not there is answered in band, once, and ends well', async (t) => {
  const [never, deleted] = [newStream(), newStream()]
  await client.appendToStream(deleted, happened(0))
  await client.deleteStream(deleted)
  for (const stream of [never, deleted]) {
    const answers = answered(await read(readOf(stream)))
    t.equal(answers.length, 1, '§5: one message, then OK')
    t.equal(within(answers[0]!, 4, 1, 3).toString(), stream)
  }
})

t.test('§2: maximum-append-size-exceeded is INVALID_ARGUMENT and says the size', async (t) => {
  const outcome = await append([messageField(1, ...options(newStream(), any)), proposed(2, undefined, ...properties, bytesField(4, Buffer.alloc(2_000)))])
  t.equal(codeOf(outcome), status.INVALID_ARGUMENT)
  t.same(trailersOf(outcome), { exception: 'maximum-append-size-exceeded', 'maximum-append-size': '1000' })
})

const groupOf = (stream: string, group = 'group') => [streamIdentifier(1, stream), bytesField(2, group)]
/** Settings that are allowed: history 20, read batch 10; at most one consumer. */
const settings = messageField(3, numberField(9, 1), numberField(10, 10), numberField(11, 10), numberField(12, 20), numberField(13, 1))
const create = (stream: string, ...more: readonly Buffer[]) => unary(`${persistentSubscriptions}/Create`, messageField(1, ...groupOf(stream), settings, ...more))

t.test('§2, §7: persistent subscriptions refuse with a status, an exception, the stream and the group', async (t) => {
  const stream = newStream()
  const names = { 'stream-name': stream, 'group-name': 'group' }
  const missing = { exception: 'persistent-subscription-does-not-exist', ...names }
  for (const [method, request] of [
    ['Update', messageField(1, ...groupOf(stream), settings)], ['Delete', messageField(1, ...groupOf(stream))],
    ['GetInfo', messageField(1, streamIdentifier(1, stream), bytesField(3, 'group'))], ['ReplayParked', messageField(1, bytesField(1, 'group'), streamIdentifier(2, stream), empty(5))],
  ] as const) {
    const outcome = await unary(`${persistentSubscriptions}/${method}`, request)
    t.equal(codeOf(outcome), status.NOT_FOUND, method)
    t.same(trailersOf(outcome), missing, method)
  }
  const joining = () => {
    const consumer = conversation(`${persistentSubscriptions}/Read`)
    consumer.call.write(messageField(1, ...groupOf(stream), numberField(3, 10)))
    return consumer
  }
  const early = await joining().over
  t.equal(codeOf(early), status.NOT_FOUND, 'Read')
  t.same(trailersOf(early), missing, 'Read')

  t.equal(codeOf(await create(stream)), status.OK)
  const again = await create(stream)
  t.equal(codeOf(again), status.ALREADY_EXISTS)
  t.same(trailersOf(again), { exception: 'persistent-subscription-exists', ...names })

  const first = joining()
  await new Promise((resolve) => first.call.once('data', resolve))
  const second = await joining().over
  t.equal(codeOf(second), status.FAILED_PRECONDITION)
  t.same(trailersOf(second), { exception: 'maximum-subscribers-reached', ...names })

  t.equal(codeOf(await unary(`${persistentSubscriptions}/Delete`, messageField(1, ...groupOf(stream)))), status.OK)
  const dropped = await first.over
  t.equal(codeOf(dropped), status.CANCELLED)
  t.same(trailersOf(dropped), { exception: 'persistent-subscription-dropped', ...names })
})

t.test('§2, §7: persistent-subscription-failed is INTERNAL and says why', async (t) => {
  const refused = async (outcome: Promise<unknown>, reason: RegExp, what: string) => {
    const error = await outcome
    t.equal(codeOf(error), status.INTERNAL, what)
    t.match(trailersOf(error), { exception: 'persistent-subscription-failed', 'group-name': 'group', reason }, what)
  }
  const wish = (...fields: readonly Buffer[]) => unary(`${persistentSubscriptions}/Create`, messageField(1, bytesField(2, 'group'), ...fields))
  const stream = streamIdentifier(1, newStream())
  const sizes = (batch: number, history: number, ...more: readonly Buffer[]) => messageField(3, numberField(11, batch), numberField(12, history), ...more)
  await refused(wish(stream, sizes(20, 20)), /ReadBatchSize may not be greater than or equal to BufferSize/, 'a batch that fills the history')
  await refused(wish(stream, sizes(10, 20, bytesField(16, 'Whatever'))), /Whatever does not exist/, 'a strategy that nobody knows')
  await refused(wish(streamIdentifier(1, '$all'), sizes(10, 20)), /\$all/, '$all by its name')
  const from = (commit: number, prepare: number) => messageField(5, messageField(1, numberField(1, commit), numberField(2, prepare)), empty(5))
  await refused(wish(from(10, 20), sizes(10, 20)), /prepare/i, 'prepare behind commit')
  await refused(wish(from(2 ** 40, 2 ** 40), sizes(10, 20)), /beyond the end/, 'a start beyond the end')
})

t.test('§2: in a trailer a name beyond ASCII is percent-encoded, in the message it is itself', async (t) => {
  const stream = 'заказ 1 ☂'
  await client.tombstoneStream(stream)
  const outcome = await read(readOf(stream))
  t.match(outcome, { code: status.FAILED_PRECONDITION, details: `Event stream '${stream}' is deleted.` })
  t.same(trailersOf(outcome), { exception: 'stream-deleted', 'stream-name': `${encodeURIComponent('заказ')} 1 ${encodeURIComponent('☂')}` })
  const group = await unary(`${persistentSubscriptions}/Delete`, messageField(1, ...groupOf('поток', 'группа')))
  t.same(trailersOf(group), {
    exception: 'persistent-subscription-does-not-exist', 'stream-name': encodeURIComponent('поток'), 'group-name': encodeURIComponent('группа'),
  })
})

/** With credentials the client uses Append, without BatchAppend. */
const byAppend = { credentials: { username: 'admin', password: 'changeit' } }

/** The same store, which never comes to an end with what it is asked to write; or fails with it. */
async function stalling(t: Parameters<typeof started>[0], write: () => Promise<never>) {
  const stalled: Store = new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      return key === 'append' || key === 'delete' || key === 'tombstone' ? write : typeof value === 'function' ? value.bind(target) : value
    },
  })
  const server = await startServer({ store: stalled, port: 0, commit_ms_max: 20 })
  const client = connected(`esdb://127.0.0.1:${server.port}?tls=false`)
  t.teardown(async () => {
    // First: a batch call that ends with an error fails the appends of all clients of the process.
    await client.dispose()
    await server.stop()
  })
  return { server, client }
}

t.test('§2, §3.2, §8: what takes longer than the server writes is ABORTED, in a batch Timeout; and the client can tell', async (t) => {
  const { server, client } = await stalling(t, () => new Promise<never>(() => undefined))
  const stalled = calling(t, server.port)
  const appended = await stalled.append([messageField(1, ...options('slow', any)), proposed(2)])
  t.equal(codeOf(appended), status.ABORTED)
  t.same(trailersOf(appended), {}, 'no exception: clients go by the status')
  for (const method of ['Delete', 'Tombstone']) t.equal(codeOf(await stalled.unary(`${streams}/${method}`, messageField(1, ...options('slow', any)))), status.ABORTED, method)
  t.match(await failure(client.appendToStream('slow', happened(0), byAppend)), { type: 'timeout' }, 'as the client shows it')
  t.match(await failure(client.appendToStream('slow', happened(0))), { type: 'deadline-exceeded' }, 'and by BatchAppend')
})

t.test('§2: an error that has no name of its own is UNKNOWN, in a batch Unknown, and says what it is', async (t) => {
  const { server, client } = await stalling(t, () => Promise.reject(new Error('ENOSPC: no space left on device')))
  const outcome = await calling(t, server.port).append([messageField(1, ...options('full', any)), proposed(2)])
  t.match(outcome, { code: status.UNKNOWN, details: /ENOSPC/ })
  t.match(await failure(client.appendToStream('full', happened(0), byAppend)), { type: 'unknown' })
  t.match(await failure(client.appendToStream('full', happened(0))), { type: 'unknown' })
  const { call, answers, over } = calling(t, server.port).conversation(`${streams}/BatchAppend`)
  call.write(message(messageField(1, bytesField(2, 'full')), messageField(2, ...options('full', any)), proposed(3), numberField(4, true)))
  call.end()
  t.equal(await over, undefined)
  const error = within(answers[0]!, 2)
  t.same([fieldsOf(error).get(1), textsOf(error, 2), textsOf(within(error, 3), 1)], [[2n], ['ENOSPC: no space left on device'], ['type.googleapis.com/event_store.client.Unknown']])
})

t.test('§2, §3.2: an error in a batch is a status of its own code and type, and names the stream', async (t) => {
  const there = newStream()
  await client.appendToStream(there, happened(0))
  const { call, answers, over } = conversation(`${streams}/BatchAppend`)
  const cases: readonly (readonly [type: string, code: number, stream: string, expected: number, bytes: number, more: readonly Buffer[]])[] = [
    ['WrongExpectedVersion', 6, there, 9, 1, []], ['WrongExpectedVersion', 6, there, NO_STREAM, 1, []], ['WrongExpectedVersion', 6, newStream(), STREAM_EXISTS, 1, []],
    ['StreamDeleted', 5, tombstoned, ANY, 1, []], ['Timeout', 4, there, ANY, 1, [messageField(6, numberField(1, 1))]],
    ['MaximumAppendSizeExceeded', 3, there, ANY, 2_000, []], ['BadRequest', 3, '$$', ANY, 1, []],
  ]
  for (const [nth, [, , stream, expected, bytes, more]] of cases.entries()) {
    const event = proposed(3, undefined, ...properties, bytesField(4, Buffer.alloc(bytes)))
    call.write(message(messageField(1, bytesField(2, `number ${nth}`)), messageField(2, ...options(stream, expectedAs(expected)), ...more), event, numberField(4, true)))
  }
  call.end()
  t.equal(await over, undefined)
  const told = new Map(answers.map((answer) => [textsOf(within(answer, 1), 2).join(), answer]))
  for (const [nth, [type, code, stream]] of cases.entries()) {
    const answer = told.get(`number ${nth}`)!
    const error = within(answer, 2)
    t.same(fieldsOf(error).get(1), [BigInt(code)], type)
    t.same(textsOf(within(error, 3), 1), [`type.googleapis.com/event_store.client.${type}`])
    t.same(textsOf(within(answer, 4), 3), [stream], 'the stream is said by the answer itself')
  }
  const wrong = (nth: number) => within(told.get(`number ${nth}`)!, 2, 3, 2)
  t.same([...fieldsOf(wrong(0))].map(([field, [value]]) => [field, String(value)]), [[1, '0'], [3, '9']], 'the current revision, and the one that was expected')
  t.same([...fieldsOf(wrong(1)).keys()], [1, 6])
  t.same([...fieldsOf(wrong(2)).keys()], [2, 5])
  t.same(fieldsOf(within(told.get('number 5')!, 2, 3, 2)).get(1), [1_000n], 'the size that is allowed')
})
