import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { behaviour, subject, system, uuid } from '../../kernel/testing.ts'
import { hour_ms } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { Schedule } from '../../rhythm/schedule/events.ts'
import { terms } from '../../rhythm/schedule/scene.ts'
import { scheduleState } from '../../rhythm/schedule/state.ts'
import { created, registered, started } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { slots } from '../slots.ts'
import { capacities } from './capacities.ts'
import { capacity } from './decider.ts'
import { costOf } from './energy.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import { first, released, reserved, second, set } from './scene.ts'
import { capacityState } from './state.ts'

type Test = Parameters<typeof behaviour>[0]

const ten = set(5, 0, 0, { energyBudget: 10 })
const midnight = '2030-01-02T00:00:00.000Z'

const given = (t: Test, ...facts: readonly CapacityEvent[]) =>
  behaviour(t, capacity).given(...facts).by(system).seeing(orchestratorState, subject, registered)

const high = { priority: 'HIGH' as const }
const spent = reserved(first, 5, 0, 1, { ...high, energy: 4, energyRemaining: 6, refillAt: midnight })

t.test('R-31 a start costs its hours, or by priority, and what there is at the most', async (t) => {
  const byPriority = (['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const).map((priority) => costOf({ priority, estimatedHours: null }, 100))
  t.strictSame(byPriority, [1, 2, 4, 8])
  for (const [hours, cost] of [[1, 1], [1.2, 2], [12, 12], [0.1, 1]] as const)
    t.equal(costOf({ priority: 'LOW', estimatedHours: hours }, 100), cost)
  t.equal(costOf({ priority: 'CRITICAL', estimatedHours: 12 }, 10), 10)
  t.equal(costOf({ priority: 'CRITICAL', estimatedHours: 12 }, null), 0)
})

t.test('R-31 of a budget of 10 a task of priority HIGH leaves 6; then 12 hours are refused, and of all they leave nothing', async (t) => {
  given(t, ten).when('reserve', { ...first, ...high }).yields(spent)
  given(t, ten, spent).when('reserve', { ...second, estimatedHours: 12 })
    .refuses('SLOT_WITHHELD', { kind: 'energy', cost: 10, remaining: 6, refillAt: midnight })
  given(t, ten).when('reserve', { ...second, estimatedHours: 12 })
    .yields(reserved(second, 5, 0, 1, { energy: 10, energyRemaining: 0, refillAt: midnight }))
})

t.test('R-31 what was not started gives its energy back; what ended does not', async (t) => {
  const back = (energyRemaining: number) => ({ ...high, energy: 4, energyRemaining, refillAt: midnight })
  for (const reason of ['not-started', 'ended'] as const)
    given(t, ten, spent).when('release', { ...first, reason }).yields(released(first, reason, 5, 0, 0, back(reason === 'ended' ? 6 : 10)))
  given(t, ten, spent).when('expire', first).yields(released(first, 'expired', 5, 0, 0, back(10)))
  // A start of which nobody knew takes what it costs, or what is left.
  const late = given(t, ten, spent, released(first, 'expired', 5, 0, 0, back(10)))
    .seeing(taskState, first.task, created(high), started({ owner: subject, slot: first.command }))
  late.when('confirm', first).yields(Capacity.SlotConfirmed({ ...spent.data, active: 1, reserved: 0 }))
  const little = Capacity.SlotReserved({ ...spent.data, ...second, energy: 8, energyRemaining: 2 })
  given(t, ten, little).seeing(taskState, first.task, created(high), started({ owner: subject, slot: first.command }))
    .when('confirm', first).yields(Capacity.SlotConfirmed({ ...spent.data, active: 1, reserved: 1, energy: 2, energyRemaining: 0 }))
})

t.test('R-31 all is there again when the next day begins where the orchestrator is, by a timer or the next start', async (t) => {
  const refilled = Capacity.EnergyRefilled({ energyRemaining: 10 })
  given(t, ten, spent).at('2030-01-01T23:59:59.999Z').when('refill', {}).changesNothing()
  given(t, ten, spent).at(midnight).when('refill', {}).yields(refilled)
  given(t, ten).when('refill', {}).changesNothing()
  const tomorrow = '2030-01-03T00:00:00.000Z'
  given(t, ten, spent).at(midnight).when('reserve', { ...second, estimatedHours: 7 })
    .yields(refilled, reserved(second, 5, 0, 2, { energy: 7, energyRemaining: 3, refillAt: tomorrow }))
  const examples = [
    ['America/Sao_Paulo', '2018-11-03T12:00:00.000Z', '2018-11-04T03:00:00.000Z'],
    ['Pacific/Apia', '2011-12-29T20:00:00.000Z', '2011-12-30T10:00:00.000Z'],
  ] as const
  for (const [timezone, at, refillAt] of examples) {
    const there = Orchestrator.OrchestratorRegistered({ ...registered.data, timezone })
    given(t, ten).seeing(orchestratorState, subject, there).at(at).when('reserve', { ...first, ...high })
      .yields(reserved(first, 5, 0, 1, { ...high, energy: 4, energyRemaining: 6, refillAt }))
  }
  const keeps = Orchestrator.OrchestratorHoursKept({})
  const tokyo = Schedule.WorkHoursConfigured({ ...terms, zone: 'Asia/Tokyo', cause: 'weekly', turnsAt: null })
  given(t, ten).seeing(orchestratorState, subject, registered, keeps).seeing(scheduleState, subject, tokyo)
    .when('reserve', { ...first, ...high })
    .yields(reserved(first, 5, 0, 1, { ...high, energy: 4, energyRemaining: 6, refillAt: '2030-01-01T15:00:00.000Z' }))
  behaviour(t, capacity).given(ten).by(system).when('reserve', { ...first, ...high }).yields(spent)
})

t.test('R-31 of another budget what was spent stays spent', async (t) => {
  const left = (budget: number | null, ...before: readonly CapacityEvent[]) => {
    const facts = [...before, set(5, 0, 1, { energyBudget: budget })]
    return facts.reduce((state, fact) => capacityState.evolve(state, fact, { at: midnight } as never), capacityState.initial).energy
  }
  t.strictSame(left(20, ten, spent), { remaining: 16, refillAt: midnight })
  t.strictSame(left(5, ten, spent), { remaining: 1, refillAt: midnight })
  t.strictSame(left(3, ten, spent), { remaining: 0, refillAt: midnight })
  t.strictSame(left(null, ten, spent), { remaining: null, refillAt: null })
  t.strictSame(left(7), { remaining: 7, refillAt: null })
  picture(t, capacities).after(...[ten, spent, set(5, 0, 1, { energyBudget: 5 })].map((fact) => recorded(capacityState, fact)))
    .matches({ energy_budget: 5, energy_remaining: 1, refill_at: midnight })
})

t.test('R-31 a slot with energy sets the timer of its day', async (t) => {
  const world = new World([capacity, orchestrator])
  const courier = new Courier(world, [slots])
  world.carryOut(send(orchestrator, subject, 'register', { name: 'Ada', timezone: 'Asia/Tokyo' }))
  world.do({ category: 'capacity', id: subject, command: 'adjust', data: { energyBudget: 10 } })
  const take = (n: number) => world.carryOut(send(capacity, subject, 'reserve', { task: uuid(n), command: uuid(n), priority: 'CRITICAL' }))
  take(1)
  courier.settle()
  t.match(take(2), new Rejection('SLOT_WITHHELD', { kind: 'energy' }))
  world.pass(15 * hour_ms)
  courier.settle()
  t.strictSame(world.look(capacityState, subject).energy, { remaining: 10, refillAt: null }, 'it is midnight in Tokyo')
  t.notOk(take(2) instanceof Rejection)
})
