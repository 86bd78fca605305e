import t from 'tap'
import { organization, uuid } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from '../../kernel/time.ts'
import { holder, purse, reservationIn, tokens } from '../ledger/scene.ts'
import { orchestratorBudget, organizationBudget } from './questions.ts'

const asked = ({ world }: ReturnType<typeof purse>) => ({
  own: () => world.ask(orchestratorBudget, { params: { orchestrator: holder } }) as any,
  all: () => world.ask(organizationBudget, { params: {} }) as any,
})
const at = (windows: readonly any[], unit: string, window: string) => windows.find((one) => one.unit === unit && one.window === window)

t.test('F-52 F-85 a budget: each window with its limit, what is used and reserved, and where that leads to', async (t) => {
  const house = purse()
  const { reserve, consume, configure, override, world } = house
  const { own, all } = asked(house)
  configure({ tokens: { daily: 1_000_000, hourly: 500_000 } })
  world.pass(6 * hour_ms)
  const reservation = reservationIn(reserve(tokens(450_000)))
  consume({ reservation, tokens: 400_000, cost: 3 })
  const { limits, overrides, windows } = own()
  t.match({ limits, overrides }, { limits: { tokens: { daily: 1_000_000 } }, overrides: [] })
  t.strictSame(windows.map(({ unit, window }: any) => `${unit} ${window}`), [
    'tokens hour', 'tokens day', 'tokens month', 'cost hour', 'cost day', 'cost month',
  ])
  t.strictSame(at(windows, 'tokens', 'day'), {
    unit: 'tokens', window: 'day', start: '2030-01-01T00:00:00.000Z', end: '2030-01-02T00:00:00.000Z', limit: 1_000_000, used: 400_000,
    reserved: 50_000, projected: 1_600_000, exhaustsAt: '2030-01-01T15:00:00.000Z',
  })
  t.match(at(windows, 'tokens', 'hour'), { used: 400_000, projected: null, exhaustsAt: null }, 'the hour has only begun')
  t.match(at(windows, 'tokens', 'month'), { limit: null, used: 400_000, projected: null })
  t.match(at(windows, 'cost', 'day'), { limit: null, used: 3, reserved: 0, projected: 12, exhaustsAt: null })
  t.match(at(all().windows, 'tokens', 'day'), { limit: null, used: 400_000, reserved: 50_000 })
  override({ unit: 'tokens', window: 'day', extra: 600_000, until: later(world.at, hour_ms), reason: 'a release' })
  t.match(own().overrides, [{ extra: 600_000 }])
  t.match(at(own().windows, 'tokens', 'day'), { limit: 1_600_000, exhaustsAt: null })
  world.pass(hour_ms)
  t.match(own().overrides, [], 'what has ended is not shown')
  t.match(at(own().windows, 'tokens', 'hour'), { start: '2030-01-01T07:00:00.000Z', used: 0, reserved: 50_000 })
  world.pass(day_ms)
  t.match(at(own().windows, 'tokens', 'day'), { start: '2030-01-02T00:00:00.000Z', used: 0 })
})

t.test('F-52 who was never spoken of has no limits; an unknown orchestrator has no budget', async (t) => {
  const house = purse()
  const { own, all } = asked(house)
  house.world.pass(30 * minute_ms)
  for (const { limits, overrides, windows } of [own(), all()]) {
    t.strictSame({ limits, overrides, count: windows.length }, { limits: null, overrides: [], count: 6 })
    t.match(at(windows, 'tokens', 'hour'), { limit: null, used: 0, reserved: 0, projected: 0, exhaustsAt: null })
  }
  t.equal(house.world.ask(orchestratorBudget, { params: { orchestrator: uuid(9) } }), undefined)
  house.configure({}, organization)
  t.match(all(), { limits: { tokens: { hourly: 100_000 } } })
  t.match(own(), { limits: null })
})
