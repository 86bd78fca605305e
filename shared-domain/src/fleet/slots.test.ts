import t from 'tap'
import { ids } from '../kernel/arbitrary.ts'
import type { AnyEvent } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { Courier, World } from '../kernel/world.ts'
import { task } from '../work/task/decider.ts'
import { taskState } from '../work/task/state.ts'
import { capacity } from './capacity/decider.ts'
import { reservation_ms } from './capacity/slots.ts'
import { counted } from './capacity/state.ts'
import { orchestrator } from './orchestrator/decider.ts'
import { orchestratorState } from './orchestrator/state.ts'
import { slots } from './slots.ts'

const [owner, a, b, other] = ids as [string, string, string, string]

function scene(maxConcurrentTasks: number, process = slots) {
  const world = new World([task, capacity, orchestrator])
  const courier = new Courier(world, [process])
  const wish = (category: string, id: string, command: string, data: unknown = {}) => {
    const decision = world.do({ category, id, command, data })
    courier.settle()
    return decision
  }
  const status = () => {
    const known = world.look(orchestratorState, owner)
    return known.stage === 'registered' ? known.status : known.stage
  }
  wish('orchestrator', owner, 'register', { name: 'Ada', maxConcurrentTasks })
  wish('orchestrator', owner, 'activate')
  for (const id of [a, b]) wish('task', id, 'create', { owner, title: 'Work' })
  return { world, courier, wish, status, counts: (id = owner) => counted(world.look(capacity, id)) }
}

t.test('S-40 the limit said at the registration becomes the limit of the capacity stream', async (t) => {
  t.strictSame(scene(2).counts(), { max: 2, active: 0, reserved: 0 })
})

t.test('S-40 a slot is taken before the start, confirmed of a task that runs for long, and goes back with the lease', async (t) => {
  const { wish, counts, courier, world } = scene(2)
  const told = () => world.log.filter(({ category }) => category === 'capacity').map(({ type }) => type)
  for (const id of [a, b]) wish('task', id, 'start')
  t.strictSame(counts(), { max: 2, active: 0, reserved: 2 })
  wish('task', a, 'block', { reason: 'why' })
  t.strictSame(told(), ['CapacitySet', 'SlotReserved', 'SlotReserved', 'CapacityBandChanged', 'SlotReleased', 'CapacityBandChanged'])
  world.pass(reservation_ms)
  courier.settle()
  t.strictSame(counts(), { max: 2, active: 1, reserved: 0 })
  t.strictSame(courier.waiting, [], 'a confirmed slot is not asked about again')
  wish('task', b, 'block', { reason: 'why' })
  t.strictSame(told().slice(6), ['SlotConfirmed', 'SlotReleased'])
  t.strictSame([counts(), courier.waiting], [{ max: 2, active: 0, reserved: 0 }, []])
})

t.test('S-40 a reservation that nobody confirms ends after 30 seconds', async (t) => {
  const { world, courier, counts } = scene(2)
  world.carryOut(send(capacity, owner, 'reserve', { task: a, command: b }))
  world.pass(reservation_ms - 1)
  courier.settle()
  t.strictSame([reservation_ms, counts()], [30_000, { max: 2, active: 0, reserved: 1 }])
  world.pass(1)
  courier.settle()
  t.strictSame(counts(), { max: 2, active: 0, reserved: 0 })
})

t.test('S-40 a start that is repeated after the task changed hands leaves no slot with the owner before', async (t) => {
  const { world, courier, wish, counts } = scene(2)
  wish('orchestrator', other, 'register', { name: 'Bob', maxConcurrentTasks: 2 })
  wish('orchestrator', other, 'activate')
  const start = { category: 'task', id: a, command: 'start', data: {} }
  const context = world.contextOf(start)
  // The first time nobody learns what became of it, so that nothing is given back.
  world.carryOut(send(capacity, owner, 'reserve', { task: a, command: context.commandId }))
  wish('task', a, 'delegate', { to: other })
  world.do(start, context)
  courier.settle()
  t.strictSame([counts(), counts(other)], [{ max: 2, active: 0, reserved: 1 }, { max: 2, active: 0, reserved: 1 }])
  world.pass(reservation_ms)
  courier.settle()
  t.strictSame([counts(), counts(other)], [{ max: 2, active: 0, reserved: 0 }, { max: 2, active: 1, reserved: 0 }])
})

/** What a host leaves undone for an imported start: it sets no timer. */
const forImported = { ...slots, react: { ...slots.react, TaskStarted: () => [] } }

t.test('S-40 a start that was stored after its reservation had expired holds a slot all the same, also one that is imported', async (t) => {
  for (const process of [slots, forImported]) {
    const { world, courier, counts } = scene(2, process)
    const context = world.contextOf({ id: a })
    world.carryOut(send(capacity, owner, 'reserve', { task: a, command: context.commandId }))
    world.pass(reservation_ms)
    courier.settle()
    t.strictSame(counts(), { max: 2, active: 0, reserved: 0 })
    world.append(task, a, task.commands.start.decide(world.look(taskState, a), {}, context) as readonly AnyEvent[], context)
    if (process === forImported) world.pass(reservation_ms)
    courier.settle()
    t.strictSame([counts(), courier.waiting], [{ max: 2, active: 1, reserved: 0 }, []])
  }
})

t.test('S-30 an orchestrator is BUSY while all its slots are taken', async (t) => {
  const { wish, status, world } = scene(1)
  wish('task', a, 'start')
  t.equal(status(), 'BUSY')
  wish('capacity', owner, 'set', { maxConcurrentTasks: 2 })
  t.equal(status(), 'ONLINE')
  wish('capacity', owner, 'set', { maxConcurrentTasks: 1 })
  t.equal(status(), 'BUSY', 'also when the limit is lowered to just what runs')
  wish('capacity', owner, 'set', { maxConcurrentTasks: 2 })
  wish('task', b, 'start')
  t.equal(status(), 'BUSY')
  wish('capacity', owner, 'set', { maxConcurrentTasks: 1 })
  wish('task', a, 'cancel')
  t.equal(status(), 'BUSY', 'what runs above a lowered limit frees nothing')
  const known = world.look(taskState, b)
  wish('task', b, 'complete', { token: known.status === 'IN_PROGRESS' ? known.lease.token : '' })
  t.equal(status(), 'ONLINE')
})
