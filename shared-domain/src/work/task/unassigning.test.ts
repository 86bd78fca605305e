import t from 'tap'
import { agent as agentActor, orchestrator, system, uuid } from '../../kernel/testing.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { house } from '../policies/scene.ts'
import { Task } from './events.ts'
import { assigned, blocked, cancelled, completed, created, hand, other, owner, place, running, scene, third, toHand } from './scene.ts'

const unassigned = (over: Partial<Parameters<typeof Task.TaskUnassigned>[0]> = {}) =>
  Task.TaskUnassigned({
    owner: OrchestratorId.parse(owner), assignee: `agent:${hand.id}`, agentSlot: place(), cause: 'asked', reason: null, origin: null,
    ...over,
  })

t.test('W-15 an assignment ends by hand, also by who is assigned, but not what an agent has begun', async (t) => {
  const given = scene(t)
  const waiting = given(created(), toHand())
  waiting.by(orchestrator(owner)).when('unassign', { reason: 'no' }).yields(unassigned({ reason: 'no' }))
  waiting.by(hand).when('unassign', {}).yields(unassigned())
  waiting.by(agentActor).when('unassign', {}).refuses('INVALID_OWNERSHIP', { owner })
  waiting.by(orchestrator(other)).when('unassign', {}).refuses('INVALID_OWNERSHIP')
  given(created(), toHand(), blocked('manual')).when('unassign', {}).yields(unassigned())
  given(created(), toHand(), running[1]!).when('unassign', {}).refuses('INVALID_STATE_TRANSITION')
  const led = given(created(), assigned(`orchestrator:${other}`))
  led.by(orchestrator(other)).when('unassign', {}).yields(unassigned({ assignee: `orchestrator:${other}`, agentSlot: null }))
  led.by(orchestrator(third)).when('unassign', {}).refuses('INVALID_OWNERSHIP')
  given(created(), assigned('Grace'), running[1]!).when('unassign', {}).yields(unassigned({ assignee: 'Grace', agentSlot: null }))
  given(created()).when('unassign', {}).changesNothing()
  given(...running, completed('1')).when('unassign', {}).refuses('INVALID_STATE_TRANSITION')
  given().when('unassign', {}).refuses('NOT_FOUND')
})

t.test('W-15 W-70 processes take from an agent only the slot that they name, and nothing that has begun', async (t) => {
  const given = scene(t)
  const lost = { slot: uuid(900), cause: 'offline' as const }
  given(created(), toHand()).by(system).when('takeFromAgent', lost).yields(unassigned({ cause: 'offline' }))
  given(created(), toHand()).by(system).when('takeFromAgent', { ...lost, slot: uuid(901) }).changesNothing()
  given(created(), toHand(), running[1]!).by(system).when('takeFromAgent', lost).changesNothing()
  given(created(), toHand(), blocked('manual')).by(system).when('takeFromAgent', lost).yields(unassigned({ cause: 'offline' }))
  given(created(), toHand(), cancelled()).by(system).when('takeFromAgent', lost).changesNothing()
  given().by(system).when('takeFromAgent', lost).changesNothing()
})

t.test('W-15 an agent that leaves, is suspended or whose circuit opens loses what it has not begun', async (t) => {
  const cases = [
    ['setStatus', { status: 'OFFLINE' }, 'offline'], ['setStatus', { status: 'SUSPENDED' }, 'suspended'], ['retire', {}, 'retired'],
  ] as const
  for (const [command, data, cause] of cases) {
    const { create, task, wish, courier, taskOf, agentOf, world } = house()
    const copilot = uuid(705)
    for (const id of [uuid(1), uuid(2)]) {
      create(id)
      task(id, 'assign', { assignee: `agent:${copilot}` })
    }
    task(uuid(2), 'start')
    wish('agent', copilot, command, data)
    courier.settle()
    t.match(world.log.findLast(({ type }) => type === 'TaskUnassigned'), { id: uuid(1), data: { cause } })
    t.match([taskOf(uuid(1)), taskOf(uuid(2))], [{ assignee: null }, { status: 'IN_PROGRESS', lease: { agent: copilot } }])
    t.strictSame([...agentOf(copilot).slots.values()].map(({ task }) => task), [uuid(2)], `${cause}: what runs goes on`)
  }
  const { create, task, courier, taskOf, world } = house()
  const copilot = uuid(705)
  create(uuid(1))
  task(uuid(1), 'assign', { assignee: `agent:${copilot}` })
  for (const id of [uuid(2), uuid(3), uuid(4)]) {
    create(id, { maxRetries: 0 })
    task(id, 'assign', { assignee: `agent:${copilot}` })
    task(id, 'start')
    task(id, 'fail', { token: (taskOf(id) as { lease?: { token: string } }).lease!.token, error: 'no' })
  }
  courier.settle()
  t.match(world.log.findLast(({ type }) => type === 'TaskUnassigned'), { id: uuid(1), data: { cause: 'breaker' } })
})

