import t from 'tap'
import { attempts_max, failedOnce, isFailing, noFailures, patienceIn, waitAfter } from './outlet.ts'
import { uuid } from './testing.ts'
import { hour_ms } from './time.ts'

t.test('L-38 the waits between ten attempts grow to four hours, a tenth more or less, fixed by event and attempt', async (t) => {
  const exact = [5, 20, 80, 320, 1_280, 5_120, 14_400, 14_400, 14_400]
  t.equal(exact.reduce((sum, wait) => sum + wait), 50_025)
  const waits = (event: string) => Array.from({ length: attempts_max }, (_, n) => waitAfter(event, n + 1))
  for (const [n, wait] of waits(uuid(1)).entries()) {
    if (n === attempts_max - 1) t.equal(wait, null, 'then it is given up')
    else t.ok(Math.abs(wait! / 1_000 / exact[n]! - 1) <= .1, `${n + 1}: ${wait}`)
  }
  t.strictSame(waits(uuid(1)), waits(uuid(1)))
  t.notSame(waits(uuid(1)), waits(uuid(2)))
})

t.test('L-38 what the other side asks for counts where it is longer, up to an hour', async (t) => {
  t.equal(waitAfter(uuid(1), 1, 60), 60_000)
  t.equal(waitAfter(uuid(1), 1, 999_999), 3_600_000)
  t.equal(waitAfter(uuid(1), 6, 10), waitAfter(uuid(1), 6))
  t.equal(waitAfter(uuid(1), attempts_max, 10), null)
})

t.test('L-38 Retry-After is a number of seconds or a date', async (t) => {
  const at_ms = Date.parse('2030-01-01T00:00:00Z')
  const said = { '120': 120, 'Tue, 01 Jan 2030 00:01:00 GMT': 60, 'Mon, 31 Dec 2029 00:00:00 GMT': 0, soon: 0, '-5': 0 }
  for (const [header, seconds] of Object.entries(said)) t.equal(patienceIn(header, at_ms), seconds, header)
  t.equal(patienceIn(undefined, at_ms), 0)
})

t.test('L-38 a target is failing after twenty failures since something arrived, the first of them a day ago', async (t) => {
  const after = (count: number) =>
    Array.from({ length: count }, (_, n) => 1_000 + n).reduce((failures, at_ms) => failedOnce(failures, at_ms), noFailures)
  t.notOk(isFailing(noFailures, 99 * hour_ms))
  t.notOk(isFailing(after(19), 99 * hour_ms))
  t.notOk(isFailing(after(20), 24 * hour_ms + 999))
  t.ok(isFailing(after(20), 24 * hour_ms + 1_000))
})
