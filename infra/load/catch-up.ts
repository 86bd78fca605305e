import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { EventStoreDBClient, jsonEvent, START, streamNameFilter } from '@eventstore/db-client'
import { deciders } from 'shared-domain/catalogue.ts'
import { verify } from '../../scripts/audit/verify.ts'
import { startEngines } from '../embedded/engines.ts'
import { processor_ms, spent } from './accounting.ts'
import { folder, freshDatabase, service } from './alone.ts'
import { resident_mb } from './measure.ts'
import { tell } from './telling.ts'

const owners = Array.from({ length: 50 }, () => randomUUID())
const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!

/** Tasks as the command service stores them, several facts each. */
export function history(n: number) {
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

/** Reading facts with the bare client, taking them into all read models, building one of them anew, and comparing all with a replay. */
export async function catchUp(facts_count: number): Promise<void> {
  const root = folder('baton-catchup-')
  const engines = await startEngines({ root, env: {}, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
  const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
  const { eventstore, postgres } = engines.processes
  /** Processor time of all that take part, in microseconds a fact, beside what it is about. */
  async function costing<T>(what: string, pid: number, run: () => Promise<T>): Promise<T> {
    const used = () => ({ itself: processor_ms(pid), eventstore: processor_ms(eventstore!.pid), postgres: processor_ms(postgres!.pid) })
    const before = used()
    const result = await run()
    for (const [name, ms] of Object.entries(spent(before, used()))) tell(`  processor time of ${what}: ${name}`, (ms * 1_000) / facts_count, 'us/fact')
    return result
  }
  let child: Awaited<ReturnType<typeof service>> | undefined
  try {
    for (let n = 0; n < facts_count / 4; n += 16) {
      await Promise.all(Array.from({ length: Math.min(16, facts_count / 4 - n) }, (_, k) => history(n + k)).map(({ stream, events }) => client.appendToStream(stream, events)))
    }
    await readRate(client, facts_count)
    const [floors, caught] = [[] as number[], [] as number[]]
    let database = ''
    for (let round = 0; round < 2; round++) {
      floors.push(await costing('the read', process.pid, () => readRate(client, facts_count)))
      await child?.stop()
      database = await freshDatabase(engines.urls.database, `round_${round}`)
      const started = child = await service('projection', { EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: database, NATS_URL: 'nats://127.0.0.1:1' })
      caught.push(await costing('the catch-up', started.pid, () => projected(started.url, facts_count)))
    }
    const [floor, ours] = [Math.max(...floors), Math.max(...caught)]
    tell(`read ${facts_count} facts with @eventstore/db-client, best of 2`, floor, 'facts/s')
    tell('catch-up of all read models over them, best of 2', ours, 'facts/s', { ratio: ours / floor, target: '>= 0.38 x read' })
    tell('memory of the projection service after it', resident_mb(child!.pid), 'MB', { target: '<= 130' })
    for (const model of ['backlog', 'performance_daily']) {
      const { facts, elapsed_ms } = await costing(`the rebuild of ${model}`, child!.pid, async () =>
        await (await fetch(`${child!.url}/models/${model}/rebuild`, { method: 'POST' })).json() as { facts: number; elapsed_ms: number })
      const rebuilt = (facts / elapsed_ms) * 1_000
      tell(`rebuild of ${model} by COPY`, rebuilt, 'facts/s', { ratio: rebuilt / ours, target: '>= 1.6 x catch-up' })
    }
    const { events, elapsed_ms, models } = await costing('audit verify', process.pid, () => verify(client, database, []))
    if (models.some(({ difference }) => difference)) throw new Error('the read models do not equal a replay')
    const verified = (events / elapsed_ms) * 1_000
    tell('audit verify, all read models', verified, 'facts/s', { ratio: verified / floor, target: '>= 0.5 x read' })
  } finally {
    await child?.stop()
    await client.dispose()
    await engines.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

export async function readRate(client: EventStoreDBClient, facts_count: number): Promise<number> {
  const started_ms = performance.now()
  let count = 0
  const subscription = client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: deciders.map(({ category }) => `${category}-`), checkpointInterval: 32 }) })
  for await (const { event } of subscription) if (event && ++count === facts_count) break
  await subscription.unsubscribe()
  return (count / (performance.now() - started_ms)) * 1_000
}

/** Facts per second from the first batch that is seen to the last. The service is asked, for counting rows would cost the database more than they did. */
export async function projected(url: string, facts_count: number): Promise<number> {
  const started_ms = performance.now()
  let first: { at: number; facts: number } | undefined
  for (;;) {
    const facts = Number(/^baton_projection_facts_total (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? 0)
    const at = performance.now()
    if (facts > 0) first ??= { at, facts }
    if (facts >= facts_count) {
      const since = first && first.facts < facts ? first : { at: started_ms, facts: 0 }
      return ((facts - since.facts) / (at - since.at)) * 1_000
    }
    if (at - started_ms > 600_000) throw new Error('the catch-up took longer than ten minutes')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
