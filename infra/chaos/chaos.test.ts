import t from 'tap'
import { familyOf } from '../../daemon/src/processes.ts'
import { forChildren } from '../embedded/testing.ts'
import { house, until } from '../journeys/house.ts'
import { startDaemons } from './daemons.ts'
import { scanned } from './scan.ts'
import { customer } from './storm.ts'

const { root, baton, log, differences, pass, clock } = await house(t, { timed: true })

t.test('F-104 F-94 daemons, programs, guards and services are killed: nothing is lost or done twice, and every orphan comes back', async (t) => {
  const { key, acknowledged, want, left } = await customer(baton.urls.gateway, baton.adminKey.key, 10)
  const { daemons, lived, running, stop } = await startDaemons({
    root, url: baton.urls.gateway, nats: baton.urls.nats, key, count: 2, sessions: 2, marks: 40, env: { ...forChildren, ...clock } as Record<string, string>, failed: (sentence) => t.fail(sentence),
  })
  t.teardown(stop)
  const facts = async () => (await log()).map(({ fact }) => fact)
  const busy = (count: number) => until(async () => running().filter(({ pid }) => pid !== undefined).length >= count)
  for (let n = 0; n < 4; n++) await want()
  await busy(4)

  await daemons[0]!.kill()
  await until(async () => daemons[0]!.restarts > 0)
  const stopped = daemons[1]!.pid
  process.kill(stopped, 'SIGSTOP')
  // Its guards are not stopped: they see that nothing was heard for nearly as long as a lease lasts, and only then does that end.
  pass(57_000)
  await until(async () => running().every(({ mark }) => familyOf(-1, mark).length === 0))
  pass(5_000)
  await until(async () => (await facts()).filter(({ type }) => type === 'LeaseExpired').length >= 4)
  process.kill(stopped, 'SIGCONT')

  await baton.processes.command!.kill()
  await want()
  await busy(1)
  const victim = running().find(({ pid }) => pid !== undefined)
  if (victim) try { process.kill(victim.pid!, 'SIGKILL') } catch { /* It has ended meanwhile. */ }
  await baton.processes.postgres!.kill()
  await want()

  await until(async () => (await left()) === 0)
  await stop()
  const found = scanned(await facts(), acknowledged, lived())
  t.strictSame({ ...found, reclaim_ms: [] }, { lost: [], completedTwice: [], leasedTwice: [], orphans: [], openWithoutLease: [], livedTwice: [], reclaim_ms: [] })
  t.ok(found.reclaim_ms.length >= 4, `${found.reclaim_ms.length} orphans came back`)
  t.equal((await facts()).filter(({ type }) => type === 'TaskCompleted').length, acknowledged.length, 'each was done once')
  t.strictSame(await differences(), [])
})
