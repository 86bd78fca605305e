import t, { type Test } from 'tap'
import { admin, agent, behaviour, daemon, now, on, orchestrator, organization, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { elsewhere, registered } from '../../work/task/scene.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { budget } from './decider.ts'
import { Budget, type BudgetEvent } from './events.ts'
import { limitsOf, WishedLimits } from './limits.ts'

const holder = subject as OrchestratorId
const nothing = { hourly: null, daily: null, monthly: null }
const usual = {
  tokens: { hourly: 100_000, daily: 1_000_000, monthly: 10_000_000 }, cost: nothing, autoPause: true, thresholds: [50, 75, 90, 100],
}
const limits = (wish: object) => limitsOf(WishedLimits.parse(wish))
const given = (t: Test, ...facts: readonly BudgetEvent[]) =>
  behaviour(t, budget).given(...facts).seeing(orchestratorState, holder, registered)

t.test('F-80 limits are said whole: of tokens when nothing is said something, of a window nothing', async (t) => {
  t.strictSame(limits({}), usual)
  t.strictSame(limits({ tokens: { daily: 5 }, cost: { hourly: 7 }, autoPause: false, thresholds: [100, 20, 100] }), {
    tokens: { ...nothing, daily: 5 }, cost: { ...nothing, hourly: 7 }, autoPause: false, thresholds: [20, 100],
  })
  const wrong = [
    { tokens: { hourly: 0 } }, { cost: { daily: 1.5 } }, { thresholds: [0] }, { thresholds: [101] }, { thresholds: Array(11).fill(1) },
  ]
  for (const wish of wrong) t.notOk(WishedLimits.safeParse(wish).success)
  t.ok(WishedLimits.safeParse({ tokens: { hourly: null }, thresholds: Array.from({ length: 10 }, (_, n) => n + 91) }).success)
})

t.test('F-80 an admin configures the budget of an orchestrator, and the organization\'s', async (t) => {
  const configured = Budget.BudgetConfigured({ orchestrator: holder, limits: usual, before: null })
  given(t).when('configure', {}).yields(configured)
  given(t, configured).when('configure', {}).changesNothing()
  given(t, configured).when('configure', { autoPause: false })
    .yields(Budget.BudgetConfigured({ orchestrator: holder, limits: { ...usual, autoPause: false }, before: usual }))
  behaviour(t, budget).given().with({ id: organization }).when('configureOrganization', {})
    .yields(Budget.BudgetConfigured({ orchestrator: null, limits: usual, before: null }))
  for (const command of ['configureOrganization', 'overrideOrganization'] as const)
    t.equal(budget.commands[command].place!({} as never, { at: now, organization }), organization)
  for (const by of [tool, agent, daemon, orchestrator(holder)]) {
    given(t).by(by).when('configure', {}).refuses('FORBIDDEN')
    behaviour(t, budget).given().with({ id: organization }).by(by).when('configureOrganization', {}).refuses('FORBIDDEN')
  }
  behaviour(t, budget).given().when('configure', {}).refuses('NOT_FOUND')
  given(t).seeing(orchestratorState, holder, elsewhere).when('configure', {}).refuses('NOT_FOUND')
  const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  given(t).seeing(orchestratorState, holder, registered, archived).when('configure', {})
    .refuses('INVALID_STATE_TRANSITION', { command: 'configure', status: 'ARCHIVED' })
})

const wish = { unit: 'tokens', window: 'day', extra: 10, until: later(now, day_ms), reason: 'a release' } as const
const granted = (more: object = {}) => Budget.BudgetOverrideGranted({ orchestrator: holder, ...wish, ...more })

t.test('F-80 a limit is raised until then, at most 31 days ahead, by at most ten overrides at once', async (t) => {
  given(t).by(admin).when('override', wish).yields(granted())
  given(t, granted()).when('override', wish).changesNothing()
  given(t, granted()).when('override', { ...wish, extra: 11 }).yields(granted({ extra: 11 }))
  behaviour(t, budget).given().with({ id: organization }).when('overrideOrganization', wish).yields(granted({ orchestrator: null }))
  given(t).when('override', { ...wish, until: later(now, 31 * day_ms) }).yields(granted({ until: later(now, 31 * day_ms) }))
  const at = (message: string) => ({ errors: [{ pointer: '/until', message }] })
  given(t).when('override', { ...wish, until: later(now, 31 * day_ms + 1) }).refuses('VALIDATION_ERROR', at('is more than 31 days ahead'))
  given(t).when('override', { ...wish, until: now }).refuses('VALIDATION_ERROR', at('is past'))
  given(t).by(orchestrator(holder)).when('override', wish).refuses('FORBIDDEN')
  const ten = Array.from({ length: 10 }, (_, n) => granted({ extra: n + 100 }))
  given(t, ...ten).when('override', wish).refuses('LIMIT_REACHED', { max: 10 })
  given(t, ...ten.slice(1)).when('override', wish).yields(granted())
  const passed = ten.map((fact) => on(fact, { at: later(now, -2 * day_ms) }))
  given(t, ...passed, granted({ until: later(now, 1) })).at(later(now, day_ms)).when('override', { ...wish, until: later(now, 2 * day_ms) })
    .yields(granted({ until: later(now, 2 * day_ms) }))
})

t.test('F-80 where nothing was used or configured there is nothing to tell', async (t) => {
  given(t).by(system).when('review', {}).changesNothing()
  given(t, Budget.BudgetConfigured({ orchestrator: holder, limits: usual, before: null })).by(system).when('review', {}).changesNothing()
  behaviour(t, budget).given().with({ id: uuid(9) }).by(system).when('review', {}).changesNothing()
})
