import t from 'tap'
import { capacity } from '../../fleet/capacity/decider.ts'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { slots } from '../../fleet/slots.ts'
import { Rejection } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { send } from '../../kernel/process.ts'
import { behaviour, now, orchestrator as himself, subject, uuid } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { Courier, World } from '../../kernel/world.ts'
import { task } from '../../work/task/decider.ts'
import { taskState } from '../../work/task/state.ts'
import { batchRun } from '../batch-run/decider.ts'
import { batchRunState } from '../batch-run/state.ts'
import { batch } from '../batch/decider.ts'
import { batching } from '../batching.ts'
import { rebalancing } from '../rebalancing.ts'
import { schedule } from '../schedule/decider.ts'
import { timekeeping } from '../timekeeping.ts'
import { rebalance } from './decider.ts'
import { Rebalance } from './events.ts'
import { rebalances } from './rebalances.ts'
import { rebalanceState } from './state.ts'

const [a, b, c] = [1, 2, 3].map((n) => uuid(30 + n)) as [string, string, string]

/** A is full and has ten tasks that wait, B has one slot of five in use, C is full with one that waits. */
function scene() {
  const world = new World([task, capacity, orchestrator, rebalance, batchRun, batch, schedule])
  const courier = new Courier(world, [slots, rebalancing, batching, timekeeping])
  let tasks = 0
  const create = (owner: string, count: number, starts: boolean) => {
    for (let n = 0; n < count; n++) {
      const id = uuid(100 + tasks++)
      world.do({ category: 'task', id, command: 'create', data: { owner, title: 'Work' } })
      if (starts) world.do({ category: 'task', id, command: 'start', data: {} })
    }
  }
  for (const [id, max, active, queued] of [[a, 5, 5, 10], [b, 5, 1, 0], [c, 2, 2, 1]] as const) {
    world.carryOut(send(orchestrator, id, 'register', { name: id.slice(-1), maxConcurrentTasks: max }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
    courier.settle()
    create(id, active, true)
    create(id, queued, false)
  }
  courier.settle()
  const wish = (id: string, command: string, data: object = {}, by?: ReturnType<typeof himself>) => {
    const decided = world.do({ category: 'rebalance', id, command, data, ...(by ? { by } : {}) })
    courier.settle()
    return decided instanceof Rejection ? decided.code : decided.map(({ type }) => type)
  }
  const moved = () => world.log.filter(({ type }) => type === 'TaskDelegated')
  return { world, courier, wish, moved }
}

t.test('R-35 what is proposed moves nothing until it is applied as a run, within an hour, by an admin', async (t) => {
  const { world, wish, moved } = scene()
  t.equal(wish(subject, 'propose', {}, himself(a)), 'FORBIDDEN')
  t.strictSame(wish(subject, 'propose'), ['RebalanceProposed'])
  t.match(world.log.at(-1), { data: { policy: 'even-pressure/1', moves: Array(7).fill({ from: a, to: b }), grounds: { digest: /./ } } })
  t.equal(wish(subject, 'propose'), 'ALREADY_EXISTS')
  t.equal(moved().length, 0)
  t.equal(wish(subject, 'apply', {}, himself(a)), 'FORBIDDEN')
  t.strictSame(wish(subject, 'apply'), ['RebalanceApplied'])
  t.strictSame(moved().map(({ data }) => (data as { to: string }).to), Array(7).fill(b))
  const { run } = rebalance.commands.apply.answers!.of(world.look(rebalanceState, subject), world.contextOf({ id: subject }))
  t.match(world.look(batchRunState, run as string), { stage: 'COMPLETED', said: { batch: subject, command: 'even', items: { length: 7 } } })
  t.strictSame(wish(subject, 'apply'), [], 'once')
  t.strictSame(wish(uuid(2), 'propose'), ['RebalanceProposed'])
  t.match(world.log.at(-1), { data: { moves: [] } }, 'what has moved rests, and the rest is even')
  world.pass(hour_ms + 1)
  t.equal(wish(uuid(2), 'apply'), 'INVALID_STATE_TRANSITION')
  behaviour(t, rebalance).given().when('apply', {}).refuses('NOT_FOUND')
})

t.test('R-35 at once, among those that are named, and only what still waits there', async (t) => {
  const { world, wish, moved } = scene()
  t.strictSame(wish(subject, 'propose', { orchestrators: [a, c], dryRun: false }), ['RebalanceProposed', 'RebalanceApplied'])
  t.equal(moved().length, 0, 'C is full')
  wish(uuid(2), 'propose', { maxMoves: 2 })
  const [first] = (world.look(rebalanceState, uuid(2)) as { moves: readonly { task: string }[] }).moves
  world.do({ category: 'task', id: first!.task, command: 'assign', data: { assignee: 'Grace' } })
  wish(uuid(2), 'apply')
  t.equal(moved().length, 1)
  const ended = world.log.filter(({ type }) => type === 'BatchRunCompleted').at(-1)
  t.match(ended, { data: { counts: { done: 1, unchanged: 1 }, cause: 'finished' } })
  const known = world.look(taskState, moved()[0]!.id)
  t.match(known, { owner: b, status: 'TODO', chain: [{ from: a, to: b }] })
  world.pass(day_ms)
  wish(uuid(3), 'propose', { maxMoves: 100 })
  const again = (world.look(rebalanceState, uuid(3)) as { moves: readonly { task: string }[] }).moves.map(({ task }) => task)
  t.notOk(again.includes(known.status === 'NONE' ? '' : moved()[0]!.id), 'what is still passed on stays')
  t.notOk(again.includes(first!.task), 'and what somebody has')
})

t.test('R-35 nothing is passed to who is outside its hours, and of an older rebalance each task is told by itself', async (t) => {
  const { world, courier, wish, moved } = scene()
  world.do({ category: 'schedule', id: b, command: 'configure', data: { zone: 'UTC', weekly: {} } })
  courier.settle()
  wish(subject, 'propose', { dryRun: false })
  t.match(world.log.at(-1), { type: 'RebalanceApplied', data: { run: null, moves: [] } })
  world.do({ category: 'schedule', id: b, command: 'change', data: { always24x7: true } })
  courier.settle()
  wish(uuid(2), 'propose')
  const { moves } = world.look(rebalanceState, uuid(2)) as { moves: readonly any[] }
  t.equal(moves.length, 7)
  const older = recorded(rebalanceState, Rebalance.RebalanceApplied({ run: null, moves: moves as never }))
  t.strictSame(rebalancing.react.RebalanceApplied!(older).map((intent) => 'command' in intent && intent.command), Array(7).fill('even'))
  world.do({ category: 'schedule', id: b, command: 'configure', data: { zone: 'UTC', weekly: {} } })
  courier.settle()
  wish(uuid(2), 'apply')
  t.equal(moved().length, 0, 'also when it closed after the proposal')
  t.match(world.log.findLast(({ type }) => type === 'BatchRunCompleted'), { data: { counts: { failed: 7 } } })
})

t.test('R-35 the rows show what was proposed, and when it was applied', async (t) => {
  const moves = [{ task: uuid(2), from: a, to: b, reason: 'why' }] as never[]
  const grounds = { position: '9', digest: 'a'.repeat(64) }
  const proposed = recorded(rebalanceState, Rebalance.RebalanceProposed({ policy: 'even-pressure/1', moves, grounds }))
  const at = later(now, 1_000)
  const applied = recorded(rebalanceState, Rebalance.RebalanceApplied({ run: null, moves }), { at })
  const row = {
    rebalance: subject, policy: 'even-pressure/1', moves, orchestrators: [a, b], tasks: [uuid(2)], grounds_position: '9',
    proposed_by: 'test', proposed_at: now, run: null,
  }
  picture(t, rebalances).after(proposed).shows({ ...row, applied_at: null })
  picture(t, rebalances).after(proposed, applied).shows({ ...row, applied_at: at })
})
