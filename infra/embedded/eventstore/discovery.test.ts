import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { Metadata, status } from '@grpc/grpc-js'
import t from 'tap'
import { collected, failure, happened, newStream, started } from './testing.ts'
import { answered, any, calling, codeOf, exception, fieldsOf, options, persistentSubscriptions, properties, proposed, streams, textsOf, within } from './testing-wire.ts'
import { bytesField, message, messageField, numberField } from './wire/protobuf.ts'

const { server, connected } = await started(t)
const { unary, append, conversation } = calling(t, server.port)

const service = (name: string, service: string) => `event_store.client.${name}.${service}`
const everyPersistentCall = ['create', 'update', 'delete', 'read', 'getinfo', 'list', 'replayparked', 'restartsubsystem']

t.test('§1: ServerFeatures names every call in lower case, with the features by which 6.2.1 chooses its paths', async (t) => {
  const answer = answered(await unary('/event_store.client.server_features.ServerFeatures/GetSupportedMethods', Buffer.alloc(0)))
  const told = Object.fromEntries((fieldsOf(answer).get(1) as readonly Buffer[]).map((method) =>
    [`/${textsOf(method, 2).join()}/${textsOf(method, 1).join()}`, textsOf(method, 3)]))
  const of = (path: string, features: readonly string[]) => [`/${path}`, features] as const
  t.same(told, Object.fromEntries([
    of(`${service('streams', 'streams')}/read`, ['position', 'events']), of(`${service('streams', 'streams')}/batchappend`, ['deadline_duration']),
    ...['append', 'delete', 'tombstone'].map((method) => of(`${service('streams', 'streams')}/${method}`, [])),
    ...everyPersistentCall.map((method) => of(`${service('persistent_subscriptions', 'persistentsubscriptions')}/${method}`, ['stream', 'all'])),
    of(`${service('gossip', 'gossip')}/read`, []), of(`${service('server_features', 'serverfeatures')}/getsupportedmethods`, []),
  ]))
  t.match(textsOf(answer, 2), [/^\d+\.\d+\.\d+$/], 'the version is three numbers')
  const [major, minor] = textsOf(answer, 2)[0]!.split('.').map(Number)
  t.ok(major! > 23 || (major === 23 && minor! >= 10), 'new enough for caughtUp')
})

t.test('§1: what ServerFeatures names is served, and nothing else of these services is', async (t) => {
  for (const method of ['Create', 'Update', 'Delete', 'GetInfo', 'List', 'ReplayParked', 'RestartSubsystem']) {
    t.not(codeOf(await unary(`${persistentSubscriptions}/${method}`, Buffer.alloc(0))), status.UNIMPLEMENTED, method)
  }
  for (const path of [`${persistentSubscriptions}/Reset`, `${streams}/AppendSession`, '/kurrentdb.protocol.v2.streams.StreamsService/Append']) {
    t.equal(codeOf(await unary(path, Buffer.alloc(0))), status.UNIMPLEMENTED, path)
  }
})

t.test('§1: plaintext HTTP/2 with prior knowledge, and every ping is answered', async (t) => {
  const session = connect(`http://127.0.0.1:${server.port}`)
  await once(session, 'connect')
  for (let n = 0; n < 50; n++) {
    const sent = Buffer.from(String(n).padStart(8, '0'))
    const back = await new Promise<Buffer>((resolve, reject) => session.ping(sent, (error, _, payload) => (error ? reject(error) : resolve(payload))))
    t.same(back, sent)
  }
  t.notOk(session.closed, 'however many: nobody is sent away for keeping the connection alive')
  session.destroy()
})

t.test('§1: everyone is admin, whatever the metadata of a request says', async (t) => {
  const metadata = new Metadata()
  metadata.set('connection-name', 'somebody')
  metadata.set('requires-leader', 'true')
  metadata.set('authorization', `Basic ${Buffer.from('nobody:wrong').toString('base64')}`)
  const answer = await unary(`${streams}/Tombstone`, messageField(1, ...options(newStream(), any)), metadata)
  t.ok(Buffer.isBuffer(answer))
  const leading = connected(`esdb://127.0.0.1:${server.port}?tls=false&nodePreference=leader`)
  const stream = newStream()
  t.match(await leading.appendToStream(stream, happened(0), { requiresLeader: true, credentials: { username: 'nobody', password: 'wrong' } }), { success: true })
  t.equal((await collected(leading.readStream(stream, { requiresLeader: true }))).length, 1)
  t.equal((await collected(leading.readStream('$$$settings'))).length, 1, 'also of what belongs to the system')
})

t.test('§1: Gossip says the same instance each time, and when, in 100 ns since the Unix epoch', async (t) => {
  const before = BigInt(Date.now())
  const members = []
  for (let n = 0; n < 2; n++) members.push(within(answered(await unary('/event_store.client.gossip.Gossip/Read', Buffer.alloc(0))), 1))
  const [first, second] = members.map((member) => fieldsOf(member))
  t.match(textsOf(within(members[0]!, 1), 2), [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/])
  t.same(second!.get(1), first!.get(1), 'the instance')
  const at = first!.get(2)![0] as bigint
  t.ok(at >= before * 10_000n && at <= BigInt(Date.now()) * 10_000n)
})

t.test('§1: a request of 17 MiB arrives, and is told what is wrong with it', async (t) => {
  const large = proposed(2, randomUUID(), ...properties, bytesField(4, Buffer.alloc(17 * 1024 * 1024 - 1_000)))
  const answer = await append([messageField(1, ...options('large', any)), large])
  t.match(answer, { code: status.INVALID_ARGUMENT })
  t.equal(exception(answer), 'maximum-append-size-exceeded', 'by the store, not by the transport')
})

t.test('§1: a chunk of a batch may have the 3 MiB that clients fill, and more', async (t) => {
  const { server, store } = await started(t, { append_bytes_max: 16 * 1024 * 1024 })
  const { call, answers, over } = calling(t, server.port).conversation(`${streams}/BatchAppend`)
  const data = bytesField(4, Buffer.alloc(1024 * 1024))
  const events = Array.from({ length: 4 }, () => proposed(3, randomUUID(), ...properties, data))
  call.write(message(messageField(1, bytesField(2, randomUUID())), messageField(2, ...options('large', any)), ...events, numberField(4, true)))
  call.end()
  t.equal(await over, undefined)
  t.equal(answers.length, 1)
  t.equal(store.stream('large').lastVisible, 3)
})

t.test('§1: a node that does not know a call leaves the call alone, not the connection', async (t) => {
  const { call, answers, over } = conversation(`${streams}/BatchAppend`)
  t.match(await failure(connected().createProjection('p', 'fromAll()')), { code: status.UNIMPLEMENTED })
  call.write(message(messageField(1, bytesField(2, randomUUID())), messageField(2, ...options(newStream(), any)), proposed(3), numberField(4, true)))
  call.end()
  t.equal(await over, undefined)
  t.equal(answers.length, 1)
})
