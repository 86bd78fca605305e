import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AckPolicy, connect, type ConnectionOptions } from 'nats'
import t from 'tap'
import { findNats } from './nats-binary.ts'
import { startNats } from './nats.ts'
import { StartFailure } from './start-failure.ts'
import { folderFor } from './testing.ts'

const root = folderFor(t, 'nats')
const binDir = fileURLToPath(new URL('../../.baton/bin', import.meta.url))

t.test('what JetStream has acknowledged survives a killed server, and is known as a duplicate', async (t) => {
  const first = await startNats({ dir: join(root, 'data'), binDir })
  t.teardown(() => first.stop())
  const before = await connect({ servers: first.url, reconnect: false })
  const manager = await before.jetstreamManager()
  await manager.streams.add({ name: 'facts', subjects: ['facts.>'] })
  await manager.consumers.add('facts', { durable_name: 'daemon' })
  const published = await before.jetstream().publish('facts.task', 'a fact', { msgID: '1' })
  t.match(published, { seq: 1, duplicate: false })
  t.same(await first.kill(), { code: null, signal: 'SIGKILL' })
  await before.close()

  const second = await startNats({ dir: join(root, 'data'), port: first.port, binDir })
  t.teardown(() => second.stop())
  t.equal(second.url, first.url)
  const after = await connect({ servers: second.url })
  const jetstream = after.jetstream()
  t.match(await jetstream.publish('facts.task', 'a fact', { msgID: '1' }), { seq: 1, duplicate: true })
  const message = await (await jetstream.consumers.get('facts', 'daemon')).next({ expires: 5_000 })
  t.equal(message?.string(), 'a fact')
  await message?.ackAck()
  await after.close()
  await second.stop()
})

t.test('S-66 one user announces facts; whoever else comes reads them, keeps consumers, and says nothing', async (t) => {
  const server = await startNats({ dir: join(root, 'rights'), binDir, password: '7-secret' })
  t.teardown(() => server.stop())
  const enter = async (more: ConnectionOptions = {}) => {
    const connection = await connect({ servers: server.url, reconnect: false, timeout: 2_000, ...more })
    t.teardown(() => connection.close())
    return connection
  }
  const announcer = await enter({ user: 'announcer', pass: '7-secret' })
  const manager = await announcer.jetstreamManager()
  await manager.streams.add({ name: 'BATON_EVENTS', subjects: ['baton.*.*.*.*.*'] })
  await announcer.jetstream().publish('baton.acme.task.TaskCreated.someone.1', 'a fact')

  const anybody = await enter()
  const messages = await anybody.jetstream().consumers.get('BATON_EVENTS')
  t.equal((await messages.next({ expires: 5_000 }))?.string(), 'a fact')
  await (await anybody.jetstreamManager()).consumers.add('BATON_EVENTS', { durable_name: 'daemon', ack_policy: AckPolicy.Explicit })
  const message = await (await anybody.jetstream().consumers.get('BATON_EVENTS', 'daemon')).next({ expires: 5_000 })
  t.ok(await message?.ackAck())

  for (const subject of ['baton.acme.task.TaskCreated.someone.1', 'baton.hello', '$JS.API.STREAM.PURGE.BATON_EVENTS', '$JS.API.STREAM.DELETE.BATON_EVENTS',
    '$JS.API.STREAM.CREATE.MINE', '$JS.API.STREAM.UPDATE.BATON_EVENTS', '$JS.API.STREAM.MSG.DELETE.BATON_EVENTS']) {
    await t.rejects(anybody.request(subject, '{}', { timeout: 2_000 }), { code: 'PERMISSIONS_VIOLATION' }, subject)
  }
  const { state } = await manager.streams.info('BATON_EVENTS')
  t.equal(state.last_seq, 1)
  for (const pass of ['', 'wrong']) await t.rejects(enter({ user: 'announcer', pass }), { code: 'AUTHORIZATION_VIOLATION' })
})

t.test('a port in use is said in one sentence', async (t) => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  t.teardown(() => squatter.close())
  const { port } = squatter.address() as { port: number }
  await t.rejects(startNats({ dir: join(root, 'other'), port, binDir }), new StartFailure(
    `Port ${port} on 127.0.0.1 is in use, so nats-server cannot start: end what listens there, or choose another port.`))
})

t.test('a data folder that cannot be used is said in one sentence, with what to do', async (t) => {
  mkdirSync(join(root, 'damaged'))
  writeFileSync(join(root, 'damaged', 'jetstream'), 'a file where a folder should be')
  await t.rejects(startNats({ dir: join(root, 'damaged'), binDir }),
    { message: /^nats-server cannot start on .*\/damaged: .+\. Move .* away and start again: .*\.$/ })
})

/** Tools that stand in for the distribution's: the package is found only with lists of one's own, as on a fresh machine. */
function tools(name: string): string {
  const folder = join(root, name)
  mkdirSync(folder)
  const script = (file: string, ...lines: string[]) =>
    writeFileSync(join(folder, file), ['#!/bin/sh', 'PATH=/usr/bin:/bin', ...lines, ''].join('\n'), { mode: 0o755 })
  script('apt-get', 'case "$*" in *update) touch updated; exit 100;; esac', 'test -e updated || exit 100',
    'sleep 0.1; echo > nats-server_2.deb')
  script('dpkg', 'mkdir -p "$3/usr/sbin"; cd "$3/usr/sbin"',
    '{ echo "#!/bin/sh"; head -c 1000000 /dev/zero | tr "\\0" "#"; } > nats-server', 'chmod +x nats-server')
  return folder
}

t.test('two that fetch the server at once both get a whole one, and the next one fetches nothing', async (t) => {
  const cache = join(root, 'cache')
  const search = { binDir: cache, path: tools('tools'), folders: [] }
  t.same(await Promise.all([findNats(search), findNats(search)]), [join(cache, 'nats-server'), join(cache, 'nats-server')])
  t.equal(readFileSync(join(cache, 'nats-server')).length, 1_000_010)
  t.same(readdirSync(cache), ['nats-server'], 'nothing else is left')
  t.equal(await findNats({ ...search, path: '' }), join(cache, 'nats-server'))
})

t.test('where the server is missing and cannot be fetched, one sentence says how to get it', async (t) => {
  const nowhere = { binDir: join(root, 'empty'), path: join(root, 'nothing'), folders: [] }
  await t.rejects(findNats(nowhere), new StartFailure('No nats-server was found, and the distribution\'s package could not be fetched '
    + '(there is no apt-get and dpkg here): install it (apt install nats-server, brew install nats-server), '
    + `put it on PATH or into ${nowhere.binDir}, or set NATS_URL.`))
})
