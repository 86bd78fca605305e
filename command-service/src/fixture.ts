import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { EventStoreDBClient } from '@eventstore/db-client'
import pg from 'pg'
import type { Test } from 'tap'
import { choices, deciders, gate, notary, processes, settings, sweeps, watches } from 'shared-domain/catalogue.ts'
import { startEngines } from '../../infra/embedded/engines.ts'
import { startChild, type Child, type Exit } from '../../infra/embedded/child.ts'
import { folderFor, forChildren } from '../../infra/embedded/testing.ts'
import { start, type Catalogue } from './app.ts'
import { configFrom, type Config } from './config.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: any
}

export interface Replica {
  readonly url: string
  readonly pid: number
  said(): string
  stop(): Promise<Exit>
}

export const freshKey = () => `bk_${randomBytes(32).toString('base64url')}`

export const catalogue: Catalogue = { deciders, processes, choices, settings, notary, gate, sweeps, watches }

/** A command service on real engines, and another organization's on the same ones. For tests only. */
export async function house(t: Test, served: Catalogue = catalogue, overrides: Partial<Config> = {}) {
  const root = folderFor(t, 'command')
  const engines = await startEngines({ root, env: { NATS_URL: 'nats://127.0.0.1:1' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
  const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
  const db = new pg.Client({ connectionString: engines.urls.database })
  db.on('error', () => undefined)
  await db.connect()
  const key = freshKey()
  const environment = { EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: engines.urls.database, COMMAND_PORT: '0', LOG_LEVEL: 'silent', BATON_ADMIN_KEY: key }
  const service = await start({ ...configFrom(environment), ...overrides }, served, () => undefined)
  const replicas: Child[] = []

  /** Another process: two clients of the event store's library in one process disturb each other. */
  async function replica(env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    const child = await startChild({
      name: 'replica', command: process.execPath, args: [join(import.meta.dirname, 'main.ts')],
      env: { ...forChildren, ...environment, ...env },
      ready: (output) => output.includes('"msg":"ready"'), ready_timeout_ms: 20_000, stopSignal: 'SIGTERM', stop_timeout_ms: 8_000,
    })
    replicas.push(child)
    const { url } = child.tail().split('\n').filter(Boolean).map((line) => (line.startsWith('{') ? JSON.parse(line) : {})).find(({ msg }) => msg === 'ready')
    return { url, pid: child.pid, said: () => child.tail(), stop: () => child.stop() }
  }

  t.teardown(async () => {
    for (const child of replicas) await child.stop()
    await service.stop()
    await client.dispose()
    await db.end().catch(() => undefined)
    await engines.stop()
  })
  return { engines, client, db, key, service, replica }
}

/** Asks as somebody. */
export const asking = (url: string, key: string | undefined) => async (route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> => {
  const [method, path] = route.split(' ') as [string, string]
  const response = await fetch(path.startsWith('/api') || path.startsWith('/healthz') ? url + path : `${url}/api/v1${path}`, {
    method,
    headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text }
}

/** Waits until it is so, at most ten seconds. */
export async function until<T>(probe: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = await probe()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('it did not become so within ten seconds')
}
