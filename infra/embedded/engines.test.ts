import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import t from 'tap'
import { startChild } from './child.ts'
import { startEngines, type EnginesOptions } from './engines.ts'
import { takeLock } from './lock.ts'
import { openLog } from './log-file.ts'
import { choosePorts, freePort } from './ports.ts'
import { supervise } from './supervisor.ts'
import { folderFor, rememberPorts } from './testing.ts'

const root = folderFor(t, 'engines')

async function until(holds: () => boolean, bound_ms = 10_000) {
  for (const end = Date.now() + bound_ms; !holds(); await pause(5)) if (Date.now() > end) throw new Error('it did not come about in time')
}

const sleeper = () => startChild({
  name: 'sleeper', command: '/bin/sh', args: ['-c', 'echo ready; exec sleep 60'], env: process.env, ready: (said) => said.includes('ready'),
  ready_timeout_ms: 5_000, stopSignal: 'SIGTERM', stop_timeout_ms: 5_000,
})

t.test('a folder is locked by one process at a time, and a lock that nobody holds any more is taken over', async (t) => {
  const folder = join(root, 'locked')
  const unlock = takeLock(folder)
  const message = `Baton already runs in ${folder} (process ${process.pid}): end that one first, or use another folder.`
  t.throws(() => takeLock(folder), { message })
  unlock()
  for (const stale of ['', `${process.pid} 1`, '2147483647 1', 'scribble']) {
    writeFileSync(join(folder, 'lock'), stale)
    takeLock(folder)()
    t.notOk(existsSync(join(folder, 'lock')), `left behind: ${stale}`)
  }
})

t.test('ports are remembered, give way to others, and are refused when asked for exactly', async (t) => {
  const file = join(root, 'ports.json')
  const [one, two] = [await freePort(), await freePort()]
  t.same(await choosePorts({ defaults: { one, two }, file }), { one, two })
  t.same(await choosePorts({ defaults: { one: 1, two: 2 }, file }), { one, two }, 'those of last time')

  const squatter = createServer().listen(one, '127.0.0.1')
  await once(squatter, 'listening')
  t.teardown(() => squatter.close())
  const said: string[] = []
  const chosen = await choosePorts({ defaults: { one, two }, file, log: (line) => said.push(line) })
  t.same(said, [`port ${one} is in use by something else, so one takes ${chosen.one}`])
  t.equal(chosen.two, two)
  t.same(JSON.parse(readFileSync(file, 'utf8')), chosen)
  await t.rejects(choosePorts({ defaults: { one, two }, asked: { one }, file }),
    { message: `Port ${one} on 127.0.0.1, asked for one, is in use: end what listens there, or ask for another port.` })
})

t.test('those that choose ports at once never choose the same', async (t) => {
  const many = `import { freePort } from '${import.meta.resolve('./ports.ts')}'
    const ports = []
    while (ports.length < 300) ports.push(await freePort())
    console.log(JSON.stringify(ports))
    process.stdin.resume()`
  const choosing = [1, 2].map(() => spawn(process.execPath, ['--input-type=module', '-e', many], { stdio: ['pipe', 'pipe', 'inherit'] }))
  const said = choosing.map((child) => Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['[]'])]))
  const chosen = (await Promise.all(said)).map(([ports]) => JSON.parse(String(ports)) as number[])
  for (const { stdin } of choosing) stdin.end()
  await Promise.all(choosing.map((child) => once(child, 'exit')))
  t.equal(new Set(chosen.flat()).size, 600)
})

t.test('a log takes a bounded place on disk', async (t) => {
  const file = join(root, 'log', 'a.log')
  const log = openLog(file)
  t.teardown(() => log.close())
  for (let written = 0; written < 20; written += 1) log.write('x'.repeat(1_000_000))
  log.write('the end')
  t.match(readFileSync(file, 'utf8'), /the end$/)
  t.ok(readFileSync(file).length < 9_500_000)
  t.ok(readFileSync(`${file}.1`).length < 9_500_000)
})

t.test('a process that dies is started again, until it has died too often', async (t) => {
  const said: string[] = []
  let sentence = ''
  const supervised = await supervise({
    name: 'sleeper', start: sleeper, log: (line) => said.push(line), onGivenUp: (given) => { sentence = given }, restarts_max: 2,
  })
  t.teardown(() => supervised.stop())
  const first = supervised.pid
  await supervised.kill()
  await until(() => supervised.restarts === 1)
  t.not(supervised.pid, first)
  t.same(said, ['sleeper ended unexpectedly (SIGKILL); starting it again', `sleeper runs again (process ${supervised.pid})`])
  await supervised.kill()
  await until(() => supervised.restarts === 2)
  await supervised.kill()
  await until(() => sentence !== '')
  t.equal(sentence, 'sleeper ended 2 times in a row and is not started again')
})

t.test('a process that is stopped while it is on its way again is not left behind', async (t) => {
  const started: number[] = []
  const supervised = await supervise({
    name: 'sleeper', log: () => {}, onGivenUp: (sentence) => t.fail(sentence),
    async start() {
      const child = await sleeper()
      started.push(child.pid)
      return child
    },
  })
  await supervised.kill()
  await supervised.stop()
  for (const pid of started) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

t.test('a stop that comes while a process is being started again waits for it, and ends it', async (t) => {
  const started: number[] = []
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const supervised = await supervise({
    name: 'sleeper', log: () => {}, onGivenUp: (sentence) => t.fail(sentence),
    async start() {
      if (started.length > 0) {
        begun.resolve()
        await gate.promise
      }
      const child = await sleeper()
      started.push(child.pid)
      return child
    },
  })
  await supervised.kill()
  await begun.promise
  const stopped = supervised.stop()
  gate.resolve()
  await stopped
  t.equal(started.length, 2)
  for (const pid of started) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

const options = (more: Partial<EnginesOptions> = {}): EnginesOptions => ({
  root: join(root, 'baton'), env: {}, ports: 'remembered', log: () => {}, onGivenUp: (sentence) => { throw new Error(sentence) }, ...more,
})

async function rowsOf(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client(url)
  client.on('error', () => {})
  await client.connect()
  return client.query(sql).then(({ rows }) => rows as unknown[]).finally(() => client.end())
}

async function eventsOf(url: string): Promise<readonly unknown[]> {
  const client = EventStoreDBClient.connectionString(url)
  try {
    const events = []
    for await (const { event } of client.readStream('task-1')) events.push(event?.data)
    return events
  } finally {
    await client.dispose()
  }
}

t.test('the engines of a folder are kept running, each with its data, on the same ports at every start', async (t) => {
  await rememberPorts(options().root, ['eventstore', 'postgres', 'nats'])
  const engines = await startEngines(options())
  t.teardown(() => engines.stop())
  t.same(Object.keys(engines.processes).sort(), ['eventstore', 'nats', 'postgres'])
  await t.rejects(startEngines(options()), /^Baton already runs in /)

  await rowsOf(engines.urls.database, 'create table fact (id int); insert into fact values (1)')
  const client = EventStoreDBClient.connectionString(engines.urls.eventstore)
  await client.appendToStream('task-1', jsonEvent({ type: 'TaskCreated', data: { id: 1 } }))
  await client.dispose()
  for (const engine of Object.values(engines.processes)) await engine.kill()
  await until(() => Object.values(engines.processes).every(({ restarts }) => restarts === 1))
  t.same(await rowsOf(engines.urls.database, 'select * from fact'), [{ id: 1 }], 'rows survive a killed engine')
  t.same(await eventsOf(engines.urls.eventstore), [{ id: 1 }], 'and so do events')

  const pids = Object.values(engines.processes).map(({ pid }) => pid)
  await engines.stop()
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  t.notOk(existsSync(join(root, 'baton', 'lock')))
  for (const name of ['eventstore', 'nats', 'postgres']) t.ok(existsSync(join(root, 'baton', 'log', `${name}.log`)))

  const again = await startEngines(options())
  t.teardown(() => again.stop())
  t.same(again.urls, engines.urls, 'a second start has the same ports')
  await again.stop()
})

t.test('an engine that a URL names is used as it is, and none is started for it', async (t) => {
  const env = { EVENTSTORE_URL: 'esdb://there:2113', DATABASE_URL: 'postgres://there/baton', NATS_URL: 'nats://there:4222' }
  const engines = await startEngines(options({ env }))
  t.same([engines.urls, engines.processes], [{ eventstore: env.EVENTSTORE_URL, database: env.DATABASE_URL, nats: env.NATS_URL, announcer: env.NATS_URL }, {}])
  await engines.stop()
})

t.test('an engine that cannot start takes the others with it, and says why in one sentence', async (t) => {
  const log = join(root, 'baton', 'eventstore', '0000000000000000.log')
  writeFileSync(log, 'scribble'.repeat(100))
  await t.rejects(startEngines(options({ ports: 'free' })),
    { message: /^The event store cannot start: .*0000000000000000\.log is damaged/ })
  rmSync(join(root, 'baton', 'eventstore'), { recursive: true })
  rmSync(join(root, 'baton', 'postgres', 'data', 'PG_VERSION'))
  await t.rejects(startEngines(options({ ports: 'free' })), /is not a data folder of PostgreSQL/)
  t.notOk(existsSync(join(root, 'baton', 'lock')))
})
