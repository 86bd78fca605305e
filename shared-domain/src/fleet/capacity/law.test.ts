import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import type { Recorded } from '../../kernel/fact.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { uuid } from '../../kernel/testing.ts'
import { hour_ms } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { priorities } from '../../vocabulary.ts'
import { task } from '../../work/task/decider.ts'
import { taskState } from '../../work/task/state.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { slots } from '../slots.ts'
import { capacities } from './capacities.ts'
import { capacity } from './decider.ts'
import type { CapacityEvent } from './events.ts'
import { checkLaw } from './scene.ts'

const owner = uuid(31)
const tasks = Array.from({ length: 8 }, (_, n) => uuid(40 + n))

const deed = fc.record({
  id: fc.constantFrom(...tasks), command: fc.constantFrom('start', 'start', 'start', 'complete', 'block', 'cancel', 'limit', 'lost'),
  limits: fc.record({
    maxConcurrentTasks: fc.integer({ min: 1, max: 4 }), energyBudget: fc.option(fc.integer({ min: 1, max: 12 })),
    keptForCritical: fc.integer({ min: 0, max: 2 }),
    capabilityLimits: fc.constantFrom([], [{ capability: 'GPU', max: 1 }], [{ capability: 'GPU', max: 2 }, { capability: 'net', max: 1 }]),
  }),
  wait_ms: fc.constantFrom(0, 0, 10_000, 31_000, 13 * hour_ms), settles: fc.boolean(),
})

/** Eight tasks of all priorities, which require different things, and one orchestrator that has them all. */
function inhabited() {
  const world = new World([task, capacity, orchestrator])
  world.carryOut(send(orchestrator, owner, 'register', { name: 'Ada', maxConcurrentTasks: 3 }))
  world.carryOut(send(orchestrator, owner, 'activate', {}))
  for (const [n, id] of tasks.entries()) {
    const requiredCapabilities = [[], ['gpu'], ['Net', 'GPU'], ['net']][n % 4]!
    const wish = { owner, title: 'Work', priority: priorities[n % 4], requiredCapabilities, ...(n > 5 ? { estimatedHours: 1.5 } : {}) }
    world.do({ category: 'task', id, command: 'create', data: wish })
  }
  return { world, courier: new Courier(world, [slots]) }
}

const told = (world: World) => world.log.filter(({ category }) => category === 'capacity') as readonly Recorded[] as
  readonly Recorded<CapacityEvent>[]

t.test('R-82 whatever is started, ends or is lost, and however limits change, at no revision more is taken than may be', async (t) => {
  const met = new Set<string>()
  fc.assert(fc.property(fc.array(deed, { minLength: 10, maxLength: 50, size: 'max' }), (deeds) => {
    const { world, courier } = inhabited()
    for (const { id, command, limits, wait_ms, settles } of deeds) {
      world.pass(wait_ms)
      if (settles) courier.settle()
      if (command === 'limit') world.do({ category: 'capacity', id: owner, command: 'adjust', data: limits })
      // A start of which nobody learns what became of it: what it took is settled in time.
      else if (command === 'lost') world.carryOut(send(capacity, owner, 'reserve', { task: id, command: id, priority: 'HIGH' }))
      else {
        const known = world.look(taskState, id)
        const token = known.status === 'IN_PROGRESS' ? known.lease.token : '0'
        const data = command === 'complete' ? { token } : command === 'block' ? { reason: 'why' } : {}
        const outcome = world.do({ category: 'task', id, command, data })
        if (outcome instanceof Rejection) met.add(`${outcome.code} ${outcome.detail.kind ?? ''}`)
      }
    }
    courier.settle()
    checkLaw(told(world))
    for (const row of rowsAfter(capacities, world.log) as any[])
      if (row.free - Number(capacities.compute(row).over) !== row.max - row.active - row.reserved) throw new Error('the row counts wrong')
  }), { seed: 2030, numRuns: 200 })
  for (const why of ['CAPACITY_EXCEEDED tasks', 'SLOT_WITHHELD critical', 'SLOT_WITHHELD capability', 'SLOT_WITHHELD energy'])
    t.ok(met.has(why), why)
})

t.test('R-82 the law sees what it forbids', async (t) => {
  const { world } = inhabited()
  for (const id of tasks.slice(0, 2)) world.do({ category: 'task', id, command: 'start', data: {} })
  const facts = told(world)
  checkLaw(facts)
  const broken = (change: (fact: Recorded<any>) => object) => () =>
    checkLaw(facts.map((fact) => (fact.type === 'SlotReserved' ? { ...fact, data: { ...fact.data, ...change(fact) } } : fact)) as any)
  t.throws(broken(() => ({ max: 1 })), /slots of/)
  t.throws(broken(() => ({ active: 7 })), /counts wrong/)
  t.throws(broken(() => ({ energyRemaining: -1 })), /are left/)
  t.throws(() => checkLaw([...facts, { ...facts.at(-1)!, type: 'SlotReserved' } as any]), /taken twice/)
  const end = { ...facts.at(-1)!, type: 'SlotReleased', data: { ...facts.at(-1)!.data, task: uuid(99) } }
  t.throws(() => checkLaw([...facts, end as any]), /nobody has/)
})
