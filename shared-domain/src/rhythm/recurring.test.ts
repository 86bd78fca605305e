import fc from 'fast-check'
import t from 'tap'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { Rejection } from '../kernel/decider.ts'
import { send } from '../kernel/process.ts'
import { now, subject } from '../kernel/testing.ts'
import { hour_ms, later, minute_ms, second_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { owner } from '../work/task/scene.ts'
import { task } from '../work/task/decider.ts'
import { duesAfter } from './due.ts'
import { recurrence } from './recurrence/decider.ts'
import type { RecurrenceEvent } from './recurrence/events.ts'
import { rotaOf } from './recurrence/plan.ts'
import { plan } from './recurrence/scene.ts'
import { recurring } from './recurring.ts'

/** A recurrence that fires, as the processes of a host have it. */
function recurringWorld(over: object) {
  const world = new World([orchestrator, recurrence, task])
  world.carryOut(send(orchestrator, owner, 'register', { name: 'Ada' }))
  const { owner: _, ...said } = plan(over)
  const decided = world.do({ category: 'recurrence', id: subject, command: 'define', data: { owner, ...said } })
  if (decided instanceof Rejection) throw new Error(decided.code)
  const couriers = [new Courier(world, [recurring])]
  couriers[0]!.settle()
  return { world, couriers }
}

const told = (world: World) => world.log.filter(({ category }) => category === 'recurrence') as readonly RecurrenceEvent[]
const firings = (world: World): readonly any[] =>
  told(world).flatMap((fact) => (fact.type === 'RecurrenceFired' ? [fact.data] : []))
const made = (world: World) => world.log.filter(({ type }) => type === 'TaskCreated')

t.test('R-54 E-3 each time makes a task of its own, for whom and of what it comes', async (t) => {
  const template = {
    title: 'Count the boats', description: 'All of them.', priority: 'HIGH', estimatedHours: 2, tags: ['harbour'],
    requiredCapabilities: ['counting'], dueAfter_s: 3_600,
  }
  const { world, couriers: [courier] } = recurringWorld({ template, maxRuns: 2 })
  for (const _ of [1, 2, 3]) {
    world.pass(10 * minute_ms)
    courier!.settle()
  }
  const { dueAfter_s: _, ...wanted } = template
  t.match(made(world).map(({ id, data }) => ({ id, data })), firings(world).map(({ task: id, due }) => ({
    id, data: { ...wanted, owner, origin: { kind: 'recurrence', id: subject, item: due }, dueAt: later(due, hour_ms) },
  })))
  t.equal(made(world).length, 2)
  t.equal(courier!.waiting.length, 0, 'what has ended waits for nothing')
})

t.test('R-51 who has paused waits for nothing', async (t) => {
  const { world, couriers: [courier] } = recurringWorld({})
  t.equal(courier!.waiting.length, 1)
  world.carryOut(send(recurrence, subject, 'pause', {}))
  courier!.settle()
  t.equal(courier!.waiting.length, 0)
  world.carryOut(send(recurrence, subject, 'resume', {}))
  world.carryOut(send(recurrence, subject, 'change', { jitter_s: 60 }))
  courier!.settle()
  t.match(courier!.waiting, [{ due: (told(world).at(-1)!.data as any).comesAt, key: `recurrence-${subject}` }])
})

const step = fc.oneof(
  {
    weight: 6, arbitrary: fc.record({
      kind: fc.constant('pass' as const), by_ms: fc.constantFrom(0, 61_000, 10 * minute_ms, hour_ms, 5 * hour_ms),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('step' as const), by_ms: fc.constantFrom(-20 * second_ms, 20 * second_ms) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tell again' as const), from: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), from: fc.nat(60) }) },
)

const plans = fc.record({
  rule: fc.constantFrom(
    { kind: 'CRON', cron: '*/10 * * * *' }, { kind: 'CRON', cron: '30 2 * * *' }, { kind: 'DAILY', time: '07:00' },
    { kind: 'CRON', cron: '0 */3 * * *' },
  ),
  zone: fc.constantFrom('UTC', 'Europe/Berlin'),
  jitter_s: fc.constantFrom(0, 300, 3_600), late_s: fc.constantFrom(0, 300, 7_200), catchUp: fc.constantFrom('none', 'one', 'all'),
  catchUpMax: fc.constantFrom(1, 3), overlap: fc.constantFrom('allow', 'skip'),
})

t.test('R-83 what was fired and skipped is every due time once, of which none makes two tasks, come what may', async (t) => {
  let [fired, skipped] = [0, 0]
  fc.assert(fc.property(plans, fc.array(step, { minLength: 5, maxLength: 30 }), (over, steps) => {
    const { world, couriers } = recurringWorld(over)
    for (const one of steps) {
      const [courier] = couriers
      if (one.kind === 'pass' || one.kind === 'step') world.pass(one.by_ms)
      // What is told again is told to its end, before or after something that nobody has been told of.
      if (one.kind === 'tell again') for (const fact of world.log.slice(one.from)) courier!.tell(fact)
      if (one.kind === 'kill') {
        couriers[0] = new Courier(world, [recurring])
        for (const fact of world.log.slice(0, one.from)) couriers[0].tell(fact)
      }
      couriers[0]!.settle()
    }
    const dues = duesAfter(rotaOf(plan(over as never)), now)
    const runs = told(world).flatMap(({ type, data }: any) => {
      if (type === 'RecurrenceFired') return [{ from: data.due, to: data.due, missed: 1 }]
      return type === 'RecurrenceSkipped' ? [data] : []
    })
    for (const { from, to, missed } of runs) {
      const covered = Array.from({ length: missed }, () => dues.next().value)
      if (covered[0] !== from || covered.at(-1) !== to) throw new Error(`${from} to ${to} are not the ${missed} from ${covered[0]} on`)
    }
    const tasks = firings(world).map(({ task }) => task)
    const ids = made(world).map(({ id }) => id)
    if (new Set(ids).size !== ids.length || ids.toSorted().join() !== tasks.toSorted().join()) throw new Error('a time has no task, or two')
    fired += tasks.length
    skipped += runs.length - tasks.length
  }), { seed: 2030, numRuns: 150 })
  t.ok(fired > 100 && skipped > 100, `${fired} were fired, ${skipped} times some were skipped`)
})
