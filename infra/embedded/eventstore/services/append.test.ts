import { randomUUID } from 'node:crypto'
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js'
import t from 'tap'
import { started } from '../testing.ts'
import { empty, streamIdentifier, uuid } from '../wire/fields.ts'
import { bytesField, message, messageField, numberField } from '../wire/protobuf.ts'

const { server, store } = await started(t)

const asIs = (buffer: Buffer) => buffer
const streams = '/event_store.client.streams.Streams'
const raw = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
t.teardown(() => raw.close())

const wish = (stream: string) => [streamIdentifier(1, stream), empty(4)]
const property = (key: string, value: string) => messageField(2, bytesField(1, key), bytesField(2, value))
const proposed = (field: number, id: string = randomUUID()) =>
  messageField(field, uuid(1, id), property('type', 'Happened'), property('content-type', 'application/octet-stream'), bytesField(4, 'data'))

const append = (stream: string, id: string): Promise<ServiceError | Buffer> => new Promise((resolve) => {
  const call = raw.makeClientStreamRequest(`${streams}/Append`, asIs, asIs, (error, answer) => resolve(error ?? answer!))
  for (const request of [messageField(1, ...wish(stream)), proposed(2, id)]) call.write(request)
  call.end()
})

const batchAppend = (stream: string, id: string): Promise<Buffer> => new Promise((resolve, reject) => {
  const call = raw.makeBidiStreamRequest(`${streams}/BatchAppend`, asIs, asIs)
  call.once('data', resolve).once('error', reject)
  call.write(message(messageField(1, bytesField(2, randomUUID())), messageField(2, ...wish(stream)), proposed(3, id), numberField(4, true)))
  call.end()
})

t.test('an event whose id is not a UUID, or all zero, is refused by both paths, and nothing is written (section 3.1)', async (t) => {
  const before = store.count
  for (const id of ['', 'abc', 'A'.repeat(36), 'x'.repeat(200), '0123456789abcdef0123456789abcdef', `{${randomUUID()}}`, '00000000-0000-0000-0000-000000000000']) {
    t.match(await append('ids', id), { code: status.INVALID_ARGUMENT, details: /UUID/ }, id)
    t.match((await batchAppend('ids', id)).toString('latin1'), /event_store\.client\.BadRequest/, id)
  }
  t.equal(store.count, before)
  t.ok(Buffer.isBuffer(await append('ids', randomUUID().toUpperCase())), 'in capitals it is the same')
})
