import t, { type Test } from 'tap'
import { admin, agent, behaviour, daemon, now, orchestrator, organization, system, tool, uuid } from '../../kernel/testing.ts'
import { later, second_ms } from '../../kernel/time.ts'
import type { CommandId } from '../../vocabulary.ts'
import { elsewhere, registered } from '../../work/task/scene.ts'
import { Budget } from '../budget/events.ts'
import { limitsOf, WishedLimits } from '../budget/limits.ts'
import { budgetState } from '../budget/state.ts'
import { none, type Amount } from '../budget/windows.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { countsAt, type Counts } from './counts.ts'
import { ledger } from './decider.ts'
import { Ledger, type LedgerEvent } from './events.ts'
import { holder, tokens } from './scene.ts'

const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })

const id = `${holder}.203001`
const reservation = uuid(900) as CommandId
const own = { orchestrator: holder }
const counts = (used: Amount, reserved: Amount = none): Counts => {
  const { hour, day, month } = countsAt(null, now)
  return { hour: { ...hour, ...used }, day: { ...day, ...used }, month: { ...month, ...used }, reserved }
}
const reserved = (wish: Amount, more: Partial<Parameters<typeof Ledger.TokensReserved>[0]> = {}) =>
  Ledger.TokensReserved({ ...own, reservation, ...wish, until: later(now, 3_600 * second_ms), counts: counts(none, wish), ...more })
const consumed = (used: Amount, overrun: Amount, after: Counts, of: CommandId | null = reservation) =>
  Ledger.TokensConsumed({ ...own, reservation: of, ...used, overrun, counts: after })

const limited = (wish: object) => Budget.BudgetConfigured({ ...own, limits: limitsOf(WishedLimits.parse(wish)), before: null })

const given = (t: Test, ...facts: readonly LedgerEvent[]) =>
  behaviour(t, ledger).given(...facts).seeing(orchestratorState, holder, registered).with({ id }).by(orchestrator(holder))

t.test('F-81 a reservation is named by its command, bounded in time, and counts from then on', async (t) => {
  const wish = { tokens: 100, cost: 7 }
  given(t).when('reserve', { ...own, ...wish }).yields(reserved(wish))
  given(t).when('reserve', { ...own, ...wish, ttl_s: 60 }).yields(reserved(wish, { until: later(now, 60 * second_ms) }))
  given(t).when('reserve', own).yields(reserved(none))
  const { data, scope, place, answers } = ledger.commands.reserve
  for (const ttl_s of [59, 90_001]) t.notOk(data.safeParse({ ...own, ttl_s }).success)
  for (const ttl_s of [60, 90_000]) t.ok(data.safeParse({ ...own, ttl_s }).success)
  t.notOk(data.safeParse({ ...own, tokens: -1 }).success)
  t.equal(scope, 'execute')
  t.equal(place!(data.parse(own), { at: now, organization }), id)
  t.equal(ledger.commands.reserveOfOrganization.place!({} as never, { at: now, organization }), `${organization}.203001`)
  const look = () => { throw new Error('an answer looks at nothing') }
  const context = { id, at: now, by: admin, actsFor: null, allowed: [], organization, commandId: reservation, look }
  t.strictSame(answers!.of(ledger.initial, context), { ledger: '203001', reservation })
})

t.test('F-81 it stands if used, reserved and wish are within each limit; else the window that ends last is told', async (t) => {
  const used = consumed(tokens(50), tokens(50), counts(tokens(50)), null)
  const busy = [used, reserved(tokens(30), { counts: counts(tokens(50), tokens(30)) })]
  const another = { commandId: uuid(901) }
  const wishing = (limits: object, count: number) =>
    given(t, ...busy).with(another).seeing(budgetState, holder, limited(limits)).when('reserve', { ...own, ...tokens(count) })
  wishing({ tokens: { hourly: 100 } }, 20)
    .yields(reserved(tokens(20), { reservation: uuid(901) as CommandId, counts: counts(tokens(50), tokens(50)) }))
  wishing({ tokens: { hourly: 100 } }, 21)
    .refuses('BUDGET_EXHAUSTED', { holder, window: 'hour', unit: 'tokens', until: '2030-01-01T01:00:00.000Z' })
  wishing({ tokens: { hourly: 100, daily: 99 } }, 21).refuses('BUDGET_EXHAUSTED', { window: 'day', until: '2030-01-02T00:00:00.000Z' })
  wishing({ tokens: { hourly: 100, monthly: 99 } }, 21).refuses('BUDGET_EXHAUSTED', { window: 'month', until: '2030-02-01T00:00:00.000Z' })
  given(t).seeing(budgetState, holder, limited({ cost: { daily: 5 } })).when('reserve', { ...own, tokens: 1, cost: 6 })
    .refuses('BUDGET_EXHAUSTED', { window: 'day', unit: 'cost' })
})

t.test('F-82 what is not used of a reservation is given back once, released or expired', async (t) => {
  const held = reserved(tokens(100), { until: later(now, 60 * second_ms) })
  const open = given(t, held)
  const back = { ...own, reservation, unused: tokens(100), counts: counts(none) }
  open.when('release', { ...own, ledger: '203001', reservation }).yields(Ledger.TokenReservationReleased(back))
  given(t).when('release', { ...own, ledger: '203001', reservation }).changesNothing()
  open.by(system).when('letGo', { reservation }).yields(Ledger.TokenReservationReleased(back))
  given(t).by(system).when('letGo', { reservation }).changesNothing()
  open.by(system).when('expire', { reservation }).changesNothing()
  open.by(system).at(later(now, 60 * second_ms)).when('expire', { reservation }).yields(Ledger.TokenReservationExpired(back))
  open.by(system).at(later(now, 60 * second_ms)).when('expire', { reservation: uuid(901) }).changesNothing()
})

t.test('F-82 what has ended, or is of another ledger, is not used of', async (t) => {
  given(t).when('consume', { ...own, reservation, tokens: 1 }).refuses('RESERVATION_UNKNOWN')
  given(t, reserved(tokens(1))).when('consume', { ...own, reservation: uuid(901), tokens: 1 }).refuses('RESERVATION_UNKNOWN')
  given(t).with({ id: `${holder}.203002` }).when('consume', { ...own, ledger: '203002', tokens: 1 })
    .refuses('VALIDATION_ERROR', { errors: [{ pointer: '/ledger', message: 'has not begun' }] })
})

t.test('F-81 F-82 who may: an admin, the orchestrator with its daemons; of the organization an admin or a tool', async (t) => {
  const wish = { ...own, ledger: '203001', reservation }
  for (const by of [admin, tool, system, orchestrator(holder)]) given(t).by(by).when('release', wish).changesNothing()
  given(t).by(daemon, holder).when('release', wish).changesNothing()
  for (const by of [agent, orchestrator(uuid(9)), daemon]) {
    given(t).by(by).when('release', wish).refuses('FORBIDDEN')
    given(t).by(by).when('reserve', own).refuses('FORBIDDEN')
    given(t).by(by).when('consume', own).refuses('FORBIDDEN')
  }
  const whole = given(t).with({ id: `${organization}.203001` })
  for (const by of [admin, tool]) whole.by(by).when('releaseOfOrganization', { ledger: '203001', reservation }).changesNothing()
  for (const by of [agent, orchestrator(holder), daemon]) whole.by(by).when('reserveOfOrganization', {}).refuses('FORBIDDEN')
  behaviour(t, ledger).given().with({ id }).when('reserve', own).refuses('NOT_FOUND')
  behaviour(t, ledger).given().with({ id }).seeing(orchestratorState, holder, elsewhere).when('reserve', own).refuses('NOT_FOUND')
})

t.test('F-81 F-82 who has left reserves nothing, and what was used is booked all the same', async (t) => {
  const left = given(t, reserved(tokens(1))).by(admin).seeing(orchestratorState, holder, registered, archived)
  left.when('reserve', own).refuses('INVALID_STATE_TRANSITION', { command: 'reserve', status: 'ARCHIVED' })
  left.when('release', { ...own, ledger: '203001', reservation })
    .yields(Ledger.TokenReservationReleased({ ...own, reservation, unused: tokens(1), counts: counts(none) }))
})

t.test('F-81 at most a thousand reservations live in a ledger', async (t) => {
  const many = Array.from({ length: 1_000 }, (_, n) => reserved(none, { reservation: uuid(1_000 + n) as CommandId }))
  given(t, ...many).when('reserve', own).refuses('LIMIT_REACHED', { max: 1_000 })
  given(t, ...many.slice(1)).when('reserve', own).yields(reserved(none))
  given(t, ...many).with({ commandId: uuid(1_000) }).when('reserve', own).changesNothing()
})

t.test('F-81 of the organization as much is set aside, as of the same instant', async (t) => {
  const { holds, data } = ledger.commands.reserve
  const look = () => { throw new Error('it looks at nothing') }
  const context = { id, at: now, by: admin, actsFor: null, allowed: [], organization, commandId: reservation, look }
  const hold = holds!(ledger.initial, data.parse({ ...own, tokens: 5, cost: 2 }), context)
  const target = { category: 'ledger', id: `${organization}.203001` }
  const wish = { tokens: 5, cost: 2, reservation, at: now, until: later(now, 3_600 * second_ms) }
  t.match(hold, { take: { ...target, command: 'hold', data: wish }, within_ms: 60_000 })
  t.strictSame((hold as any).giveBack('0'), { ...target, command: 'letGo', data: { reservation } })
  const held = Ledger.TokensReserved({ ...reserved({ tokens: 5, cost: 2 }).data, orchestrator: null })
  behaviour(t, ledger).given().with({ id: target.id }).by(system).at(later(now, second_ms)).when('hold', wish).yields(held)
})
