import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { connect } from 'nats'
import { Api } from '../../scripts/api.ts'
import { verify } from '../../scripts/audit/verify.ts'
import { up } from '../../scripts/up.ts'
import { startEngines } from '../embedded/engines.ts'
import { folder, service } from './alone.ts'
import { catchUp } from './catch-up.ts'
import { closeConnections, median, percentile, post, rate, resident_mb } from './measure.ts'
import { lines, tell } from './telling.ts'

const parts = { commands: commandsAlone, whole: wholeBaton, 'catch-up': () => catchUp(Number(asked.facts)) }
const usage = `Usage: node infra/load/bench.ts [--only ${Object.keys(parts).join('|')}] [--facts 100000]`

const { values: asked } = parseArgs({
  options: { only: { type: 'string' }, facts: { type: 'string', default: '100000' }, help: { type: 'boolean', short: 'h' } },
})
if (asked.help || (asked.only !== undefined && !(asked.only in parts))) {
  process.stdout.write(`${usage}\n`)
  process.exit(asked.help ? 0 : 2)
}

const rounds = 3
const slice_ms = 2_500

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

process.stdout.write(`${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}; floors and Baton in one run\n\n`)
for (const [name, run] of Object.entries(parts)) if (name === (asked.only ?? name)) await run()
const results = join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
writeFileSync(join(results, 'bench.json'), `${JSON.stringify({ at: new Date().toISOString(), node: process.version, cpus: cpus().length, model: cpus()[0]?.model, lines }, undefined, 2)}\n`)
process.stdout.write(`\nwritten to infra/load/results/bench.json\n`)
process.exit(0)
