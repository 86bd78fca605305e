/**
 * What claims cost: `npx node infra/load/claims.ts [--rounds 5] [--seconds 3] [--claims 200] [--most 60]`. In turns, of an orchestrator that keeps no
 * hours and of one that does, tasks are claimed and completed one after the other, four hands each; then so many claims race for five slots,
 * and every append that met a conflict is counted.
 */
import { readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { EventStoreDBClient } from '@eventstore/db-client'
import { Api, Refused } from '../../scripts/api.ts'
import { facts } from '../../scripts/audit/log.ts'
import { up } from '../../scripts/up.ts'
import { folder } from './alone.ts'
import { median, rate } from './measure.ts'
import { tell } from './telling.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' }, claims: { type: 'string', default: '200' }, most: { type: 'string', default: '60' } } })
const [rounds, slice_ms, claims] = [Number(values.rounds), Number(values.seconds) * 1_000, Number(values.claims)]
const hands = 4
const perSecond_max = Number(values.most)
const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']

const root = folder('baton-claims-')
const baton = await up({ root, ports: 'free', env: { PATH: process.env.PATH, LOG_LEVEL: 'warn' }, log: () => undefined })
const client = EventStoreDBClient.connectionString`${baton.urls.eventstore}`
const api = new Api(baton.urls.command, baton.adminKey.key)
const questions = new Api(baton.urls.query, baton.adminKey.key)

async function hired(name: string, maxConcurrentTasks: number) {
  const { id } = await api.post('/orchestrators', { name, maxConcurrentTasks })
  await api.post(`/orchestrators/${id}/activate`)
  return id
}

/** As many tasks as will be claimed, and rows that show them. */
async function given(owner: string, count: number) {
  for (let left = count; left > 0; left -= 100) {
    await api.together(Array.from({ length: Math.min(100, left) }, (_, n) => ({ path: '/tasks', body: { owner, title: `Work ${n}` } })))
  }
  const { position } = await api.post('/tasks', { owner, title: 'The last' })
  await questions.get(`/tasks?limit=1&minPosition=${position}`)
}

/** Slots of the whole day, a break that is over within a minute, and the holidays of a country. */
async function planned(id: string) {
  const weekly = Object.fromEntries(days.map((day) => [day, [{ start: '00:00', end: '24:00' }]]))
  const breaks = [{ days: ['SUNDAY'], start: '03:00', end: '03:01' }]
  await api.send('PUT', `/orchestrators/${id}/schedule`, { zone: 'Europe/Berlin', weekly, breaks, holidays: { country: 'DE', drop: [new Date().toISOString().slice(0, 10)] } })
  for (let looks = 0; looks < 100 && (await questions.get(`/schedules/${id}`).catch(() => undefined))?.open !== true; looks++)
    await new Promise((resolve) => setTimeout(resolve, 100))
}

const claimed = (id: string) => async () => {
  const { id: task, token } = await api.post(`/orchestrators/${id}/claim`) as any
  await api.post(`/tasks/${task}/complete`, { token })
}

interface Made { readonly rates: number[]; cpu_ms: number; count: number }
const made = (): Made => ({ rates: [], cpu_ms: 0, count: 0 })

/** Processor time that the command service has used: on a machine that does much else it says more than the clock. */
function used_ms(): number {
  const fields = readFileSync(`/proc/${baton.processes.command!.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function slice(id: string, into: Made) {
  const [before_ms, began_ms] = [used_ms(), performance.now()]
  const found = await rate(hands, slice_ms, claimed(id))
  into.rates.push(found)
  into.count += Math.round(found * (performance.now() - began_ms) / 1_000)
  into.cpu_ms += used_ms() - before_ms
}

/** Appends that the command service made, those that met a conflict as well. */
async function appends(): Promise<number> {
  const text = await (await fetch(`${baton.urls.command}/metrics`)).text()
  return Number(/^store_appends_total(?:{[^}]*})? (\d+)/m.exec(text)?.[1])
}

/** Appends that stand in the log: facts of one command in one stream are one. */
async function stored(): Promise<number> {
  const made = new Set<string>()
  for await (const { fact } of facts(client)) made.add(`${fact.category}-${fact.id} ${fact.commandId}`)
  return made.size
}

/** What the service did until nothing more follows. */
async function settled() {
  for (let before = -1, now = await appends(); before !== now;) {
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    ;[before, now] = [now, await appends()]
  }
  return { appends: await appends(), stored: await stored() }
}

try {
  process.stdout.write(`${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}\n`)
  const [bare, kept] = [await hired('Always there', 50), await hired('In its hours', 50)]
  await planned(kept)
  for (const id of [bare, kept]) await given(id, Math.ceil(rounds * slice_ms / 1_000 * perSecond_max) + 50)
  for (const id of [bare, kept]) await rate(hands, 1_000, claimed(id))
  const [without, within] = [made(), made()]
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first in a round comes last in the next.
    const turns = [() => slice(bare, without), () => slice(kept, within)]
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
  }
  const [bare_s, kept_s] = [median(without.rates), median(within.rates)]
  tell(`claims and completions without hours, ${hands} in flight`, bare_s, '/s')
  tell('the same with hours, breaks and holidays', kept_s, '/s', { ratio: kept_s / bare_s, target: '>= 0.95 x without' })
  const [bare_ms, kept_ms] = [without, within].map(({ cpu_ms, count }) => cpu_ms / count) as [number, number]
  tell('processor time of the command service, without hours', bare_ms, 'ms')
  tell('the same with hours, breaks and holidays', kept_ms, 'ms', { ratio: kept_ms / bare_ms })

  const racing = await hired('Racing', 5)
  await given(racing, claims)
  const before = await settled()
  const began_ms = performance.now()
  const outcomes = await Promise.all(Array.from({ length: claims }, () => api.post(`/orchestrators/${racing}/claim`)
    .then(() => 'claimed', (error: unknown) => (error instanceof Refused ? error.code : Promise.reject(error as Error)))))
  const took_ms = performance.now() - began_ms
  const after = await settled()
  const conflicts = after.appends - before.appends - (after.stored - before.stored)
  tell(`${claims} claims race for 5 slots`, took_ms, 'ms')
  for (const [outcome, all] of Map.groupBy(outcomes, (one) => one)) tell(`  ${outcome}`, all.length, '')
  tell('  appends that met a conflict, a claim', conflicts / claims, '')
} finally {
  await client.dispose()
  await baton.stop()
  rmSync(root, { recursive: true, force: true })
}
