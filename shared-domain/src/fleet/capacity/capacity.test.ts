import fc from 'fast-check'
import t from 'tap'
import { Rejection, type Fold } from '../../kernel/decider.ts'
import type { AnyEvent } from '../../kernel/fact.ts'
import { picture, recorded, rowsAfter } from '../../kernel/picture.ts'
import { admin, behaviour, now, orchestrator, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { created, elsewhere, registered, started } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { capacities } from './capacities.ts'
import { capacitySlots } from './capacity-slots.ts'
import { capacity } from './decider.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import { confirmed, counts, crossed, first, released, reserved, second, set } from './scene.ts'
import { capacityState, counted } from './state.ts'

const seed = 2030
const starting = started({ owner: subject, slot: first.command })
/** As the task of the scene says. */
const needed = { priority: 'MEDIUM' as const }

t.test('S-40 a limit is from 1 to 50, and 5 where none was said', async (t) => {
  const { data } = capacity.commands.set
  for (const max of [1, 50]) t.ok(data.safeParse({ maxConcurrentTasks: max }).success)
  for (const max of [0, 51, 1.5]) t.notOk(data.safeParse({ maxConcurrentTasks: max }).success)
  t.equal(capacityState.initial.max, 5)
})

t.test('S-40 the limit is said by the orchestrator itself or by who is above it', async (t) => {
  const given = behaviour(t, capacity).given().seeing(orchestratorState, subject, registered)
  for (const by of [admin, tool, orchestrator(subject)]) given.by(by).when('set', { maxConcurrentTasks: 3 }).yields(set(3))
  given.when('set', { maxConcurrentTasks: 5 }).yields(set(5))
  given.by(orchestrator(uuid(9))).when('set', { maxConcurrentTasks: 3 }).refuses('FORBIDDEN')
  given.seeing(orchestratorState, subject, elsewhere).when('set', { maxConcurrentTasks: 3 }).refuses('NOT_FOUND')
  behaviour(t, capacity).given().when('set', { maxConcurrentTasks: 3 }).refuses('NOT_FOUND')
})

t.test('S-40 the limit of the registration holds until another is said', async (t) => {
  const given = behaviour(t, capacity).given
  given().by(system).when('announce', { maxConcurrentTasks: 2 }).yields(set(2))
  given(set(3)).by(system).when('announce', { maxConcurrentTasks: 2 }).changesNothing()
})

t.test('S-40 the limit of the registration holds from the first start on, before it was announced', async (t) => {
  const few = Orchestrator.OrchestratorRegistered({ ...registered.data, maxConcurrentTasks: 1 })
  const given = (...facts: readonly CapacityEvent[]) =>
    behaviour(t, capacity).given(...facts).by(system).seeing(orchestratorState, subject, few)
  given().when('reserve', first).yields(set(1), reserved(first, 1, 0, 1), crossed('normal', 'full', 1, 0, 1))
  given(set(1), reserved(first, 1, 0, 1)).when('reserve', second).refuses('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts(1, 0, 1) })
  given(set(1), reserved(first, 1, 0, 1)).when('announce', { maxConcurrentTasks: 1 }).changesNothing()
  given(set(3)).when('reserve', first).yields(reserved(first, 3, 0, 1))
  behaviour(t, capacity).given().by(system).when('reserve', first).yields(set(5), reserved(first, 5, 0, 1))
})

t.test('S-40 a slot is reserved before the start, confirmed after, and given back', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) => behaviour(t, capacity).given(...facts).by(system)
  given(set(2)).when('reserve', first).yields(reserved(first, 2, 0, 1))
  given(set(2), reserved(first, 2, 0, 1)).when('reserve', second)
    .yields(reserved(second, 2, 0, 2), crossed('normal', 'full', 2, 0, 2))
  given(set(2), reserved(first, 2, 0, 1)).when('reserve', first).changesNothing()
  given(set(2), reserved(first, 2, 0, 1)).when('confirm', first).yields(confirmed(first, 2, 1, 0))
  given(set(2), reserved(first, 2, 0, 1), confirmed(first, 2, 1, 0)).when('release', { ...first, reason: 'ended' })
    .yields(released(first, 'ended', 2, 0, 0))
  given(set(2), reserved(first, 2, 0, 1)).when('release', { ...first, reason: 'not-started' })
    .yields(released(first, 'not-started', 2, 0, 0))
  given(set(2)).when('release', { ...first, reason: 'ended' }).changesNothing()
})

t.test('S-40 a reservation whose time is up is confirmed when its task did start, else given back', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) => behaviour(t, capacity).given(set(2), ...facts).by(system)
  const pending = given(reserved(first, 2, 0, 1))
  pending.when('expire', first).yields(released(first, 'expired', 2, 0, 0))
  pending.seeing(taskState, first.task, created(), starting).when('expire', first).yields(confirmed(first, 2, 1, 0))
  for (const another of [{ owner: subject, slot: second.command }, { owner: uuid(9), slot: first.command }])
    pending.seeing(taskState, first.task, created(), started(another)).when('expire', first).yields(released(first, 'expired', 2, 0, 0))
  given().when('expire', first).changesNothing()
  given(reserved(first, 2, 0, 1), confirmed(first, 2, 1, 0)).when('expire', first).changesNothing()
})

t.test('S-41 a late confirmation counts only for a lease that lives, and only where there is room', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) => behaviour(t, capacity).given(set(1), ...facts).by(system)
  given().when('confirm', first).changesNothing()
  given().seeing(taskState, first.task, created(), starting).when('confirm', first)
    .yields(confirmed(first, 1, 1, 0, needed), crossed('normal', 'full', 1, 1, 0))
  given(reserved(second, 1, 0, 1)).seeing(taskState, first.task, created(), starting).when('confirm', first)
    .refuses('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts(1, 0, 1) })
})

t.test('S-41 where all slots are taken nothing new starts, and a lowered limit stops nothing that runs', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) =>
    behaviour(t, capacity).given(...facts).by(system).seeing(orchestratorState, subject, registered)
  const busy = [set(2), reserved(first, 2, 0, 1), confirmed(first, 2, 1, 0)] as const
  given(...busy, reserved(second, 2, 1, 1)).when('reserve', { task: uuid(4), command: uuid(904) })
    .refuses('CAPACITY_EXCEEDED', counts(2, 1, 1))
  given(...busy, reserved(second, 2, 1, 1)).when('set', { maxConcurrentTasks: 1 }).yields(set(1, 1, 1))
  given(...busy, reserved(second, 2, 1, 1), set(1, 1, 1)).when('confirm', second).yields(confirmed(second, 1, 2, 0))
  given(...busy, set(1, 1, 0)).when('reserve', second).refuses('CAPACITY_EXCEEDED', counts(1, 1, 0))
})

t.test('S-40 where its orchestrator left for good no slot is taken any more, and those that are name their tasks', async (t) => {
  const given = (...facts: readonly CapacityEvent[]) => behaviour(t, capacity).given(set(2), ...facts).by(system)
  const closed = (active: number, reserved: number, ...slots: (typeof first)[]) =>
    Capacity.CapacityClosed({ ...counts(2, active, reserved), slots })
  const busy = [reserved(first, 2, 0, 1), confirmed(first, 2, 1, 0), reserved(second, 2, 1, 1)] as const
  given().when('close', {}).yields(closed(0, 0))
  given(...busy).when('close', {}).yields(closed(1, 1, first, second))
  given(closed(0, 0)).when('close', {}).changesNothing()
  given(closed(0, 0)).when('reserve', first).refuses('ORCHESTRATOR_UNAVAILABLE', { orchestrator: subject })
  given(...busy, closed(1, 1, first, second)).when('reserve', second).changesNothing()
  given(...busy, closed(1, 1, first, second)).when('release', { ...first, reason: 'ended' })
    .yields(released(first, 'ended', 2, 0, 1), crossed('full', 'normal', 2, 0, 1))
})

const slots = Array.from({ length: 5 }, (_, index) => ({ task: uuid(20 + index), command: uuid(920 + index) }))
const deed = fc.record({
  command: fc.constantFrom('reserve', 'reserve', 'reserve', 'confirm', 'release', 'expire', 'set'), slot: fc.constantFrom(...slots),
  max: fc.integer({ min: 1, max: 3 }), starts: fc.boolean(),
})

t.test('S-41 whatever races, active and reserved slots never exceed the limit at any revision, and every fact counts right', async () => {
  fc.assert(fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => {
    const world = new World([capacity])
    const tell = (fold: Fold, id: string, ...facts: readonly AnyEvent[]) => world.append(fold, id, facts, world.contextOf({ id }))
    tell(orchestratorState, subject, registered)
    for (const { command, slot, max, starts } of deeds) {
      if (starts) tell(taskState, slot.task, created(), started({ owner: subject, slot: slot.command }))
      const before = counted(world.look(capacityState, subject))
      const data = command === 'set' ? { maxConcurrentTasks: max } : command === 'release' ? { ...slot, reason: 'ended' } : slot
      const decision = world.do({ category: 'capacity', id: subject, command, data, by: system })
      const after = counted(world.look(capacityState, subject))
      const last = decision instanceof Rejection ? undefined : decision.at(-1)?.data
      if (last && JSON.stringify({ ...last, ...after }) !== JSON.stringify(last)) throw new Error('a fact counts wrong')
      const used = after.active + after.reserved
      if (used > before.active + before.reserved && used > after.max) throw new Error(`${used} slots of ${after.max} are taken`)
    }
  }), { seed, numRuns: 500 })
})

t.test('R-30 the rows of slots show what takes them, since when and how', async (t) => {
  const at = '2030-01-01T00:00:30.000Z'
  const [taken, used] = [recorded(capacityState, reserved(first, 2, 0, 1)), recorded(capacityState, confirmed(first, 2, 1, 0), { at })]
  const row = { orchestrator: subject, ...first, since: now }
  picture(t, capacitySlots).after(taken).shows({ ...row, use: 'reserved' })
  picture(t, capacitySlots).after(taken, used).shows({ ...row, use: 'active' })
  picture(t, capacitySlots).after(used).shows({ ...row, use: 'active', since: at })
  picture(t, capacitySlots).after(taken, used, recorded(capacityState, released(first, 'ended', 2, 0, 0))).shows()
})

t.test('S-41 the read model shows what is free', async (t) => {
  const shown = (max: number, active: number, reserved: number) =>
    picture(t, capacities).after(recorded(capacityState, set(max, active, reserved)))
  const row = (max: number, active: number, reserved: number) =>
    ({ orchestrator: subject, max, active, reserved, free: max - active - reserved })
  shown(5, 0, 0).matches({ ...row(5, 0, 0), utilisation: 0, band: 'idle' })
  shown(5, 1, 0).matches({ ...row(5, 1, 0), utilisation: 0.2, band: 'normal' })
  shown(5, 3, 1).matches({ ...row(5, 3, 1), utilisation: 0.8, band: 'high' })
  shown(5, 3, 2).matches({ ...row(5, 3, 2), utilisation: 1, band: 'full' })
  shown(1, 2, 0).matches({ ...row(1, 2, 0), free: 0, utilisation: 2, band: 'full' })
  for (let max = 1; max <= 50; max++) for (let used = 0; used <= 50; used++) {
    const [stored] = rowsAfter(capacities, [recorded(capacityState, set(max, used, 0))])
    const { over } = capacities.compute(stored) as { over: number }
    const free = stored!.free as number
    if (free < 0 || over < 0 || free - over !== max - used || (free > 0 && over > 0)) throw new Error(`${used} of ${max}: ${free}, ${over}`)
  }
  const facts = [set(2), reserved(first, 2, 0, 1), released(first, 'expired', 2, 0, 0)]
  picture(t, capacities).after(...facts.map((fact) => recorded(capacityState, fact))).matches({ free: 2, band: 'idle' })
})
