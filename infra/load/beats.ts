/**
 * What beats of daemons cost: `npx node infra/load/beats.ts [--daemons 100] [--perMinute 10000] [--lasts_s 30]`. So many daemons beat in
 * turn, evenly over time, at the command service itself; the kernel tells what that process used, the log that no fact came of it.
 */
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Api } from '../../scripts/api.ts'
import { up } from '../../scripts/up.ts'
import { processor_ms } from './accounting.ts'
import { closeConnections, percentile, post } from './measure.ts'

const { values } = parseArgs({ options: { daemons: { type: 'string', default: '100' }, perMinute: { type: 'string', default: '10000' }, lasts_s: { type: 'string', default: '30' } } })
const [count, perMinute, lasts_ms] = [Number(values.daemons), Number(values.perMinute), Number(values.lasts_s) * 1_000]

const root = mkdtempSync(join(tmpdir(), 'baton-beats-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
try {
  const { key } = baton.adminKey
  const api = new Api(baton.urls.gateway, key)
  const { id: orchestrator } = await api.post('/orchestrators', { name: 'Bench' })
  const daemons = await Promise.all(Array.from({ length: count }, async (_, n) => {
    const { id } = await api.post('/daemons', { orchestrator, name: `bench ${n}` })
    const instance = randomUUID()
    await api.post(`/daemons/${id}/connect`, { instance, version: '1', host: 'bench' })
    return { url: `${baton.urls.command}/api/v1/daemons/${id}/beat`, body: JSON.stringify({ instance, status: 'idle', sessions: 0, queued: 0 }) }
  }))
  const position = async () => (await api.get<{ position: string }>('/position')).position
  const times_ms: number[] = []
  const beat = async (n: number) => {
    const { url, body } = daemons[n % count]!
    const begun_ms = performance.now()
    await post(url, key, body)
    times_ms.push(performance.now() - begun_ms)
  }
  for (let n = 0; n < 2 * count; n++) await beat(n)
  await pause(1_000)
  times_ms.length = 0
  const { pid } = baton.processes.command!
  const [used_ms, begun_ms, before] = [processor_ms(pid), performance.now(), await position()]
  const sent: Promise<void>[] = []
  for (let n = 0; performance.now() - begun_ms < lasts_ms; n++) {
    sent.push(beat(n))
    await pause(Math.max(0, begun_ms + ((n + 1) * 60_000) / perMinute - performance.now()))
  }
  await Promise.all(sent)
  const [used, wall_ms] = [processor_ms(pid) - used_ms, performance.now() - begun_ms]
  const perMinuteSent = Math.round((times_ms.length * 60_000) / wall_ms)
  console.log(`${times_ms.length} beats, ${perMinuteSent} a minute: ${((100 * used) / wall_ms).toFixed(1)} % of a core of the command service, ${(used / times_ms.length).toFixed(2)} ms each; ` +
    `p50 ${percentile(times_ms, 0.5).toFixed(1)} ms, p99 ${percentile(times_ms, 0.99).toFixed(1)} ms; position ${before} before, ${await position()} after`)
} finally {
  closeConnections()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
