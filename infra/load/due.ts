/**
 * How late what is due at the same instant fires: `npx node infra/load/due.ts [--count 1000] [--within_s 60]`. So many recurrences are
 * written to the log as they would stand there, all with the same due time, which comes that much later; then the times of the facts tell.
 */
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { Api } from '../../scripts/api.ts'
import { facts } from '../../scripts/audit/log.ts'
import { up } from '../../scripts/up.ts'
import { percentile } from './measure.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000' }, within_s: { type: 'string', default: '60' } } })
const count = Number(values.count)
const at_once = 50
const looks_max = 120
const look_ms = 1_000

const root = mkdtempSync(join(tmpdir(), 'baton-due-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const client = EventStoreDBClient.connectionString`${baton.urls.eventstore}`

const template = { title: 'Look after the light', description: null, priority: 'MEDIUM', estimatedHours: null, tags: [], requiredCapabilities: [], dueAfter_s: null }

async function defined(owner: string, at: string, next: string) {
  const commandId = randomUUID()
  const data = {
    owner, template, rule: { kind: 'DAILY', time: '00:00' }, zone: 'UTC', jitter_s: 0, late_s: 300, catchUp: 'one', catchUpMax: 10, overlap: 'allow',
    maxRuns: null, until: null, next, comesAt: next, grounds: { position: '0', digest: '0'.repeat(64) },
  }
  const metadata = { version: 1, at, by: { kind: 'admin', id: 'bench' }, organization: 'default', commandId, $correlationId: commandId, $causationId: commandId }
  await client.appendToStream(`recurrence-${randomUUID()}`, jsonEvent({ type: 'RecurrenceDefined', data, metadata }))
}

/** How late each was, in the log so far. */
async function lateness(type: string, due: string): Promise<readonly number[]> {
  const late_ms: number[] = []
  for await (const { fact } of facts(client)) if (fact.type === type) late_ms.push(Date.parse(fact.at) - Date.parse(due))
  return late_ms
}

try {
  const { id: owner } = await new Api(baton.urls.gateway, baton.adminKey.key).post('/orchestrators', { name: 'Bench' })
  const now = new Date()
  const due = new Date(now.getTime() + 1_000 * Number(values.within_s)).toISOString()
  for (let from = 0; from < count; from += at_once)
    await Promise.all(Array.from({ length: Math.min(at_once, count - from) }, () => defined(owner, now.toISOString(), due)))
  const left_ms = Date.parse(due) - Date.now()
  if (left_ms < 0) throw new Error('it was due before all was written: give it more time by --within_s')
  await new Promise((resolve) => setTimeout(resolve, left_ms))
  for (let looks = 0; (await lateness('TaskCreated', due)).length < count && looks < looks_max; looks++) await new Promise((resolve) => setTimeout(resolve, look_ms))
  for (const type of ['RecurrenceFired', 'TaskCreated']) {
    const late_ms = await lateness(type, due)
    const [p50, p99, last] = [0.5, 0.99, 1].map((share) => percentile(late_ms, share).toFixed(0))
    console.log(`${type}: ${late_ms.length} of ${count}, after p50 ${p50} ms, p99 ${p99} ms, the last ${last} ms`)
  }
} finally {
  await client.dispose()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
