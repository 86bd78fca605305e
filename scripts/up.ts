import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startEngines, type EngineName } from '../infra/embedded/engines.ts'
import { choosePorts } from '../infra/embedded/ports.ts'
import { defaultRoot } from '../infra/embedded/root.ts'
import { isSecret, secretIn } from '../infra/embedded/secret.ts'
import { notaryKeyIn } from 'shared-service/notary-key.ts'
import { secretsKeyIn } from 'shared-service/sealing.ts'
import { StartFailure } from '../infra/embedded/start-failure.ts'
import type { Supervised } from '../infra/embedded/supervisor.ts'
import { loopback, serviceNames, startServices, type ServiceName } from './services.ts'

export interface UpOptions {
  /** Holds the data, the logs, the admin key and the remembered ports; `.baton` of the checkout by default. */
  readonly root?: string
  /** `remembered` (the default): those of the last start; `free`: any, as tests want it. */
  readonly ports?: 'remembered' | 'free'
  /** Settings; GATEWAY_PORT, COMMAND_PORT, PROJECTION_PORT and QUERY_PORT ask for a port exactly. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Takes a line for every step, and for every process that had to be started again. */
  readonly log: (line: string) => void
  /** What runs as each service. */
  readonly programs?: Readonly<Record<ServiceName, string>>
}

export interface Up {
  readonly root: string
  readonly urls: {
    readonly gateway: string
    readonly docs: string
    readonly health: string
    readonly command: string
    readonly projection: string
    readonly query: string
    readonly eventstore: string
    readonly database: string
    readonly nats: string
  }
  readonly adminKey: KeptKey
  /** Of whoever runs the installation: for all organizations. */
  readonly operatorKey: KeptKey
  /** By name; an engine that runs elsewhere is not among them. */
  readonly processes: Readonly<Partial<Record<EngineName | ServiceName, Supervised>>>
  /** Resolves with a sentence when something cannot be kept running; nothing is stopped by itself then. */
  readonly failed: Promise<string>
  /** Services first, then NATS, Postgres and the event store. */
  stop(): Promise<void>
  /** SIGKILL to everything, now. */
  kill(): void
}

export interface KeptKey {
  readonly key: string
  /** Where it is kept; undefined when the environment gave it. */
  readonly file: string | undefined
  readonly isNew: boolean
}

const defaultPorts: Readonly<Record<ServiceName, number>> = { command: 8081, projection: 8082, query: 8083, gateway: 8080 }

/** Starts everything on this machine. Throws `StartFailure` when somebody has to do something about it; no process is left then. */
export async function up(options: UpOptions): Promise<Up> {
  const { root: given = defaultRoot, ports: wish = 'remembered', env = process.env, log, programs } = options
  const root = resolve(given)
  mkdirSync(root, { recursive: true })
  const adminKey = keptKey(root, 'admin', env)
  const operatorKey = keptKey(root, 'operator', env)
  const NOTARY_KEY_FILE = env.NOTARY_KEY_FILE || notaryKeyIn(join(root, 'notary.key'))
  const BATON_SECRETS_KEY_FILE = env.BATON_SECRETS_KEY_FILE || secretsKeyIn(join(root, 'secrets.key'))
  const asked = askedPorts(env)
  const { promise: failed, resolve: onGivenUp } = Promise.withResolvers<string>()
  let onRestarted = () => {}
  const reports = { log, onGivenUp, onRestarted: () => onRestarted() }
  const engines = await startEngines({ root, env, ports: wish, ...reports })
  const note = join(root, 'services.json')
  // One that was killed has left its note.
  rmSync(note, { force: true })
  try {
    const ports = await choosePorts({ defaults: defaultPorts, asked, log, file: wish === 'free' ? undefined : join(root, 'ports.json') })
    const services = await startServices({
      urls: engines.urls, ports, env: { ...env, BATON_ADMIN_KEY: adminKey.key, BATON_OPERATOR_KEY: operatorKey.key, NOTARY_KEY_FILE, BATON_SECRETS_KEY_FILE }, logFolder: join(root, 'log'), ...reports,
      ...programs ? { programs } : {},
    })
    const gateway = loopback(ports.gateway)
    const { announcer: _, ...shown } = engines.urls
    const urls = {
      gateway, docs: `${gateway}/docs`, health: `${gateway}/healthz`,
      command: loopback(ports.command), projection: loopback(ports.projection), query: loopback(ports.query), ...shown,
    }
    const processes = { ...engines.processes, ...services.processes }
    onRestarted = () => writeNote(note, { urls, ports, processes })
    onRestarted()
    let stopped: Promise<void> | undefined
    const stop = async () => {
      onRestarted = () => {}
      rmSync(note, { force: true })
      await services.stop()
      await engines.stop()
    }
    return {
      root, urls, adminKey, operatorKey, processes, failed, stop: () => stopped ??= stop(),
      kill() {
        rmSync(note, { force: true })
        for (const { pid } of Object.values(processes)) killNow(pid)
      },
    }
  } catch (error) {
    await engines.stop()
    throw error
  }
}

function keptKey(root: string, of: 'admin' | 'operator', env: Readonly<Record<string, string | undefined>>): KeptKey {
  const variable = `BATON_${of.toUpperCase()}_KEY`
  const given = env[variable]
  if (given) {
    if (!isSecret(given, 'bk_')) throw new StartFailure(`${variable} is not bk_ and 43 base64url characters: correct it, or leave it out and one is made.`)
    return { key: given, file: undefined, isNew: false }
  }
  const file = join(root, `${of}.key`)
  const { secret: key, isNew } = secretIn(file, `an ${of} key`, 'bk_')
  return { key, file, isNew }
}

function askedPorts(env: Readonly<Record<string, string | undefined>>): Partial<Record<ServiceName, number>> {
  const asked: Partial<Record<ServiceName, number>> = {}
  for (const name of serviceNames) {
    const variable = `${name.toUpperCase()}_PORT`
    const value = env[variable]
    if (!value) continue
    const port = Number(value)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new StartFailure(`${variable} is "${value}": give a port between 1 and 65535, or leave it out.`)
    }
    asked[name] = port
  }
  return asked
}

function writeNote(file: string, { urls, ports, processes }: Pick<Up, 'urls' | 'processes'> & { readonly ports: object }) {
  const pids = Object.fromEntries(Object.entries(processes).map(([name, { pid }]) => [name, pid]))
  // A given DATABASE_URL may hold a password.
  writeFileSync(file, `${JSON.stringify({ pid: process.pid, urls, ports, pids }, undefined, 2)}\n`, { mode: 0o600 })
}

function killNow(pid: number) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** Where to look, line by line. */
export function guide({ urls, root, adminKey, operatorKey }: Up): string {
  const kept = ({ key, file, isNew }: KeptKey) => (file === undefined ? 'as the environment gives it' : isNew ? `${key}  (shown this once; kept in ${file})` : `kept in ${file}`)
  return [
    'Baton is up.',
    `  dashboard  ${urls.gateway}/app  (sign in with the admin key)`,
    `  API        ${urls.gateway}/api/v1`,
    `  docs       ${urls.docs}`,
    `  health     ${urls.health}`,
    `  logs       ${join(root, 'log', '*.log')}`,
    `  admin key  ${kept(adminKey)}`,
    `  operators  ${operatorKey.file === undefined ? 'key as the environment gives it' : `key kept in ${operatorKey.file}`}`,
    'Ctrl-C stops it.',
  ].join('\n')
}

// npm hands Ctrl-C on to a script that the terminal has already sent it to, so the second of two in a moment is the same one.
const SAME_SIGNAL_MS = 500
const ORPHAN_WATCH_MS = 250

export interface MainOptions extends UpOptions {
  /** What to do while everything runs, and whether to go on serving after it. */
  readonly then?: (running: Up) => Promise<'serve' | 'stop'>
}

/** Starts everything, does `then`, goes on serving when that says so, until a signal comes; ends this process. */
export async function main({ then, ...options }: MainOptions): Promise<never> {
  const { log } = options
  // Whoever has stopped reading what is said here, as `head` does, has not asked for an end.
  process.stdout.on('error', () => {})
  let running: Up | undefined
  let code = 0
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  let askedAt: number | undefined
  const stopOrKill = () => {
    if (askedAt === undefined) {
      askedAt = Date.now()
      log(running ? 'Stopping; once more kills.' : 'Stopping when the start is through; once more kills.')
      ask()
    } else if (Date.now() - askedAt > SAME_SIGNAL_MS) {
      // What is just starting ends with this process, by its guard.
      running?.kill()
      process.exit(130)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopOrKill)
  if (process.env.npm_lifecycle_event !== undefined) onOrphaned(() => { if (askedAt === undefined) stopOrKill() })
  try {
    refuseOldNode()
    running = await up({ ...options, env: withCompileCache(options) })
    const { failed } = running
    if (askedAt === undefined) {
      log(guide(running))
      const serve = async () => { if (await then?.(running!) !== 'stop') await asked }
      const sentence = await Promise.race([serve(), asked, failed])
      if (typeof sentence === 'string') {
        throw new StartFailure(`${sentence}: everything is stopped; the logs are in ${join(running.root, 'log')}.`)
      }
    }
  } catch (error) {
    code = 1
    const { message } = error as Error
    process.stderr.write(`${error instanceof StartFailure ? message : `Baton ends on an unexpected error: ${message}`}\n`)
  }
  await running?.stop()
  if (running) log('Baton has stopped.')
  process.exit(code)
}

/** npm hands SIGTERM to the shell between it and its script, and that ends without a word to the script. */
function onOrphaned(then: () => void) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    then()
  }, ORPHAN_WATCH_MS)
  watch.unref()
}

/** Services start in half the time, and a tenth smaller, when Node finds them stripped and compiled. */
const withCompileCache = ({ root = defaultRoot, env = process.env }: UpOptions) => ({ NODE_COMPILE_CACHE: resolve(root, 'cache'), ...env })

function refuseOldNode() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return
  throw new StartFailure(`Baton needs Node 24 and this is ${process.version}:`
    + ' start it with npm (npm start), which brings its own after \`npm ci\`, or install Node 24.')
}

const usage = `Usage: npm start [-- --root DIR]

Starts Baton on this machine, with its data in DIR (default: .baton), until Ctrl-C.
EVENTSTORE_URL, DATABASE_URL and NATS_URL replace an embedded engine each; GATEWAY_PORT sets the port (default: 8080).`

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const log = (line: string) => { process.stdout.write(`${line}\n`) }
  try {
    const { values } = parseArgs({ options: { root: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
    if (values.help) log(usage)
    else await main({ log, ...values.root ? { root: values.root } : {} })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`)
    process.exitCode = 2
  }
}
