import { agent as agentDecider } from '../../fleet/agent/decider.ts'
import { reservation_ms } from '../../fleet/agent/slots.ts'
import type { Context, Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { AgentId, CommandId, Id, OrchestratorId } from '../../vocabulary.ts'
import type { Pattern } from '../patterns.ts'
import { Ensemble, type EnsembleEvent } from './events.ts'
import type { Member } from './shapes.ts'

const candidates_max = 5

/** A slot of each member, for as long as the session lasts. */
export const seats = (members: readonly Member[], { id, commandId }: Context): readonly Hold[] => members.map(({ agent, skills }) => {
  const place = { session: Id.parse(id), slot: CommandId.parse(commandId) }
  return {
    take: send(agentDecider, agent, 'reserve', { ...place, skills }),
    giveBack: () => send(agentDecider, agent, 'release', { ...place, reason: 'not-started' }),
    within_ms: reservation_ms,
  }
})

const byScore = (a: Member, b: Member) => b.score - a.score || (a.agent < b.agent ? -1 : 1)

/** Who leads: whoever is alone, the primary, the supervisor; in a swarm the best. */
export const leaderOf = (pattern: Pattern, members: readonly Member[]): Member => {
  const ranked = members.toSorted(byScore)
  return pattern === 'swarm' ? ranked[0]! : members.find(({ role }) => role === 'solo' || role === 'primary' || role === 'supervisor')!
}

/** They begin, each with a slot that is named by the command, and one leads. */
export function begun(pattern: Pattern, owner: string, members: readonly Member[], { commandId }: Context): readonly EnsembleEvent[] {
  const slot = CommandId.parse(commandId)
  const whose = OrchestratorId.parse(owner)
  const candidates = members.toSorted(byScore).slice(0, candidates_max).map(({ agent, score }) => ({ agent: AgentId.parse(agent), score }))
  return [
    Ensemble.EnsembleStarted({ owner: whose, members: members.map((member) => ({ ...member, slot })) }),
    Ensemble.LeaderElected({ owner: whose, agent: leaderOf(pattern, members).agent, previous: null, term: 1, candidates }),
  ]
}
