import t from 'tap'
import { orchestrator as himself, subject, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { World } from '../../kernel/world.ts'
import { capacity } from '../capacity/decider.ts'
import { holder, purse } from '../ledger/scene.ts'
import { orchestrator } from './decider.ts'
import { orchestratorActions, orchestratorStatus } from './questions.ts'

const told = (world: World, command: string, data: object = {}) =>
  world.do({ category: 'orchestrator', id: subject, command, data, ...(command === 'register' ? {} : { by: himself(subject) }) })

const registered = () => {
  const world = new World([orchestrator, capacity])
  told(world, 'register', { name: 'Ada' })
  return world
}
const params = { orchestrator: subject }

t.test('F-61 the status of an orchestrator says since when it has it, why, and what it can take on', async (t) => {
  const world = registered()
  const first = world.at
  t.strictSame(world.ask(orchestratorStatus, { params }), { status: 'OFFLINE', since: first, reason: null, capacity: null, budget: null })
  world.pass(1_000)
  told(world, 'activate', { reason: 'good morning' })
  world.do({ category: 'capacity', id: subject, command: 'set', data: { maxConcurrentTasks: 4 } })
  t.match(world.ask(orchestratorStatus, { params }), {
    status: 'ONLINE', since: world.at, reason: 'good morning', budget: null,
    capacity: { max: 4, active: 0, reserved: 0, free: 4, band: 'idle' },
  })
  t.equal(world.ask(orchestratorStatus, { params: { orchestrator: uuid(2) } }), undefined)
})

t.test('F-61 the actions of an orchestrator: what it may be told now, and its last moves', async (t) => {
  const world = registered()
  const asked = () => world.ask(orchestratorActions, { params }) as { allowed: string[]; last: { summary: string; by_kind: string }[] }
  t.strictSame(asked(), { allowed: ['activate', 'start', 'deactivate', 'stop', 'restart'], last: [] })
  for (let n = 0; n < 30; n++) for (const move of ['activate', 'deactivate']) told(world, move)
  t.strictSame(asked().allowed, ['activate', 'start', 'deactivate', 'stop', 'restart'])
  t.equal(asked().last.length, 50)
  t.match(asked().last[0], { summary: 'from: ONLINE, to: OFFLINE, action: deactivate', by_kind: 'orchestrator' })
  told(world, 'activate')
  told(world, 'pause', { reason: 'lunch' })
  t.strictSame(asked().allowed, ['pause', 'resume', 'deactivate', 'stop', 'restart'])
  t.match(asked().last[0], { summary: 'from: ONLINE, to: AWAY, action: pause, reason: lunch' })
  told(world, 'stop')
  world.do({ category: 'orchestrator', id: subject, command: 'archive', data: {} })
  t.match(asked(), { allowed: [], last: { length: 50 } }, 'who has left is told nothing')
  t.equal(world.ask(orchestratorActions, { params: { orchestrator: uuid(2) } }), undefined)
})

t.test('F-84 a budget that is used up stands in the status until its window ends', async (t) => {
  const { world, configure, consume } = purse()
  const asked = () => (world.ask(orchestratorStatus, { params: { orchestrator: holder } }) as { budget: unknown }).budget
  configure({ tokens: { hourly: 10 } })
  t.equal(asked(), null)
  consume({ tokens: 10, cost: 0 })
  t.strictSame(asked(), { until: later(world.at, hour_ms), window: 'hour', unit: 'tokens' })
  world.pass(hour_ms)
  t.equal(asked(), null, 'whether or not anybody said so')
})
