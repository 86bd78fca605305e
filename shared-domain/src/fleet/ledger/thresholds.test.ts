import t from 'tap'
import { organization } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { holder, purse, reservationIn, tokens } from './scene.ts'
import { levelOf } from './thresholds.ts'

const percents = (facts: readonly { percent: number }[]) => facts.map(({ percent }) => percent)
const crossed = (limits: object) => {
  const house = purse()
  house.configure(limits)
  let seen = 0
  /** The percentages that were told since the last time. */
  const news = () => {
    const all = house.told('BudgetThresholdCrossed').filter(({ orchestrator }) => orchestrator === holder)
    return percents(all.slice(seen, seen = all.length))
  }
  return { ...house, news }
}

t.test('F-83 each percentage of a limit is told when it is reached, once in each window, ascending', async (t) => {
  const { consume, news, world } = crossed({ tokens: { hourly: 100_000 } })
  const using = (count: number) => {
    consume({ tokens: count })
    return news()
  }
  t.strictSame(using(49_999), [])
  t.strictSame(using(1), [50])
  t.strictSame(using(40_000), [75, 90])
  t.strictSame(using(10_000), [100])
  t.strictSame(using(10_000), [])
  world.pass(hour_ms)
  t.strictSame(using(75_000), [50, 75])
  t.strictSame(using(1), [])
})

t.test('F-83 what is told: of which limit, how much, how grave; in the append that reaches it', async (t) => {
  const { consume, last, world } = crossed({ tokens: { hourly: 100, daily: 1_000 }, cost: { hourly: 10 }, thresholds: [90] })
  const answer = consume({ tokens: 95, cost: 9 })
  t.match(answer, [{ type: 'TokensConsumed' }, { type: 'BudgetThresholdCrossed' }, { type: 'BudgetThresholdCrossed' }])
  t.strictSame(last('BudgetThresholdCrossed'), {
    orchestrator: holder, window: 'hour', start: world.at, unit: 'cost', percent: 90, level: 'critical', used: 9, limit: 10,
  })
  t.strictSame([1, 74, 75, 89, 90, 99, 100].map(levelOf), ['info', 'info', 'warning', 'warning', 'critical', 'critical', 'emergency'])
})

t.test('F-83 a limit counts as it is then: higher for a while, another, or none', async (t) => {
  const { consume, configure, override, news, world } = crossed({ tokens: { hourly: 100 }, thresholds: [100, 50, 50] })
  override({ unit: 'tokens', window: 'hour', extra: 100, until: later(world.at, hour_ms / 2), reason: 'a release' })
  consume(tokens(99))
  t.strictSame(news(), [])
  consume(tokens(1))
  t.strictSame(news(), [50])
  world.pass(hour_ms / 2)
  consume(tokens(0))
  t.strictSame(news(), [100])
  configure({ tokens: {} })
  world.pass(hour_ms)
  consume(tokens(1_000))
  t.strictSame(news(), [])
})

t.test('F-83 what is reserved counts when it is used; the organization has thresholds of its own', async (t) => {
  const { reserve, consume, configure, news, told } = crossed({ tokens: { hourly: 100 } })
  configure({ tokens: { daily: 200 } }, organization)
  const reservation = reservationIn(reserve(tokens(100)))
  t.strictSame(news(), [])
  consume({ reservation, ...tokens(100) })
  t.strictSame(news(), [50, 75, 90, 100])
  const above = told('BudgetThresholdCrossed').filter(({ orchestrator }) => orchestrator === null)
  t.match(above, [{ window: 'day', percent: 50, used: 100, limit: 200 }])
})
