import fc from 'fast-check'
import t from 'tap'
import { later } from '../../kernel/time.ts'
import { endOf, lastOf, Month, monthOf, startOf, startOfMonth, windows } from './windows.ts'

t.test('F-81 windows are hours, days and months of UTC', async (t) => {
  const at = '2028-02-29T18:15:46.680Z'
  t.strictSame(windows.map((window) => startOf(window, at)), [
    '2028-02-29T18:00:00.000Z', '2028-02-29T00:00:00.000Z', '2028-02-01T00:00:00.000Z',
  ])
  t.strictSame(windows.map((window) => endOf(window, startOf(window, at))), [
    '2028-02-29T19:00:00.000Z', '2028-03-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z',
  ])
  t.equal(endOf('month', '2029-12-01T00:00:00.000Z'), '2030-01-01T00:00:00.000Z')
  t.equal(lastOf('2030-01-01T00:00:00.000Z'), '2030-01-31T23:59:59.999Z')
})

t.test('F-52 a ledger is named after its month', async (t) => {
  t.equal(monthOf('2030-01-31T23:59:59.999Z'), '203001')
  t.equal(startOfMonth('203001'), '2030-01-01T00:00:00.000Z')
  for (const month of ['203001', '203012', '000101']) t.ok(Month.safeParse(month).success, month)
  for (const month of ['203000', '203013', '000001', '2030-01', '20301', '2030010']) t.notOk(Month.safeParse(month).success, month)
})

t.test('F-81 every instant is in one window of each kind, and its month begins with its first', async () => {
  const instants = fc.date({ min: new Date('1990-01-01'), max: new Date('2110-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString())
  fc.assert(fc.property(instants, (at) => windows.every((window) => {
    const start = startOf(window, at)
    const end = endOf(window, start)
    const isSame = startOf(window, start) === start && startOf(window, later(end, -1)) === start
    return start <= at && at < end && isSame && startOf(window, end) === end
  }) && startOfMonth(monthOf(at)) === startOf('month', at)), { seed: 2030, numRuns: 500 })
})
