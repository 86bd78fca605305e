import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { ids } from '../kernel/arbitrary.ts'
import type { Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { now } from '../kernel/testing.ts'
import { hour_ms, later, minute_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { slaDeadlines } from './deadlines.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'
import { taskState, type Known } from './task/state.ts'

const [owner, subject] = ids as [string, string]
const seed = 2030

function scene() {
  const world = new World([task, capacity, orchestrator])
  world.carryOut(send(orchestrator, owner, 'register', { name: 'Ada' }))
  world.carryOut(send(orchestrator, owner, 'activate', {}))
  const courier = new Courier(world, [slaDeadlines])
  const start = world.at
  const wish = (command: string, data: unknown = {}) => world.do({ category: 'task', id: subject, command, data })
  /** Time passes as far as this, in steps as small as timers need. */
  const until = (ms: number) => {
    courier.settle()
    for (let due = next(courier); due !== undefined && due <= later(start, ms); due = next(courier)) {
      world.at = due > world.at ? due : world.at
      courier.settle()
    }
    world.at = later(start, ms)
  }
  const told = () => (world.log as Recorded<TaskEvent>[]).filter(({ type }) => type === 'TaskSlaWarned' || type === 'TaskSlaViolated')
    .map(({ type, at }) => `${type} ${at.slice(11)}`)
  return { world, courier, wish, until, told, start }
}

const next = (courier: Courier) => courier.waiting.map(({ due }) => due!).sort()[0]

t.test('W-51 a critical task is warned of after 48 minutes, met at the hour, violated a millisecond later', async (t) => {
  const { wish, until, told } = scene()
  wish('create', { owner, title: 'Work', priority: 'CRITICAL' })
  until(48 * minute_ms - 1)
  t.strictSame(told(), [])
  until(60 * minute_ms)
  t.strictSame(told(), ['TaskSlaWarned 00:48:00.000Z'])
  until(60 * minute_ms + 1)
  t.strictSame(told(), ['TaskSlaWarned 00:48:00.000Z', 'TaskSlaViolated 01:00:00.001Z'])
  until(5 * hour_ms)
  t.equal(told().length, 2, 'each is told once')
})

t.test('W-51 the clock stands while the task is escalated', async (t) => {
  const { world, wish, until, told, start } = scene()
  wish('create', { owner, title: 'Work', priority: 'CRITICAL' })
  until(30 * minute_ms)
  wish('escalate', { reason: 'why' })
  until(50 * minute_ms)
  wish('resolveEscalation', { resolution: 'so be it' })
  t.match(world.log.at(-1)!.data, {
    paused_ms: 20 * minute_ms, slaDeadline: later(start, 80 * minute_ms), warnAt: later(start, 68 * minute_ms),
  })
  until(2 * hour_ms)
  t.strictSame(told(), ['TaskSlaWarned 01:08:00.000Z', 'TaskSlaViolated 01:20:00.001Z'])
})

t.test('W-50 nothing is told of an escalated task; a violated deadline does not move by the pause', async (t) => {
  const { world, wish, until, told, start } = scene()
  wish('create', { owner, title: 'Work', priority: 'CRITICAL' })
  until(61 * minute_ms)
  wish('escalate', { reason: 'why' })
  until(71 * minute_ms)
  wish('resolveEscalation', { resolution: 'so be it' })
  t.match(world.log.at(-1)!.data, { slaDeadline: later(start, hour_ms), warnAt: null })
  until(2 * hour_ms)
  t.equal(told().length, 2)
})

t.test('W-50 who completes before the timer came tells the violation, and whether the deadline was met', async (t) => {
  for (const [minutes, met] of [[60, true], [61, false]] as const) {
    const { world, wish } = scene()
    wish('create', { owner, title: 'Work', priority: 'CRITICAL' })
    wish('start')
    world.pass(minutes * minute_ms)
    wish('complete')
    t.match(world.log.at(-1), { type: 'TaskCompleted', data: { slaMet: met } })
    const violated = world.log.find(({ type }) => type === 'TaskSlaViolated')
    const told = { overdue_ms: minute_ms, status: 'IN_PROGRESS', priority: 'CRITICAL', work: { skill: 'none' } }
    t.match(violated?.data, met ? undefined : told)
  }
})

t.test('W-50 a task that is wanted again has a new deadline, or keeps one that was given and lies ahead', async (t) => {
  const { world, wish, until, told, start } = scene()
  wish('create', { owner, title: 'Work', slaDeadline: later(start, 10 * hour_ms) })
  until(9 * hour_ms)
  wish('cancel')
  until(9.5 * hour_ms)
  wish('reopen')
  t.match(world.log.at(-1)!.data, { slaDeadline: later(start, 10 * hour_ms) })
  until(10 * hour_ms)
  t.strictSame(told(), ['TaskSlaWarned 08:00:00.000Z', 'TaskSlaWarned 09:54:00.000Z'], 'it is a deadline of its own')
  wish('cancel')
  until(11 * hour_ms)
  wish('reopen')
  t.match(world.log.at(-1)!.data, { slaDeadline: later(start, 179 * hour_ms) })
  t.match(world.look(taskState, subject), { sla: { given: false, paused_ms: 0 } })
})

const deeds = {
  start: {}, complete: {}, release: {}, block: { reason: 'why' }, unblock: {}, escalate: { reason: 'why' }, cancel: {}, reopen: {},
  resolveEscalation: { resolution: 'so be it' },
} as const

const wishes = fc.oneof(
  fc.constantFrom(...Object.keys(deeds) as (keyof typeof deeds)[]).map((command) => ({ command, data: deeds[command] as object })),
  fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM', 'LOW').map((priority) => ({ command: 'edit', data: { priority } })),
  fc.integer({ min: -2, max: 40 }).map((hours) => ({ command: 'edit', data: { slaDeadline: later(now, hours * hour_ms) } })),
  fc.constant({ command: 'edit', data: { slaDeadline: null } }),
)

/** What W-73 says of one history: each deadline is that of one stretch between two facts that set it. */
function check(facts: readonly Recorded<TaskEvent>[]) {
  let state = taskState.initial
  let seen = { warned: 0, violated: 0 }
  for (const fact of facts) {
    const { type, data, at } = fact
    const { sla } = state as Known
    if (type === 'TaskCreated' || type === 'TaskReopened' || type === 'TaskSlaSet') seen = { warned: 0, violated: 0 }
    if (type === 'TaskSlaWarned' && (++seen.warned > 1 || seen.violated > 0)) throw new Error('warned again')
    if (type === 'TaskSlaViolated' && (++seen.violated > 1 || at <= data.slaDeadline || data.slaDeadline !== sla.deadline))
      throw new Error('violated again, or before its time')
    const met = sla?.deadline ? seen.violated === 0 : null
    if (type === 'TaskCompleted' && data.slaMet !== met) throw new Error(`${data.slaMet} is told where it is ${met}`)
    state = taskState.evolve(state, fact, fact)
  }
}

t.test('W-73 a deadline is warned of and violated at most once and in time; what is completed met it or violated it', async (t) => {
  const met = new Set<string>()
  const waits_ms = [0, 0, minute_ms, 12 * minute_ms, hour_ms, 25 * hour_ms]
  const step = fc.record({ wish: wishes, wait_ms: fc.constantFrom(...waits_ms), again: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }), (steps) => {
    const { world, courier, wish, until, start } = scene()
    wish('create', { owner, title: 'Work', priority: 'CRITICAL' })
    let passed = 0
    for (const { wish: { command, data }, wait_ms, again } of steps) {
      passed += wait_ms
      if (again) for (const fact of world.log.slice(-3)) courier.tell(fact)
      until(passed)
      wish(command, data)
    }
    until(passed + 200 * hour_ms)
    const facts = (world.log as Recorded<TaskEvent>[]).filter(({ category }) => category === 'task')
    check(facts)
    for (const { type } of facts) met.add(type)
    const last = world.look(taskState, subject) as Known
    const isOpen = ['TODO', 'IN_PROGRESS'].includes(last.status) || (last.status === 'BLOCKED' && last.block.kind !== 'escalation')
    if (isOpen && last.sla.deadline !== null && last.sla.deadline < later(start, passed + 200 * hour_ms) && !last.sla.violated)
      throw new Error('a deadline that passed is told of')
  }), { seed, numRuns: 300 })
  for (const type of ['TaskSlaWarned', 'TaskSlaViolated', 'TaskSlaSet', 'TaskCompleted', 'TaskReopened']) t.ok(met.has(type), type)
})
