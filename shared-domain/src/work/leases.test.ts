import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { reservation_ms } from '../fleet/capacity/slots.ts'
import type { CapacityEvent } from '../fleet/capacity/events.ts'
import { counted, slotOf } from '../fleet/capacity/state.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { slots } from '../fleet/slots.ts'
import { ids } from '../kernel/arbitrary.ts'
import type { AnyEvent, Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { elapsed_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { leases } from './leases.ts'
import { task } from './task/decider.ts'
import { lease_ms, renewal_ms } from './task/lease.ts'
import { taskState } from './task/state.ts'

const [owner, other, ...tasks] = ids as [string, string, string, string]
const seed = 2030

function scene() {
  const world = new World([task, capacity, orchestrator])
  for (const id of [owner, other]) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada' }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  for (const id of tasks) world.carryOut(send(task, id, 'create', { owner, title: 'Work' }))
  return { world, courier: new Courier(world, [leases, slots]) }
}

const tokenOf = (world: World, id: string) => {
  const known = world.look(taskState, id)
  return known.status === 'IN_PROGRESS' ? known.lease.token : '0'
}

const running = (world: World) => tasks.filter((id) => world.look(taskState, id).status === 'IN_PROGRESS')

const slotsOfLeases = (world: World, holder: string) => tasks.flatMap((id) => {
  const known = world.look(taskState, id)
  return known.status === 'IN_PROGRESS' && known.lease.holder === holder ? [slotOf({ task: id, command: known.lease.slot })] : []
})

/** Every slot that was taken ends once, at no revision are more taken than there are, and every fact says how many are. */
function checkSlots(facts: readonly Recorded[]) {
  const slots = new Map<string, 'reserved' | 'active'>()
  for (const { type, data, revision } of facts as readonly (Recorded<CapacityEvent>)[]) {
    if (!('active' in data)) continue
    const slot = 'task' in data ? slotOf(data) : ''
    const use = slots.get(slot)
    const isInOrder = type === 'SlotReserved' ? !use : type === 'SlotConfirmed' ? use !== 'active' : type === 'SlotReleased' ? use : true
    if (!isInOrder) throw new Error(`${type} at ${revision} of what is ${use ?? 'free'}`)
    if (type === 'SlotReleased') slots.delete(slot)
    else if ('task' in data) slots.set(slot, type === 'SlotReserved' ? 'reserved' : 'active')
    const active = [...slots.values()].filter((use) => use === 'active').length
    if (active !== data.active || slots.size - active !== data.reserved) throw new Error(`${type} at ${revision} counts wrong`)
    if (slots.size > data.max) throw new Error(`${slots.size} slots of ${data.max} are taken at ${revision}`)
  }
}

t.test('S-22 a task whose holder falls silent waits again, and its slot is free', async (t) => {
  const { world, courier } = scene()
  const id = tasks[0]!
  const wish = (command: string, data: unknown = {}) => world.do({ category: 'task', id, command, data })
  wish('start')
  courier.settle()
  world.pass(30_000)
  wish('heartbeat', { token: tokenOf(world, id) })
  courier.settle()
  world.pass(lease_ms - 1)
  courier.settle()
  t.strictSame([running(world), counted(world.look(capacity, owner))], [[id], { max: 5, active: 1, reserved: 0 }])
  world.pass(1)
  courier.settle()
  t.strictSame([running(world), counted(world.look(capacity, owner))], [[], { max: 5, active: 0, reserved: 0 }])
  t.strictSame(courier.waiting, [], 'nothing is left to wait for')
})

const leave = (world: World, holder: string) => {
  for (const command of ['deactivate', 'archive']) world.carryOut(send(orchestrator, holder, command as 'archive', {}))
}

t.test('S-22 S-40 the leases of an orchestrator that is archived end at once, and nothing of it starts again', async (t) => {
  const { world, courier } = scene()
  for (const id of tasks) world.do({ category: 'task', id, command: 'start', data: {} })
  courier.settle()
  t.equal(running(world).length, tasks.length)
  leave(world, owner)
  courier.settle()
  t.strictSame([running(world), counted(world.look(capacity, owner))], [[], { max: 5, active: 0, reserved: 0 }])
  const late = world.carryOut(send(capacity, owner, 'reserve', { task: tasks[0]!, command: other }))
  t.match(late, { code: 'ORCHESTRATOR_UNAVAILABLE' }, 'also for whoever looked at it before it left')
  world.pass(lease_ms)
  courier.settle()
  t.strictSame(courier.waiting, [], 'nothing is left to wait for')
})

t.test('S-22 S-40 a start that took its slot before its owner was archived, and is stored after, does not last', async (t) => {
  for (const isStored of [true, false]) {
    const { world, courier } = scene()
    const id = tasks[0]!
    const context = world.contextOf({ id })
    const begun = task.commands.start.decide(world.look(taskState, id), {}, context) as readonly AnyEvent[]
    world.carryOut(send(capacity, owner, 'reserve', { task: id, command: context.commandId }))
    leave(world, owner)
    courier.settle()
    if (isStored) world.append(task, id, begun, context)
    courier.settle()
    t.strictSame(running(world), isStored ? [id] : [])
    world.pass(reservation_ms)
    courier.settle()
    t.strictSame([running(world), counted(world.look(capacity, owner))], [[], { max: 5, active: 0, reserved: 0 }])
  }
})

t.test('S-22 a lease ends 59 to 60 s after the last sign of life, and however many there are, one in a second is told', async (t) => {
  t.strictSame([lease_ms, renewal_ms], [60_000, 1_000])
  const sign = fc.record({
    command: fc.constantFrom('heartbeat', 'reportProgress'),
    wait_ms: fc.oneof(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 0, max: 58_999 })),
  })
  const early_ms = new Set<boolean>()
  fc.assert(fc.property(fc.array(sign, { maxLength: 40, size: 'max' }), (signs) => {
    const { world, courier } = scene()
    const id = tasks[0]!
    const wish = (command: string, data: unknown = {}) => world.do({ category: 'task', id, command, data })
    wish('start')
    const token = tokenOf(world, id)
    for (const { command, wait_ms } of signs) {
      world.pass(wait_ms)
      courier.settle()
      wish(command, command === 'heartbeat' ? { token } : { token, percentage: 0 })
    }
    const lastSign = world.at
    while (running(world).length > 0) {
      courier.settle()
      world.pass(100)
    }
    const { at } = world.log.find(({ type }) => type === 'LeaseExpired')!
    const silence_ms = elapsed_ms(lastSign, at)
    early_ms.add(silence_ms < lease_ms)
    if (silence_ms < lease_ms - renewal_ms || silence_ms > lease_ms + 100) throw new Error(`it ended after ${silence_ms} ms of silence`)
    const told = world.log.filter(({ type }) => type === 'LeaseRenewed').map(({ at }) => at)
    for (const [index, at] of told.slice(1).entries()) if (elapsed_ms(told[index]!, at) < renewal_ms) throw new Error('too much is told')
  }), { seed, numRuns: 100 })
  t.strictSame([...early_ms].sort(), [false, true], 'both were met')
})

const uses: Readonly<Record<string, (token: string, to: string) => unknown>> = {
  start: () => ({}),
  heartbeat: (token) => ({ token }),
  reportProgress: (token) => ({ token, percentage: 50 }),
  complete: (token) => ({ token }),
  fail: (token) => ({ token, error: 'no' }),
  release: () => ({}),
  block: () => ({ reason: 'why' }),
  unblock: () => ({}),
  escalate: () => ({ reason: 'why' }),
  resolveEscalation: () => ({ resolution: 'go on' }),
  cancel: () => ({}),
  reopen: () => ({}),
  handoff: (_, to) => ({ to }),
}

t.test('S-22 S-40 S-41 whatever happened, told twice as well: who is silent loses the lease, and every slot comes back, once', async () => {
  const use = fc.record({
    command: fc.constantFrom(...Object.keys(uses), 'start', 'start'), id: fc.constantFrom(...tasks), to: fc.constantFrom(owner, other),
    wait_ms: fc.constantFrom(0, 0, 1_000, 20_000, 61_000), again: fc.option(fc.nat(1_000)),
  })
  fc.assert(fc.property(fc.array(use, { minLength: 10, maxLength: 60, size: 'max' }), (life) => {
    const { world, courier } = scene()
    for (const { command, id, to, wait_ms, again } of life) {
      world.pass(wait_ms)
      courier.settle()
      world.do({ category: 'task', id, command, data: uses[command]!(tokenOf(world, id), to) })
      // Redelivery: what was told before is told again, in order, from some fact on.
      if (again !== null) for (const fact of world.log.slice(again % world.log.length)) courier.tell(fact)
    }
    courier.settle()
    for (const id of [owner, other]) {
      const [held, wanted] = [[...world.look(capacity, id).slots.keys()], slotsOfLeases(world, id)]
      if (held.sort().join() !== wanted.sort().join()) throw new Error(`${held} are held for ${wanted}`)
      checkSlots(world.log.filter((fact) => fact.category === 'capacity' && fact.id === id))
    }
    const watched = courier.waiting.map(({ key }) => key!).filter((key) => key.startsWith('lease-'))
    if (watched.sort().join() !== running(world).map((id) => `lease-${id}`).sort().join()) throw new Error(`${watched} are watched`)
    world.pass(lease_ms)
    courier.settle()
    if (running(world).length > 0) throw new Error('a silent holder keeps its task')
    for (const id of [owner, other]) if (world.look(capacity, id).slots.size > 0) throw new Error('a slot is lost')
    if (courier.waiting.length > 0) throw new Error(`${courier.waiting[0]!.key} waits for nothing`)
  }), { seed, numRuns: 300 })
})
