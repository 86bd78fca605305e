import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort } from '../infra/embedded/ports.ts'
import { folderFor, rememberPorts } from '../infra/embedded/testing.ts'
import { serviceNames } from './services.ts'
import type { Up } from './up.ts'

const folder = folderFor(t, 'up')
const root = join(folder, 'baton')
await rememberPorts(root, ['eventstore', 'postgres', 'nats', ...serviceNames])

/** Stands in for every service: well when asked, and it says which variables it was given. */
const service = join(folder, 'service.mjs')
writeFileSync(service, `
  import { createServer } from 'node:http'
  const { GATEWAY_URL, ...env } = process.env
  const port = env.COMMAND_URL ? env.GATEWAY_PORT : env.COMMAND_PORT ?? env.PROJECTION_PORT ?? env.QUERY_PORT
  const given = Object.keys(env).filter((name) => /_(URL|PORT)$|^BATON_|^HOST$/.test(name)).sort()
  createServer((_, response) => response.end(JSON.stringify(given))).listen(Number(port), '127.0.0.1')
  console.log(JSON.stringify({ msg: 'ready' }))
`)
const failing = join(folder, 'failing.mjs')
writeFileSync(failing, 'console.log(JSON.stringify({ msg: "query-service cannot start: DATABASE_URL is not a URL" })); process.exit(1)')
const programs = (more: object = {}) => ({ ...Object.fromEntries(serviceNames.map((name) => [name, service])), ...more })

interface Launch {
  readonly process: ChildProcess
  readonly said: () => string
  readonly complained: () => string
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

interface Settings {
  readonly ports?: 'free'
  readonly programs?: object
  readonly throughShell?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** A launcher of its own, as in a terminal, for it takes signals. */
function launch(t: Test, settings: Settings = {}): Launch {
  const { PATH = '', NODE_OPTIONS = '' } = process.env
  const options = { root, ports: settings.ports ?? 'remembered', programs: programs(settings.programs) }
  const script = `
    import { main } from ${JSON.stringify(new URL('up.ts', import.meta.url).href)}
    await main({ ...${JSON.stringify(options)}, log: console.log })`
  const line = [process.execPath, '--input-type=module', '-e', script]
  const [command = '', ...args] = settings.throughShell ? ['/bin/sh', '-c', '"$@"; exit $?', 'sh', ...line] : line
  const child = spawn(command, args,
    { env: { PATH, NODE_OPTIONS, ...settings.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  let complained = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { said += chunk })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { complained += chunk })
  return {
    process: child, said: () => said, complained: () => complained,
    ended: once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null })),
  }
}

async function until(holds: () => boolean, bound_ms = 20_000) {
  for (const end = Date.now() + bound_ms; !holds(); await pause(10)) if (Date.now() > end) throw new Error('it did not come about in time')
}

const isUp = ({ said, complained }: Launch) => until(() => said().includes('Ctrl-C stops it.\n') || complained() !== '')

type Note = Pick<Up, 'urls'> & { readonly pids: Readonly<Record<string, number>>; readonly ports: Readonly<Record<string, number>> }
const note = () => JSON.parse(readFileSync(join(root, 'services.json'), 'utf8')) as Note

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

t.test('the first start makes an admin key, says where to look, keeps everything running, and leaves nothing behind', async (t) => {
  const first = launch(t)
  await isUp(first)
  t.equal(first.complained(), '')
  const { urls, pids } = note()
  t.same(Object.keys(pids).sort(), ['command', 'eventstore', 'gateway', 'nats', 'postgres', 'projection', 'query'])
  const key = readFileSync(join(root, 'admin.key'), 'utf8').trim()
  t.match(key, /^bk_[A-Za-z0-9_-]{43}$/)
  t.equal(statSync(join(root, 'admin.key')).mode & 0o777, 0o600)
  t.equal(statSync(join(root, 'notary.key')).mode & 0o777, 0o600, 'O-31 and a key to sign with')
  for (const told of [urls.gateway, urls.docs, urls.health, key, join(root, 'log', '*.log')])
    t.ok(first.said().includes(told), `says ${told}`)

  const common = ['BATON_ORGANIZATION', 'DATABASE_URL', 'EVENTSTORE_URL', 'HOST']
  const given = async (url: string) => (await fetch(`${url}/healthz`)).json()
  t.same(await given(urls.command), ['BATON_ADMIN_KEY', 'BATON_OPERATOR_KEY', 'BATON_SECRETS_KEY_FILE', ...common, 'COMMAND_PORT'].sort())
  t.same(await given(urls.projection), ['BATON_SECRETS_KEY_FILE', ...common, 'NATS_URL', 'PROJECTION_PORT'].sort(), 'nobody else is told the admin key, nor may publish')
  t.equal(statSync(join(root, 'announcer.key')).mode & 0o777, 0o600)
  t.notOk(readFileSync(join(root, 'services.json'), 'utf8').includes(readFileSync(join(root, 'announcer.key'), 'utf8').trim()))
  t.same(await given(urls.gateway), ['COMMAND_URL', 'GATEWAY_PORT', 'QUERY_URL'])

  process.kill(pids.query!, 'SIGKILL')
  await until(() => note().pids.query !== pids.query)
  // What it writes down may be seen before what it says.
  await until(() => /query ended unexpectedly \(SIGKILL\); starting it again\nquery runs again/.test(first.said()))
  t.equal((await fetch(`${urls.query}/healthz`)).status, 200, 'on the same port')

  const all = Object.values({ ...pids, ...note().pids })
  first.process.kill('SIGINT')
  first.process.kill('SIGINT')
  t.same(await first.ended, { code: 0, signal: null }, 'the copy of Ctrl-C that npm sends is not a second one')
  t.match(first.said(), /Baton has stopped\.\n$/)
  t.same(all.filter(isRunning), [])
  t.notOk(existsSync(join(root, 'services.json')))

  const second = launch(t)
  await isUp(second)
  t.same(note().urls, urls, 'a second start has the same ports')
  t.ok(second.said().includes(`kept in ${join(root, 'admin.key')}`) && !second.said().includes(key), 'and does not show the key again')
  const third = launch(t)
  t.match(await third.ended, { code: 1 })
  t.match(third.complained(), /^Baton already runs in .* \(process \d+\): end that one first, or use another folder\.\n$/)

  const pidsOfSecond = Object.values(note().pids)
  second.process.kill('SIGKILL')
  await second.ended
  await until(() => !pidsOfSecond.some(isRunning), 10_000)
  t.pass('a launcher that is killed takes everything with it')
})

t.test('npm that is asked to end takes the launcher with it, though it tells only the shell between them', async (t) => {
  const { process: shell, said, ended } = launch(t, { ports: 'free', throughShell: true, env: { npm_lifecycle_event: 'start' } })
  await until(() => said().includes('Ctrl-C stops it.\n'))
  const pids = Object.values(note().pids)
  shell.kill('SIGTERM')
  await ended
  t.match(said(), /Baton has stopped\.\n$/)
  t.same(pids.filter(isRunning), [])
})

t.test('a start that fails says so in one sentence, and leaves nothing behind', async (t) => {
  const port = await freePort()
  const squatter = createServer().listen(port, '127.0.0.1')
  await once(squatter, 'listening')
  t.teardown(() => squatter.close())
  const taken = launch(t, { env: { GATEWAY_PORT: String(port) } })
  t.match(await taken.ended, { code: 1 })
  t.equal(taken.complained(), `Port ${port} on 127.0.0.1, asked for gateway, is in use: end what listens there, or ask for another port.\n`)

  const broken = launch(t, { ports: 'free', programs: { query: failing } })
  t.match(await broken.ended, { code: 1 })
  t.equal(broken.complained(), `The query service cannot start: DATABASE_URL is not a URL. Its log is ${join(root, 'log', 'query.log')}.\n`)
  t.notOk(existsSync(join(root, 'services.json')) || existsSync(join(root, 'lock')))

  writeFileSync(join(root, 'admin.key'), 'scribble')
  const keyless = launch(t)
  t.match(await keyless.ended, { code: 1 })
  t.match(keyless.complained(), /^\S+admin\.key does not hold an admin key .*: restore it, or remove it and a new one is made\.\n$/)
})
