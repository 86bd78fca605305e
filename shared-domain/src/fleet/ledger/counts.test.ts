import t from 'tap'
import { organization } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { countedAt, countsAt } from './counts.ts'
import { purse, reservationIn, tokens } from './scene.ts'

t.test('F-82 used is what was consumed in each window, reserved what is left of all that was set aside', async (t) => {
  const { reserve, consume, release, counts, live, last, world } = purse()
  const reservation = reservationIn(reserve({ tokens: 100, cost: 10 }))
  consume({ reservation, tokens: 60, cost: 15 })
  t.match(last('TokensConsumed'), { overrun: { tokens: 0, cost: 5 } })
  t.match(counts(), { hour: { tokens: 60, cost: 15 }, day: { tokens: 60 }, month: { tokens: 60 }, reserved: { tokens: 40, cost: 0 } })
  consume({ reservation, tokens: 50 })
  t.match(last('TokensConsumed'), { overrun: { tokens: 10, cost: 0 } })
  t.match(counts(), { hour: { tokens: 110 }, reserved: { tokens: 0, cost: 0 } })
  t.strictSame(live(), [reservation], 'it lives until it ends')
  consume(tokens(5))
  t.match(last('TokensConsumed'), { reservation: null, overrun: { tokens: 5, cost: 0 } })
  world.pass(hour_ms)
  consume(tokens(1))
  t.match(counts(), { hour: { tokens: 1, cost: 0 }, day: { tokens: 116, cost: 15 }, month: { tokens: 116 } })
  const another = reservationIn(reserve(tokens(20)))
  release({ ledger: '203001', reservation: another })
  t.match(last('TokenReservationReleased'), { unused: { tokens: 20 }, counts: { reserved: { tokens: 0 } } })
})

t.test('F-81 at a month\'s turn a reservation stays with its ledger, where what comes later counts as at the last instant', async (t) => {
  const { reserve, consume, release, configure, counts, live, last, told, world } = purse()
  configure({ tokens: { monthly: 100, hourly: 90 } })
  world.pass(31 * day_ms - hour_ms)
  const reservation = reservationIn(reserve({ ...tokens(80), ttl_s: 90_000 }))
  world.pass(2 * hour_ms)
  t.match(reserve(tokens(90)), [{ type: 'TokensReserved' }], 'the month that has begun has all its own')
  consume({ ledger: '203001', reservation, tokens: 30 })
  t.match(counts(undefined, '203001'), {
    hour: { start: '2030-01-31T23:00:00.000Z', tokens: 30 }, month: { start: '2030-01-01T00:00:00.000Z', tokens: 30 },
    reserved: { tokens: 50 },
  })
  t.match(counts(undefined, '203002'), { month: { tokens: 0 }, reserved: { tokens: 90 } })
  t.match(counts(organization, '203001'), { month: { tokens: 30 }, reserved: { tokens: 50 } })
  release({ ledger: '203001', reservation })
  t.match(last('TokenReservationReleased', organization), { unused: { tokens: 50 } })
  t.strictSame([live(undefined, '203001'), live(organization, '203001')], [[], []])
  consume({ ledger: '203001', tokens: 70 })
  t.match(told('BudgetThresholdCrossed').at(-1), { window: 'month', start: '2030-01-01T00:00:00.000Z', percent: 100 })
  t.strictSame(told('BudgetExhausted'), [], 'what is over pauses nobody')
})

t.test('F-81 time in a ledger runs forward only, and ends with its month', async (t) => {
  const start = '2030-01-01T00:00:00.000Z'
  const counts = countsAt(null, '2030-01-05T10:30:00.000Z')
  t.equal(countedAt(start, counts, '2030-01-05T10:10:00.000Z'), '2030-01-05T10:10:00.000Z')
  t.equal(countedAt(start, counts, '2030-01-05T09:59:00.000Z'), '2030-01-05T10:00:00.000Z')
  t.equal(countedAt(start, counts, '2030-02-05T09:59:00.000Z'), '2030-01-31T23:59:59.999Z')
  t.equal(countedAt(start, null, '2030-01-05T09:59:00.000Z'), '2030-01-05T09:59:00.000Z')
  t.equal(countedAt(start, null, later(start, -1)), undefined)
  t.equal(countedAt(start, null, start), start)
})
