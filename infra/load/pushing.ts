/**
 * What pushing costs: `npx node infra/load/pushing.ts [--consumers 1000] [--sockets 100] [--seconds 10] [--deliveries 4000]
 * [--only deliveries,sockets,streams]`. How long a
 * fact is on its way from its append to those who follow `/events` and to sockets, at 100 facts a second; how many are handed on in a
 * second when there is more to do than can be done, beside a bare server that writes the same bytes; and deliveries to a webhook, beside a
 * bare loop of undici with as many under way.
 */
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { io, type Socket } from 'socket.io-client'
import { Pool } from 'undici'
import { Api } from '../../scripts/api.ts'
import { up } from '../../scripts/up.ts'
import { percentile, rate } from './measure.ts'
import { tell } from './telling.ts'

const { values } = parseArgs({
  options: {
    consumers: { type: 'string', default: '1000' }, sockets: { type: 'string', default: '100' }, seconds: { type: 'string', default: '10' },
    deliveries: { type: 'string', default: '4000' }, only: { type: 'string', default: 'deliveries,sockets,streams' },
  },
})
const [consumers, sockets, seconds, deliveries] = [values.consumers, values.sockets, values.seconds, values.deliveries].map(Number) as [number, number, number, number]
const perSecond = 100
/** Of so many consumers the times are taken. */
const timed_max = 50
const burst = 100

const root = mkdtempSync(join(tmpdir(), 'baton-pushing-'))
chmodSync(root, 0o755)
const env = {
  PATH: process.env.PATH, LOG_LEVEL: 'warn', QUERY_LIVE_CONNECTIONS_MAX: '5000', QUERY_LIVE_CONNECTIONS_PER_KEY_MAX: '5000', WEBHOOK_NETWORKS: '127.0.0.1/32',
}
const baton = await up({ root, ports: 'free', env, log: () => undefined })
const store = EventStoreDBClient.connectionString`${baton.urls.eventstore}`
const api = new Api(baton.urls.gateway, baton.adminKey.key)
const { id: orchestrator } = await api.post('/orchestrators', { name: 'Ada' })

/** A fact that every read model but one leaves alone. */
const factOf = (message: string) => jsonEvent({
  type: 'OrchestratorStatusPosted', data: { orchestrator, kind: 'progress', message, task: null, channels: [], metrics: {} } as never,
  metadata: { version: 1, at: new Date().toISOString(), by: { kind: 'admin', id: 'bench' }, organization: 'default', commandId: randomUUID(), $correlationId: 'bench' } as never,
})
const post = (count: number) => store.appendToStream(`statusPost-${randomUUID()}`, Array.from({ length: count }, () => factOf(`sent ${Date.now()}`)))

const bare = fork(join(import.meta.dirname, 'pushing-bare.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
const ports = (await once(bare, 'message'))[0] as { readonly stream: number; readonly sockets: number; readonly target: number }

const sentIn = (text: string) => Number(/sent (\d+)/.exec(text)?.[1])

/** Those who follow a stream of events: how many facts all of them have, and how long some of those were on their way. */
function followers(url: string, headers: Record<string, string>, count: number) {
  const told = { facts: 0, open: 0, took_ms: [] as number[] }
  const requests = Array.from({ length: count }, (_, n) => {
    const request = http.get(url, { headers, agent: false }, (response) => {
      told.open++
      response.setEncoding('latin1').on('data', (text: string) => {
        const facts = text.split('data: {').length - 1 - (text.split('event: caught-up').length - 1)
        told.facts += facts
        if (n < timed_max && facts > 0) for (const [, at] of text.matchAll(/sent (\d+)/g)) told.took_ms.push(Date.now() - Number(at))
      }).on('error', () => undefined)
    })
    request.on('error', () => undefined)
    return request
  })
  return { told, stop: () => { for (const request of requests) request.destroy() } }
}

async function until(isSo: () => boolean) {
  for (let tries = 0; !isSo() && tries < 12_000; tries++) await new Promise((resolve) => setTimeout(resolve, 5))
  if (!isSo()) throw new Error('it did not become so within a minute')
}

async function steadily() {
  for (let n = 0; n < seconds * 10; n++) {
    const next_ms = performance.now() + 100
    for (let k = 0; k < perSecond / 10; k++) void post(1)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next_ms - performance.now())))
  }
}

const authorization = `Bearer ${baton.adminKey.key}`

async function streams() {
  const ours = followers(`${baton.urls.query}/api/v1/events?type=OrchestratorStatusPosted`, { authorization }, consumers)
  await until(() => ours.told.open === consumers)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  ours.told.facts = 0
  await steadily()
  await until(() => ours.told.facts >= consumers * perSecond * seconds)
  tell(`append to receipt, ${consumers} consumers, p50`, percentile(ours.told.took_ms, .5), 'ms')
  tell(`append to receipt, ${consumers} consumers, p99`, percentile(ours.told.took_ms, .99), 'ms', { target: '< 500 ms' })

  const facts = Math.max(burst, Math.round(200_000 / consumers / burst) * burst)
  const run = async (one: ReturnType<typeof followers>, say: () => void) => {
    one.told.facts = 0
    const began_ms = performance.now()
    say()
    await until(() => one.told.facts >= consumers * facts)
    return consumers * facts / (performance.now() - began_ms) * 1_000
  }
  const own = await run(ours, () => { for (let n = 0; n < facts; n += burst) void post(burst) })
  ours.stop()
  const sample = `id: 123456\ndata: ${JSON.stringify({ position: '123456', stream: `statusPost-${randomUUID()}`, revision: 0, type: 'OrchestratorStatusPosted', category: 'statusPost', id: randomUUID(), recipient: orchestrator, at: new Date().toISOString(), by: { kind: 'admin', id: 'bench' }, commandId: randomUUID(), correlationId: 'bench', imported: false, data: factOf(`sent ${Date.now()}`).data })}\n\n`
  const theirs = followers(`http://127.0.0.1:${ports.stream}/`, {}, consumers)
  await until(() => theirs.told.open === consumers)
  const floor = await run(theirs, () => bare.send({ write: sample, times: facts }))
  theirs.stop()
  tell('facts handed on by a bare server', floor, 'facts/s')
  tell('facts handed on by /events', own, 'facts/s', { ratio: own / floor, target: '>= 0.5 x' })
}

async function listeners(url: string, auth: object, event: string) {
  const told = { count: 0, took_ms: [] as number[] }
  const all = await Promise.all(Array.from({ length: sockets }, async () => {
    const socket: Socket = io(url, { auth, transports: ['websocket'], reconnection: false, forceNew: true })
    socket.on(event, (fact: unknown) => {
      told.count++
      told.took_ms.push(Date.now() - sentIn(JSON.stringify(fact)))
    })
    await new Promise<void>((resolve, reject) => socket.once('connect', () => resolve()).once('connect_error', reject))
    return socket
  }))
  return { told, all, stop: () => { for (const socket of all) socket.close() } }
}

async function socketed() {
  const ours = await listeners(baton.urls.query, { key: baton.adminKey.key }, 'fact')
  for (const socket of ours.all) await socket.emitWithAck('subscribe', { topics: ['organization'], facts: true })
  await steadily()
  await until(() => ours.told.count >= sockets * perSecond * seconds)
  tell(`append to receipt, ${sockets} sockets, p50`, percentile(ours.told.took_ms, .5), 'ms', { target: '< 10 ms' })
  const facts = 2_000
  const run = async (one: typeof ours, say: () => void) => {
    one.told.count = 0
    const began_ms = performance.now()
    say()
    await until(() => one.told.count >= sockets * facts)
    return sockets * facts / (performance.now() - began_ms) * 1_000
  }
  const own = await run(ours, () => { for (let n = 0; n < facts; n += burst) void post(burst) })
  ours.stop()
  const theirs = await listeners(`http://127.0.0.1:${ports.sockets}`, {}, 'fact')
  const floor = await run(theirs, () => bare.send({ emit: { position: '1', stream: 'statusPost-x', type: 'OrchestratorStatusPosted', at: new Date().toISOString(), data: factOf(`sent ${Date.now()}`).data, by: { kind: 'admin', id: 'bench' }, commandId: randomUUID() }, times: facts }))
  theirs.stop()
  tell('facts handed on by a bare Socket.IO server', floor, 'facts/s')
  tell('facts handed on by sockets', own, 'facts/s', { ratio: own / floor, target: '>= 0.5 x' })
}

async function delivered() {
  const url = `http://127.0.0.1:${ports.target}`
  const heard = async () => Number(await (await fetch(`${url}/count`)).text())
  const { position: from } = await api.post('/orchestrators', { name: 'Bea' })
  // Each of a stream of its own, so that none waits for another.
  for (let n = 0; n < deliveries; n += burst) await Promise.all(Array.from({ length: burst }, () => post(1)))
  const before = await heard()
  await api.post('/webhooks', { url: `${url}/hook`, types: ['OrchestratorStatusPosted'], parallel: 16, from })
  const began_ms = performance.now()
  for (let tries = 0; await heard() - before < deliveries && tries < 3_000; tries++) await new Promise((resolve) => setTimeout(resolve, 20))
  const own = (await heard() - before) / (performance.now() - began_ms) * 1_000
  const pool = new Pool(url, { connections: 4 })
  const body = JSON.stringify({ specversion: '1.0', type: 'baton.OrchestratorStatusPosted', data: factOf('sent').data, padding: 'x'.repeat(300) })
  const floor = await rate(4, 5_000, async () => {
    const { body: answer } = await pool.request({ path: '/hook', method: 'POST', body, headers: { 'content-type': 'application/cloudevents+json' } })
    await answer.dump()
  })
  await pool.close()
  tell('deliveries by a bare loop of undici, 4 under way', floor, 'a second')
  tell('deliveries to a webhook of facts that are there', own, 'a second', { ratio: own / floor, target: '>= 0.5 x' })
}

try {
  const parts: Readonly<Record<string, () => Promise<void>>> = { deliveries: delivered, sockets: socketed, streams }
  for (const part of values.only.split(',')) await parts[part]!()
} finally {
  bare.kill()
  await store.dispose()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
process.exit(0)
