import { randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventStoreDBClient, jsonEvent, START, streamNameFilter } from '@eventstore/db-client'
import { connect } from 'nats'
import pg from 'pg'
import { deciders } from 'shared-domain/catalogue.ts'
import { Api } from '../../scripts/api.ts'
import { verify } from '../../scripts/audit/verify.ts'
import { lean } from '../../scripts/services.ts'
import { up } from '../../scripts/up.ts'
import { startChild } from '../embedded/child.ts'
import { compileCache } from '../embedded/compile-cache.ts'
import { startEngines } from '../embedded/engines.ts'
import { freePort } from '../embedded/ports.ts'
import { closeConnections, median, percentile, post, rate, resident_mb } from './measure.ts'

interface Line {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** Of the floor that was measured in the same run. */
  readonly ratio?: number
  readonly target?: string
}

const lines: Line[] = []

function tell(what: string, value: number, unit: string, more: { ratio?: number; target?: string } = {}) {
  lines.push({ what, value, unit, ...more })
  const ratio = more.ratio === undefined ? '' : `${more.ratio.toFixed(2)} x`
  process.stdout.write(`${what.padEnd(58)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(9)} ${ratio.padStart(8)}  ${more.target ?? ''}\n`)
}

const events_count = 100_000
const rounds = 3
const slice_ms = 2_500

function folder(name: string) {
  const dir = mkdtempSync(join(tmpdir(), name))
  chmodSync(dir, 0o755)
  return dir
}

type Service = 'command' | 'projection'

/** One service on its own, as `npm start` runs it. */
async function service(name: Service, env: NodeJS.ProcessEnv) {
  const port = await freePort()
  const child = await startChild({
    name, command: process.execPath, args: [...lean, join(import.meta.dirname, `../../${name}-service/src/main.ts`)],
    env: { ...compileCache, PATH: process.env.PATH, LOG_LEVEL: 'error', [`${name.toUpperCase()}_PORT`]: String(port), ...env },
    ready: (output) => output.includes('"ready"'), ready_timeout_ms: 30_000, stopSignal: 'SIGTERM', stop_timeout_ms: 8_000,
  })
  return { ...child, url: `http://127.0.0.1:${port}` }
}

const appendBy = (client: EventStoreDBClient, body: string) => () => client.appendToStream(
  `bench-${randomUUID()}`,
  [jsonEvent({ type: 'Bench', data: JSON.parse(body), metadata: { $correlationId: randomUUID(), by: { kind: 'admin', id: 'x' } } })],
  { expectedRevision: 'no_stream' },
)

async function bodyFor(url: string, key: string) {
  const { id: owner } = await new Api(url, key).post('/orchestrators', { name: 'Bench' })
  return JSON.stringify({ owner, title: 'Summarise the incident of last night', priority: 'HIGH', tags: ['bench'], metadata: { source: 'load', pad: 'x'.repeat(80) } })
}

/** Commands over HTTP against appends of the bare client, in turns, at the same concurrency. */
async function commandsAlone() {
  const root = folder('baton-commands-')
  const engines = await startEngines({ root, env: { NATS_URL: 'nats://127.0.0.1:1' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
  const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
  const key = `bk_${randomBytes(32).toString('base64url')}`
  const command = await service('command', { EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: engines.urls.database, BATON_ADMIN_KEY: key })
  try {
    const body = await bodyFor(command.url, key)
    const create = () => post(`${command.url}/api/v1/tasks`, key, body)
    const append = appendBy(client, body)
    await rate(16, 1_500, create)
    await rate(16, 1_500, append)
    for (const inFlight of [1, 16, 64]) {
      const [floor, ours] = [[] as number[], [] as number[]]
      for (let round = 0; round < rounds; round++) {
        floor.push(await rate(inFlight, slice_ms, append))
        ours.push(await rate(inFlight, slice_ms, create))
      }
      tell(`append by @eventstore/db-client, ${inFlight} in flight`, median(floor), '/s')
      tell(`command over HTTP, ${inFlight} in flight`, median(ours), '/s', { ratio: median(ours) / median(floor), target: '>= 0.5 x append' })
    }
  } finally {
    closeConnections()
    await command.stop()
    await client.dispose()
    await engines.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

/** The same with all of Baton on the same cores, how long facts take to arrive, and what it all needs. */
async function wholeBaton() {
  const root = folder('baton-bench-')
  const baton = await up({ root, ports: 'free', log: () => undefined, env: { ...process.env, LOG_LEVEL: 'warn' } })
  const client = EventStoreDBClient.connectionString`${baton.urls.eventstore}`
  try {
    const { command, projection, query, gateway, eventstore } = baton.processes
    const services = { command, projection, query, gateway, eventstore }
    for (const [name, child] of Object.entries(services)) if (child) tell(`memory at rest: ${name}`, resident_mb(child.pid), 'MB', { target: 'aim < 120' })
    const body = await bodyFor(baton.urls.gateway, baton.adminKey.key)
    const { owner } = JSON.parse(body) as { owner: string }
    const create = () => post(`${baton.urls.command}/api/v1/tasks`, baton.adminKey.key, body)
    const append = appendBy(client, body)
    await rate(16, 1_500, create)
    const [floor, ours] = [await rate(16, slice_ms, append), await rate(16, 2 * slice_ms, create)]
    tell('append, all of Baton on the same cores, 16 in flight', floor, '/s')
    tell('command, all of Baton on the same cores, 16 in flight', ours, '/s', { ratio: ours / floor })
    for (const [name, child] of Object.entries(services)) if (child) tell(`memory under load: ${name}`, resident_mb(child.pid), 'MB', { target: 'aim < 120' })
    await latencies(baton, owner)
    const { events, elapsed_ms, models } = await verify(client, baton.urls.database, [])
    if (models.some(({ difference }) => difference)) throw new Error('the read models do not equal a replay')
    tell('audit verify, all read models', (events / elapsed_ms) * 1_000, 'facts/s')
  } finally {
    closeConnections()
    await client.dispose()
    await baton.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

/** From the answer to a command until a consumer has the fact, and until the row can be read. */
async function latencies({ urls, adminKey }: Awaited<ReturnType<typeof up>>, owner: string) {
  const nats = await connect({ servers: urls.nats })
  const seen = new Map<string, number>()
  const consumer = await nats.jetstream().consumers.get('BATON_EVENTS', { filterSubjects: `baton.*.task.TaskCreated.${owner}.*`, deliver_policy: 'new' as never })
  const messages = await consumer.consume()
  const reading = (async () => {
    for await (const message of messages) seen.set(message.json<{ subject: string }>().subject.slice('task-'.length), performance.now())
  })()
  const api = new Api(urls.command, adminKey.key)
  const questions = new Api(urls.query, adminKey.key)
  const [announced, visible] = [[] as number[], [] as number[]]
  const answered = new Map<string, number>()
  for (let n = 0; n < 300; n++) {
    const { id, position } = await api.post('/tasks', { owner, title: 'latency' })
    const at = performance.now()
    answered.set(id, at)
    await questions.get(`/tasks/${id}?minPosition=${position}`)
    visible.push(performance.now() - at)
  }
  for (let tries = 0; tries < 200 && [...answered.keys()].some((id) => !seen.has(id)); tries++) await new Promise((resolve) => setTimeout(resolve, 25))
  for (const [id, at] of answered) announced.push(Math.max(0, (seen.get(id) ?? NaN) - at))
  messages.stop()
  await nats.close()
  await reading
  tell('command answered -> consumer has it over NATS, p50', percentile(announced, 0.5), 'ms')
  tell('command answered -> consumer has it over NATS, p99', percentile(announced, 0.99), 'ms')
  tell('command answered -> row visible (minPosition), p50', percentile(visible, 0.5), 'ms')
  tell('command answered -> row visible (minPosition), p99', percentile(visible, 0.99), 'ms')
}

const owners = Array.from({ length: 50 }, () => randomUUID())
const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!

/** Tasks as the command service stores them, several facts each. */
function history(n: number) {
  const [owner, slot] = [pick(owners, n), randomUUID()]
  const at = new Date(1_700_000_000_000 + n * 1_000).toISOString()
  const metadata = { version: 1, at, by: { kind: 'orchestrator', id: owner }, organization: 'bench', commandId: slot, $correlationId: slot, $causationId: slot }
  const lease = { holder: owner, token: '1', slot, since: at }
  const facts = [
    ['TaskCreated', {
      owner, title: `Task ${n}`, description: null, priority: pick(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], n), dueAt: null, estimatedHours: null, tags: ['bench'], requiredCapabilities: [],
      dependsOn: [], maxRetries: 3, metadata: { pad: 'x'.repeat(80) },
    }],
    ['TaskStarted', { owner, from: 'TODO', slot, attempt: 0, waited_ms: 5, selection: null }],
    ['TaskProgressed', { owner, token: '1', percentage: 50, message: 'half way', metadata: {} }],
    ['TaskCompleted', {
      owner, from: 'IN_PROGRESS', lease, priority: 'HIGH', createdAt: at, startedAt: at, durationMs: 1_000, onTime: true, output: { ok: true }, artifacts: [], metrics: {},
    }],
  ] as const
  return { stream: `task-${randomUUID()}`, events: facts.map(([type, data]) => jsonEvent({ type, data: data as never, metadata: metadata as never })) }
}

/** Reading 100,000 facts with the bare client, taking them into all read models, and building one of them anew. */
async function catchUp() {
  const root = folder('baton-catchup-')
  const engines = await startEngines({ root, env: {}, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
  const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
  try {
    for (let n = 0; n < events_count / 4; n += 16) {
      await Promise.all(Array.from({ length: Math.min(16, events_count / 4 - n) }, (_, k) => history(n + k)).map(({ stream, events }) => client.appendToStream(stream, events)))
    }
    const floors: number[] = []
    for (let round = 0; round < 2; round++) floors.push(await readRate(client))
    const caught: number[] = []
    let child
    for (let round = 0; round < 2; round++) {
      const database = await freshDatabase(engines.urls.database, `round_${round}`)
      await child?.stop()
      child = await service('projection', { EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: database, NATS_URL: 'nats://127.0.0.1:1' })
      caught.push(await projected(child.url))
      if (round === 1) {
        const [floor, ours] = [Math.max(...floors), Math.max(...caught)]
        tell('read 100,000 facts with @eventstore/db-client, best of 2', floor, 'facts/s')
        tell('catch-up of all read models over them, best of 2', ours, 'facts/s', { ratio: ours / floor, target: '>= 0.7 x read' })
        tell('memory of the projection service after it', resident_mb(child.pid), 'MB', { target: 'aim < 120' })
        for (const model of ['backlog', 'performance_daily']) {
          const { facts, elapsed_ms } = await (await fetch(`${child.url}/models/${model}/rebuild`, { method: 'POST' })).json() as { facts: number; elapsed_ms: number }
          const rebuilt = (facts / elapsed_ms) * 1_000
          tell(`rebuild of ${model} by COPY`, rebuilt, 'facts/s', { ratio: rebuilt / ours, target: '>= 1.5 x catch-up' })
        }
      }
    }
    await child?.stop()
  } finally {
    await client.dispose()
    await engines.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

async function readRate(client: EventStoreDBClient): Promise<number> {
  const started_ms = performance.now()
  let count = 0
  const subscription = client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: deciders.map(({ category }) => `${category}-`), checkpointInterval: 32 }) })
  for await (const { event } of subscription) if (event && ++count === events_count) break
  await subscription.unsubscribe()
  return (count / (performance.now() - started_ms)) * 1_000
}

async function freshDatabase(url: string, name: string): Promise<string> {
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  await db.query(`create database ${name}`)
  await db.end()
  return url.replace(/\/[^/]*$/, `/${name}`)
}

/** Facts per second from the first batch that is seen to the last. The service is asked, for counting rows would cost the database more than they did. */
async function projected(url: string): Promise<number> {
  const started_ms = performance.now()
  let first: { at: number; facts: number } | undefined
  for (;;) {
    const facts = Number(/^baton_projection_facts_total (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? 0)
    const at = performance.now()
    if (facts > 0) first ??= { at, facts }
    if (facts >= events_count) {
      const since = first && first.facts < facts ? first : { at: started_ms, facts: 0 }
      return ((facts - since.facts) / (at - since.at)) * 1_000
    }
    if (at - started_ms > 120_000) throw new Error('the catch-up took longer than two minutes')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

process.stdout.write(`${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}; floors and Baton in one run\n\n`)
await commandsAlone()
await wholeBaton()
await catchUp()
const results = join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
writeFileSync(join(results, 'bench.json'), `${JSON.stringify({ at: new Date().toISOString(), node: process.version, cpus: cpus().length, model: cpus()[0]?.model, lines }, undefined, 2)}\n`)
process.stdout.write(`\nwritten to infra/load/results/bench.json\n`)
process.exit(0)
