import { z } from 'zod'
import { reject, type Context } from '../../kernel/decider.ts'
import { AgentId } from '../../vocabulary.ts'
import { Agent } from './events.ts'
import { cooled, mayManage, room, unfit, type Decision } from './guards.ts'
import { relation } from './older-words.ts'
import { agentState, type AgentState, type Known } from './state.ts'

const peers_max = 100

const Pair = z.object({ agent: AgentId, peer: AgentId })
type Pair = z.output<typeof Pair>

/** A pair is told once, wherever one comes from: on the stream of the lesser id. */
const lesser = ({ agent, peer }: Pair): string => (agent < peer ? agent : peer)
const greater = ({ agent, peer }: Pair): AgentId => (agent < peer ? peer : agent)

/** Decides about two agents that there are; who may manage the one that the path names may say whose peer it is. */
function between(
  state: AgentState, pair: Pair, command: string, context: Context, decide: (lesser: Known, greater: Known) => Decision,
): Decision {
  const { agent, peer } = pair
  if (agent === peer) return reject('VALIDATION_ERROR', { errors: [{ pointer: '/peer', message: 'is the agent itself' }] })
  const other = context.look(agentState, greater(pair))
  if (state.stage === 'unknown' || other.stage === 'unknown' || other.organization !== context.organization) return reject('NOT_FOUND')
  const named = agent === context.id ? state : other
  if (!mayManage(named.profile, context)) return reject('FORBIDDEN')
  if (named.stage === 'retired') return unfit(command)
  return cooled(state, context, (state) => decide(state, other))
}

export const peers = room({
  addPeer: {
    about: 'Make two agents peers.',
    route: 'POST /agents/:agent/peers',
    aliases: relation.peer,
    data: Pair,
    place: lesser,
    decide: (state, pair, context) => between(state, pair, 'addPeer', context, ({ stage, profile: { orchestrator }, peers }, other) => {
      const peer = greater(pair)
      if (peers.has(peer)) return []
      if (stage === 'retired' || other.stage === 'retired') return unfit('addPeer', { agent: stage === 'retired' ? context.id : peer })
      return peers.size >= peers_max ? reject('LIMIT_REACHED', { max: peers_max }) : [Agent.AgentPeerAdded({ orchestrator, peer })]
    }),
  },

  removePeer: {
    about: 'Say that two agents are peers no more.',
    route: 'DELETE /agents/:agent/peers/:peer',
    data: Pair,
    place: lesser,
    decide: (state, pair, context) => between(state, pair, 'removePeer', context, ({ profile: { orchestrator }, peers }) =>
      (peers.has(greater(pair)) ? [Agent.AgentPeerRemoved({ orchestrator, peer: greater(pair) })] : [])),
  },
})
