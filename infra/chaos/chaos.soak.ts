import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { random } from '../../scripts/random.ts'
import { forChildren } from '../embedded/testing.ts'
import { house, until } from '../journeys/house.ts'
import { startDaemons } from './daemons.ts'
import { percentile, scanned } from './scan.ts'
import { customer } from './storm.ts'

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
const lasts_ms = Number(process.env.CHAOS_S ?? 600) * 1_000
/** How long it takes until work comes back is another thing when whoever waits for the end of a silence dies as well. */
const sparesServices = process.env.CHAOS_SPARES === 'services'
const tasks_max = 60
const stopped_ms = 75_000
/** After the storm all that is left has so long to come back and to be done. */
const calm_ms = 300_000

const { root, baton, log, differences } = await house(t)

t.test('F-104 ten minutes of kills and stops of daemons, guards, programs, services and engines', async (t) => {
  t.comment(`seed ${seed}`)
  const lot = random(seed)
  const one = <Item>(of: readonly Item[]): Item => of[Math.floor(lot() * of.length)]!
  const { key, acknowledged, want, encourage, left } = await customer(baton.urls.gateway, baton.adminKey.key, 20)
  const { daemons, lived, running, stop } = await startDaemons({
    root, url: baton.urls.gateway, nats: baton.urls.nats, key, count: 4, sessions: 2, marks: 100, env: forChildren as Record<string, string>, failed: (sentence) => t.fail(sentence),
  })
  t.teardown(stop)
  const end_ms = performance.now() + lasts_ms
  const counts: Record<string, number> = {}
  const signal = (pid: number, name: NodeJS.Signals) => { try { process.kill(pid, name) } catch { /* It has gone. */ } }
  const stopping = new Set<Promise<unknown>>()
  const deeds: Readonly<Record<string, () => unknown>> = {
    'daemon killed': () => one(daemons).kill(),
    'daemon stopped': () => {
      const { pid } = one(daemons)
      signal(pid, 'SIGSTOP')
      const over = pause(lot() < 0.5 ? stopped_ms : 5_000).then(() => signal(pid, 'SIGCONT'))
      stopping.add(over)
      void over.then(() => stopping.delete(over))
    },
    'program killed': () => { const { pid } = one(running()) ?? {}; if (pid) signal(pid, 'SIGKILL') },
    'service killed': () => one(Object.values(baton.processes)).kill(),
  }
  const always = ['daemon killed', 'daemon killed', 'daemon stopped', 'program killed', 'program killed']
  const often = sparesServices ? always : [...always, 'service killed']

  const wanting = (async () => {
    while (performance.now() < end_ms) {
      if (await left() < tasks_max) await want()
      await pause(200)
    }
  })()
  while (performance.now() < end_ms) {
    const deed = one(often)
    counts[deed] = (counts[deed] ?? 0) + 1
    await deeds[deed]!()
    await pause(1_000 + lot() * 3_000)
  }
  await wanting
  await Promise.all(stopping)

  const calm_end_ms = performance.now() + calm_ms
  while (await left() > 0 && performance.now() < calm_end_ms) {
    await encourage()
    await pause(1_000)
  }
  t.equal(await left(), 0, 'all that was wanted is done')
  await stop()
  const facts = await until(async () => (await log()).map(({ fact }) => fact))
  const { reclaim_ms, ...found } = scanned(facts, acknowledged, lived())
  t.strictSame(found, { lost: [], completedTwice: [], leasedTwice: [], orphans: [], openWithoutLease: [], livedTwice: [] })
  t.equal(facts.filter(({ type }) => type === 'TaskCompleted').length, acknowledged.length)
  t.strictSame(await differences(), [])
  const figures = {
    seed, lasts_s: lasts_ms / 1_000, ...counts, tasks: acknowledged.length, programs: lived().length, orphans: reclaim_ms.length,
    reclaim_p50_s: percentile(reclaim_ms, 50) / 1_000, reclaim_p99_s: percentile(reclaim_ms, 99) / 1_000, reclaim_max_s: (reclaim_ms.at(-1) ?? NaN) / 1_000,
  }
  t.comment(JSON.stringify(figures))
  if (process.env.CHAOS_OUT) writeFileSync(join(process.env.CHAOS_OUT), `${JSON.stringify(figures)}\n`)
})
