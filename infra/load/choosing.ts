/**
 * What it takes to find somebody for a task: `npx node infra/load/choosing.ts [--agents 100] [--stuck 5000] [--times 500]`. Assignments by
 * policy among so many agents, one after the other; then calls of the queue that find, behind so many tasks that fit nobody, one that does.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Api } from '../../scripts/api.ts'
import { up } from '../../scripts/up.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({
  options: { agents: { type: 'string', default: '100' }, stuck: { type: 'string', default: '5000' }, times: { type: 'string', default: '500' } },
})
const [agents_count, stuck_count, times] = [Number(values.agents), Number(values.stuck), Number(values.times)]
const calls = 30
/** Before anything is measured. */
const warm = 100
const items_max = 100

const root = mkdtempSync(join(tmpdir(), 'baton-choosing-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const api = new Api(baton.urls.gateway, baton.adminKey.key)

/** Many of one command, some to a request; the position of the last. */
async function many(path: string, count: number, body: (n: number) => object): Promise<string> {
  let position = '0'
  for (let from = 0; from < count; from += items_max) {
    const commands = Array.from({ length: Math.min(items_max, count - from) }, (_, n) => ({ method: 'POST', path: `/api/v1${path}`, body: body(from + n) }))
    const { results } = await api.post('/commands', { commands }) as unknown as { results: { status: number; body: { position: string } }[] }
    const refused = results.find(({ status }) => status >= 300)
    if (refused) throw new Error(JSON.stringify(refused))
    position = results.at(-1)!.body.position
  }
  return position
}

async function timed(count: number, run: (n: number) => Promise<unknown>): Promise<readonly number[]> {
  const took_ms: number[] = []
  for (let n = 0; n < count; n++) {
    const began_ms = performance.now()
    await run(n)
    took_ms.push(performance.now() - began_ms)
  }
  return took_ms
}

const told = (what: string, took_ms: readonly number[]) => {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(took_ms, share).toFixed(1))
  console.log(`${what}: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms of ${took_ms.length}`)
}

try {
  const { id: owner } = await api.post('/orchestrators', { name: 'Bench', maxConcurrentTasks: 50 })
  await api.post(`/orchestrators/${owner}/activate`, {})
  const skills = (n: number) => [...new Set([`skill-${n % 10}`, `skill-${n % 7}`, `own-${n}`])].map((skill) => ({ skill }))
  await many('/agents', agents_count, (n) => ({ name: `Agent ${n}`, capabilities: skills(n), maxConcurrent: 50 }))
  const ids: string[] = []
  for (let n = 0; n < warm + times; n++) ids.push((await api.post('/tasks', { owner, title: 'Work', requiredCapabilities: [`skill-${n % 10}`, `skill-${n % 7}`] })).id)
  await timed(warm, (n) => api.post(`/tasks/${ids[n]}/assign`, {}))
  told(`assign among ${agents_count} agents`, await timed(times, (n) => api.post(`/tasks/${ids[warm + n]}/assign`, {})))

  const { id: other } = await api.post('/orchestrators', { name: 'Stuck' })
  await many('/tasks', stuck_count, (n) => ({ owner: other, title: `Stuck ${n}`, priority: 'HIGH', requiredCapabilities: ['nobody has this'] }))
  const minPosition = await many('/tasks', calls, () => ({ owner: other, title: 'Easy', priority: 'LOW' }))
  await api.post('/tasks/queue/next', { owner: other, minPosition })
  told(`queue/next past ${stuck_count} that fit nobody, ${agents_count} agents`, await timed(calls - 1, () => api.post('/tasks/queue/next', { owner: other })))
} finally {
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
