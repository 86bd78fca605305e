import t from 'tap'
import { rowsAfter } from '../../kernel/picture.ts'
import { organization } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { budgetDays } from '../ledger/days.ts'
import { holder, purse, reservationIn, tokens } from '../ledger/scene.ts'
import { orchestrators } from '../orchestrator/orchestrators.ts'
import { budgets } from './budgets.ts'

const rows = (model: typeof budgets | typeof budgetDays | typeof orchestrators, { world }: ReturnType<typeof purse>) =>
  rowsAfter(model, world.log).map((row) => model.row.strict().parse(row)) as any[]
const rowOf = (house: ReturnType<typeof purse>, who: string = holder) => rows(budgets, house).find((row) => row.holder === who)

t.test('F-52 limits, overrides, counts and until when nothing starts are shown, of orchestrators and the organization', async (t) => {
  const house = purse()
  const { reserve, consume, release, configure, override, world } = house
  t.equal(rowOf(house), undefined, 'who has none has no row')
  const reservation = reservationIn(reserve(tokens(50)))
  t.match(rowOf(house), { holder, kind: 'orchestrator', limits: null, overrides: [], counts: { reserved: { tokens: 50 } }, blocked: null })
  configure({ tokens: { hourly: 100 } })
  consume({ reservation, ...tokens(100) })
  t.match(rowOf(house), {
    limits: { tokens: { hourly: 100, daily: null } }, counts: { hour: { tokens: 100 }, reserved: { tokens: 0 } },
    blocked: { window: 'hour', unit: 'tokens', until: later(world.at, hour_ms) },
  })
  t.match(rows(orchestrators, house), [{ budget_until: later(world.at, hour_ms) }])
  const more = { unit: 'tokens', window: 'hour', extra: 1, until: later(world.at, hour_ms), reason: 'a release' }
  override(more)
  t.match(rowOf(house), { overrides: [more], blocked: null })
  t.match(rows(orchestrators, house), [{ budget_until: null }])
  release({ ledger: '203001', reservation })
  t.match(rowOf(house, organization), { kind: 'organization', limits: null, counts: { hour: { tokens: 100 } } })
  world.pass(day_ms)
  override({ ...more, until: later(world.at, hour_ms) })
  t.equal(rowOf(house).overrides.length, 1, 'what has ended is not shown')
})

t.test('F-52 F-81 what comes late to a ledger of an earlier month is not shown as of this one', async (t) => {
  const house = purse()
  const { consume, world } = house
  consume(tokens(1))
  world.pass(31 * day_ms)
  consume(tokens(2))
  consume({ ledger: '203001', tokens: 5 })
  t.match(rowOf(house), { counts: { month: { start: '2030-02-01T00:00:00.000Z', tokens: 2 } } })
})

t.test('F-52 what was used is summed by day, as it was booked', async (t) => {
  const house = purse()
  const { reserve, consume, world } = house
  const reservation = reservationIn(reserve({ tokens: 10, cost: 0 }))
  consume({ reservation, tokens: 15, cost: 2 })
  world.pass(day_ms)
  consume(tokens(1))
  const days = (who: string) => [
    { holder: who, day: '2030-01-01', tokens: 15, cost: 2, overrun_tokens: 5, overrun_cost: 2 },
    { holder: who, day: '2030-01-02', tokens: 1, cost: 0, overrun_tokens: 1, overrun_cost: 0 },
  ]
  const sorted = rows(budgetDays, house).sort((a, b) => (a.day + a.holder < b.day + b.holder ? -1 : 1))
  t.strictSame(sorted.filter((row) => row.holder === holder), days(holder))
  t.strictSame(sorted.filter((row) => row.holder === organization), days(organization))
})
