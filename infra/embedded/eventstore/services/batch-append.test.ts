import { randomUUID } from 'node:crypto'
import { Client, credentials } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { started, until } from '../testing.ts'
import { empty, streamIdentifier, uuid } from '../wire/fields.ts'
import { bytesField, message, messageField, numberField } from '../wire/protobuf.ts'

const asIs = (buffer: Buffer) => buffer
const property = (key: string, value: string) => messageField(2, bytesField(1, key), bytesField(2, value))
const properties = [property('type', 'Happened'), property('content-type', 'application/octet-stream')]

/** A part of an append: the first says what is wished of it. */
const chunk = (id: string, { data = Buffer.from('data'), isFirst = true, isFinal = false } = {}) => message(
  messageField(1, bytesField(2, id)), isFirst ? messageField(2, streamIdentifier(1, 'stream'), empty(4)) : undefined,
  messageField(3, uuid(1, randomUUID()), ...properties, bytesField(4, data)),
  isFinal ? numberField(4, true) : undefined,
)

async function opened(t: Test, commit_ms_max: number) {
  const { server, store } = await started(t, { commit_ms_max })
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  t.teardown(() => client.close())
  const answers: string[] = []
  const call = client.makeBidiStreamRequest('/event_store.client.streams.Streams/BatchAppend', asIs, asIs)
  call.on('error', () => undefined).on('data', (answer: Buffer) => answers.push(answer.toString('latin1')))
  return { call, answers, store }
}

t.test('§3.2: an append whose last chunk does not come in time is answered Timeout, once, and forgotten', async (t) => {
  const { call, answers, store } = await opened(t, 200)
  const ids = Array.from({ length: 20 }, () => randomUUID())
  for (const id of ids) call.write(chunk(id))
  await until(() => answers.length === ids.length)
  for (const id of ids) t.match(answers.find((answer) => answer.includes(id)), /event_store\.client\.Timeout/)
  call.write(chunk(ids[0]!, { isFirst: false, isFinal: true }))
  call.write(chunk(randomUUID(), { isFinal: true }))
  await until(() => answers.length > ids.length)
  t.notMatch(answers.at(-1), /event_store\.client/, 'the call goes on')
  t.equal(answers.length, ids.length + 1, 'what comes late is passed over')
  t.equal(store.stream('stream').last, 0)
  const left = randomUUID()
  call.write(chunk(left))
  call.end()
  await until(() => answers.length > ids.length + 1)
  t.match(answers.at(-1), /event_store\.client\.Timeout/, 'also when the client has nothing more to say')
})

t.test('§3.2: a client that begins appends and ends none has at most 64 MiB of them held', async (t) => {
  const { call, answers } = await opened(t, 60_000)
  const data = Buffer.alloc(1_000_000)
  for (let n = 0; n < 70; n++) await new Promise((resolve) => call.write(chunk(randomUUID(), { data }), resolve))
  await until(() => answers.length === 3)
  t.match(answers[0], /Too much of unfinished appends is held/)
  call.cancel()
})
