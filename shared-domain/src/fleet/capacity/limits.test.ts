import t from 'tap'
import { behaviour, orchestrator, subject, system, uuid } from '../../kernel/testing.ts'
import { registered } from '../../work/task/scene.ts'
import { Charter } from '../charter/events.ts'
import { charterState } from '../charter/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { capacity } from './decider.ts'
import { Capacity, type CapacityEvent } from './events.ts'
import { defaults, type Limits } from './limits.ts'
import { counts, crossed, first, released, reserved, second, set, third } from './scene.ts'

const given = (t: Test, ...facts: readonly CapacityEvent[]) =>
  behaviour(t, capacity).given(...facts).seeing(orchestratorState, subject, registered)
type Test = Parameters<typeof behaviour>[0]

const limits: Omit<Limits, 'maxConcurrentTasks'> = {
  maxQueueSize: 100, maxConcurrentConversations: 3, energyBudget: 20, capabilityLimits: [{ capability: 'GPU', max: 1 }], keptForCritical: 1,
}

t.test('R-30 PUT says all limits, PATCH those that it names, and both by whoever acts for the orchestrator', async (t) => {
  given(t).when('set', { maxConcurrentTasks: 7, ...limits }).yields(set(7, 0, 0, limits))
  given(t, set(7, 0, 0, limits)).when('set', { maxConcurrentTasks: 7 }).yields(set(7))
  given(t, set(7, 0, 0, limits)).when('adjust', { keptForCritical: 2 }).yields(set(7, 0, 0, { ...limits, keptForCritical: 2 }))
  given(t, set(7, 0, 0, limits)).when('adjust', {}).changesNothing()
  given(t, set(7, 0, 0, limits)).when('adjust', { maxQueueSize: 100 }).changesNothing()
  given(t).when('adjust', { energyBudget: 9 }).yields(set(5, 0, 0, { energyBudget: 9 }))
  given(t, set(7)).by(orchestrator(uuid(9))).when('adjust', { maxQueueSize: 1 }).refuses('FORBIDDEN')
  behaviour(t, capacity).given().when('adjust', { maxQueueSize: 1 }).refuses('NOT_FOUND')
})

t.test('R-30 limits have bounds, and name no capability twice, however it is written', async (t) => {
  const { data } = capacity.commands.adjust
  const takes = (wish: object) => data.safeParse(wish).success
  const edges = { maxQueueSize: [0, 10_000], maxConcurrentConversations: [0, 1_000], energyBudget: [1, 1_000], keptForCritical: [0, 49] }
  for (const [name, [least, most]] of Object.entries(edges) as [string, [number, number]][]) {
    t.ok(takes({ [name]: least }) && takes({ [name]: most }), name)
    t.notOk(takes({ [name]: least - 1 }) || takes({ [name]: most + 1 }) || takes({ [name]: least + 0.5 }), name)
  }
  for (const name of ['maxQueueSize', 'energyBudget']) t.ok(takes({ [name]: null }), name)
  t.notOk(takes({ maxConcurrentConversations: null }))
  const some = (count: number) => Array.from({ length: count }, (_, n) => ({ capability: `c${n}`, max: 1 }))
  t.ok(takes({ capabilityLimits: some(20) }))
  const wrong = [some(21), [{ capability: 'a', max: 0 }], [{ capability: 'a', max: 51 }], [...some(1), { capability: 'C0', max: 2 }]]
  for (const capabilityLimits of wrong) t.notOk(takes({ capabilityLimits }))
})

t.test('R-30 a slot is refused for the first reason that there is: none, kept for others, capability, energy', async (t) => {
  const gpu = { ...first, capabilities: ['gpu'] }
  const told = { capabilities: ['gpu'], energy: 8, energyRemaining: 2, refillAt: '2030-01-02T00:00:00.000Z', priority: 'CRITICAL' as const }
  const some = (max: number, more: Partial<Limits> = {}) => [
    set(max, 0, 0, { energyBudget: 10, capabilityLimits: [{ capability: 'GPU', max: 1 }], keptForCritical: 1, ...more }),
    reserved(gpu, max, 0, 1, told),
  ]
  const wish = { ...second, capabilities: ['Gpu'], priority: 'HIGH' as const }
  const by = (...facts: readonly CapacityEvent[]) => given(t, ...facts).by(system)
  by(...some(1)).when('reserve', wish).refuses('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts(1, 0, 1) })
  by(...some(2)).when('reserve', wish).refuses('SLOT_WITHHELD', { kind: 'critical', free: 1, keptForCritical: 1 })
  by(...some(3)).when('reserve', wish).refuses('SLOT_WITHHELD', { kind: 'capability', capability: 'GPU', max: 1 })
  by(...some(2)).when('reserve', { ...wish, priority: 'CRITICAL' }).refuses('SLOT_WITHHELD', { kind: 'capability' })
  const other = { ...wish, capabilities: ['cpu'] }
  by(...some(3)).when('reserve', other)
    .refuses('SLOT_WITHHELD', { kind: 'energy', cost: 4, remaining: 2, refillAt: told.refillAt })
  by(...some(2, { keptForCritical: 0 })).when('reserve', { ...other, estimatedHours: 1.2 }).yields(
    reserved(other, 2, 0, 2, { capabilities: ['cpu'], energy: 2, energyRemaining: 0, refillAt: told.refillAt, priority: 'HIGH' }),
    crossed('normal', 'full', 2, 0, 2))
  by(...some(3), released(gpu, 'ended', 3, 0, 0, told)).when('reserve', { ...third, capabilities: ['GPU'], estimatedHours: 1 })
    .yields(reserved(third, 3, 0, 1, { capabilities: ['GPU'], energy: 1, energyRemaining: 1, refillAt: told.refillAt }))
})

t.test('R-30 F-75 what the charter allows at once is noted, and counts where it is less', async (t) => {
  const document = { limits: { maxSessions: 2 }, operational: { maxConcurrentConversations: 1 } }
  const owner = subject as never
  const charter = [
    Charter.CharterPublished({ orchestrator: owner, version: 1, document, hash: 'a'.repeat(64) }),
    Charter.CharterActivated({ orchestrator: owner, version: 1, previous: null, reason: null }),
  ]
  const guarded = (max: number, active: number, reserved: number) =>
    Capacity.CapacityGuarded({ ...counts(max, active, reserved), maxSessions: 2, maxConcurrentConversations: 1 })
  const by = (...facts: readonly CapacityEvent[]) => given(t, ...facts).by(system).seeing(charterState, subject, ...charter)
  by().when('guard', {}).yields(set(5), guarded(2, 0, 0))
  by(set(3), reserved(first, 3, 0, 1), reserved(second, 3, 0, 2)).when('guard', {})
    .yields(guarded(2, 0, 2), crossed('normal', 'full', 2, 0, 2))
  by(set(1)).when('guard', {}).yields(guarded(1, 0, 0))
  const bound = by(set(3), guarded(2, 0, 0))
  bound.when('guard', {}).changesNothing()
  bound.when('adjust', { maxConcurrentTasks: 4 }).yields(set(4), guarded(2, 0, 0))
  bound.when('adjust', { maxConcurrentTasks: 1 }).yields(set(1))
  by(set(3), guarded(2, 0, 0), reserved(first, 2, 0, 1), reserved(second, 2, 0, 2)).when('reserve', third)
    .refuses('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts(2, 0, 2) })
  const talk = { conversation: uuid(7), command: uuid(907) }
  bound.when('reserveConversation', talk).yields(Capacity.ConversationSlotReserved({ ...talk, open: 0, reserved: 1, max: 1 }))
  given(t, set(3), guarded(2, 0, 0)).by(system).when('guard', {})
    .yields(Capacity.CapacityGuarded({ ...counts(3, 0, 0), maxSessions: null, maxConcurrentConversations: null }))
  const nothing = Capacity.CapacityGuarded({ ...counts(0, 0, 0), maxSessions: 0, maxConcurrentConversations: null })
  given(t, set(3), nothing).by(system).when('reserve', first).refuses('CAPACITY_EXCEEDED', { kind: 'tasks', ...counts(0, 0, 0) })
})

t.test('R-30 what was said before there were more limits is read with those that hold by default', async (t) => {
  const { definitions } = Capacity
  const old = { max: 3, active: 0, reserved: 0 }
  t.strictSame(definitions.CapacitySet!.upcast![0]!(old), set(3).data)
  t.strictSame(definitions.SlotReserved!.upcast![0]!({ ...first, ...old }), reserved(first, 3, 0, 0).data)
  t.match(defaults, { maxQueueSize: null, maxConcurrentConversations: 10, energyBudget: null, capabilityLimits: [], keptForCritical: 0 })
})
