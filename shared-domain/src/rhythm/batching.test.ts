import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { slots } from '../fleet/slots.ts'
import { Rejection } from '../kernel/decider.ts'
import { picture } from '../kernel/picture.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as himself, subject, uuid } from '../kernel/testing.ts'
import { hour_ms, minute_ms, second_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { leases } from '../work/leases.ts'
import { task } from '../work/task/decider.ts'
import { taskState } from '../work/task/state.ts'
import { batchItems } from './batch-run/batch-items.ts'
import { batchRuns } from './batch-run/batch-runs.ts'
import { batchRun } from './batch-run/decider.ts'
import { batch } from './batch/decider.ts'
import { batching } from './batching.ts'
import { schedule } from './schedule/decider.ts'

const [ada, bob] = [uuid(11), uuid(12)]
const tasks = [61, 62, 63, 64, 65].map(uuid)
const priorities = ['LOW', 'CRITICAL', 'HIGH', 'MEDIUM', 'MEDIUM'] as const

/** Two orchestrators at work, with two tasks of one and three of the other, and what carries batches out. */
function fleet(define: object) {
  const world = new World([orchestrator, capacity, task, batch, batchRun, schedule])
  for (const id of [ada, bob]) {
    world.carryOut(send(orchestrator, id, 'register', { name: id, maxConcurrentTasks: 5 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  for (const [index, id] of tasks.entries()) {
    const tags = index % 2 === 0 ? ['harbour'] : []
    world.carryOut(send(task, id, 'create', { owner: index < 2 ? ada : bob, title: 'Work', priority: priorities[index], tags }))
  }
  const courier = new Courier(world, [batching, leases, slots])
  courier.settle()
  const say = (command: string, data: object = {}, [category, id] = ['batch', subject], by?: ReturnType<typeof himself>) => {
    const outcome = world.do({ category: category!, id: id!, command, data, ...(by ? { by } : {}) })
    courier.settle()
    return outcome instanceof Rejection ? outcome.code : outcome.map(({ type }) => type)
  }
  const defined = say('define', { name: 'Night', ...define })
  const told = (type: string): readonly any[] => world.log.filter((fact) => fact.type === type).map(({ data }) => data)
  const run = () => told('BatchRunLaunched').at(-1).run as string
  const outcomes = () => Object.fromEntries(told('BatchItemProcessed').map(({ no, outcome, code }) => [no, code ?? outcome]))
  const tokenOf = (id: string) => (world.look(taskState, id) as { lease: { token: string } }).lease.token
  return { world, courier, say, defined, told, run, outcomes, tokenOf, of: (id: string): [string, string] => ['task', id] }
}

t.test('R-72 R-76 tasks are found by a filter, the most pressing first, or as they are named', async (t) => {
  const found = (select: object) => {
    const { told } = fleet({ command: 'cancel', select })
    return told('BatchRunStarted')[0].items.map(({ task }: { task: string }) => tasks.indexOf(task) + 1)
  }
  t.strictSame(found({ tasks: [tasks[3], uuid(99), tasks[0], tasks[3]] }), [4, 1])
  t.strictSame(found({ filter: {} }), [2, 3, 4, 5, 1])
  t.strictSame(found({ filter: {}, limit: 2 }), [2, 3])
  t.strictSame(found({ filter: { owners: [ada] } }), [2, 1])
  t.strictSame(found({ filter: { tag: 'harbour', priority: 'MEDIUM' } }), [5])
  t.strictSame(found({ filter: { status: 'DONE' } }), [])
  t.strictSame(found({ filter: { capability: 'sailing' } }), [])
  t.strictSame(found({ filter: { olderThan_h: 1 } }), [])
  t.strictSame(found({ filter: { overdue: true } }), [])
  t.strictSame(found({ filter: { assigned: false, olderThan_h: 0 } }), [2, 3, 4, 5, 1])
})

t.test('R-72 R-73 R-75 each item has its turn, so many at once, and the run ends when all have an outcome', async (t) => {
  const { world, told, outcomes, defined, say } = fleet({ command: 'cancel', select: { tasks }, maxParallel: 2 })
  t.strictSame(defined, ['BatchDefined', 'BatchRunLaunched'])
  t.strictSame(outcomes(), { 1: 'done', 2: 'done', 3: 'done', 4: 'done', 5: 'done' })
  t.match(told('BatchRunCompleted'), [{ batch: subject, counts: { done: 5, failed: 0 }, cause: 'finished' }])
  t.match(told('BatchRunEnded'), [{ cause: 'finished' }])
  t.strictSame(say('run'), ['BatchRunLaunched'])
  t.match(told('BatchRunCompleted')[1], { counts: { done: 0, unchanged: 5 } }, 'what is cancelled already stays as it is')
  const under = world.log.filter(({ type }) => type.startsWith('BatchItem'))
    .map((_, index, items) => items.slice(0, index + 1).reduce((sum, { type }) => sum + (type === 'BatchItemDispatched' ? 1 : -1), 0))
  t.equal(Math.max(...under), 2, 'two at once')
  const none = fleet({ command: 'retry', select: { filter: { status: 'BLOCKED' } } })
  t.match(none.told('BatchRunCompleted'), [{ counts: { done: 0 }, cause: 'finished' }])
  const refused = fleet({ command: 'delegate', data: { to: ada }, select: { tasks: tasks.slice(1, 3) } })
  t.strictSame(refused.outcomes(), { 1: 'SELF_DELEGATION', 2: 'done' })
  t.match(refused.told('BatchRunCompleted'), [{ counts: { done: 1, failed: 1 }, cause: 'finished' }])
})

t.test('R-77 the item of a start ends with its lease', async (t) => {
  const { world, told, run, outcomes, say, of, tokenOf } = fleet({ command: 'start', select: { tasks }, maxParallel: 4 })
  t.match(told('TaskStarted').map(({ run }) => run), [1, 2, 3, 4].map((no) => ({ run: run(), no })))
  t.strictSame(outcomes(), {}, 'nothing has ended')
  say('complete', { token: tokenOf(tasks[0]!) }, of(tasks[0]!), himself(ada))
  t.strictSame(outcomes(), { 1: 'done' })
  t.equal(told('TaskStarted').length, 5, 'the last has its turn')
  say('fail', { token: tokenOf(tasks[1]!), error: 'no', retryable: false }, of(tasks[1]!))
  say('release', { token: tokenOf(tasks[2]!) }, of(tasks[2]!))
  say('heartbeat', { token: tokenOf(tasks[4]!) }, of(tasks[4]!))
  world.pass(61 * second_ms)
  say('escalate', { reason: 'stuck' }, of(tasks[4]!))
  t.strictSame(outcomes(), { 1: 'done', 2: 'failed', 3: 'skipped', 4: 'failed', 5: 'skipped' }, 'the fourth was not heard of')
  t.match(told('BatchRunCompleted'), [{ counts: { done: 1, unchanged: 0, failed: 2, skipped: 2, unfinished: 0 }, cause: 'finished' }])
})

t.test('R-74 after a failure, or when it is cancelled, what has not begun is skipped and what is under way ends', async (t) => {
  const failing = fleet({ command: 'start', select: { tasks }, maxParallel: 2, stopOnFailure: true })
  failing.say('fail', { token: failing.tokenOf(tasks[0]!), error: 'no', retryable: false }, failing.of(tasks[0]!))
  t.match(failing.told('BatchRunStopping'), [{ cause: 'failure', reason: null }])
  t.strictSame(failing.outcomes(), { 1: 'failed', 3: 'skipped', 4: 'skipped', 5: 'skipped' })
  failing.say('complete', { token: failing.tokenOf(tasks[1]!) }, failing.of(tasks[1]!))
  t.match(failing.told('BatchRunCompleted'), [{ counts: { done: 1, failed: 1, skipped: 3 }, cause: 'failure' }])

  const { say, run, told, outcomes, tokenOf, of } = fleet({ command: 'start', select: { tasks }, maxParallel: 1 })
  const runOf = (): [string, string] => ['batchRun', run()]
  t.equal(say('cancel', {}, runOf(), himself(ada)), 'FORBIDDEN')
  t.equal(say('cancel', {}, ['batchRun', uuid(99)]), 'NOT_FOUND')
  say('cancel', { reason: 'storm' }, runOf())
  t.strictSame(say('cancel', {}, runOf()), [])
  t.match(told('BatchRunStopping'), [{ cause: 'cancelled', reason: 'storm' }])
  t.strictSame(outcomes(), { 2: 'skipped', 3: 'skipped', 4: 'skipped', 5: 'skipped' })
  say('complete', { token: tokenOf(tasks[0]!) }, of(tasks[0]!))
  t.match(told('BatchRunCompleted'), [{ cause: 'cancelled' }])
  t.equal(say('cancel', {}, runOf()), 'INVALID_STATE_TRANSITION')
})

t.test('R-75 R-77 when its time is up what is under way is left unfinished, and ends as no item any more', async (t) => {
  const { world, courier, told, outcomes, say, of, tokenOf } = fleet({ command: 'start', select: { tasks }, maxParallel: 2, timeout_s: 60 })
  world.pass(59 * second_ms)
  for (const id of tasks.slice(0, 2)) say('heartbeat', { token: tokenOf(id) }, of(id))
  world.pass(second_ms)
  courier.settle()
  t.strictSame(outcomes(), { 1: 'unfinished', 2: 'unfinished', 3: 'skipped', 4: 'skipped', 5: 'skipped' })
  t.match(told('BatchRunCompleted'), [{ counts: { unfinished: 2, skipped: 3 }, cause: 'timeout' }])
  say('complete', { token: tokenOf(tasks[0]!) }, of(tasks[0]!))
  t.equal(told('BatchItemProcessed').length, 5)
})

t.test('R-77 what was refused and succeeds when it is told again counts as it came out last', async (t) => {
  const { world, run, outcomes } = fleet({ command: 'start', select: { tasks: tasks.slice(0, 2) } })
  const settle = (no: number, outcome: object) => world.carryOut(send(batchRun, run(), 'settle', {
    no, outcome: { changed: false, revision: null, code: null, detail: {}, ...outcome },
  }))
  settle(1, { code: 'CAPACITY_EXCEEDED' })
  t.strictSame(outcomes(), { 1: 'CAPACITY_EXCEEDED' })
  settle(1, { code: 'CAPACITY_EXCEEDED' })
  settle(1, { changed: true, revision: '3' })
  t.strictSame(outcomes(), { 1: 'CAPACITY_EXCEEDED' }, 'a start goes on')
  world.carryOut(send(batchRun, run(), 'settleLease', { no: 1, outcome: 'done' }))
  t.strictSame(outcomes(), { 1: 'done' })
  world.carryOut(send(batchRun, run(), 'settleLease', { no: 1, outcome: 'failed' }))
  world.carryOut(send(batchRun, run(), 'settleLease', { no: 9, outcome: 'done' }))
  t.strictSame(outcomes(), { 1: 'done' }, 'and what has ended stays so')
})

t.test('R-72 R-73 the read models show runs and their items', async (t) => {
  const { world, run, tokenOf, say, of } = fleet({ command: 'start', select: { tasks: tasks.slice(0, 2) }, maxParallel: 1 })
  const at = world.at
  const row = { run: run(), batch: subject, command: 'start' as const, items: 2, reason: null, started_at: at }
  const none = { done: 0, unchanged: 0, failed: 0, skipped: 0, unfinished: 0 }
  picture(t, batchRuns).after(...world.log).shows({ ...row, ...none, state: 'RUNNING', cause: null, ended_at: null })
  const item = { run: run(), owner: ada, code: null }
  picture(t, batchItems).after(...world.log).shows(
    { ...item, no: 1, task: tasks[0]!, outcome: null, dispatched_at: at, processed_at: null },
    { ...item, no: 2, task: tasks[1]!, outcome: null, dispatched_at: null, processed_at: null },
  )
  say('cancel', { reason: 'storm' }, ['batchRun', run()])
  picture(t, batchRuns).after(...world.log).matches({ state: 'STOPPING', cause: 'cancelled', reason: 'storm' })
  say('complete', { token: tokenOf(tasks[0]!) }, of(tasks[0]!))
  picture(t, batchRuns).after(...world.log)
    .shows({ ...row, ...none, state: 'COMPLETED', done: 1, skipped: 1, cause: 'cancelled', reason: 'storm', ended_at: at })
  picture(t, batchItems).after(...world.log).matches({ outcome: 'done', processed_at: at }, { outcome: 'skipped', dispatched_at: null })
})

const act = fc.record({
  kind: fc.constantFrom('pass', 'pass', 'complete', 'complete', 'fail', 'release', 'cancel', 'run', 'tell again', 'kill', 'clock'),
  nth: fc.nat(4), far: fc.nat(60), by_ms: fc.constantFrom(0, 20 * second_ms, 10 * minute_ms, hour_ms),
})
const definitions = fc.record({
  command: fc.constantFrom('start', 'start', 'cancel', 'edit'), maxParallel: fc.constantFrom(1, 2, 5), stopOnFailure: fc.boolean(),
  timeout_s: fc.constantFrom(60, 3_600), catchUp: fc.constantFrom('none', 'one'), select: fc.constant({ filter: {} }),
  when: fc.constant({ cron: '*/20 * * * *', zone: 'UTC' }),
})

t.test('R-84 R-83 items end once, counts add up, and runs of a batch never overlap, come what may', async (t) => {
  let [runs, items] = [0, 0]
  fc.assert(fc.property(definitions, fc.array(act, { minLength: 5, maxLength: 30 }), (define, acts) => {
    const { world, courier, say, told } = fleet(define)
    let teller = courier
    for (const { kind, nth, far, by_ms } of acts) {
      const id = tasks[nth]!
      const state = world.look(taskState, id)
      const token = state.status === 'IN_PROGRESS' ? state.lease.token : '0'
      if (kind === 'pass') world.pass(by_ms)
      if (kind === 'clock') world.pass(far % 2 === 0 ? 20 * second_ms : -20 * second_ms)
      if (kind === 'complete' || kind === 'release') world.do({ category: 'task', id, command: kind, data: { token } })
      if (kind === 'fail') world.do({ category: 'task', id, command: 'fail', data: { token, error: 'no', retryable: nth % 2 === 0 } })
      if (kind === 'run') say('run')
      const last = told('BatchRunLaunched').at(-1)
      if (kind === 'cancel' && last) say('cancel', {}, ['batchRun', last.run])
      if (kind === 'tell again') for (const fact of world.log.slice(far)) teller.tell(fact)
      if (kind === 'kill') {
        teller = new Courier(world, [batching, leases, slots])
        for (const fact of world.log.slice(0, far)) teller.tell(fact)
      }
      teller.settle()
    }
    const of = (type: string, run: string) =>
      world.log.filter((fact) => fact.type === type && fact.id === run).map(({ data }) => data as any)
    let open: string | undefined
    for (const { type, data } of world.log as readonly any[]) {
      if (type === 'BatchRunLaunched') {
        if (open) throw new Error('two runs at once')
        open = data.run
      }
      if (type === 'BatchRunEnded') open = undefined
    }
    for (const { run } of told('BatchRunLaunched')) {
      const [started] = of('BatchRunStarted', run)
      if (!started) continue
      const ends = of('BatchItemProcessed', run).filter(({ outcome, code }) => !(outcome === 'failed' && code !== null))
      if (new Set(ends.map(({ no }) => no)).size !== ends.length) throw new Error('an item ended twice')
      const last = new Map(of('BatchItemProcessed', run).map(({ no, outcome }) => [no, outcome]))
      const [completed, ...more] = of('BatchRunCompleted', run)
      if (more.length > 0) throw new Error('a run was over twice')
      if (!completed) continue
      runs++
      items += last.size
      const sum = Object.values<number>(completed.counts).reduce((a, b) => a + b, 0)
      if (sum !== started.items.length || last.size !== sum) throw new Error('counts do not add up')
      for (const [outcome, count] of Object.entries(completed.counts))
        if ([...last.values()].filter((one) => one === outcome).length !== count) throw new Error(`${outcome} is counted wrong`)
    }
  }), { seed: 2030, numRuns: 60 })
  t.ok(runs > 60 && items > 150, `${runs} runs of ${items} items were over`)
})

t.test('R-77 an item has its turn within the batch windows of its owner alone', async (t) => {
  const { world, say, told } = fleet({ command: 'cancel', select: { tasks }, maxParallel: 1, run: false })
  // It is midnight in UTC.
  const batchWindows = [{ start: '00:00', end: '06:00' }]
  for (const [id, windows] of [[ada, batchWindows], [bob, [{ start: '06:00', end: '07:00' }]]] as const) {
    world.do({ category: 'schedule', id, command: 'configure', data: { zone: 'UTC', batchWindows: windows } })
    world.carryOut(send(orchestrator, id, 'keepHours', {}))
  }
  say('run')
  const outcomes = () => told('BatchItemProcessed').map(({ no, outcome, code }) => [no, outcome, code])
  const shut = [3, 4, 5].map((no) => [no, 'skipped', 'OUTSIDE_BATCH_WINDOW'])
  t.strictSame(outcomes(), [[1, 'done', null], [2, 'done', null], ...shut])
  t.match(told('BatchRunCompleted'), [{ counts: { done: 2, skipped: 3 } }])
  world.pass(6 * hour_ms)
  say('run')
  t.strictSame(outcomes().slice(5).map(([no, , code]) => [no, code]), [
    [1, 'OUTSIDE_BATCH_WINDOW'], [2, 'OUTSIDE_BATCH_WINDOW'], [3, null], [4, null], [5, null],
  ])
})
