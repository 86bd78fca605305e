import t from 'tap'
import { organization } from '../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms } from '../kernel/time.ts'
import { holder, purse, tokens } from './ledger/scene.ts'
import { orchestratorState } from './orchestrator/state.ts'
import { organizationState } from './organization/state.ts'

const start = '2030-01-01T00:00:00.000Z'
const hourEnd = later(start, hour_ms)
const dayEnd = later(start, day_ms)

t.test('F-84 a limit that is reached is told until the end of its window, and resumes with it', async (t) => {
  const { consume, configure, last, told, world, settle, courier } = purse()
  configure({ tokens: { hourly: 100 } })
  consume(tokens(99))
  t.strictSame(told('BudgetExhausted'), [])
  consume(tokens(2))
  const reached = { orchestrator: holder, window: 'hour', unit: 'tokens' }
  t.strictSame(told('BudgetExhausted'), [
    { ...reached, used: 101, limit: 100, until: hourEnd, blocked: { until: hourEnd, window: 'hour', unit: 'tokens' } },
  ])
  consume(tokens(2))
  t.equal(told('BudgetExhausted').length, 1, 'once')
  world.pass(hour_ms)
  settle()
  t.strictSame(last('BudgetResumed'), { ...reached, cause: 'window', blocked: null })
  t.strictSame(courier.waiting, [])
  consume(tokens(100))
  t.equal(told('BudgetExhausted').length, 2, 'in each window anew')
})

t.test('F-84 of several limits the one counts whose window ends last', async (t) => {
  const { consume, configure, last, told, world, settle } = purse()
  configure({ tokens: { hourly: 100, daily: 150 }, cost: { daily: 5 } })
  consume(tokens(100))
  consume({ tokens: 0, cost: 5 })
  t.strictSame(last('BudgetExhausted').blocked, { until: dayEnd, window: 'day', unit: 'cost' })
  world.pass(hour_ms)
  settle()
  t.match(last('BudgetResumed'), { window: 'hour', cause: 'window', blocked: { until: dayEnd, window: 'day', unit: 'cost' } })
  consume(tokens(50))
  t.match(told('BudgetExhausted').map(({ window, unit }) => `${unit} ${window}`), ['tokens hour', 'cost day', 'tokens day'])
})

t.test('F-84 what raises a limit, or ends the pause, resumes at once; what lowers it exhausts', async (t) => {
  const { consume, configure, override, last, told, world, settle } = purse()
  configure({ tokens: { daily: 100 } })
  consume(tokens(100))
  override({ unit: 'tokens', window: 'day', extra: 50, until: later(world.at, 2 * hour_ms), reason: 'a release' })
  t.match(last('BudgetResumed'), { window: 'day', unit: 'tokens', cause: 'override', blocked: null })
  world.pass(2 * hour_ms)
  settle()
  t.match(last('BudgetExhausted'), { used: 100, limit: 100 }, 'the override has ended')
  configure({ tokens: { daily: 101 } })
  t.match(last('BudgetResumed'), { cause: 'limit' })
  configure({ tokens: { daily: 99 } })
  t.equal(told('BudgetExhausted').length, 3)
  configure({ tokens: { daily: 99 }, autoPause: false })
  t.match(last('BudgetResumed'), { cause: 'off', blocked: null })
  consume(tokens(100))
  t.equal(told('BudgetExhausted').length, 3, 'nothing pauses')
  configure({ tokens: { daily: 99 } })
  configure({ tokens: {} })
  t.match(last('BudgetResumed'), { cause: 'limit' }, 'no limit is a higher one')
})

t.test('F-84 the organization\'s limits are reached by what its orchestrators use', async (t) => {
  const { consume, configure, last, told, world, settle } = purse()
  configure({ tokens: { hourly: 10 } }, organization)
  consume(tokens(10))
  t.match(told('BudgetExhausted'), [{ orchestrator: null, window: 'hour', used: 10 }])
  world.pass(hour_ms + minute_ms)
  settle()
  t.match(last('BudgetResumed'), { orchestrator: null, cause: 'window' })
})

t.test('F-8 F-84 what is exhausted is noted where work starts, until it is so no more', async (t) => {
  const { consume, configure, world, settle, told } = purse()
  const noted = () => [(world.look(orchestratorState, holder) as any).guarded.budget, world.look(organizationState, organization).budget]
  t.strictSame(noted(), [null, null])
  configure({ tokens: { hourly: 100 } })
  configure({ tokens: { daily: 150 } }, organization)
  consume(tokens(100))
  const own = { until: hourEnd, window: 'hour', unit: 'tokens' }
  t.strictSame(noted(), [own, null])
  consume(tokens(50))
  t.strictSame(noted(), [own, { until: dayEnd, window: 'day', unit: 'tokens' }])
  consume(tokens(1))
  t.equal(told('OrchestratorGuarded').length, 1, 'once')
  world.pass(day_ms)
  settle()
  t.strictSame(noted(), [null, null])
  t.strictSame(told('OrchestratorGuarded').at(-1), { charterVersion: null, budget: null })
})

t.test('F-8 who has left heeds nothing', async (t) => {
  const { consume, configure, world, told } = purse()
  configure({ tokens: { hourly: 1 } })
  world.do({ category: 'orchestrator', id: holder, command: 'archive', data: {} })
  world.do({ category: 'ledger', id: `${holder}.203001`, command: 'consume', data: { orchestrator: holder, tokens: 1 } })
  consume(tokens(1), organization)
  t.equal(told('BudgetExhausted').length, 1)
  t.strictSame(told('OrchestratorGuarded'), [])
})
