/**
 * How soon a key is taken by nobody any more: `npx node infra/load/replicas.ts [--replicas 3] [--rounds 20]`. So many command and query
 * services stand side by side, each a process of its own. Each round an orchestrator is archived while its key asks every one of them again
 * and again. Says how long after the answer a request was begun that was still accepted, and ends with 1 where that was more than a second.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startChild, type Child } from '../embedded/child.ts'
import { compileCache } from '../embedded/compile-cache.ts'
import { Api } from '../../scripts/api.ts'
import { lean } from '../../scripts/services.ts'
import { up } from '../../scripts/up.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({ options: { replicas: { type: 'string', default: '3' }, rounds: { type: 'string', default: '20' } } })
const [replicas_count, rounds] = [Number(values.replicas), Number(values.rounds)]
const wanted_ms = 1_000
/** Between two questions of one replica. */
const pause_ms = 10
/** What is not refused by then never is. */
const patience_ms = 10_000
const nowhere = '00000000-0000-7000-8000-000000000000'

interface Replica {
  readonly name: 'command' | 'query'
  readonly url: string
}

const root = mkdtempSync(join(tmpdir(), 'baton-replicas-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const children: Child[] = []

/** Another process beside the one that is there. */
async function replica(name: Replica['name']): Promise<Replica> {
  const child = await startChild({
    name, command: process.execPath, args: [...lean, join(import.meta.dirname, `../../${name}-service/src/main.ts`)],
    env: {
      ...compileCache, PATH: process.env.PATH, LOG_LEVEL: 'warn', HOST: '127.0.0.1', [`${name.toUpperCase()}_PORT`]: '0', BATON_ORGANIZATION: 'default',
      EVENTSTORE_URL: baton.urls.eventstore, DATABASE_URL: baton.urls.database, ...(name === 'command' ? { BATON_ADMIN_KEY: baton.adminKey.key } : {}),
    },
    ready: (output) => output.includes('"msg":"ready"'), ready_timeout_ms: 60_000, stopSignal: 'SIGTERM', stop_timeout_ms: 8_000,
  })
  children.push(child)
  const said = child.tail().split('\n').find((line) => line.includes('"msg":"ready"'))!
  return { name, url: (JSON.parse(said) as { url: string }).url }
}

/** Asks as whoever has the key, for what is there for nobody: whether it is let in. */
async function isLetIn({ name, url }: Replica, key: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${key}` }
  const response = name === 'query' ? await fetch(`${url}/api/v1/orchestrators?limit=1`, { headers })
    : await fetch(`${url}/api/v1/tasks/${nowhere}/heartbeat`, { method: 'POST', headers })
  await response.body?.cancel()
  if (response.status >= 500) throw new Error(`${name} answers ${response.status}`)
  return response.status !== 401
}

/** When the last request was begun that was still accepted. */
async function lastAccepted(one: Replica, key: string): Promise<number> {
  let accepted_ms = -Infinity
  for (const end_ms = performance.now() + patience_ms; performance.now() < end_ms;) {
    const begun_ms = performance.now()
    if (!await isLetIn(one, key)) return accepted_ms
    accepted_ms = begun_ms
    await new Promise((resolve) => setTimeout(resolve, pause_ms))
  }
  throw new Error(`${one.name} at ${one.url} takes the key for ever`)
}

try {
  const others = Array.from({ length: replicas_count - 1 }, () => ['command', 'query'] as const).flat()
  const replicas: readonly Replica[] = [
    { name: 'command', url: baton.urls.command }, { name: 'query', url: baton.urls.query }, ...await Promise.all(others.map(replica)),
  ]
  const admin = new Api(baton.urls.gateway, baton.adminKey.key)
  const late_ms: Record<Replica['name'], number[]> = { command: [], query: [] }
  for (let round = 0; round < rounds; round++) {
    const { id } = await admin.post('/orchestrators', { name: `Orchestrator ${round}` })
    const { secret } = await admin.post(`/orchestrators/${id}/keys`, { scopes: ['read', 'write', 'execute'] })
    for (const one of replicas) while (!await isLetIn(one, secret!)) await new Promise((resolve) => setTimeout(resolve, pause_ms))
    const asking = replicas.map(async (one) => ({ one, accepted_ms: await lastAccepted(one, secret!) }))
    await admin.send('DELETE', `/orchestrators/${id}`, {})
    const archived_ms = performance.now()
    for (const { one, accepted_ms } of await Promise.all(asking)) late_ms[one.name].push(Math.max(0, accepted_ms - archived_ms))
  }
  for (const [name, some] of Object.entries(late_ms)) {
    const [p50, p95, worst] = [percentile(some, 0.5), percentile(some, 0.95), Math.max(...some)].map((ms) => ms.toFixed(0))
    console.log(`${replicas_count} ${name} services, ${rounds} orchestrators archived: their keys still taken for p50 ${p50} ms, p95 ${p95} ms, at most ${worst} ms (wanted: ${wanted_ms})`)
  }
  if (Math.max(...Object.values(late_ms).flat()) > wanted_ms) process.exitCode = 1
} finally {
  await Promise.all(children.map((child) => child.stop()))
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
