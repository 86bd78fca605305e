import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { EventStoreDBClient } from '@eventstore/db-client'
import { Client, credentials, status, type ClientWritableStream } from '@grpc/grpc-js'
import t from 'tap'
import { folderFor } from '../testing.ts'
import { collected, failure, happened, several } from './testing.ts'
import { empty, streamIdentifier, uuid } from './wire/fields.ts'
import { message, messageField, numberField } from './wire/protobuf.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const dir = folderFor(t, 'main')

const ran = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 20_000 })
  return { status, stdout, stderr }
}

async function running(t: { teardown(end: () => unknown): void }, name: string, env: Readonly<Record<string, string>> = {}, ...args: string[]) {
  const child = spawn(process.execPath, [main, '--dir', join(dir, name), '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /esdb:\S+/.exec(line)?.[0]
    if (url) return { child, url, line, ended }
  }
  throw new Error('it ended before it was ready')
}

t.test('says how it is used, and what is wrong with what it was told', async (t) => {
  t.match(ran('--help'), { status: 0, stdout: /--dir DIR/ })
  t.match(ran(), { status: 2, stderr: /--dir/ })
  t.match(ran('--dir', dir, '--port', 'many'), { status: 2, stderr: /--port must be a number/ })
  t.match(ran('--dir', dir, '--host', '0.0.0.0'), { status: 2, stderr: /not a loopback address.*--allow-remote/ })
  t.match(ran('--nonsense'), { status: 2, stderr: /nonsense/ })
})

t.test('§8: it listens on loopback alone when nothing is said, and elsewhere only when that is said twice', async (t) => {
  const usual = await running(t, 'loopback')
  t.equal(new URL(usual.url).hostname, '127.0.0.1')
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'events.example']) {
    t.match(ran('--dir', join(dir, 'remote'), '--port', '0', '--host', host), { status: 2, stderr: /--allow-remote/ }, host)
  }
  const { url } = await running(t, 'remote', {}, '--host', '0.0.0.0', '--allow-remote')
  const { port } = new URL(url)
  for (const found of [`esdb://127.0.0.1:${port}?tls=false`, `esdb+discover://127.0.0.1:${port}?tls=false`]) {
    const client = EventStoreDBClient.connectionString(found)
    t.match(await client.appendToStream('remote', happened(0)), { success: true }, '§1: with an address that is reached, however it was found')
    await client.dispose()
  }
})

t.test('a port that is taken, a folder that is locked, a log that is damaged: one sentence each, and what to do', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  t.match(ran('--dir', join(dir, 'port'), '--port', String(port)), { status: 1, stderr: new RegExp(`^Port ${port} .*--port.*\n$`) })
  taken.close()

  const { child, url, ended } = await running(t, 'locked')
  t.match(ran('--dir', join(dir, 'locked'), '--port', '0'), { status: 1, stderr: /^[^\n]*(lock|another|in use|holds)[^\n]*\n$/i })
  const client = EventStoreDBClient.connectionString(url)
  await client.appendToStream('damaged', several(20))
  for (let n = 0; n < 5; n++) await client.appendToStream('damaged', happened(n))
  await client.dispose()
  child.kill('SIGKILL')
  await ended
  const segment = readdirSync(join(dir, 'locked')).map((name) => join(dir, 'locked', name)).find((file) => readFileSync(file).includes('Happened'))!
  const bytes = readFileSync(segment)
  bytes[bytes.indexOf('Happened')]! ^= 1
  writeFileSync(segment, bytes)
  const { status, stderr } = ran('--dir', join(dir, 'locked'), '--port', '0')
  t.equal(status, 1)
  t.ok(stderr.includes(segment) && /\d/.test(stderr), `says the file and the place: ${stderr}`)
  t.match(stderr, /store check|repair/, 'says what to do')
})

t.test('§1: one line when it is ready, and all is there after a graceful stop', async (t) => {
  const first = await running(t, 'graceful')
  t.match(first.line, /esdb:\/\/127\.0\.0\.1:\d+\?tls=false/)
  const before = EventStoreDBClient.connectionString(first.url)
  const events = several(10)
  await before.appendToStream('kept', events)
  const subscription = before.subscribeToStream('kept')
  const dropped = new Promise<Record<string, unknown>>((resolve) => subscription.once('error', (error) => resolve(error as unknown as Record<string, unknown>)))
  subscription.on('data', () => undefined)
  await new Promise((resolve) => subscription.once('caughtUp', resolve))
  first.child.kill('SIGTERM')
  t.same(await first.ended, [0, null])
  t.match(await dropped, { code: 1 }, 'running subscriptions end CANCELLED')
  await before.dispose()

  const second = await running(t, 'graceful')
  const after = EventStoreDBClient.connectionString(second.url)
  t.equal((await collected(after.readStream('kept'))).length, 10)
  t.match(await after.appendToStream('kept', events, { expectedRevision: 'any' }), { nextExpectedRevision: 9n }, 'ids are known again')
  await after.dispose()
  second.child.kill('SIGINT')
  t.same(await second.ended, [0, null])
})

t.test('§1: on its way out it answers running appends UNAVAILABLE and ends streams CANCELLED', async (t) => {
  const { child, url, ended } = await running(t, 'ending')
  const raw = new Client(new URL(url).host, credentials.createInsecure())
  const asIs = (buffer: Buffer) => buffer
  const streams = '/event_store.client.streams.Streams'
  const codeOf = (call: NodeJS.EventEmitter) => new Promise((resolve) => call.once('error', ({ code }) => resolve(code)))
  let append: ClientWritableStream<Buffer> | undefined
  const appended = new Promise((resolve) => { append = raw.makeClientStreamRequest(`${streams}/Append`, asIs, asIs, (error) => resolve(error?.code)) })
  const batch = raw.makeBidiStreamRequest(`${streams}/BatchAppend`, asIs, asIs)
  batch.on('data', () => undefined)
  const codes = Promise.all([appended, codeOf(batch)])
  const wish = [streamIdentifier(1, 'unfinished'), empty(4)]
  append!.write(messageField(1, ...wish))
  batch.write(message(messageField(1, uuid(2, 'an id')), messageField(2, ...wish)))
  const client = EventStoreDBClient.connectionString(url)
  const large = { ...happened(0), data: { text: 'x'.repeat(500_000) } }
  for (let n = 0; n < 8; n++) await client.appendToStream('large', large)
  const subscription = client.subscribeToAll()
  const dropped = codeOf(subscription)
  subscription.on('data', () => undefined)
  await new Promise((resolve) => subscription.once('caughtUp', resolve))
  // More than fits between the two: a reader that pauses is one that is still read for.
  const reading = raw.makeServerStreamRequest(`${streams}/Read`, asIs, asIs, messageField(1, messageField(2, empty(2)), numberField(5, 100), empty(8), messageField(9, empty(2))))
  const read = codeOf(reading)
  await once(reading, 'data')
  reading.pause()
  child.kill('SIGTERM')
  t.same(await codes, [status.UNAVAILABLE, status.CANCELLED])
  reading.on('data', () => undefined).resume()
  t.equal(await read, status.CANCELLED, 'a read')
  t.equal(await dropped, status.CANCELLED)
  t.same(await ended, [0, null])
  await client.dispose()
  raw.close()
})

t.test('§1: environment options of the real server are honoured', async (t) => {
  const { url } = await running(t, 'environment', { EVENTSTORE_MAX_APPEND_SIZE: '1000' })
  const client = EventStoreDBClient.connectionString(url)
  t.match(await failure(client.appendToStream('large', { ...happened(0), data: { text: 'x'.repeat(1_000) } })), { type: 'maximum-append-size-exceeded', maxAppendSize: 1_000 })
  await client.dispose()
})

t.test('§3.2: of the two times in which an append must be made the one for commits counts, and either alone', async (t) => {
  const usual = {}
  const either = { EVENTSTORE_PREPARE_TIMEOUT_MS: '50' }
  const both = { EVENTSTORE_COMMIT_TIMEOUT_MS: '50', EVENTSTORE_PREPARE_TIMEOUT_MS: '600000' }
  const servers = await Promise.all([usual, either, both].map(async (env) => ({ env, url: (await running(t, `times-${Object.keys(env).length}`, env)).url })))
  const inOrder: object[] = []
  await Promise.all(servers.map(async ({ env, url }) => {
    const raw = new Client(new URL(url).host, credentials.createInsecure())
    const asIs = (buffer: Buffer) => buffer
    const call = raw.makeBidiStreamRequest('/event_store.client.streams.Streams/BatchAppend', asIs, asIs)
    const answered = once(call.on('error', () => undefined), 'data')
    // An append without an end.
    call.write(message(messageField(1, uuid(2, 'an id')), messageField(2, streamIdentifier(1, 'stream'), empty(4))))
    const [answer] = await answered
    t.match((answer as Buffer).toString('latin1'), /event_store\.client\.Timeout/)
    inOrder.push(env)
    call.cancel()
    raw.close()
  }))
  t.equal(inOrder.at(-1), usual, 'the two seconds that hold without either are longer')
  for (const name of ['EVENTSTORE_PREPARE_TIMEOUT_MS', 'EVENTSTORE_COMMIT_TIMEOUT_MS']) {
    const env = { ...process.env, [name]: 'soon' }
    const wrong = [main, '--dir', join(dir, 'times-wrong'), '--port', '0']
    const { status, stderr } = spawnSync(process.execPath, wrong, { encoding: 'utf8', timeout: 20_000, env })
    t.match({ status, stderr }, { status: 2, stderr: new RegExp(`${name} must be a whole number`) })
  }
})
