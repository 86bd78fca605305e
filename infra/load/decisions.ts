/**
 * Votes: over many decisions at once and on one of 200 electors, beside the creation of tasks, in turns by the same command service; how long
 * the slowest of 200 waits that vote at the same moment; how long the dossier of 200 votes takes to verify. By the clock and by processor time,
 * since the machine may have other work: `npx node infra/load/decisions.ts [--count 1000] [--rounds 3] [--slice_ms 2500]`.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { EventStoreDBClient } from '@eventstore/db-client'
import { dossier } from 'shared-domain/council/dossier/making.ts'
import { isProven, verified } from 'shared-domain/council/dossier/verifying.ts'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'
import { Rejection } from 'shared-domain/kernel/decider.ts'
import { fingerprintOf, isSigned, notaryKeyIn, notaryKeysOf } from 'shared-service/notary-key.ts'
import { writtenOf } from '../../query-service/src/proofs.ts'
import { Api, Refused } from '../../scripts/api.ts'
import { startEngines } from '../embedded/engines.ts'
import { processor_ms } from './accounting.ts'
import { folder, service } from './alone.ts'
import { closeConnections, median, percentile, post, rate } from './measure.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '3' }, slice_ms: { type: 'string', default: '2500' } },
})
const [count, rounds, slice_ms] = [values.count, values.rounds, values.slice_ms].map(Number) as [number, number, number]
const electors_max = 200
const seats = 10
const [in_flight, commands_max] = [16, 100]
const say = (line: string) => process.stdout.write(`${line}\n`)

const root = folder('baton-decisions-')
const engines = await startEngines({ root, env: { NATS_URL: 'nats://127.0.0.1:1' }, ports: 'free', log: () => undefined, onGivenUp: () => undefined })
const client = EventStoreDBClient.connectionString`${engines.urls.eventstore}`
const key = `bk_${randomBytes(32).toString('base64url')}`
const command = await service('command', { EVENTSTORE_URL: engines.urls.eventstore, DATABASE_URL: engines.urls.database, BATON_ADMIN_KEY: key })
const admin = new Api(command.url, key)

interface Voter { readonly id: string; readonly key: string }

async function hired(n: number): Promise<Voter> {
  const { id } = await admin.post('/orchestrators', { name: `Voter ${n}` })
  const { secret } = await admin.post(`/orchestrators/${id}/keys`)
  return { id, key: secret! }
}

const voters: Voter[] = []
while (voters.length < electors_max) voters.push(...await Promise.all(Array.from({ length: 20 }, (_, index) => hired(voters.length + index))))

const ballot = (vote: 'APPROVE' | 'REJECT') => JSON.stringify({ vote })
const cast = ({ key }: Voter, decision: string, vote: 'APPROVE' | 'REJECT') => post(`${command.url}/api/v1/decisions/${decision}/votes`, key, ballot(vote))
const opened = async (electorate: readonly Voter[], more: object = {}) =>
  (await admin.post('/decisions', { title: 'Shall we?', electorate: electorate.map(({ id }) => id), early: false, ...more })).id

/** Decisions opened together, many to a request. */
async function openMany(): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count) {
    const told = Array.from({ length: Math.min(commands_max, count - ids.length) }, () => {
      const electorate = voters.slice(0, seats).map(({ id }) => id)
      return { path: '/decisions', body: { title: 'Shall we?', electorate, minElectorate: 1, early: false } }
    })
    for (const answer of await admin.together(told)) {
      if (answer instanceof Refused) throw answer
      ids.push(answer.id)
    }
  }
  return ids
}

/** Every voter of every decision in turn, and again otherwise when all have. Not all of them: the last one would end a decision. */
function overMany(ids: readonly string[]) {
  let turn = 0
  return () => {
    const nth = turn++
    const [decision, voter, round] = [nth % ids.length, Math.floor(nth / ids.length) % (seats - 1), Math.floor(nth / ids.length / (seats - 1))]
    return cast(voters[voter]!, ids[decision]!, round % 2 === 0 ? 'APPROVE' : 'REJECT')
  }
}

/** So many of its electors in turn: the more they are, the more often a key is looked at again. */
function onOne(decision: string, voting: number) {
  let turn = 0
  return () => {
    const nth = turn++
    return cast(voters[nth % voting]!, decision, Math.floor(nth / voting) % 2 === 0 ? 'APPROVE' : 'REJECT')
  }
}

async function turns() {
  const { id: owner } = await admin.post('/orchestrators', { name: 'Bench' })
  const task = JSON.stringify({ owner, title: 'Summarise the incident of last night', tags: ['bench'] })
  const begun_ms = performance.now()
  const ids = await openMany()
  say(`${ids.length} decisions of ${seats} electors opened in ${((performance.now() - begun_ms) / 1_000).toFixed(1)} s, many to a request`)
  const ways = {
    'tasks created': () => post(`${command.url}/api/v1/tasks`, key, task), [`votes over ${count} decisions`]: overMany(ids),
    'votes on one decision of 200, by 199': onOne(await opened(voters), electors_max - 1),
    [`votes on one decision of 200, by ${seats}`]: onOne(await opened(voters), seats),
  }
  const found = Object.keys(ways).map((name) => ({ name, perSecond: [] as number[], each_ms: [] as number[] }))
  for (let round = 0; round <= rounds; round++) for (const [index, way] of Object.values(ways).entries()) {
    const before_ms = processor_ms(command.pid)
    const perSecond = await rate(in_flight, slice_ms, way)
    const each_ms = (processor_ms(command.pid) - before_ms) / (perSecond * slice_ms / 1_000)
    // The first round only warms up.
    if (round > 0) { found[index]!.perSecond.push(perSecond); found[index]!.each_ms.push(each_ms) }
  }
  const [tasks] = found
  for (const { name, perSecond, each_ms } of found) {
    const [ratio, cost] = [median(perSecond) / median(tasks!.perSecond), median(each_ms) / median(tasks!.each_ms)]
    say(`${name}, ${in_flight} in flight: ${median(perSecond).toFixed(0)}/s (${ratio.toFixed(2)} of tasks), ${median(each_ms).toFixed(2)} ms of processor time each (${cost.toFixed(2)} of a task)`)
  }
}

const appends = async () => Number(/^baton_store_appends_total (\d+)/m.exec(await (await fetch(`${command.url}/metrics`)).text())?.[1])

/** All 200 at the same moment; what comes after the end is told so. */
async function atOnce(early: boolean) {
  const decision = await opened(voters, { early })
  const before = await appends()
  const waits_ms = await Promise.all(voters.map(async (voter) => {
    const begun_ms = performance.now()
    const isTaken = await cast(voter, decision, 'APPROVE').then(() => true, (error: Error) => { if (!error.message.startsWith('409')) throw error; return false })
    return { isTaken, ms: performance.now() - begun_ms }
  }))
  const taken = waits_ms.filter(({ isTaken }) => isTaken).length
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(waits_ms.map(({ ms }) => ms), share).toFixed(0))
  say(`200 at once on one, ${early ? 'settled by the 101st' : 'all of them counted'}: ${taken} taken, p50 ${p50} ms, p99 ${p99} ms, ${await appends() - before - taken} appends besides`)
  return decision
}

/** Read from the log, made and verified, as whoever has nothing but the file does. */
async function verifiedOne(decision: string) {
  const facts = []
  for await (const { event } of client.readStream(`decision-${decision}`)) facts.push(writtenOf(event!))
  const made = dossier.make(facts, { id: decision, organization: 'default' })
  if (made instanceof Rejection) throw new Error(made.code)
  const notary = notaryKeysOf(notaryKeyIn(`${root}/notary.key`))
  const signature = { algorithm: 'ed25519', keyId: notary.keyId, value: notary.sign(canonicalJson(made.signed)) }
  const text = canonicalJson({ ...made.body, keys: notary.keys, signature })
  const times_ms = Array.from({ length: 5 }, () => {
    const { user, system } = process.cpuUsage()
    if (!isProven(verified(text, { fingerprintOf, isSigned }))) throw new Error('it does not verify')
    const used = process.cpuUsage()
    return (used.user + used.system - user - system) / 1_000
  })
  say(`dossier of ${facts.length} facts, ${(text.length / 1_024).toFixed(0)} kB: verified in ${median(times_ms).toFixed(0)} ms of processor time, the first in ${times_ms[0]!.toFixed(0)}`)
}

try {
  await turns()
  await atOnce(true)
  await verifiedOne(await atOnce(false))
  say(`load ${loadavg().map((load) => load.toFixed(1)).join(', ')}`)
} finally {
  closeConnections()
  await command.stop()
  await client.dispose()
  await engines.stop()
  rmSync(root, { recursive: true, force: true })
}
process.exit(0)
