import t from 'tap'
import { questions } from '../catalogue.ts'
import { Rejection } from '../kernel/decider.ts'
import { send } from '../kernel/process.ts'
import { orchestrator as actor, uuid } from '../kernel/testing.ts'
import { hour_ms } from '../kernel/time.ts'
import type { World } from '../kernel/world.ts'
import { why } from '../work/questions/why.ts'
import { task } from '../work/task/decider.ts'
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
  t.match(does('assign', {}), refused, 'whom the policy chooses keeps the hours of its orchestrator')
  t.match(outsideHours(does('assign', { assignee: 'user:eve' })), [null], 'a person has none')
})

t.test('R-20 a critical task starts outside hours where that is allowed', async (t) => {
  const { does } = night({ allowCriticalOutsideHours: true })
  t.match(does('start', {}), { code: 'OUTSIDE_WORK_HOURS' })
  t.match(outsideHours(does('start', {}, { id: urgent })), [{ orchestrator: ada, how: 'critical', nextAvailableAt: opens }])
})

t.test('R-22 a claim takes what is critical where that is allowed, and nothing else', async (t) => {
  const claim = (terms: object) => night(terms).world.choose(nextTask, { id: ada, by: actor(ada) })
  t.match(claim({}), { code: 'OUTSIDE_WORK_HOURS' })
  const taken = claim({ allowCriticalOutsideHours: true })
  t.match(taken, [{ type: 'TaskStarted', id: urgent }])
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
