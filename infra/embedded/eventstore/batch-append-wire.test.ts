import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:http2'
import t from 'tap'
import { started, until } from './testing.ts'
import { any, asIs, calling, fieldsOf, options, properties, proposed, streams, textsOf, within } from './testing-wire.ts'
import { empty } from './wire/fields.ts'
import { bytesField, lengthDelimited, message, messageField, numberField, Reader } from './wire/protobuf.ts'

/** BatchAppend in bytes: chunks, deadlines, and that every append is answered once. */
const { server, store } = await started(t)
const { raw, conversation } = calling(t, server.port)

interface Answer { readonly correlation: string; readonly isSuccess: boolean; readonly detail: string }

function answerFrom(buffer: Buffer): Answer {
  const reader = new Reader(buffer)
  let [correlation, isSuccess, detail] = ['', false, '']
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) correlation = reader.bytes().toString('hex')
    else if (tag === lengthDelimited(2)) detail = /event_store\.client\.(\w+)/.exec(reader.bytes().toString('latin1'))?.[1] ?? ''
    else {
      isSuccess ||= tag === lengthDelimited(3)
      reader.skip(tag)
    }
  }
  return { correlation, isSuccess, detail }
}

t.test('§3.2: BatchAppend answers every correlation id exactly once', async (t) => {
  const call = raw.makeBidiStreamRequest(`${streams}/BatchAppend`, asIs, asIs)
  const answers: Answer[] = []
  call.on('data', (buffer: Buffer) => answers.push(answerFrom(buffer)))
  call.on('error', () => undefined)
  const id = () => message(bytesField(2, randomUUID()))
  const [plain, past, early, large, nameless, chunked, wrong] = Array.from({ length: 7 }, id)
  const chunk = (correlation: Buffer, isFinal: boolean, ...fields: readonly Buffer[]) =>
    call.write(message(bytesField(1, correlation), ...fields, numberField(4, isFinal)))
  const wish = (...fields: readonly Buffer[]) => messageField(2, ...fields)
  chunk(plain!, true, wish(...options('batch', any)), proposed(3))
  chunk(plain!, true, proposed(3))
  chunk(past!, false, wish(...options('batch', any), messageField(6, numberField(1, 1))), proposed(3))
  chunk(past!, true, proposed(3))
  chunk(early!, true, wish(...options('batch', any), messageField(7, numberField(1, 1))), proposed(3))
  chunk(large!, false, wish(...options('batch', any)), proposed(3, randomUUID(), ...properties, bytesField(4, Buffer.alloc(700_000))))
  chunk(large!, false, proposed(3, randomUUID(), ...properties, bytesField(4, Buffer.alloc(700_000))))
  chunk(large!, true, proposed(3))
  chunk(nameless!, true, wish(any), proposed(3))
  chunk(id(), true, proposed(3))
  chunk(chunked!, false, wish(...options('chunked', empty(3))), proposed(3), proposed(3))
  chunk(chunked!, true, proposed(3))
  chunk(wrong!, true, wish(...options('batch', numberField(2, 99))), proposed(3))
  await until(() => answers.length >= 7)
  call.end()
  await new Promise((resolve) => call.once('end', resolve))
  const hex = (buffer: Buffer | undefined) => buffer!.toString('hex')
  const of = (correlation: Buffer | undefined) => answers.filter((answer) => answer.correlation === hex(correlation)).map(({ isSuccess, detail }) => (isSuccess ? 'success' : detail))
  t.same(of(plain), ['success'], 'a chunk after the final one is passed over')
  t.same(of(past), ['Timeout'], 'a deadline that is past')
  t.same(of(early), ['success'], 'a deadline as a duration')
  t.same(of(large), ['MaximumAppendSizeExceeded'])
  t.same(of(nameless), ['BadRequest'])
  t.same(of(chunked), ['success'])
  t.same(of(wrong), ['WrongExpectedVersion'])
  t.equal(answers.length, 7, 'an id without options is passed over')
  t.equal(store.stream('chunked').lastVisible, 2, 'chunks are one append')
})

t.test('§3.2: an answer echoes the id of its append, in whatever form, names the stream and says the position', async (t) => {
  const { call, answers, over } = conversation(`${streams}/BatchAppend`)
  const ids = [message(bytesField(2, randomUUID().toUpperCase())), message(bytesField(2, 'no uuid at all')), messageField(1, numberField(1, -5n), numberField(2, 7))]
  for (const id of ids) call.write(message(bytesField(1, id), messageField(2, ...options('echo', any)), proposed(3), numberField(4, true)))
  call.end()
  t.equal(await over, undefined)
  for (const id of ids) {
    const answer = answers.find((each) => within(each, 1).equals(id))!
    t.same(textsOf(within(answer, 4), 3), ['echo'])
    const [revision] = fieldsOf(within(answer, 3)).get(1) as readonly bigint[]
    const position = BigInt(store.entry(store.stream('echo').ordinalOf(Number(revision))).position)
    t.same([...fieldsOf(within(answer, 3, 3))], [[1, [position]], [2, [position]]])
  }
})

t.test('§3.2: appends of one call are judged in the order of their final chunks, not of their first ones', async (t) => {
  const { call, answers, over } = conversation(`${streams}/BatchAppend`)
  const chunk = (id: string, isFinal: boolean, ...fields: readonly Buffer[]) => call.write(message(messageField(1, bytesField(2, id)), ...fields, numberField(4, isFinal)))
  // Each expects what the one before it in the order of final chunks leaves behind.
  for (const [id, expected] of [['third', numberField(2, 1)], ['second', numberField(2, 0)], ['first', empty(3)]] as const) {
    chunk(id, false, messageField(2, ...options('in turn', expected)))
  }
  for (const id of ['first', 'second', 'third']) chunk(id, true, proposed(3))
  call.end()
  t.equal(await over, undefined)
  t.ok(answers.every((answer) => fieldsOf(answer).has(3)), 'all of them succeed')
  t.equal(store.stream('in turn').last, 2)
})

t.test('§3.2: an append has the time that it asks for, and never more than the server gives', async (t) => {
  const timeOut = async (commit_ms_max: number, deadline: Buffer) => {
    const { server } = await started(t, { commit_ms_max })
    const { call, answers, over } = calling(t, server.port).conversation(`${streams}/BatchAppend`)
    call.write(message(messageField(1, bytesField(2, 'late')), messageField(2, ...options('late', any), deadline), proposed(3)))
    await until(() => answers.length === 1)
    call.end()
    await over
    return textsOf(within(answers[0]!, 2, 3), 1)
  }
  const timeout = ['type.googleapis.com/event_store.client.Timeout']
  t.same(await timeOut(100, messageField(7, numberField(1, 3_600))), timeout, 'an hour is not given')
  t.same(await timeOut(100, messageField(6, numberField(1, Math.floor(Date.now() / 1_000) + 3_600))), timeout, 'nor until in an hour')
  t.same(await timeOut(3_600_000, messageField(7, numberField(2, 100_000_000))), timeout, 'a tenth of a second is')
  t.same(await timeOut(3_600_000, messageField(7)), timeout, 'none at all is over at once')
})

t.test('§3.2: a client that sends without reading answers does not fill the memory of the server', async (t) => {
  const session = connect(`http://127.0.0.1:${server.port}`)
  t.teardown(() => session.destroy())
  // Nothing takes what comes, so the window of the stream stays as it was opened: 64 KiB of answers.
  const call = session.request({ ':method': 'POST', ':path': `${streams}/BatchAppend`, 'content-type': 'application/grpc', te: 'trailers' })
  call.on('error', () => undefined)
  const before = store.count
  const frame = (body: Buffer) => {
    const header = Buffer.alloc(5)
    header.writeUInt32BE(body.length, 1)
    return Buffer.concat([header, body])
  }
  const request = () => frame(message(bytesField(1, message(bytesField(2, randomUUID()))), messageField(2, ...options('greedy', any)), proposed(3), numberField(4, true)))
  // More than 10,000 are never under way; what is answered before nobody reads fits the window.
  const total = 30_000
  let sent = 0
  for (; sent < total; sent++) {
    if (call.write(request())) continue
    const isDrained = await Promise.race([once(call, 'drain').then(() => true), new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000))])
    if (!isDrained) break
  }
  t.ok(sent < total, `it was held up after ${sent}`)
  let [answered_bytes, taken] = [0, 0]
  call.on('data', (data: Buffer) => (answered_bytes += data.length))
  await until(() => {
    const was = taken
    taken = store.count - before
    return taken >= sent - 1 && was === taken && answered_bytes > 0
  }, 120_000)
  t.ok(answered_bytes > 65_535, 'and goes on once its answers are taken')
})
