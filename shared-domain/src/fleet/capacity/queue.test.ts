import fc from 'fast-check'
import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { uuid } from '../../kernel/testing.ts'
import { day_ms } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { backlog } from '../../work/task/backlog.ts'
import { task } from '../../work/task/decider.ts'
import { orchestrator } from '../orchestrator/decider.ts'
import { slots } from '../slots.ts'
import { capacity } from './decider.ts'
import { admission_ms } from './state.ts'

const [owner, other] = [uuid(31), uuid(32)] as [string, string]

/** A world whose rows may stand still while facts go on. */
class Lagging extends World {
  shown: number | undefined
  override find(asked: Parameters<World['find']>[0]) {
    const rows = this.log.splice(this.shown ?? this.log.length)
    const found = super.find(asked)
    this.log.push(...rows)
    return found
  }
}

function scene(maxQueueSize: number | null) {
  const world = new Lagging([task, capacity, orchestrator])
  const courier = new Courier(world, [slots])
  for (const [index, id] of [owner, other].entries()) {
    world.carryOut(send(orchestrator, id, 'register', { name: `O${index}` }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  world.do({ category: 'capacity', id: owner, command: 'adjust', data: { maxQueueSize } })
  courier.settle()
  const wish = (id: string, command: string, data: unknown = {}) => {
    const decided = world.do({ category: 'task', id, command, data })
    return decided instanceof Rejection ? decided.code : 'done'
  }
  const create = (n: number, of = owner) => wish(uuid(n), 'create', { owner: of, title: 'Work' })
  const waiting = () => rowsAfter(backlog, world.log)
    .filter((row) => row.owner === owner && (row.status === 'TODO' || row.status === 'BLOCKED')).length
  const told = (type: string) => world.log.filter((fact) => fact.type === type).map(({ data }) => data)
  return { world, courier, wish, create, waiting, told }
}

t.test('R-32 R-30 no more tasks wait for an orchestrator than may, whether they are made for it or passed to it', async (t) => {
  const { wish, create, told } = scene(2)
  t.equal(create(1), 'done')
  t.equal(create(2, other), 'done')
  t.equal(wish(uuid(2), 'delegate', { to: owner }), 'done')
  t.match(told('QueueAdmitted'), [{ task: uuid(1), queued: 1, max: 2 }, { task: uuid(2), queued: 2, max: 2 }])
  t.equal(create(3), 'CAPACITY_EXCEEDED')
  create(4, other)
  t.equal(wish(uuid(4), 'delegate', { to: owner }), 'CAPACITY_EXCEEDED')
  t.equal(wish(uuid(4), 'handoff', { to: owner }), 'CAPACITY_EXCEEDED')
  t.equal(wish(uuid(1), 'start'), 'done')
  t.equal(wish(uuid(4), 'handoff', { to: owner }), 'done', 'what is worked on waits no more')
})

t.test('R-30 who has no end of its queue pays nothing: no further stream is written', async (t) => {
  const { create, world } = scene(null)
  const before = world.log.length
  t.equal(create(1), 'done')
  t.strictSame(world.log.slice(before).map(({ type }) => type), ['TaskCreated'])
  t.strictSame(world.log.filter(({ type }) => type === 'OrchestratorQueueLimited'), [])
})

t.test('R-32 what was let in counts for a minute where no row shows it; what came to nothing leaves at once', async (t) => {
  const { world, create, told, wish } = scene(1)
  world.shown = world.log.length
  t.equal(create(1), 'done')
  t.equal(create(2), 'CAPACITY_EXCEEDED')
  world.pass(admission_ms - 1)
  t.equal(create(2), 'CAPACITY_EXCEEDED')
  world.shown = undefined
  wish(uuid(1), 'cancel')
  t.equal(create(2), 'done', 'its row shows that it waits no more')
  const place = { task: uuid(9), command: uuid(909) }
  wish(uuid(2), 'cancel')
  world.carryOut(send(capacity, owner, 'admit', place))
  world.carryOut(send(capacity, owner, 'admit', place))
  t.equal(create(3), 'CAPACITY_EXCEEDED')
  for (let times = 0; times < 2; times++) world.carryOut(send(capacity, owner, 'dismiss', place))
  t.strictSame(told('QueueReleased'), [place])
  t.equal(create(3), 'done')
})

t.test('R-30 where a policy chooses to whom a task goes, whoever has no room is left out', async (t) => {
  const { world, wish, create } = scene(0)
  create(1, other)
  t.equal(wish(uuid(1), 'delegate'), 'ORCHESTRATOR_UNAVAILABLE')
  world.carryOut(send(orchestrator, uuid(33), 'register', { name: 'O3' }))
  world.carryOut(send(orchestrator, uuid(33), 'activate', {}))
  // A hair less free than the one without room.
  world.carryOut(send(capacity, uuid(33), 'reserve', { task: uuid(9), command: uuid(9) }))
  t.equal(wish(uuid(1), 'delegate', { retries: 1 }), 'done')
  const [moved] = world.log.filter(({ type }) => type === 'TaskDelegated')
  t.match(moved, { data: { to: uuid(33), rejected: [{ id: owner, code: 'CAPACITY_EXCEEDED' }] } })
  world.carryOut(send(orchestrator, uuid(33), 'deactivate', {}))
  world.do({ category: 'task', id: uuid(1), command: 'declineDelegation', data: { reason: 'why' } })
  world.pass(day_ms)
  const delegation = String(moved!.revision)
  t.match(world.carryOut(send(task, uuid(1), 'redelegate', { delegation })), [{ type: 'TaskPlacementFailed' }])
})

t.test('R-32 a return passes, however many wait', async (t) => {
  const { world, wish, create, waiting } = scene(1)
  create(1)
  t.equal(wish(uuid(1), 'delegate', { to: other }), 'done')
  t.equal(create(2), 'CAPACITY_EXCEEDED', 'that it left is not told from that it has not come yet')
  world.pass(admission_ms)
  t.equal(create(2), 'done')
  t.equal(wish(uuid(1), 'recall', { reason: 'why' }), 'done')
  t.equal(waiting(), 2)
})

const deed = fc.record({
  n: fc.integer({ min: 1, max: 6 }), command: fc.constantFrom('create', 'create', 'delegate', 'handoff', 'start', 'cancel', 'block'),
  to: fc.constantFrom(owner, other), lag: fc.boolean(), wait_ms: fc.constantFrom(0, 1_000, 20_000),
})

t.test('R-82 however far rows lag below a minute, no more wait than may by what is made and moved', async (t) => {
  let full = 0
  fc.assert(fc.property(fc.array(deed, { minLength: 10, maxLength: 40, size: 'max' }), (deeds) => {
    const { world, wish, waiting, courier } = scene(2)
    let since = world.at
    for (const { n, command, to, lag, wait_ms } of deeds) {
      world.pass(wait_ms)
      if (!lag || Date.parse(world.at) - Date.parse(since) >= 40_000) [world.shown, since] = [undefined, world.at]
      else world.shown ??= world.log.length
      const before = waiting()
      const data = command === 'create' ? { owner: to, title: 'Work' } : command === 'block' ? { reason: 'why' } : { to }
      const outcome = wish(uuid(n), command, command === 'start' || command === 'cancel' ? {} : data)
      full += outcome === 'CAPACITY_EXCEEDED' ? 1 : 0
      if (waiting() > Math.max(before, 2) && ['create', 'delegate', 'handoff'].includes(command)) throw new Error(`${waiting()} wait`)
      courier.settle()
    }
  }), { seed: 2030, numRuns: 60 })
  t.ok(full > 20, `${full} were refused`)
})
