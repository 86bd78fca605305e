import t, { type Test } from 'tap'
import { admin, behaviour, daemon, orchestrator, subject, tool, uuid } from '../../kernel/testing.ts'
import { agent } from './decider.ts'
import { Agent, statuses, type AgentEvent, type Status } from './events.ts'
import { registered, supervisor } from './scene.ts'

const asked = (t: Test) => (...facts: readonly AgentEvent[]) => behaviour(t, agent).given(registered(), ...facts)
const slot = { task: uuid(2) as never, session: null, slot: uuid(900) as never }
const changed = (from: Status, to: Status, reason: string | null = null, slots: (typeof slot)[] = []) =>
  Agent.AgentStatusChanged({ orchestrator: supervisor, from, to, reason, slots })
const retired = (from: Status = 'IDLE', slots: (typeof slot)[] = []) =>
  Agent.AgentRetired({ orchestrator: supervisor, from, reason: null, slots })
const reserved = Agent.AgentSlotReserved({ orchestrator: supervisor, ...slot, skills: [], current: 1, max: 1 })
const itself = { kind: 'agent', id: subject } as const

t.test('F-11 an agent becomes what is said of it, from whatever it was', async (t) => {
  const given = asked(t)
  for (const from of statuses) for (const to of statuses) {
    const before = from === 'IDLE' ? [] : [changed('IDLE', from)]
    const when = given(...before).when('setStatus', { status: to, reason: 'why' })
    if (from === to) when.changesNothing()
    else when.yields(changed(from, to, 'why'))
  }
})

t.test('F-11 an agent says it of itself, its orchestrator and admins of it; only an admin suspends and lifts that', async (t) => {
  const given = asked(t)
  for (const by of [admin, tool, orchestrator(supervisor), itself])
    given().by(by).when('setStatus', { status: 'ACTIVE' }).yields(changed('IDLE', 'ACTIVE'))
  given().by(daemon, supervisor).when('setStatus', { status: 'OFFLINE' }).yields(changed('IDLE', 'OFFLINE'))
  for (const by of [orchestrator(uuid(51)), { ...itself, id: uuid(9) }, { kind: 'daemon', id: subject } as const])
    given().by(by).when('setStatus', { status: 'ACTIVE' }).refuses('FORBIDDEN')
  for (const by of [tool, orchestrator(supervisor), itself]) {
    given().by(by).when('setStatus', { status: 'SUSPENDED' }).refuses('FORBIDDEN')
    given(changed('IDLE', 'SUSPENDED')).by(by).when('setStatus', { status: 'IDLE' }).refuses('FORBIDDEN')
  }
  t.equal(agent.commands.setStatus.scope, 'execute')
  for (const status of ['OVERLOADED', 'RETIRED', 'BUSY']) t.notOk(agent.commands.setStatus.data.safeParse({ status }).success)
  behaviour(t, agent).given().when('setStatus', { status: 'ACTIVE' }).refuses('NOT_FOUND')
})

t.test('F-11 the fact names the slots that were taken', async (t) => {
  const given = asked(t)
  given(reserved).when('setStatus', { status: 'OFFLINE' }).yields(changed('IDLE', 'OFFLINE', null, [slot]))
  given(reserved).when('retire', {}).yields(retired('IDLE', [slot]))
})

t.test('F-11 who is retired is so for good', async (t) => {
  const given = asked(t)
  given().by(orchestrator(supervisor)).when('retire', { reason: 'old' }).yields(Agent.AgentRetired({ ...retired().data, reason: 'old' }))
  given(changed('IDLE', 'OFFLINE')).when('retire', {}).yields(retired('OFFLINE'))
  given(retired()).when('retire', {}).changesNothing()
  given(retired()).when('setStatus', { status: 'IDLE' }).refuses('INVALID_STATE_TRANSITION', { command: 'setStatus', status: 'RETIRED' })
  for (const facts of [[], [retired()]]) given(...facts).by(orchestrator(uuid(51))).when('retire', {}).refuses('FORBIDDEN')
  given().by(itself).when('retire', {}).refuses('FORBIDDEN')
  behaviour(t, agent).given().when('retire', {}).refuses('NOT_FOUND')
})
