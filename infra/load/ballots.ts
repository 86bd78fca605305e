/**
 * Votes that were taken elsewhere, through the command API with their own rules: proposals of decentralised organizations with weights of any
 * size, and roll calls of an assembly. Says how fast, and of each question that ended otherwise than in the record why:
 * `npx node infra/load/ballots.ts --dao-votes DIR --un-votes DIR [--every 20] [--two US,GB]`. Of the roll calls every so many are played, all
 * are counted; and all are played of two members alone, of whom it is asked how often they agreed.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EventStoreDBClient } from '@eventstore/db-client'
import { Api } from '../../scripts/api.ts'
import { facts } from '../../scripts/audit/log.ts'
import { verify } from '../../scripts/audit/verify.ts'
import { up } from '../../scripts/up.ts'
import { processor_ms } from './accounting.ts'
import { daoQuestions, explained } from './recorded/dao-votes.ts'
import { play, type Played } from './recorded/play.ts'
import { idOf, type Recorded } from './recorded/recorded.ts'
import { counted, rollCalls, type RollCallQuestion } from './recorded/roll-calls.ts'

const { values } = parseArgs({ options: { 'dao-votes': { type: 'string' }, 'un-votes': { type: 'string' }, every: { type: 'string', default: '20' }, two: { type: 'string' } } })

const root = mkdtempSync(join(tmpdir(), 'baton-ballots-'))
chmodSync(root, 0o755)
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const client = EventStoreDBClient.connectionString`${baton.urls.eventstore}`
const admin = new Api(baton.urls.gateway, baton.adminKey.key)
const say = (line: string) => process.stdout.write(`${line}\n`)

const tallied = <Item>(items: Iterable<Item>, of: (item: Item) => string) =>
  [...Map.groupBy(items, of)].map(([name, some]) => `${some.length} ${name}`).sort().join(', ')

/** Plays them all, and says how fast. */
async function timed(what: string, questions: readonly Recorded[]): Promise<ReadonlyMap<string, Played>> {
  const spent_ms = () => processor_ms(baton.processes.command!.pid)
  const [started_ms, before_ms] = [performance.now(), spent_ms()]
  const played = await play(admin, questions)
  const elapsed_s = (performance.now() - started_ms) / 1_000
  const ballots = [...played.values()].reduce((sum, { taken }) => sum + taken, 0)
  const each_ms = ((spent_ms() - before_ms) / ballots).toFixed(2)
  say(`${what}: ${played.size} questions, ${ballots} ballots in ${elapsed_s.toFixed(1)} s, ${Math.round(ballots / elapsed_s)} ballots/s, ${each_ms} ms of the command service each`)
  say(`  ${tallied(played.values(), ({ status }) => status)}`)
  return played
}

/** When each question ended, by the times of the facts. */
async function endsOf(): Promise<ReadonlyMap<string, string>> {
  const ends = new Map<string, string>()
  for await (const { fact } of facts(client)) if (/^Decision(?:Approved|Rejected|Expired)$/.test(fact.type)) ends.set(fact.id, fact.at)
  return ends
}

async function proposals(folder: string) {
  const questions = daoQuestions(join(folder, 'proposals.csv.gz'), join(folder, 'votes.csv.gz'))
  const played = await timed('dao-votes', questions)
  const ends = await endsOf()
  const crossed = questions.filter(({ state }) => state.endsWith('BarCrossed'))
  const exact = crossed.filter(({ id, ballots }) => played.get(id)!.taken === ballots.length && ends.get(id) === ballots.at(-1)!.at)
  say(`  ${exact.length} of ${crossed.length} that crossed their bar ended with exactly their last ballot`)
  const differing = questions.filter(({ id, passed }) => (played.get(id)!.status === 'approved') !== passed)
  say(`  ${questions.length - differing.length} of ${questions.length} as recorded`)
  for (const one of differing) say(`  ${explained(one, played.get(one.id)!.status)}`)
}

async function assembly(folder: string) {
  const all = rollCalls(join(folder, 'rollcalls.csv.gz'), join(folder, 'votes.csv.gz'))
  for (const [name, rule] of Object.entries({ majority: {}, 'supermajority 2/3': { threshold: '2/3' }, 'supermajority 1/1': { threshold: '1/1' } }))
    say(`un-votes, ${all.length} roll calls counted by ${name}: ${tallied(all, (call) => counted(call, rule))}`)
  const some = all.filter((_, index) => index % Number(values.every) === 0)
  const played = await timed(`un-votes, one of ${values.every}`, some)
  const differing = some.filter((call) => played.get(call.id)!.status !== counted(call, {}))
  say(`  ${differing.length} end otherwise than they count`)
  if (values.two !== undefined) await agreementOf(all, values.two.split(','))
}

/** How often two members agreed, by the question that there is, of roll calls on which they alone vote again. */
async function agreementOf(calls: readonly RollCallQuestion[], names: readonly string[]) {
  const members = names.map((name) => ({ elector: idOf('member', name), name }))
  const ids = members.map(({ elector }) => elector)
  const theirs = calls.map((call) => ({
    ...call, id: idOf('two', call.name), electors: members, ballots: call.ballots.filter(({ elector }) => ids.includes(elector)),
    asked: { ...call.asked, quorum: '1/200' },
  }))
  await timed(`un-votes, ${names.join(' and ')} alone`, theirs)
  const { position } = await admin.get('/position')
  const query = ids.map((id) => `electors=${id}`).join('&')
  const begun_ms = performance.now()
  const { both, same } = await admin.get(`/council/agreement?${query}&to=2026-01-01T00:00:00Z&minPosition=${position}`)
  const asked_ms = performance.now() - begun_ms
  // Of those that were played with all their electors the two have voted as well.
  const again = calls.filter((_, index) => index % Number(values.every) === 0)
  const voteOf = ({ ballots }: RollCallQuestion, id: string) => ballots.find(({ elector }) => elector === id)?.vote
  const twice = again.filter((call) => ids.every((id) => voteOf(call, id)))
  const alike = twice.filter((call) => voteOf(call, ids[0]!) === voteOf(call, ids[1]!))
  say(`  voted alike ${same[0][1] - alike.length} of ${both[0][1] - twice.length} times, as the question says in ${asked_ms.toFixed(0)} ms`)
}

try {
  if (values['dao-votes'] !== undefined) await proposals(values['dao-votes'])
  if (values['un-votes'] !== undefined) await assembly(values['un-votes'])
  const { models } = await verify(client, baton.urls.database, [])
  say(`read models that differ from a replay: ${models.filter(({ difference }) => difference).length} of ${models.length}`)
} finally {
  await client.dispose()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
process.exit(0)
