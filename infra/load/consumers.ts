/**
 * Whether everybody who listens has everything, whatever is cut: `npx node infra/load/consumers.ts --data DIR [--limit 3000] [--seed 1]`. The
 * log of agent-fleet is imported while consumers of `/events`, of Socket.IO, of NATS and of a webhook are cut at random and go on from
 * where they were; then each holds the event ids of the log. The deliverer's
 * process is killed on the way.
 */
import { EventStoreDBClient } from '@eventstore/db-client'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AckPolicy, connect, nanos } from 'nats'
import { io, type Socket } from 'socket.io-client'
import { Api } from '../../scripts/api.ts'
import { facts } from '../../scripts/audit/log.ts'
import { withoutContradictions } from '../../scripts/import/contradictions.ts'
import { mappingFrom } from '../../scripts/import/mapping.ts'
import { inOrder } from '../../scripts/import/plan.ts'
import { Player } from '../../scripts/import/player.ts'
import { rowsOf } from '../../scripts/import/rows.ts'
import { up } from '../../scripts/up.ts'

const { values: { data, limit, seed } } = parseArgs({ options: { data: { type: 'string' }, limit: { type: 'string', default: '3000' }, seed: { type: 'string', default: '1' } } })
if (data === undefined) {
  process.stderr.write('Usage: node infra/load/consumers.ts --data DIR [--limit 3000] [--seed 1]\n')
  process.exit(2)
}

let state = Number(seed)
const random = (below: number) => {
  state = (state * 48_271) % 2_147_483_647
  return Math.floor(state / 2_147_483_647 * below)
}
const root = mkdtempSync(join(tmpdir(), 'baton-consumers-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', WEBHOOK_NETWORKS: '127.0.0.1/32' }, log: () => undefined })
const api = new Api(baton.urls.gateway, baton.adminKey.key)
const store = EventStoreDBClient.connectionString`${baton.urls.eventstore}`
const authorization = `Bearer ${baton.adminKey.key}`

/** What a consumer holds, and how it is cut; it goes on by itself until it is ended. */
interface Consumer {
  readonly name: string
  readonly ids: Set<string>
  cuts: number
  gaps: number
  cut(): void
  end(): void
}

function streamed(): Consumer {
  let [last, current, isOver] = ['0', new AbortController(), false]
  const one: Consumer = { name: '/events', ids: new Set(), cuts: 0, gaps: 0, cut: () => { one.cuts++; current.abort() }, end: () => { isOver = true; current.abort() } }
  void (async () => {
    while (!isOver) {
      current = new AbortController()
      try {
        const response = await fetch(`${baton.urls.gateway}/api/v1/events?format=cloudevent`, { headers: { authorization, 'last-event-id': last }, signal: current.signal })
        let rest = ''
        for await (const chunk of response.body!.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
          const messages = (rest + chunk).split('\n\n')
          rest = messages.pop()!
          for (const message of messages) {
            if (message.includes('event: gap')) one.gaps++
            const told = /^data: (\{"specversion.*)$/m.exec(message)?.[1]
            if (told) one.ids.add(JSON.parse(told).id)
            last = /^id: (\d+)$/m.exec(message)?.[1] ?? last
          }
        }
      } catch { /* It was cut. */ }
    }
  })()
  return one
}

/** Facts over sockets have no event id: they are known by stream and revision. */
function socketed(idOf: Map<string, string>): Consumer & { readonly places: Set<string> } {
  const places = new Set<string>()
  let [last, isOver] = ['0', false]
  let socket: Socket
  const open = () => {
    socket = io(baton.urls.gateway, { auth: { key: baton.adminKey.key }, transports: ['websocket'], reconnection: false, forceNew: true })
    socket.on('fact', ({ stream, revision, position }) => { places.add(`${stream} ${revision}`); last = position })
    socket.on('gap', () => { one.gaps++ })
    socket.on('connect', () => void socket.emitWithAck('subscribe', { topics: ['organization'], facts: true, after: last }).catch(() => undefined))
    socket.on('disconnect', again).on('connect_error', again)
  }
  /** Also of one that is cut before it is there. */
  const again = () => {
    socket.removeAllListeners().close()
    if (!isOver) setTimeout(open, 50)
  }
  const one = {
    name: 'Socket.IO', places, cuts: 0, gaps: 0, get ids() { return new Set([...places].flatMap((place) => idOf.get(place) ?? [])) },
    cut: () => { one.cuts++; again() }, end: () => { isOver = true; socket.close() },
  }
  open()
  return one
}

async function hooked(): Promise<Consumer> {
  let refusing = 0
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    if (refusing-- > 0) return void request.socket.destroy()
    one.ids.add(String(request.headers['webhook-id']))
    response.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const one: Consumer = { name: 'a webhook', ids: new Set(), cuts: 0, gaps: 0, cut: () => { one.cuts++; refusing = 2 }, end: () => { server.close(); server.closeAllConnections() } }
  await api.post('/webhooks', { url: `http://127.0.0.1:${port}/`, types: ['*'], from: '0', parallel: 16 })
  return one
}

async function announced(): Promise<Consumer> {
  let [isOver, stop] = [false, () => {}]
  const one: Consumer = { name: 'NATS', ids: new Set(), cuts: 0, gaps: 0, cut: () => { one.cuts++; stop() }, end: () => { isOver = true; stop() } }
  void (async () => {
    while (!isOver) {
      try {
        const connection = await connect({ servers: baton.urls.nats, timeout: 2_000 })
        stop = () => void connection.close()
        if (isOver) stop()
        const manager = await connection.jetstreamManager()
        await manager.consumers.add('BATON_EVENTS', { durable_name: 'load', ack_policy: AckPolicy.Explicit, ack_wait: nanos(1_000_000_000) }).catch(() => undefined)
        const messages = await (await connection.jetstream().consumers.get('BATON_EVENTS', 'load')).consume({ max_messages: 200 })
        stop = () => void messages.close().finally(() => connection.close())
        for await (const message of messages) {
          one.ids.add(message.json<{ id: string }>().id)
          message.ack()
        }
      } catch { await new Promise((resolve) => setTimeout(resolve, 50)) }
    }
  })()
  return one
}

try {
  const idOf = new Map<string, string>()
  const consumers: Consumer[] = [streamed(), socketed(idOf), await hooked(), await announced()]
  const mapping = mappingFrom(join(import.meta.dirname, '../../scripts/import/mappings/agent-fleet.json'))
  const rows = inOrder(withoutContradictions(mapping, await rowsOf(mapping, data, { onUnread: () => undefined }), () => undefined)).slice(0, Number(limit))
  const cutting = setInterval(() => consumers[random(consumers.length)]!.cut(), 150)
  const killing = setTimeout(() => process.kill(baton.processes.projection!.pid, 'SIGKILL'), 4_000)
  const began_ms = performance.now()
  const { commands, stopped } = await new Player(api, mapping, () => undefined).play(rows, () => undefined)
  clearInterval(cutting)
  clearTimeout(killing)
  if (stopped) throw stopped.error
  process.stdout.write(`${rows.length} rows, ${commands} commands in ${((performance.now() - began_ms) / 1_000).toFixed(0)} s\n`)
  const log: string[] = []
  for await (const { fact, stream, provenance } of facts(store) as AsyncIterable<any>) {
    if (fact.organization !== 'default') continue
    log.push(provenance.eventId)
    idOf.set(`${stream ?? `${fact.category}-${fact.id}`} ${fact.revision}`, provenance.eventId)
  }
  const missing = (one: Consumer) => { const { ids } = one; return log.filter((id) => !ids.has(id)).length }
  for (let tries = 0; tries < 600 && consumers.some((one) => missing(one) > 0); tries++) await new Promise((resolve) => setTimeout(resolve, 200))
  for (const one of consumers) process.stdout.write(`${one.name}: ${log.length - missing(one)} of ${log.length} facts, ${one.cuts} cuts, ${one.gaps} gaps\n`)
  for (const one of consumers) one.end()
  if (consumers.some((one) => missing(one) > 0 || one.gaps > 0)) process.exitCode = 1
} finally {
  await store.dispose()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
process.exit()
