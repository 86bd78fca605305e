import t, { type Test } from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { behaviour, now, on, orchestrator, subject, uuid } from '../../kernel/testing.ts'
import { agentPeers } from './agent-peers.ts'
import { agent } from './decider.ts'
import { Agent, type AgentEvent } from './events.ts'
import { elsewhere, registered, supervisor } from './scene.ts'
import { agentState } from './state.ts'

const [lesser, greater] = [subject, uuid(2)]
const added = (peer = greater) => Agent.AgentPeerAdded({ orchestrator: supervisor, peer: peer as never })
const removed = Agent.AgentPeerRemoved({ orchestrator: supervisor, peer: greater as never })
const retired = Agent.AgentRetired({ orchestrator: supervisor, from: 'IDLE', reason: null, slots: [] })
const asked = (t: Test) => (...facts: readonly AgentEvent[]) =>
  behaviour(t, agent).given(registered(), ...facts).seeing(agentState, greater, registered({ orchestrator: null }))

t.test('F-13 a pair of peers is told once, whoever of the two is named first', async (t) => {
  const given = asked(t)
  for (const pair of [{ agent: lesser, peer: greater }, { agent: greater, peer: lesser }]) {
    t.equal(agent.commands.addPeer.place!(pair as never, { at: now, organization: '' }), lesser)
    given().when('addPeer', pair).yields(added())
    given(added()).when('addPeer', pair).changesNothing()
    given(added()).when('removePeer', pair).yields(removed)
    given().when('removePeer', pair).changesNothing()
    given(added(), removed).when('addPeer', pair).yields(added())
  }
})

t.test('F-13 who may manage the agent that is named says whose peer it is', async (t) => {
  const given = asked(t)
  given().by(orchestrator(supervisor)).when('addPeer', { agent: lesser, peer: greater }).yields(added())
  given().by(orchestrator(supervisor)).when('addPeer', { agent: greater, peer: lesser }).refuses('FORBIDDEN')
  given(added()).by(orchestrator(uuid(51))).when('removePeer', { agent: lesser, peer: greater }).refuses('FORBIDDEN')
})

t.test('F-13 peers are two agents that there are, a hundred at the most', async (t) => {
  const given = asked(t)
  const pair = { agent: lesser, peer: greater }
  given().when('addPeer', { agent: lesser, peer: lesser }).refuses('VALIDATION_ERROR', { errors: [{ pointer: '/peer' }] })
  behaviour(t, agent).given().seeing(agentState, greater, registered()).when('addPeer', pair).refuses('NOT_FOUND')
  behaviour(t, agent).given(registered()).when('addPeer', pair).refuses('NOT_FOUND')
  given().seeing(agentState, greater, on(registered(), elsewhere)).when('addPeer', pair).refuses('NOT_FOUND')
  given(retired).when('addPeer', pair).refuses('INVALID_STATE_TRANSITION')
  given(retired).when('addPeer', { agent: greater, peer: lesser }).refuses('INVALID_STATE_TRANSITION', { agent: lesser })
  const left = given(added()).seeing(agentState, greater, registered(), retired)
  left.when('removePeer', pair).yields(removed)
  left.when('removePeer', { agent: greater, peer: lesser }).refuses('INVALID_STATE_TRANSITION')
  given().seeing(agentState, greater, registered(), retired).when('addPeer', pair).refuses('INVALID_STATE_TRANSITION', { agent: greater })
  given(...Array.from({ length: 100 }, (_, n) => added(uuid(100 + n)))).when('addPeer', pair).refuses('LIMIT_REACHED', { max: 100 })
})

t.test('F-13 a pair is seen from both', async (t) => {
  const seen = picture(t, agentPeers)
  seen.after(recorded(agentState, added()))
    .shows({ agent: lesser, peer: greater, since: now }, { agent: greater, peer: lesser, since: now })
  seen.after(recorded(agentState, added()), recorded(agentState, removed)).shows()
})
