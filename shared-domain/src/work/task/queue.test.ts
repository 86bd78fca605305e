import fc from 'fast-check'
import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import { candidates, picture } from '../../kernel/picture.ts'
import { Rejection } from '../../kernel/decider.ts'
import { admin, now, orchestrator, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { priorities } from '../../vocabulary.ts'
import { agentRow, house, nameOf, owned, owner, seed } from '../policies/scene.ts'
import { agents } from '../../fleet/agent/agents.ts'
import { backlog } from './backlog.ts'
import { lapses } from './lapses.ts'
import { queueNext } from './queue.ts'
import { nextTask } from './selection.ts'

type House = ReturnType<typeof house>

/** Whom the queue gave what to, or why it gave nothing. */
function called({ world, courier }: House, wish: object = {}, by = admin) {
  const outcome = world.choose(queueNext, { wish: { ...wish }, by })
  courier.settle()
  if (outcome instanceof Rejection) return { code: outcome.code, ...outcome.detail }
  const [{ id, data }] = outcome as readonly [any]
  return { task: id, name: nameOf(data.assignee.slice('agent:'.length)), data }
}

const required = ['github documentation', 'frontend react features', 'n8n workflows deployment', 'devcontainer vscode docker']

t.test('W-31 the first four of W-25, in turn: copilot, qr, n8n, and nothing more', async (t) => {
  const home = house()
  required.forEach((skills, n) => {
    home.create(uuid(n + 1), { requiredCapabilities: skills.split(' ') })
    home.world.pass(1)
  })
  const placed = Array.from({ length: 3 }, () => called(home))
  t.strictSame(placed.map(({ task, name }) => [task, name]),
    [[uuid(1), 'copilot-agent'], [uuid(2), 'agent-qr-feature'], [uuid(3), 'agent-n8n-integration']])
  t.match(placed[0]!.data, { reason: 'queue-order/1', policy: 'capability-reliability/1', candidates: [{ id: uuid(705), score: 0.47 }] })
  t.strictSame(called(home), { code: 'NOTHING_PLACEABLE', skipped: [{ task: uuid(4), counts: { NO_MATCH: 5, FULL: 1 } }] })
  t.notOk(home.world.log.some(({ type }) => type === 'TaskPlacementFailed'), 'nothing is said of what was passed over')
  home.task(uuid(4), 'cancel')
  t.strictSame(called(home), { code: 'QUEUE_EMPTY' })
})

t.test('W-31 only what waits for somebody, may start and is asked for, in the order of waiting, priority, deadline and age', async (t) => {
  const home = house()
  const { create, task, world } = home
  const make = (n: number, data: object = {}) => create(uuid(n), { requiredCapabilities: ['review'], ...data })
  make(1, { priority: 'LOW' })
  world.pass(167 * hour_ms)
  make(2, { dueAt: later(now, 400 * hour_ms) })
  make(3, { dueAt: later(now, 300 * hour_ms) })
  make(4)
  make(5, { priority: 'HIGH' })
  make(6, { priority: 'CRITICAL', owner: owned })
  for (const n of [7, 8, 9]) make(n, { priority: 'CRITICAL' })
  task(uuid(7), 'assign', { assignee: 'Grace' })
  task(uuid(8), 'block', { reason: 'no' })
  const question = { type: 'task_approval', title: 'May it?', taskId: uuid(9), electorate: [owner, owned] }
  world.do({ category: 'decision', id: uuid(20), command: 'open', data: question })
  t.match(called(home, { owner: owned }), { task: uuid(6) })
  t.match(called(home), { task: uuid(5) })
  world.pass(hour_ms - 1)
  t.match(called(home), { task: uuid(3) })
  world.pass(1)
  t.match(called(home), { task: uuid(1) }, 'what waited for so long')
  t.match(called(home), { task: uuid(2) })
  t.match(called(home), { task: uuid(4) }, 'and not what the only agent that fits let lapse')
  const counts = { LAPSED: 1, NO_MATCH: 5 }
  t.strictSame(called(home), { code: 'NOTHING_PLACEABLE', skipped: [{ task: uuid(6), counts }, { task: uuid(5), counts }] })
})

t.test('W-32 W-23 however many tasks an agent let lapse, they hold up nothing behind them', async (t) => {
  const home = house()
  const { create, task, world, courier, wish } = home
  wish('organization', 'acme', 'configure', { startWithin_s: 60 })
  const ids = Array.from({ length: 30 }, (_, n) => uuid(100 + n))
  for (const id of ids) create(id, { priority: 'CRITICAL', requiredCapabilities: ['react'] })
  for (const [n, id] of ids.entries()) {
    task(id, 'assign')
    if (n % 2 === 0) continue
    world.pass(60_000)
    courier.settle()
  }
  create(uuid(1), { priority: 'LOW', requiredCapabilities: ['react'] })
  t.match(called(home), { task: uuid(1) })
  picture(t, lapses).after(...world.log).matches(...ids.map((task) => ({ task, agent: uuid(703) })))
})

t.test('W-31 an orchestrator finds somebody for its own, and takes only its agents or those of nobody', async (t) => {
  const home = house()
  const { create, wish, world } = home
  wish('agent', uuid(706), 'register', { name: 'theirs', orchestrator: owned, reliability: 1, capabilities: [{ skill: 'review' }] })
  for (const [n, id] of [[1, owner], [2, owned]] as const) create(uuid(n), { owner: id, requiredCapabilities: ['review'] })
  const byOwner = orchestrator(owner)
  t.match(world.choose(queueNext, { wish: { owner: owned }, by: byOwner }), { code: 'FORBIDDEN' })
  t.match(called(home, {}, byOwner), { task: uuid(1), data: { assignee: `agent:${uuid(705)}`, counts: { FOREIGN: 1 } } })
  t.match(called(home, {}, byOwner), { code: 'QUEUE_EMPTY' })
  t.match(called(home, { policy: 'round-robin/1' }), { task: uuid(2), data: { assignee: `agent:${uuid(706)}` } }, 'an admin may take any')
  t.match(world.choose(queueNext, { by: { kind: 'agent', id: uuid(705) } }), { code: 'FORBIDDEN' })
})

t.test('W-31 W-71 what changed meanwhile is passed over', async (t) => {
  const { create, task, taskOf } = house()
  for (const n of [1, 2]) create(uuid(n), { requiredCapabilities: ['review'] })
  create(uuid(3), { requiredCapabilities: ['none'] })
  const refused: string[] = []
  const refuses = (id: string, code: string, by?: Parameters<typeof task>[3]) => {
    const outcome = task(id, 'place', { reason: 'queue-order/1' }, by)
    t.match(outcome, { code })
    refused.push(code)
    return outcome
  }
  t.match(task(uuid(1), 'place', { reason: 'queue-order/1' }), [{ type: 'TaskAssigned', data: { reason: 'queue-order/1' } }])
  refuses(uuid(1), 'INVALID_STATE_TRANSITION')
  refuses(uuid(2), 'INVALID_OWNERSHIP', orchestrator(owned))
  t.match(refuses(uuid(3), 'NOBODY_FITS'), { detail: { counts: { NO_MATCH: 6 } } })
  refuses(uuid(9), 'NOT_FOUND')
  task(uuid(2), 'start')
  const { lease } = taskOf(uuid(2)) as Extract<ReturnType<typeof taskOf>, { status: 'IN_PROGRESS' }>
  task(uuid(2), 'fail', { token: lease.token, error: 'no' })
  refuses(uuid(2), 'RETRY_NOT_DUE')
  const passed = [...queueNext.outdated, ...queueNext.passing]
  t.strictSame(refused.filter((code) => !passed.includes(code)), [], 'none of them ends the choice')
})

const Row = backlog.row
type Row = Parameters<typeof queueNext.ties>[0]

/** A row of the backlog that waits for somebody. */
const item = (n: number, over: Partial<Row>): Row => ({
  ...Object.fromEntries(Object.keys(Row.shape).map((column) => [column, null])), task: uuid(n), owner, worker: owner, status: 'TODO',
  assigned: false, approvals: [], tags: [], required_capabilities: [], priority: 'MEDIUM', created_at: now, waiting_since: now,
  title: 'Work', ...over,
}) as Row

t.test('W-32 what has waited long enough is placed by the (n + 1)th call for which an agent is free that fits it, whatever comes', (t) => {
  const skills = fc.constantFrom('a', 'b', 'c')
  const arrival = fc.record({ priority: fc.constantFrom(...priorities), skill: skills, due: fc.option(fc.integer({ min: -50, max: 50 })) })
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ arrives: arrival }) },
    { weight: 2, arbitrary: fc.record({ passes_h: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 4, arbitrary: fc.record({ free: fc.subarray(['a', 'b', 'c'], { minLength: 1 }) }) },
  )
  const settings = { maxWait_h: 168, assignPolicy: 'capability-reliability/1', nextPolicy: 'deadline-priority/2' }
  const met = { placed: 0, waited: 0, overtaken: 0 }
  /** By the queue, and by claims of the orchestrator whose tasks they are. */
  const law = (choose: 'queue' | 'claim') => fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
    let at = now
    let waiting: readonly Row[] = []
    /** Calls that may still pass by each item that has waited long enough. */
    const left = new Map<string, number>()
    steps.forEach((one, n) => {
      if ('arrives' in one) {
        const { priority, skill, due } = one.arrives as { priority: Row['priority']; skill: string; due: number | null }
        const due_at = due === null ? null : later(at, due * hour_ms)
        const since = { created_at: at, waiting_since: at }
        waiting = [...waiting, item(n, { priority, required_capabilities: [skill], due_at, deadline: due_at, ...since })]
        return
      }
      if ('passes_h' in one) {
        at = later(at, one.passes_h! * hour_ms)
        const long = waiting.filter(({ waiting_since }) => waiting_since <= later(at, -168 * hour_ms))
        for (const row of long) {
          if (left.has(row.task)) continue
          left.set(row.task, long.filter(({ waiting_since }) => waiting_since <= row.waiting_since).length - 1)
          met.waited++
        }
        return
      }
      const free = choose === 'claim' ? ['a', 'b', 'c'] : one.free!
      const rows = (model: unknown) => (model === backlog ? waiting
        : model === agents ? free.map((skill, n) => agentRow(n + 1, { skills: [skill] }))
          : model === lapses ? [] : [{ orchestrator: owner, timezone: 'UTC' }])
      const asking = { wish: {}, at, settings, caller: { by: admin, actsFor: null } }
      const course = choose === 'queue' ? candidates(queueNext, asking, 24, rows as never)
        : candidates(nextTask as never, { ...asking, id: owner }, 24, rows as never)
      const taken = course.next()
      if (taken.done) return
      const { task, priority } = taken.value.row as unknown as Row
      for (const [id, calls] of left) {
        const row = waiting.find((other) => other.task === id)!
        if (id === task || !free.includes(row.required_capabilities[0]!)) continue
        if (calls === 0) throw new Error(`${id} is passed by once more than it may be`)
        left.set(id, calls - 1)
        met.overtaken++
      }
      const isMore = (other: Row) => priorities.indexOf(other.priority) < priorities.indexOf(priority)
      if (left.has(task) && waiting.some(isMore)) met.placed++
      left.delete(task)
      waiting = waiting.filter((other) => other.task !== task)
    })
  })
  fc.assert(law('queue'), { seed, numRuns: 150 })
  fc.assert(law('claim'), { seed, numRuns: 150 })
  for (const [what, times] of Object.entries(met)) t.ok(times > 50, `${what} was met ${times} times`)
  t.end()
})

t.test('W-71 the same rows, policy and instant give the same choice, however the rows stand', (t) => {
  const row = fc.record({
    priority: fc.constantFrom(...priorities), skill: fc.constantFrom('a', 'b', 'x'), waited: fc.constantFrom(0, 167, 168, 200),
  })
  fc.assert(fc.property(fc.array(row, { maxLength: 12 }), fc.nat(), (drawn, turn) => {
    const waiting = drawn.map(({ priority, skill, waited }, n) =>
      item(n, { priority, required_capabilities: [skill], waiting_since: later(now, -waited * hour_ms) }))
    const turned = [...waiting.slice(turn % (waiting.length || 1)), ...waiting.slice(0, turn % (waiting.length || 1))]
    const all = (rows: readonly Row[]) => {
      const hands = [agentRow(1, { skills: ['a'] }), agentRow(2, { skills: ['b'] })]
      const rowsOf = (model: unknown) => (model === backlog ? rows : model === agents ? hands : [])
      const settings = { maxWait_h: 168, assignPolicy: 'load-balanced/1' }
      return [...candidates(queueNext, { wish: {}, at: now, settings, caller: { by: admin, actsFor: null } }, 24, rowsOf as never)]
    }
    return isDeepStrictEqual(all(turned), all(waiting))
  }), { seed, numRuns: 150 })
  t.end()
})
