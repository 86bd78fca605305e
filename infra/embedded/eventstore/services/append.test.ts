import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js'
import t from 'tap'
import { Busy } from '../storage/writer.ts'
import { started, until } from '../testing.ts'
import { empty, streamIdentifier, uuid } from '../wire/fields.ts'
import { bytesField, message, messageField, numberField } from '../wire/protobuf.ts'
import { inTime } from './append.ts'

const { server, store } = await started(t, { append_bytes_max: 4 * 1024 * 1024 })

const asIs = (buffer: Buffer) => buffer
const streams = '/event_store.client.streams.Streams'
const connected = (port: number): Client => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  t.teardown(() => client.close())
  return client
}
const raw = connected(server.port)

const wish = (stream: string) => [streamIdentifier(1, stream), empty(4)]
const property = (key: string, value: string) => messageField(2, bytesField(1, key), bytesField(2, value))
const proposed = (field: number, id: string = randomUUID(), data = Buffer.from('data')) =>
  messageField(field, uuid(1, id), property('type', 'Happened'), property('content-type', 'application/octet-stream'), bytesField(4, data))

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

t.test('§3.1: an event whose id is not a UUID, or all zero, is refused by both paths, and nothing is written', async (t) => {
  const before = store.count
  const nil = '00000000-0000-0000-0000-000000000000'
  for (const id of ['', 'abc', 'A'.repeat(36), 'x'.repeat(200), '0123456789abcdef0123456789abcdef', `{${randomUUID()}}`, nil]) {
    t.match(await append('ids', id), { code: status.INVALID_ARGUMENT, details: /UUID/ }, id)
    t.match((await batchAppend('ids', id)).toString('latin1'), /event_store\.client\.BadRequest/, id)
  }
  t.equal(store.count, before)
  t.ok(Buffer.isBuffer(await append('ids', randomUUID().toUpperCase())), 'in capitals it is the same')
})

/** A connection that can be cut in the middle. */
async function cable(t: { teardown(end: () => unknown): void }) {
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = connect(server.port, '127.0.0.1')
    for (const [one, other] of [[near, far], [far, near]] as const) sockets.add(one.on('error', () => other.destroy())).add(one.pipe(other))
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = async (how: 'end' | 'resetAndDestroy') => {
    const all = [...sockets]
    sockets.clear()
    for (const socket of all) socket.unpipe().resume()[how]()
    await until(() => all.every(({ closed }) => closed))
  }
  t.teardown(async () => {
    await cut('resetAndDestroy')
    proxy.close()
  })
  return { port: (proxy.address() as AddressInfo).port, cut }
}

/** How a call may end before its last event was sent. A deadline has no other way to tell when it passes but to be short. */
const interruptions = {
  'is cancelled': {},
  'runs out of time': { deadline_ms: 150 },
  'loses its connection': { how: 'end' },
  'has its connection reset': { how: 'resetAndDestroy' },
} as const

for (const [what, interruption] of Object.entries(interruptions)) {
  t.test(`§3.1, §10.4: an append that ${what} while its events arrive is not made in part`, async (t) => {
    const wire = await cable(t)
    const client = connected(wire.port)
    for (const size of [10, 400_000]) {
      for (let round = 0; round < 5; round++) {
        const stream = `half of ${what} ${size} ${round}`
        const deadline = 'deadline_ms' in interruption ? Date.now() + interruption.deadline_ms : Infinity
        const { promise: ended, resolve: end } = Promise.withResolvers<void>()
        const call = client.makeClientStreamRequest(`${streams}/Append`, asIs, asIs, { deadline }, () => end())
        call.on('error', () => undefined)
        const sent = [messageField(1, ...wish(stream)), ...Array.from({ length: 3 }, () => proposed(2, randomUUID(), Buffer.alloc(size)))]
        // A call that ended meanwhile never says that it has written.
        for (const request of sent) await Promise.race([ended, new Promise((resolve) => call.write(request, resolve))])
        if ('how' in interruption) await wire.cut(interruption.how)
        if (!('deadline_ms' in interruption)) call.cancel()
        await ended
        // What the server was going to make of it, it has made before it answers the next one.
        t.ok(Buffer.isBuffer(await append('afterwards', randomUUID())))
        // A client that gives up ends its side first: now and then that arrives before the reset, and then this was all of it.
        t.ok([-1, 2].includes(store.stream(stream).last), 'nothing of it, or all')
      }
    }
  })
}

t.test('§2: an append for which the disk is too slow is answered UNAVAILABLE, and may be sent again', async (t) => {
  const verdict = Promise.reject(new Busy('The disk does not keep up.'))
  await t.rejects(inTime(verdict, { append_bytes_max: 1, commit_ms_max: 1_000 }), { code: status.UNAVAILABLE, details: /does not keep up/ })
})

t.test('§3.1: of an append that is refused while it arrives nothing is written, whatever follows', async (t) => {
  const answer = new Promise((resolve) => {
    const call = raw.makeClientStreamRequest(`${streams}/Append`, asIs, asIs, resolve)
    for (const request of [messageField(1, ...wish('refused')), proposed(2), proposed(2, 'abc'), proposed(2)]) call.write(request)
    call.end()
  })
  t.match(await answer, { code: status.INVALID_ARGUMENT })
  t.ok(Buffer.isBuffer(await append('afterwards', randomUUID())))
  t.equal(store.stream('refused').last, -1)
})
