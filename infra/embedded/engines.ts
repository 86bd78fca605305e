import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ChildFailure, guardHere, startChild } from './child.ts'
import { takeLock } from './lock.ts'
import { openLog } from './log-file.ts'
import { announcing, startNats } from './nats.ts'
import { choosePorts, freePort } from './ports.ts'
import { startPostgres } from './postgres.ts'
import { secretIn } from './secret.ts'
import { StartFailure } from './start-failure.ts'
import { supervise, type Reports, type Running, type Supervised } from './supervisor.ts'

export interface EngineUrls {
  readonly eventstore: string
  readonly database: string
  readonly nats: string
  /** NATS, for whoever may publish there. */
  readonly announcer: string
}

export type EngineName = 'eventstore' | 'postgres' | 'nats'

export interface EnginesOptions extends Reports {
  /** Holds everything: data, logs, the remembered ports, the lock. */
  readonly root: string
  /** EVENTSTORE_URL, DATABASE_URL and NATS_URL each stand for an engine that runs elsewhere and is only used. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** `remembered`: those of the last start; `free`: any, as tests want it. */
  readonly ports: 'remembered' | 'free'
}

export interface Engines {
  readonly urls: EngineUrls
  /** Those that were started here. */
  readonly processes: Readonly<Partial<Record<EngineName, Supervised>>>
  /** NATS, then Postgres, then the event store; whatever uses them is to be stopped before. */
  stop(): Promise<void>
}

const stopOrder = ['nats', 'postgres', 'eventstore'] as const satisfies readonly EngineName[]
const defaults = { eventstore: 2113, postgres: 5433, nats: 4222 } as const
const variables = { eventstore: 'EVENTSTORE_URL', postgres: 'DATABASE_URL', nats: 'NATS_URL' } as const

/** A fetched nats-server serves every folder that is run from this checkout. */
const binDir = fileURLToPath(new URL('../../.baton/bin', import.meta.url))

/** Starts every engine that no URL names. Throws `StartFailure`; no process is left then. */
export async function startEngines({ root: given, env, ports: wish, ...reports }: EnginesOptions): Promise<Engines> {
  const root = resolve(given)
  const unlock = takeLock(root)
  try {
    const names = stopOrder.filter((name) => !env[variables[name]])
    if (guardHere === 'watcher' && names.length > 0) {
      reports.log('there is no setpriv here, so a watcher process each ends the engines should this one be killed')
    }
    const ports = await choosePorts({
      // Of those that are given by a URL, the ports are neither chosen nor asked for below.
      defaults: Object.fromEntries(names.map((name) => [name, defaults[name]])) as Record<EngineName, number>,
      file: wish === 'free' ? undefined : join(root, 'ports.json'), log: reports.log,
    })
    const password = names.includes('nats') ? secretIn(join(root, 'announcer.key'), 'the password of the announcer').secret : undefined
    const nats = env.NATS_URL || `nats://127.0.0.1:${ports.nats}`
    const placeOf = (name: EngineName): Place => ({
      dir: join(root, name), port: ports[name], password, env, output: openLog(join(root, 'log', `${name}.log`)).write, log: reports.log,
    })
    const processes = await startAll(names, placeOf, reports)
    return {
      processes,
      urls: {
        eventstore: env.EVENTSTORE_URL || `esdb://127.0.0.1:${ports.eventstore}?tls=false`,
        database: env.DATABASE_URL || `postgres://postgres@127.0.0.1:${ports.postgres}/baton`,
        nats,
        announcer: password ? announcing(nats, password) : nats,
      },
      async stop() {
        await stopAll(processes)
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

interface Place {
  readonly dir: string
  readonly port: number
  readonly password: string | undefined
  readonly env: EnginesOptions['env']
  readonly output: (chunk: string) => void
  readonly log: (line: string) => void
}

type Start = (place: Place) => Promise<Running & { readonly source: string }>

const starts: Readonly<Record<EngineName, Start>> = {
  eventstore: startEventStore,
  postgres: async (place) => {
    const server = await startPostgres(place)
    return { ...server, source: `PostgreSQL ${server.version} from ${server.source}` }
  },
  nats: (place) => startNats({ ...place, binDir }),
}

async function startAll(names: readonly EngineName[], placeOf: (name: EngineName) => Place, reports: Reports) {
  const processes: Partial<Record<EngineName, Supervised>> = {}
  const outcomes = await Promise.allSettled(names.map(async (name) => {
    const place = placeOf(name)
    let source = ''
    processes[name] = await supervise({
      ...reports, name,
      async start() {
        const engine = await starts[name](place)
        source = engine.source
        return engine
      },
    })
    reports.log(`${name} on 127.0.0.1:${place.port} (${source})`)
  }))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) {
    await stopAll(processes)
    throw failed.reason
  }
  return processes
}

async function stopAll(processes: Readonly<Partial<Record<EngineName, Supervised>>>) {
  for (const name of stopOrder) await processes[name]?.stop()
}

export interface EventStoreOptions {
  readonly dir: string
  /** Absent: any free one. */
  readonly port?: number | undefined
  readonly env?: EnginesOptions['env']
  readonly output?: ((chunk: string) => void) | undefined
}

export interface EventStore extends Running {
  readonly url: string
  readonly port: number
  readonly source: string
}

/** Left alone, Node lets the space for new objects grow to 128 MB on a machine with much memory. */
const lean = ['--max-semi-space-size=8']

const program = fileURLToPath(new URL('eventstore/main.ts', import.meta.url))

/** The embedded event store as a child of this process. Throws `StartFailure`; no process is left then. */
export async function startEventStore({ dir, port: wish, env = process.env, output }: EventStoreOptions): Promise<EventStore> {
  const port = wish ?? await freePort()
  const url = `esdb://127.0.0.1:${port}?tls=false`
  if (!existsSync(program)) throw new StartFailure(`The embedded event store is missing (${program}): set EVENTSTORE_URL.`)
  try {
    const child = await startChild({
      name: 'eventstore', command: process.execPath, args: [...lean, program, '--dir', dir, '--port', String(port)], env, output,
      // It reads its whole log when it starts.
      ready: (said) => said.includes(url), ready_timeout_ms: 120_000, stopSignal: 'SIGTERM', stop_timeout_ms: 20_000,
    })
    return { ...child, url, port, source: 'embedded' }
  } catch (error) {
    if (!(error instanceof ChildFailure)) throw error
    if (/EADDRINUSE|already in use/.test(error.tail)) {
      throw new StartFailure(`Port ${port} on 127.0.0.1 is in use, so the event store cannot start:`
        + ' end what listens there, or choose another port.')
    }
    // Its own sentences say what to do. Of a crash, the line that names the error is told, not the stack.
    const lines = error.tail.trim().split('\n').filter((line) => !/^\s|^Node\.js v|^[}\]]/.test(line))
    throw new StartFailure(`The event store cannot start: ${lines.at(-1) || error.message}`)
  }
}
