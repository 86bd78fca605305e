import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ChildFailure, startChild, type Child } from '../infra/embedded/child.ts'
import type { EngineUrls } from '../infra/embedded/engines.ts'
import { compileCache } from '../infra/embedded/compile-cache.ts'
import { openLog } from '../infra/embedded/log-file.ts'
import { StartFailure } from '../infra/embedded/start-failure.ts'
import { supervise, type Reports, type Supervised } from '../infra/embedded/supervisor.ts'

export const serviceNames = ['command', 'projection', 'query', 'gateway'] as const
export type ServiceName = typeof serviceNames[number]

export interface ServicesOptions extends Reports {
  readonly urls: EngineUrls
  /** On 127.0.0.1. */
  readonly ports: Readonly<Record<ServiceName, number>>
  /** Given to the services besides what they are told here; BATON_ADMIN_KEY and BATON_OPERATOR_KEY to the command service alone. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** One file each. */
  readonly logFolder: string
  /** What runs as each service. */
  readonly programs?: Readonly<Record<ServiceName, string>>
}

export interface Services {
  readonly processes: Readonly<Record<ServiceName, Supervised>>
  /** The gateway first, so that nobody is let in any more. */
  stop(): Promise<void>
}

const program = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

const ours: Readonly<Record<ServiceName, string>> = {
  command: program('command-service/src/main.ts'),
  projection: program('projection-service/src/main.ts'),
  query: program('query-service/src/main.ts'),
  gateway: program('infra/gateway/main.ts'),
}

/**
 * Services keep little; without a bound Node lets garbage grow to hundreds of megabytes before it looks, and the threads that compile what
 * is hot keep thirty and more of their own: that is done in turn instead.
 */
export const lean = ['--max-semi-space-size=4', '--max-old-space-size=128', '--no-concurrent-recompilation']

const READY_TIMEOUT_MS = 60_000
const PROBE_TIMEOUT_MS = 1_000
/** They promise to end within 5 s. */
const STOP_TIMEOUT_MS = 8_000

export const loopback = (port: number) => `http://127.0.0.1:${port}`

/** Starts the three services and the gateway, each started again when it dies. Throws `StartFailure`; no process is left then. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { ports, programs = ours, log, onGivenUp, onRestarted } = options
  const processes: Partial<Record<ServiceName, Supervised>> = {}
  const stop = async () => {
    await processes.gateway?.stop()
    await Promise.all(serviceNames.map((name) => processes[name]?.stop()))
  }
  const failure = new AbortController()
  const outcomes = await Promise.allSettled(serviceNames.map(async (name) => {
    const file = join(options.logFolder, `${name}.log`)
    const { write } = openLog(file)
    processes[name] = await supervise({
      name, log, onGivenUp, onRestarted,
      start: (abort) => startService(name, {
        program: programs[name], port: ports[name], env: environmentOf(name, options), file, output: write,
        abort: AbortSignal.any([abort, failure.signal]),
      }),
    }).catch((error: unknown) => {
      // The others need not get ready for nothing.
      if (!failure.signal.aborted) failure.abort(error)
      throw error
    })
    log(`${name} on ${loopback(ports[name])}`)
  }))
  if (outcomes.some(({ status }) => status === 'rejected')) {
    await stop()
    throw failure.signal.reason
  }
  return { processes: processes as Record<ServiceName, Supervised>, stop }
}

function environmentOf(name: ServiceName, { urls, ports, env }: ServicesOptions): NodeJS.ProcessEnv {
  const { BATON_ADMIN_KEY, BATON_OPERATOR_KEY, NOTARY_KEY_FILE, BATON_SECRETS_KEY_FILE, ...rest } = env
  if (name === 'gateway') {
    const { command, query, gateway } = ports
    return { ...rest, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: String(gateway), COMMAND_URL: loopback(command), QUERY_URL: loopback(query) }
  }
  return {
    ...rest, ...name === 'command' ? given({ BATON_ADMIN_KEY, BATON_OPERATOR_KEY }) : {}, ...name === 'projection' ? {} : given({ NOTARY_KEY_FILE }), ...name === 'query' ? {} : given({ BATON_SECRETS_KEY_FILE }),
    HOST: '127.0.0.1', [`${name.toUpperCase()}_PORT`]: String(ports[name]), BATON_ORGANIZATION: env.BATON_ORGANIZATION || 'default',
    EVENTSTORE_URL: urls.eventstore, DATABASE_URL: urls.database, ...name === 'projection' ? { NATS_URL: urls.announcer } : {},
  }
}

const given = (env: NodeJS.ProcessEnv) => Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))

interface Start {
  readonly program: string
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  readonly file: string
  readonly output: (chunk: string) => void
  readonly abort: AbortSignal
}

async function startService(name: ServiceName, { program, port, env, file, output, abort }: Start): Promise<Child> {
  try {
    return await startChild({
      name, command: process.execPath, args: [...lean, program], env: { ...compileCache, ...env }, output, abort, ready: { probe: () => isReady(name, port) },
      ready_timeout_ms: READY_TIMEOUT_MS, stopSignal: 'SIGTERM', stop_timeout_ms: STOP_TIMEOUT_MS,
    })
  } catch (error) {
    if (!(error instanceof ChildFailure)) throw error
    const said = lastWords(error.tail)
    const reason = /was not ready/.test(error.message) ? `${error.message}${said && `; it said last: ${said}`}` : said || error.message
    throw new StartFailure(`The ${name === 'gateway' ? name : `${name} service`} cannot start: ${reason.replace(/[.\s]+$/, '')}.`
      + ` Its log is ${file}.`)
  }
}

/** The gateway is of use as soon as it answers: what it answers is about the services behind it. */
async function isReady(name: ServiceName, port: number): Promise<boolean> {
  const response = await fetch(`${loopback(port)}/healthz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
  await response.body?.cancel()
  return response.ok || name === 'gateway'
}

/** The message of the last line, be it a JSON line or a plain one, without the words that are said anyway. */
function lastWords(tail: string): string {
  const isNoise = (line: string) => line.trim() === '' || /^\s+at |^Node\.js v|^\(node:|^\(Use `node/.test(line)
  const line = tail.trim().split('\n').findLast((line) => !isNoise(line)) ?? ''
  return messageOf(line).replace(/^.*?cannot start: /, '')
}

function messageOf(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } }
    return [...new Set([msg, err?.message])].filter((part) => part !== undefined).join(': ')
  } catch {
    return line
  }
}
