import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client'
import pg from 'pg'
import { deciders } from 'shared-domain/catalogue.ts'
import { Api } from '../../scripts/api.ts'
import { up, type Up } from '../../scripts/up.ts'
import { startEngines } from '../embedded/engines.ts'
import { processor_ms, spent, statementsOf } from './accounting.ts'
import { closeConnections, median, post, rate, resident_mb } from './measure.ts'
import { graphileWorker, pgBoss, type Peer } from './peers.ts'

/**
 * The price of a task's whole life over HTTP (create, start or claim, one report of progress, complete; with keys, validation, history,
 * read models and fan-out) beside that of a job in queues that keep no history, on the same Postgres, in turns.
 */
const usage = 'Usage: node infra/load/life.ts [--rounds 3] [--slice 2500]'

const lanes_max = 16
const levels = [1, lanes_max]

interface Contestant {
  readonly name: string
  /** One whole life on one of the lanes. */
  live(lane: number): Promise<unknown>
  /** Waits until nothing is left to be done for what has lived. */
  settled(): Promise<void>
}

/** What one slice took. */
interface Slice {
  readonly rate: number
  readonly lives: number
  readonly used_ms: Readonly<Record<string, number>>
  readonly counted: Readonly<Record<string, number>>
}

const { values: { rounds, slice, help } } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, slice: { type: 'string', default: '2500' }, help: { type: 'boolean', short: 'h' } },
})
if (help) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}
const rounds_count = Number(rounds)
const slice_ms = Number(slice)

const root = mkdtempSync(join(tmpdir(), 'baton-life-'))
chmodSync(root, 0o755)
const log = () => undefined

/** Postgres counts statements only when it was told so before its start. */
async function countStatements() {
  const engines = await startEngines({ root, env: { EVENTSTORE_URL: 'none', NATS_URL: 'none' }, ports: 'free', log, onGivenUp: log })
  const db = new pg.Client({ connectionString: engines.urls.database })
  await db.connect()
  await db.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`)
  await db.end()
  await engines.stop()
}

const databaseOf = (url: string, name: string) => url.replace(/\/[^/]*$/, `/${name}`)

/** Somebody who works: an orchestrator with a key of its own. */
interface Worker {
  readonly id: string
  readonly key: string
}

async function workers({ urls, adminKey }: Up): Promise<readonly Worker[]> {
  const api = new Api(urls.gateway, adminKey.key)
  const made: Worker[] = []
  for (let lane = 0; lane < lanes_max; lane++) {
    const { id } = await api.post('/orchestrators', { name: `Worker ${lane}` })
    await api.post(`/orchestrators/${id}/activate`)
    const { secret } = await api.post(`/orchestrators/${id}/keys`, { scopes: ['read', 'write', 'execute'] })
    made.push({ id, key: secret! })
  }
  return made
}

interface Answer { readonly id: string; readonly revision: string; readonly position: string }

const ask = async (url: string, key: string, body: object): Promise<Answer> => JSON.parse(await post(url, key, JSON.stringify(body))) as Answer

function baton(running: Up, made: readonly Worker[], through: 'gateway' | 'directly', taken: 'start' | 'claim'): Contestant {
  const { urls, adminKey } = running
  const base = `${through === 'gateway' ? urls.gateway : urls.command}/api/v1`
  const questions = new Api(urls.query, adminKey.key)
  let last = '0'
  return {
    name: `Baton ${through === 'gateway' ? 'through the gateway' : 'directly'}, ${taken}`,
    async live(lane) {
      const { id: owner, key } = made[lane]!
      const created = await ask(`${base}/tasks`, key, {
        owner, title: 'Summarise the incident of last night', priority: 'HIGH', tags: ['bench'], metadata: { source: 'load', pad: 'x'.repeat(80) },
      })
      const { id, revision: token } = taken === 'start'
        ? await ask(`${base}/tasks/${created.id}/start`, key, {})
        : await ask(`${base}/orchestrators/${owner}/claim`, key, { minPosition: created.position })
      await ask(`${base}/tasks/${id}/progress`, key, { token, percentage: 50, message: 'half way' })
      last = (await ask(`${base}/tasks/${id}/complete`, key, { token, output: { ok: true } })).position
    },
    // Slots are given back by processes, so what is announced and projected last is theirs: the log is let run dry.
    async settled() {
      await questions.get(`/timeline?limit=1&minPosition=${last}`)
      await quiet(running)
    },
  }
}

/** Until the processes of Baton have had next to nothing to do for a moment. */
async function quiet({ processes }: Up) {
  for (let tries = 0; tries < 50; tries++) {
    const before = usedBy(processes)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const used = Object.values(spent(before, usedBy(processes))).reduce((sum, ms) => sum + ms, 0)
    if (used <= 40) return
  }
}

const usedBy = (processes: Up['processes']): Record<string, number> =>
  Object.fromEntries(Object.entries(processes).map(([name, child]) => [name, child ? processor_ms(child.pid) : 0]))

const ofPeer = (peer: Peer): Contestant => ({ name: peer.name, live: () => peer.live(), settled: async () => undefined })

/** Facts and appends since a position, by the log itself: what one append stored carries one command's id. */
async function logged(client: EventStoreDBClient, from: bigint | undefined) {
  let [facts, last] = [0, from]
  const appends = new Set<string>()
  const fromPosition = from === undefined ? START : { commit: from, prepare: from }
  for await (const { event } of client.readAll({ fromPosition, filter: streamNameFilter({ prefixes: deciders.map(({ category }) => `${category}-`) }) } as never)) {
    if (!event || event.position.commit === from) continue
    facts++
    appends.add((event.metadata as { commandId?: string } | undefined)?.commandId ?? event.id)
    last = event.position.commit
  }
  return { facts, appends: appends.size, last }
}

/** Appends and reads that the command service has made so far, as it counts them. */
async function calls(url: string): Promise<{ reads: number }> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return { reads: Number(/^baton_store_reads_total (\d+)$/m.exec(text)?.[1] ?? NaN) }
}

const lines: object[] = []

const shown = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)

await countStatements()
const running = await up({ root, ports: 'free', log, env: { ...process.env, LOG_LEVEL: 'warn' } })
const client = EventStoreDBClient.connectionString`${running.urls.eventstore}`
const account = new pg.Client({ connectionString: databaseOf(running.urls.database, 'postgres') })
const peers: Peer[] = []
let code = 0
try {
  await account.connect()
  await account.query('create extension if not exists pg_stat_statements')
  for (const name of ['life_boss', 'life_graphile']) await account.query(`create database ${name}`)
  peers.push(await pgBoss(databaseOf(running.urls.database, 'life_boss')), await graphileWorker(databaseOf(running.urls.database, 'life_graphile'), lanes_max))
  const made = await workers(running)
  const ours = [
    baton(running, made, 'gateway', 'start'), baton(running, made, 'gateway', 'claim'),
    baton(running, made, 'directly', 'start'), baton(running, made, 'directly', 'claim'),
  ]
  const contestants = [...peers.map(ofPeer), ...ours]
  const isPeer = ({ name }: Contestant) => peers.some((peer) => peer.name === name)

  const look = async (contestant: Contestant) => {
    const used = usedBy(running.processes)
    return isPeer(contestant)
      ? { used: { postgres: used.postgres!, 'its own process': process.cpuUsage().user / 1_000 + process.cpuUsage().system / 1_000 }, counted: {} }
      : { used, counted: { ...await statementsOf(account, 'baton'), ...await calls(running.urls.command) } }
  }

  let position = (await logged(client, undefined)).last
  async function sliceOf(contestant: Contestant, inFlight: number, for_ms: number): Promise<Slice> {
    const before = await look(contestant)
    let lives = 0
    const free = Array.from({ length: inFlight }, (_, lane) => lane)
    const perSecond = await rate(inFlight, for_ms, async () => {
      const lane = free.pop()!
      await contestant.live(lane)
      free.push(lane)
      lives++
    })
    await contestant.settled()
    const after = await look(contestant)
    const counted: Record<string, number> = spent<string>(before.counted as never, after.counted as never)
    if (!isPeer(contestant)) {
      const { facts, appends, last } = await logged(client, position)
      position = last
      Object.assign(counted, { facts, appends })
    }
    return { rate: perSecond, lives, used_ms: spent<string>(before.used as never, after.used as never), counted }
  }

  process.stdout.write(`${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}; ${rounds_count} rounds of ${slice_ms} ms in turns\n`)
  for (const contestant of contestants) await sliceOf(contestant, lanes_max, 1_500)
  for (const inFlight of levels) {
    const slices = new Map(contestants.map((contestant) => [contestant, [] as Slice[]]))
    for (let round = 0; round < rounds_count; round++) {
      for (const contestant of contestants) slices.get(contestant)!.push(await sliceOf(contestant, inFlight, slice_ms))
    }
    process.stdout.write(`\n${inFlight} in flight\n`)
    let boss = { rate: NaN, ms: NaN }
    for (const [{ name }, of] of slices) {
      const lives = of.reduce((sum, one) => sum + one.lives, 0)
      const each = (pick: (one: Slice) => Readonly<Record<string, number>>) => Object.fromEntries(
        Object.keys(pick(of[0]!)).map((key) => [key, of.reduce((sum, one) => sum + pick(one)[key]!, 0) / lives]))
      const [perSecond, used, counted] = [median(of.map((one) => one.rate)), each((one) => one.used_ms), each((one) => one.counted)]
      const ms = Object.values(used).reduce((sum, value) => sum + value, 0)
      if (name === 'pg-boss') boss = { rate: perSecond, ms }
      const line = { name, inFlight, lives_per_s: perSecond, ofPgBoss: perSecond / boss.rate, processor_ms: ms, processorOfPgBoss: ms / boss.ms, used_ms: used, counted }
      lines.push(line)
      process.stdout.write(`${name.padEnd(36)} ${shown(perSecond).padStart(6)} lives/s ${(perSecond / boss.rate).toFixed(3).padStart(7)} x pg-boss   ${shown(ms).padStart(6)} ms of processor ${(ms / boss.ms).toFixed(1).padStart(6)} x\n`)
      const parts = [...Object.entries(used).map(([key, value]) => `${key} ${shown(value)} ms`), ...Object.entries(counted).map(([key, value]) => `${shown(value)} ${key}`)]
      process.stdout.write(`${' '.repeat(37)}${parts.join(', ')}\n`)
    }
  }
  const memory = Object.fromEntries(Object.entries(running.processes).map(([name, child]) => [name, child ? resident_mb(child.pid) : NaN]))
  process.stdout.write(`\nresident after it: ${Object.entries(memory).map(([name, mb]) => `${name} ${mb} MB`).join(', ')}\n`)
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'life.json'), `${JSON.stringify({ at: new Date().toISOString(), node: process.version, cpus: cpus().length, model: cpus()[0]?.model, lines, memory }, undefined, 2)}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`)
  code = 1
} finally {
  closeConnections()
  for (const peer of peers) await peer.stop()
  await client.dispose()
  await account.end()
  await running.stop()
  rmSync(root, { recursive: true, force: true })
}
process.exit(code)
