import t from 'tap'
import { questions } from '../catalogue.ts'
import { Rejection } from '../kernel/decider.ts'
import { candidates, rowsAfter } from '../kernel/picture.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as actor, uuid } from '../kernel/testing.ts'
import { hour_ms } from '../kernel/time.ts'
import type { World } from '../kernel/world.ts'
import { why } from '../work/questions/why.ts'
import { task } from '../work/task/decider.ts'
import { queueNext } from '../work/task/queue.ts'
import { nextTask } from '../work/task/selection.ts'
import { ada, bob, closed, hand, night, opens, plain, urgent } from './scene.ts'

const outsideHours = (facts: ReturnType<World['do']>) =>
  (facts instanceof Rejection ? facts : facts.map(({ data }) => (data as any).outsideHours))

t.test('R-20 outside the hours of who takes it nothing starts, and nothing is given; an admin may force it', async (t) => {
  const refused = { code: 'OUTSIDE_WORK_HOURS', detail: closed }
  const gifts: readonly (readonly [command: string, owner: string, data: object])[] = [
    ['assign', bob, { assignee: `orchestrator:${ada}` }], ['assign', ada, { assignee: `agent:${hand}` }], ['start', ada, {}],
    ['delegate', bob, { to: ada }], ['handoff', bob, { to: ada }],
  ]
  for (const [command, owner, data] of gifts) {
    const { world, does } = night()
    const id = owner === ada ? plain : uuid(9)
    if (owner === bob) world.carryOut(send(task, id, 'create', { owner, title: 'Other' }))
    const forced = { ...data, onUnavailable: 'force' }
    t.match(does(command, data, { id }), refused, command)
    t.match(does(command, forced, { id, by: actor(owner) }), { code: 'FORBIDDEN' }, command)
    t.match(outsideHours(does(command, forced, { id })), [{ orchestrator: ada, how: 'forced', nextAvailableAt: opens }], command)
  }
  const { does } = night()
  t.match(outsideHours(does('assign', { assignee: 'user:eve' })), [null], 'a person has none')
})

t.test('R-20 a critical task starts outside hours where that is allowed', async (t) => {
  const { does } = night({ allowCriticalOutsideHours: true })
  t.match(does('start', {}), { code: 'OUTSIDE_WORK_HOURS' })
  t.match(outsideHours(does('start', {}, { id: urgent })), [{ orchestrator: ada, how: 'critical', nextAvailableAt: opens }])
})

t.test('R-22 a claim takes what is critical where that is allowed, and nothing else', async (t) => {
  const claim = ({ world }: ReturnType<typeof night>) => world.choose(nextTask, { id: ada, by: actor(ada) })
  t.strictSame(claim(night()), new Rejection('OUTSIDE_WORK_HOURS', closed))
  const lenient = night({ allowCriticalOutsideHours: true })
  t.match(claim(lenient), [{ type: 'TaskStarted', id: urgent }])
  t.strictSame(claim(lenient), new Rejection('OUTSIDE_WORK_HOURS', closed), 'also when nothing critical is left')
  const morning = night({ allowCriticalOutsideHours: true })
  morning.world.pass(8 * hour_ms)
  t.match(claim(morning), [{ type: 'TaskStarted', id: urgent }], 'before it is told that hours began')
  t.match(claim(morning), [{ type: 'TaskStarted', id: plain }])
})

const told = ({ world }: ReturnType<typeof night>) => {
  const caller = { by: actor(ada), actsFor: ada }
  const asking = { id: ada, wish: {}, at: world.at, settings: world.settings, caller }
  const course = candidates(nextTask, asking, 6, (model) => rowsAfter(model, world.log))
  const { value, done } = course.next()
  return { best: done ? null : value.row.task, ...value.told }
}

t.test('R-22 next says that it is closed and when it opens, and shows what a claim would take', async (t) => {
  t.strictSame(told(night()), { best: null, closed: true, nextAvailableAt: opens })
  t.strictSame(told(night({ allowCriticalOutsideHours: true })), { best: urgent, closed: true, nextAvailableAt: opens })
  t.strictSame(told(night({ weekly: undefined, always24x7: true })), { best: urgent, closed: false, nextAvailableAt: null })
  const never = night({ weekly: {} })
  t.strictSame(told(never), { best: null, closed: true, nextAvailableAt: null })
})

t.test('R-22 one that waits to be told finds nothing by itself, and takes what it is named', async (t) => {
  const house = night({ weekly: undefined, always24x7: true, mode: 'reactive' })
  t.strictSame(told(house), { best: null, closed: false, nextAvailableAt: null })
  t.match(house.world.choose(nextTask, { id: ada, by: actor(ada) }), { code: 'NOTHING_TO_CLAIM' })
  t.strictSame((house.world.ask(why, { params: { task: plain } }) as any).now, [{ code: 'REACTIVE', detail: { orchestrator: ada } }])
  t.match(house.does('start'), [{ type: 'TaskStarted' }])
})

t.test('R-22 policies pass over who is closed, unless it is said what happens then and nobody is open', async (t) => {
  const counts = { CLOSED: 1 }
  const { world, does } = night()
  t.match(does('assign', {}), [{ type: 'TaskPlacementFailed', data: { counts } }])
  t.match(world.choose(queueNext, {}), { code: 'NOTHING_PLACEABLE', detail: { skipped: [{ counts }, { counts }] } })
  t.match(outsideHours(does('assign', { onUnavailable: 'defer' })), [{ how: 'deferred' }, undefined])
  t.match(outsideHours(night().does('assign', { onUnavailable: 'force' })), [{ how: 'forced' }])
  t.match(night({ allowCriticalOutsideHours: true }).does('assign', {}, { id: urgent }), [{ data: { outsideHours: { how: 'critical' } } }])
  const other = night()
  other.world.carryOut(send(task, uuid(9), 'create', { owner: bob, title: 'Other' }))
  const nobody = { code: 'ORCHESTRATOR_UNAVAILABLE', detail: { counts: { CLOSED: 1, DELEGATOR: 1 } } }
  t.match(other.does('delegate', {}, { id: uuid(9) }), nobody)
  t.match(outsideHours(other.does('delegate', { onUnavailable: 'defer' }, { id: uuid(9) })), [{ how: 'deferred' }, undefined])
})

t.test('R-23 what runs when hours end goes on, and within hours nothing is said of them', async (t) => {
  const { world, courier, does } = night()
  world.pass(8 * hour_ms)
  courier.settle()
  const started = does('start', {}) as Exclude<ReturnType<typeof does>, Rejection>
  t.strictSame(outsideHours(started), [null])
  world.pass(8 * hour_ms)
  const token = String(started[0]!.revision)
  t.match(world.do({ category: 'task', id: plain, command: 'complete', data: { token } }), [{ type: 'TaskCompleted' }])
})

t.test('W-61 R-20 why a task does not run names the hours', async (t) => {
  const { world } = night({ allowCriticalOutsideHours: true })
  const now = (id: string) => (world.ask(why, { params: { task: id } }) as any).now
  t.strictSame(now(plain), [{ code: 'OUTSIDE_WORK_HOURS', detail: closed }])
  t.match(now(urgent), [{ code: 'PRECEDED' }])
  t.ok(questions.includes(why))
})
