/**
 * What a large fleet costs: `npx node infra/load/fleet.ts [--agents 10000] [--times 200] [--writes 1000]`. Writes of orchestrators without
 * a charter and with a full one in turns, and of a second without, which tells how far two of the same are apart; then lists, searches
 * and assignments by policy among so many agents. All over HTTP, one after the other, but for the processor time of a verdict by itself.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { judged } from 'shared-domain/fleet/charter/verdict.ts'
import { Api } from '../../scripts/api.ts'
import { up } from '../../scripts/up.ts'
import { accounts, shares } from './accounting.ts'
import { median, percentile } from './measure.ts'

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '10000' }, times: { type: 'string', default: '200' }, writes: { type: 'string', default: '1000' },
  },
})
const [agents_count, times, writes] = [Number(values.agents), Number(values.times), Number(values.writes)]
/** Before anything is measured. */
const warm = 50
const items_max = 100
const patterns_max = 100
const verdicts = 10_000
const skills = ['writing', 'painting', 'dredging', 'piloting', 'rigging', 'towing', 'loading', 'welding', 'diving', 'cooking']

const root = mkdtempSync(join(tmpdir(), 'baton-fleet-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const api = new Api(baton.urls.gateway, baton.adminKey.key)

async function fleet(): Promise<string> {
  let position = '0'
  for (let from = 0; from < agents_count; from += items_max) {
    const agents = Array.from({ length: Math.min(items_max, agents_count - from) }, (_, index) => {
      const n = from + index
      const named = new Set([0, 1, 2].map((step) => skills[(n * (step + 1) + step) % skills.length]!))
      return { name: `Agent ${n}`, capabilities: [...named].map((skill) => ({ skill })) }
    })
    const answers = await api.together(agents.map((body, n) => ({ path: '/agents', body, headers: { key: `agent ${from + n}` } })))
    for (const answer of answers) {
      if (answer instanceof Error) throw answer
      position = answer.position
    }
  }
  return position
}

async function told(what: string, ask: (n: number) => Promise<unknown>) {
  const took_ms: number[] = []
  let before = accounts(baton.processes)
  for (let n = 0; n < times + warm; n++) {
    if (n === warm) before = accounts(baton.processes)
    const began_ms = performance.now()
    await ask(n)
    if (n >= warm) took_ms.push(performance.now() - began_ms)
  }
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(took_ms, share).toFixed(1))
  console.log(`${what}: p50 ${p50} ms, p95 ${p95} ms of ${times}; of processor time ${shares(before, accounts(baton.processes), times)} ms`)
}

/** Somebody who creates tasks, under a charter or none. */
async function writer(name: string, document?: object) {
  const { id } = await api.post('/orchestrators', { name })
  const { secret } = await api.post(`/orchestrators/${id}/keys`, {})
  if (document) {
    await api.post(`/orchestrators/${id}/charter`, { document })
    while ((await api.get(`/orchestrators/${id}`)).charter_version !== 1) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const own = api.as(secret!)
  const took_ms: number[] = []
  return {
    name, took_ms,
    async write(isMeasured: boolean) {
      const began_ms = performance.now()
      await own.post('/tasks', { owner: id, title: 'Work' })
      if (isMeasured) took_ms.push(performance.now() - began_ms)
    },
  }
}

/** All that a charter can say of actions and paths, and nothing that fits. */
function full() {
  const listed = (of: string) => Array.from({ length: patterns_max }, (_, n) => `${of}.${n}.*`)
  const paths = Array.from({ length: patterns_max }, (_, n) => `/srv/${n}/*/private`)
  return {
    constraints: { forbiddenPaths: paths, forbiddenActions: listed('forbidden'), requireApprovalFor: listed('approved') },
    heuristics: {
      autoApprove: listed('auto'), alwaysReject: listed('never'), requireConfirmation: listed('confirmed'), escalate: listed('escalated'),
    },
  }
}

async function charters() {
  const writers = [await writer('without a charter'), await writer('with a full one', full()), await writer('without one, again')]
  for (let n = 0; n < writes + warm; n++)
    for (let turn = 0; turn < writers.length; turn++) await writers[(n + turn) % writers.length]!.write(n >= warm)
  const [plain, ruled, again] = writers.map(({ took_ms }) => median(took_ms)) as [number, number, number]
  for (const { name, took_ms } of writers)
    console.log(`a write ${name}: p50 ${median(took_ms).toFixed(2)} ms, p95 ${percentile(took_ms, 0.95).toFixed(2)} ms of ${writes}`)
  console.log(`with a full one / without: ${(ruled / plain).toFixed(3)}; without, again / without: ${(again / plain).toFixed(3)}`)
}

/** What the gate adds when nothing of a full charter fits, in processor time. */
function verdict() {
  const terms = { document: full(), isReduced: false, left: null }
  const ask = () => judged(terms, { action: 'task.create', path: '/tasks', payload: { title: 'Work' } })
  for (let n = 0; n < verdicts; n++) ask()
  const before = process.cpuUsage()
  for (let n = 0; n < verdicts; n++) ask()
  const { user, system } = process.cpuUsage(before)
  console.log(`a verdict of a full charter: ${((user + system) / verdicts / 1_000).toFixed(4)} ms of processor time`)
}

try {
  verdict()
  await charters()
  const began_ms = performance.now()
  const position = await fleet()
  await api.get(`/agents?limit=1&minPosition=${position}`)
  console.log(`${agents_count} agents in ${((performance.now() - began_ms) / 1_000).toFixed(0)} s`)
  await told('list of 50', () => api.get('/agents?limit=50'))
  await told('the most reliable 50', () => api.get('/agents?limit=50&sort=-reliability'))
  await told('those with a skill', (n) => api.get(`/agents?limit=50&skill=${skills[n % skills.length]}`))
  await told('search of a name', (n) => api.get(`/agents?limit=50&search=${encodeURIComponent(`agent ${n * 37 % agents_count}`)}`))
  const { id: owner } = await api.post('/orchestrators', { name: 'Owner' })
  const tasks: string[] = []
  for (let n = 0; n < times + warm; n++) {
    const { id } = await api.post('/tasks', { owner, title: 'Work', requiredCapabilities: [skills[n % skills.length]] })
    tasks.push(id)
  }
  await told('assignment by policy among all', (n) => api.post(`/tasks/${tasks[n]}/assign`, {}))
} finally {
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
