import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as catalogue from 'shared-domain/catalogue.ts'
import { start } from './app.ts'
import { configFrom, shown } from './config.ts'
import { ask } from './fixture.ts'

const nowhere = {
  EVENTSTORE_URL: 'esdb://ada:lovelace@127.0.0.1:1?tls=false', DATABASE_URL: 'postgres://ada:lovelace@127.0.0.1:1/baton', QUERY_PORT: '0',
}

/** The program as it is started by hand, with what it says. */
function run(environment: Record<string, string>) {
  const program = fileURLToPath(new URL('main.ts', import.meta.url))
  const child = spawn(process.execPath, [program], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => { said.out += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said.error += text })
  const exit = once(child, 'exit').then(([code]) => code as number)
  return { child, said, exit }
}

t.test('it starts without its engines, says that it is not ready, and ends when it is told to', async (t) => {
  const { child, said, exit } = run(nowhere)
  t.teardown(() => child.kill('SIGKILL'))
  for await (const _ of child.stdout) if (said.out.includes('"ready"')) break
  const [{ config }, { url }] = said.out.trim().split('\n').map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'starting' || msg === 'ready')
  t.notMatch(said.out, /lovelace/, 'passwords are not printed')
  t.match(config.databaseUrl, 'postgres://***@127.0.0.1:1/baton')
  const health = await (await fetch(`${url}/healthz`)).json()
  t.match(health, { status: 503, code: 'SERVICE_UNAVAILABLE', retryable: true })
  child.kill('SIGTERM')
  t.equal(await exit, 0)
})

t.test('a port in use, or a wrong variable, ends it with one sentence', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const inUse = run({ ...nowhere, QUERY_PORT: String(port), LOG_LEVEL: 'silent' })
  const wrong = run({ ...nowhere, QUERY_PORT: 'eighty' })
  t.equal(await inUse.exit, 1)
  t.match(inUse.said.out, /"msg":"query-service cannot start: .*EADDRINUSE.*"\}\n$/)
  t.equal(await wrong.exit, 1)
  t.match(wrong.said.out, /"msg":"query-service cannot start: QUERY_PORT: .*"\}\n$/)
})

t.test('config', async (t) => {
  t.throws(() => configFrom({}), { message: /EVENTSTORE_URL: .*; DATABASE_URL: / })
  t.match(configFrom(nowhere), { host: '127.0.0.1', wait_ms: 2_000, heartbeat_ms: 15_000, logLevel: 'info' })
  t.equal(configFrom({ ...nowhere, QUERY_PORT: '81' }).port, 81)
})

t.test('what may be printed holds no secret, wherever it stands in a URL', async (t) => {
  const urls = {
    'postgres://ada:s3cret@h/baton': 'postgres://***@h/baton',
    'postgres://ada:s3c/r@e?t@h/baton': 'postgres://***@h/baton',
    'postgres://h/baton?user=a&password=s3cret&x=1': 'postgres://h/baton?user=a&password=***&x=1',
    'postgres://h/baton?sslPassword=s3cret': 'postgres://h/baton?sslPassword=***',
    'esdb://s3cret@h1:2113,h2:2113?tls=false': 'esdb://***@h1:2113,h2:2113?tls=false',
    'esdb://h?access_token=s3cret': 'esdb://h?access_token=***',
    's3cret@h:4222': '***@h:4222',
    'esdb://h:2113?tls=false': 'esdb://h:2113?tls=false',
  }
  for (const [url, printed] of Object.entries(urls)) {
    const { databaseUrl, eventStoreUrl } = shown({ ...configFrom(nowhere), databaseUrl: url, eventStoreUrl: url })
    t.strictSame([databaseUrl, eventStoreUrl], [printed, printed])
  }
})

t.test('an event store that takes connections and never answers is as good as none', async (t) => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => { sockets.add(socket.on('error', () => {})) }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const config = configFrom({ ...nowhere, EVENTSTORE_URL: `esdb://127.0.0.1:${port}?tls=false`, LOG_LEVEL: 'silent' })
  const service = await start({ ...config, eventStoreTimeout_ms: 200, retry_ms: 50 }, catalogue)
  t.teardown(async () => {
    await service.stop()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  t.match(await ask(service, '/api/v1/keys/validate', `bk_${'x'.repeat(43)}`), { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
  t.match(await ask(service, '/healthz'), { status: 503 })
})
