import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { ApiKey } from 'shared-domain/fleet/key/events.ts'
import { keyIdOf } from 'shared-domain/fleet/key/state.ts'
import type { Scope } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent } from 'shared-domain/kernel/fact.ts'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { z } from 'zod'
import { startServer, type EventStoreServer } from '../../infra/embedded/eventstore/server.ts'
import type { OpenStore } from '../../infra/embedded/eventstore/storage/options.ts'
import { openStore } from '../../infra/embedded/eventstore/store.ts'
import { startPostgres } from '../../infra/embedded/postgres.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { start, type Catalogue, type Service } from './app.ts'
import { foundation, walled } from 'shared-service/wall.ts'
import { inner } from 'shared-service/columns.ts'
import { configFrom, type Config } from './config.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: any
}

export interface Wishes {
  readonly organization?: string
  readonly orchestrator?: string | null
  readonly scopes?: readonly Scope[]
  readonly expiresAt?: string | null
  readonly ratePerMinute?: number | null
}

/** An event store that can be taken away and brought back in its place. */
async function eventStoreIn(dir: string) {
  let port = 0
  let running: { store: OpenStore; server: EventStoreServer } | undefined
  const up = async () => {
    const store = await openStore({ dir })
    const server = await startServer({ store, port, host: '127.0.0.1' })
    port = server.port
    running = { store, server }
  }
  const down = async () => {
    await running?.server.stop()
    await running?.store.close()
    running = undefined
  }
  await up()
  return { up, down, url: `esdb://127.0.0.1:${port}?tls=false` }
}

/** A query service on real engines, with the tables that a projection service would have made. */
export async function house(t: Test, catalogue: Catalogue, overrides: Partial<Config> = {}) {
  const root = folderFor(t, 'query')
  const eventStore = await eventStoreIn(join(root, 'eventstore'))
  const postgres = await startPostgres({ dir: join(root, 'postgres') })
  const store = EventStoreDBClient.connectionString(eventStore.url)
  const db = new pg.Client({ connectionString: postgres.url })
  db.on('error', () => {})
  await db.connect()
  const services: Service[] = []
  t.teardown(async () => {
    for (const service of services) await service.stop()
    await store.dispose()
    await db.end()
    await eventStore.down()
    await postgres.stop()
  })

  const serve = async (more: Partial<Config> = {}) => {
    const config = {
      ...configFrom({ EVENTSTORE_URL: eventStore.url, DATABASE_URL: postgres.url, QUERY_PORT: '0', LOG_LEVEL: 'silent' }),
      wait_ms: 250, retry_ms: 50, keyAge_ms: 600_000, heartbeat_ms: 100, ...overrides, ...more,
    }
    const service = await start(config, catalogue)
    services.push(service)
    return service
  }

  const append = async (stream: string, organization: string, facts: readonly AnyEvent[], meta: Row = {}) => {
    const { position } = await store.appendToStream(stream, facts.map(({ type, data }) => jsonEvent({
      type, data: data as never,
      metadata: {
        version: type === 'ApiKeyGenerated' ? 2 : 1, at: new Date().toISOString(), by: { kind: 'admin', id: 'ada' }, organization, commandId: randomUUID(),
        $correlationId: 'c-1', ...meta,
      } as never,
    })))
    return String(position?.commit)
  }

  return {
    eventStore, store, db, serve, append,

    async makeTables(models: readonly ReadModel[], commit: number) {
      await db.query(foundation)
      await db.query(`create table checkpoint(name text primary key, model text, version int, active boolean,
        commit bigint, prepare bigint, store text, updated_at timestamptz)`)
      await db.query(`create table key_use(organization text, key uuid, last timestamptz(3), address text, count bigint, primary key (organization, key))`)
      await db.query(`${walled('checkpoint', 'checkpoint', 'everybody')}; ${walled('key_use', 'key_use')}`)
      for (const model of models) {
        const columns = Object.entries<z.ZodType>(model.row.shape).map(([column, schema]) => `"${column}" ${sqlType(schema)}`)
        const table = `${model.name}_v${model.version}`
        const key = ['organization', ...model.key].map((column) => `"${column}"`).join(', ')
        await db.query(`create table "${table}"(organization text, ${columns.join(', ')}, primary key (${key}))`)
        await db.query(`create view "${model.name}" as select * from "${table}"; ${walled(model.name, table, model.operators ? 'operators' : 'organization')}`)
        const row = [table, model.name, model.version, commit, '']
        await db.query('insert into checkpoint values ($1, $2, $3, true, $4, $4, $5, now())', row)
      }
    },

    insert: (model: ReadModel, organization: string, row: Row) => {
      const columns = ['organization', ...Object.keys(row)]
      const stored = Object.values(row).map((value) => (value !== null && typeof value === 'object' ? JSON.stringify(value) : value))
      const places = columns.map((_, n) => `$${n + 1}`).join(', ')
      return db.query(`insert into "${model.name}" ("${columns.join('", "')}") values (${places})`, [organization, ...stored])
    },

    async move(model: ReadModel, commit: number) {
      await db.query('update checkpoint set commit = $2 where model = $1', [model.name, commit])
      await db.query(`select pg_notify('baton_position', $1)`, [JSON.stringify({ [model.name]: String(commit) })])
    },

    async makeKey({ organization = 'acme', orchestrator = null, scopes = ['read'], expiresAt = null, ratePerMinute = null }: Wishes = {}) {
      const key = `bk_${randomBytes(32).toString('base64url')}`
      const hash = createHash('sha256').update(key).digest('hex')
      const id = keyIdOf(hash)
      const facts = [ApiKey.ApiKeyGenerated({
        orchestrator: orchestrator as never, name: 'key', hash, prefix: key.slice(0, 12), scopes: [...scopes], expiresAt, replaces: null, agent: null, daemon: null, ratePerMinute, overlap_s: 0,
      })]
      const position = await append(`apiKey-${id}`, organization, facts)
      const revoke = () => append(`apiKey-${id}`, organization, [ApiKey.ApiKeyRevoked({ orchestrator: null, reason: null })])
      return { key, id, hash, position, revoke }
    },
  }
}

export async function ask(service: Service, path: string, key?: string, headers: Record<string, string> = {}): Promise<Reply> {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(service.url + path, { headers: { ...authorization, ...headers } })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/** Waits until something is so; fails after a bound. */
export async function until(what: string, isSo: () => Promise<unknown>, limit_ms = 20_000) {
  for (const end = performance.now() + limit_ms; performance.now() < end;) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`within ${limit_ms} ms it did not come true that ${what}`)
}

const formatOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { unrepresentable: 'any' }) as { format?: string; sql?: string; type?: string; minItems?: number; enum?: unknown[] }

function sqlType(schema: z.ZodType): string {
  const { format, sql, type } = formatOf(inner(schema) as z.ZodType)
  if (sql) return sql
  if (format === 'uuid') return format
  if (format === 'date-time') return 'timestamptz(3)'
  return { integer: 'bigint', number: 'double precision', boolean: 'boolean', string: 'text' }[type ?? ''] ?? 'jsonb'
}

/** Some value that the schema takes; numbers tell values apart. */
export function sample(schema: z.ZodType, n: number): unknown {
  const plain = inner(schema) as z.ZodType
  const { format, sql, type, minItems, enum: words } = formatOf(plain)
  if (words) return words[0]
  if (format === 'uuid') return `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
  if (format === 'date') return '2030-01-01'
  if (format === 'date-time') return '2030-01-01T00:00:00.000Z'
  if (sql === 'bigint' && type === 'string') return String(n)
  if (plain instanceof z.ZodObject) return Object.fromEntries(Object.entries<z.ZodType>(plain.shape).map(([name, field]) => [name, sample(field, n)]))
  const text = [`text ${n}`, 'UTC'].find((one) => schema.safeParse(one).success) ?? `text ${n}`
  return { integer: n, number: n, boolean: true, string: text, array: minItems ? [sample((plain as z.ZodArray<z.ZodType>).element, n)] : [] }[type ?? ''] ?? {}
}

export const sampleRow = (model: ReadModel, n: number, more: Row = {}): Row =>
  ({ ...Object.fromEntries(Object.entries<z.ZodType>(model.row.shape).map(([column, schema]) => [column, sample(schema, n)])), ...more })
