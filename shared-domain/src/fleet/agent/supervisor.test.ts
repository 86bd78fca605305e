import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import { admin, behaviour, on, orchestrator, uuid } from '../../kernel/testing.ts'
import { Courier, type World } from '../../kernel/world.ts'
import { supervisors } from '../supervisors.ts'
import { agent } from './decider.ts'
import { Agent } from './events.ts'
import { elsewhere, registered, staffed, supervisor } from './scene.ts'
import { agentState } from './state.ts'

const set = (agent: string | null, previous: string | null = null) =>
  Agent.AgentSupervisorSet({ orchestrator: supervisor, agent: agent as never, previous: previous as never })
const retired = Agent.AgentRetired({ orchestrator: supervisor, from: 'IDLE', reason: null, slots: [] })

const led = (world: World, n: number) => {
  const state = world.look(agentState, uuid(n))
  return state.stage === 'unknown' ? undefined : state.supervisor?.agent
}

t.test('F-13 an agent is led by another, or by none', async (t) => {
  const given = behaviour(t, agent).given(registered()).seeing(agentState, uuid(2), registered())
  given.when('setSupervisor', { agent: uuid(2) }).yields(set(uuid(2)))
  given.by(orchestrator(supervisor)).when('setSupervisor', { agent: uuid(2) }).yields(set(uuid(2)))
  given.by(orchestrator(uuid(51))).when('setSupervisor', { agent: uuid(2) }).refuses('FORBIDDEN')
  given.when('setSupervisor', { agent: null }).changesNothing()
  behaviour(t, agent).given(registered(), set(uuid(2))).when('setSupervisor', { agent: null }).yields(set(null, uuid(2)))
  given.when('setSupervisor', { agent: uuid(3) }).refuses('NOT_FOUND', { agent: uuid(3) })
  given.seeing(agentState, uuid(3), on(registered(), elsewhere)).when('setSupervisor', { agent: uuid(3) }).refuses('NOT_FOUND')
  given.seeing(agentState, uuid(3), registered(), retired).when('setSupervisor', { agent: uuid(3) })
    .refuses('INVALID_STATE_TRANSITION', { agent: uuid(3) })
})

t.test('F-13 nobody leads itself, however many stand between', async (t) => {
  const { tell, world } = staffed([1, 2, 3])
  t.match(tell(1, 'setSupervisor', { agent: uuid(1) }), { code: 'RELATIONSHIP_CYCLE', detail: { cycle: [uuid(1), uuid(1)] } })
  tell(1, 'setSupervisor', { agent: uuid(2) })
  tell(2, 'setSupervisor', { agent: uuid(3) })
  t.match(tell(3, 'setSupervisor', { agent: uuid(1) }),
    { code: 'RELATIONSHIP_CYCLE', detail: { cycle: [uuid(3), uuid(1), uuid(2), uuid(3)] } })
  t.equal(led(world, 3), undefined)
})

t.test('F-13 a hundred stand above an agent at the most', async (t) => {
  const { tell } = staffed(Array.from({ length: 102 }, (_, n) => n + 1))
  for (let n = 101; n > 1; n--) t.notOk(tell(n - 1, 'setSupervisor', { agent: uuid(n) }) instanceof Rejection, `${102 - n} above`)
  t.match(tell(102, 'setSupervisor', { agent: uuid(1) }), { code: 'LIMIT_REACHED', detail: { max: 100 } })
  t.notOk(tell(102, 'setSupervisor', { agent: uuid(2) }) instanceof Rejection)
})

t.test('F-13 of a circle that is closed side by side the last link in the order of the log is taken back', async (t) => {
  const { world, tell } = staffed([1, 2, 3])
  const courier = new Courier(world, [supervisors])
  tell(2, 'setSupervisor', { agent: uuid(3) })
  const blind = (n: number, above: number) =>
    world.append(agentState, uuid(n), [set(uuid(above))], world.contextOf({ id: uuid(n), by: admin }))
  blind(3, 1)
  blind(1, 2)
  courier.settle()
  t.strictSame([led(world, 1), led(world, 2), led(world, 3)], [undefined, uuid(3), uuid(1)])
  t.strictSame(tell(3, 'breakCircle', {}), [], 'once broken there is none')
  t.strictSame(tell(1, 'breakCircle', {}), [])
  t.strictSame(tell(9, 'breakCircle', {}), [], 'nor with an agent that there is not')
  blind(1, 9)
  t.strictSame(tell(1, 'breakCircle', {}), [], 'nor above one')
})
