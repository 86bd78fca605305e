import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { ids } from '../kernel/arbitrary.ts'
import { Rejection } from '../kernel/decider.ts'
import { send } from '../kernel/process.ts'
import { Courier, World } from '../kernel/world.ts'
import { dependents } from './dependents/decider.ts'
import { blocked, cancelled, created, reopened } from './task/scene.ts'
import { task } from './task/decider.ts'
import { Task, type TaskEvent } from './task/events.ts'
import { isOpen, taskState } from './task/state.ts'
import { unblocking } from './unblocking.ts'

const [owner, a, b, c] = ids as [string, string, string, string]
const seed = 2030

function scene(): World {
  const world = new World([task, dependents, capacity, orchestrator])
  world.carryOut(send(orchestrator, owner, 'register', { name: 'Ada' }))
  world.carryOut(send(orchestrator, owner, 'activate', {}))
  return world
}

const stateOf = (world: World, id: string) => {
  const known = world.look(taskState, id)
  return known.status === 'BLOCKED' ? `BLOCKED(${known.block.kind})` : known.status
}

/** What a user may do to a task, as far as it concerns those that wait for it. */
const acts: Readonly<Record<string, (id: string, other: string) => readonly [string, unknown]>> = {
  addDependency: (_, dependency) => ['addDependency', { dependency }],
  start: () => ['start', {}],
  block: () => ['block', { reason: 'why' }],
  unblock: () => ['unblock', {}],
  cancel: () => ['cancel', {}],
  reopen: () => ['reopen', {}],
}
const tasks = [a, b, c]
const act = fc.record({
  name: fc.constantFrom(...Object.keys(acts), 'complete'), id: fc.constantFrom(...tasks), other: fc.constantFrom(...tasks),
})

function perform(world: World, { name, id, other }: { name: string; id: string; other: string }) {
  const known = world.look(taskState, id)
  const [command, data] = name === 'complete'
    ? ['complete', { token: known.status === 'IN_PROGRESS' ? known.lease.token : '0' }]
    : acts[name]!(id, other)
  world.do({ category: 'task', id, command: String(command), data })
}

/** Three tasks, of which the last waits for the first. */
function peopled(): World {
  const world = scene()
  for (const id of tasks) world.carryOut(send(task, id, 'create', { owner, title: 'Work', dependsOn: id === c ? [a] : [] }))
  return world
}

/** Nobody waits for what has ended, and nobody is free to start who depends on what has not. */
function isSettled(world: World) {
  for (const id of tasks) {
    const known = world.look(taskState, id)
    if (known.status === 'NONE') continue
    const isHeld = known.dependsOn.some((dependency) => isOpen(world.look(taskState, dependency)))
    if (known.status === 'BLOCKED' && known.block.kind === 'dependencies' && !isHeld) throw new Error(`${id} waits for nothing`)
    if (known.status === 'TODO' && isHeld) throw new Error(`${id} does not wait`)
  }
}

/** Nobody waits for itself, over however many others. */
function isStraight(world: World) {
  const waitsFor = (id: string): readonly string[] => {
    const known = world.look(taskState, id)
    return known.status === 'NONE' || known.status === 'DONE' ? [] : known.dependsOn
  }
  for (const id of tasks) {
    const behind = new Set(waitsFor(id))
    for (const next of behind) for (const one of waitsFor(next)) behind.add(one)
    if (behind.has(id)) throw new Error(`${id} waits for itself`)
  }
}

/** Two tasks are made to wait for one another side by side: neither command sees what the other adds. */
function race(world: World, one: string, another: string) {
  const { data, decide } = task.commands.addDependency
  const decided = [[one, another], [another, one]].map(([id, dependency]) => {
    const context = world.contextOf({ id: id! })
    return { context, decision: decide(world.look(taskState, id!), data.parse({ dependency }), context) }
  })
  for (const { context, decision } of decided) if (!(decision instanceof Rejection)) world.append(taskState, context.id, decision, context)
}

/** Redelivery of everything adds nothing. */
function isQuiet(world: World, courier: Courier) {
  const known = world.log.length
  for (const fact of world.log.slice()) courier.tell(fact)
  courier.settle()
  if (world.log.length > known) throw new Error(`${world.log[known]!.type} is told because of a redelivery`)
}

t.test('S-20 a task goes on when the last that it waits for has ended, done or cancelled', async (t) => {
  const world = scene()
  const courier = new Courier(world, [unblocking])
  const wish = (id: string, command: string, data: unknown = {}) => {
    world.do({ category: 'task', id, command, data })
    courier.settle()
  }
  wish(a, 'create', { owner, title: 'A' })
  wish(b, 'create', { owner, title: 'B' })
  wish(c, 'create', { owner, title: 'C', dependsOn: [a, b] })
  wish(a, 'start')
  perform(world, { name: 'complete', id: a, other: a })
  courier.settle()
  t.equal(stateOf(world, c), 'BLOCKED(dependencies)')
  wish(b, 'cancel')
  t.equal(stateOf(world, c), 'TODO')
  wish(b, 'reopen')
  t.equal(stateOf(world, c), 'BLOCKED(dependencies)', 'and waits once more for what is wanted again')
  wish(b, 'cancel')
  wish(c, 'start')
  wish(b, 'reopen')
  t.equal(stateOf(world, c), 'IN_PROGRESS', 'what runs goes on')
  wish(c, 'release')
  t.equal(stateOf(world, c), 'BLOCKED(dependencies)', 'but is not given out again')
  wish(c, 'block', { reason: 'meanwhile' })
  wish(c, 'unblock')
  t.equal(stateOf(world, c), 'BLOCKED(dependencies)')
  wish(b, 'cancel')
  t.equal(stateOf(world, c), 'TODO')
})

t.test('S-20 a task that was blocked on an old view of what it waits for goes on as well', async (t) => {
  const world = scene()
  const courier = new Courier(world, [unblocking])
  const tell = (id: string, ...facts: readonly TaskEvent[]) => world.append(taskState, id, facts, world.contextOf({ id }))
  tell(a, created(), cancelled())
  tell(b, created({ dependsOn: [a] }))
  courier.settle()
  tell(b, blocked('dependencies', 'waits for other tasks', [a]))
  courier.settle()
  t.equal(stateOf(world, b), 'TODO')
})

t.test('S-20 a task that was let go on an old view of what it waits for is held back as well', async (t) => {
  const world = scene()
  const courier = new Courier(world, [unblocking])
  const tell = (id: string, ...facts: readonly TaskEvent[]) => world.append(taskState, id, facts, world.contextOf({ id }))
  tell(a, created())
  tell(b, created({ dependsOn: [a] }))
  courier.settle()
  t.equal(stateOf(world, b), 'BLOCKED(dependencies)', 'it was made on a view from before the reopening')
  tell(a, cancelled())
  courier.settle()
  tell(b, blocked('manual'))
  tell(a, reopened())
  courier.settle()
  tell(b, Task.TaskUnblocked({ owner, from: 'BLOCKED', kind: 'manual', reason: 'by hand' }))
  courier.settle()
  t.equal(stateOf(world, b), 'TODO')
  world.pass(5_000)
  courier.settle()
  t.equal(stateOf(world, b), 'BLOCKED(dependencies)')
  t.strictSame(courier.waiting, [])
})

t.test('S-1 of tasks that are made to wait for one another at the same moment one waits', async (t) => {
  const world = scene()
  const courier = new Courier(world, [unblocking])
  for (const id of [a, b]) world.carryOut(send(task, id, 'create', { owner, title: 'Work' }))
  race(world, a, b)
  t.throws(() => isStraight(world))
  courier.settle()
  t.strictSame([a, b].map((id) => stateOf(world, id)), ['BLOCKED(dependencies)', 'TODO'])
  t.match(world.log.filter(({ type }) => type === 'DependencyWithdrawn'), [{ id: b, data: { dependency: a, cycle: [b, a, b] } }])
  isStraight(world)
  isQuiet(world, courier)
})

t.test('S-20 whatever happens, and however late the process hears of it, nobody waits for what has ended or for itself', async () => {
  const pair = fc.record({ one: fc.constantFrom(...tasks), another: fc.constantFrom(...tasks) })
  const moment = fc.oneof(act, act, pair, fc.constant('settle' as const), fc.nat(1_000))
  fc.assert(fc.property(fc.array(moment, { minLength: 10, maxLength: 60, size: 'max' }), (moments) => {
    const world = peopled()
    const courier = new Courier(world, [unblocking])
    for (const one of moments) {
      if (one === 'settle') courier.settle()
      // Redelivery: from some fact on, everything is told once more.
      else if (typeof one === 'number') for (const fact of world.log.slice(one % world.log.length)) courier.tell(fact)
      else if ('another' in one) race(world, one.one, one.another)
      else perform(world, one)
    }
    courier.settle()
    isSettled(world)
    isStraight(world)
    isQuiet(world, courier)
  }), { seed, numRuns: 400 })
})

t.test('S-20 told in any order and twice, what happened comes to the same end', async () => {
  const lives = fc.array(act, { minLength: 5, maxLength: 40, size: 'max' })
  const disorders = fc.array(fc.nat(1_000), { maxLength: 60, size: 'max' })
  fc.assert(fc.property(lives, disorders, (done, picks) => {
    const end = (disorder: readonly number[]) => {
      const world = peopled()
      const courier = new Courier(world, [unblocking])
      for (const one of done) perform(world, one)
      for (const pick of disorder) courier.tell(world.log[pick % world.log.length]!)
      courier.settle()
      isSettled(world)
      isQuiet(world, courier)
      return tasks.map((id) => stateOf(world, id)).join()
    }
    const [ordered, disordered] = [end([]), end(picks)]
    if (ordered !== disordered) throw new Error(`${disordered}, but in order: ${ordered}`)
  }), { seed, numRuns: 400 })
})
