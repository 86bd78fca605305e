import { agent as agentDecider } from '../../fleet/agent/decider.ts'
import { reservation_ms } from '../../fleet/agent/slots.ts'
import type { Context, Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { AgentId, CommandId, Id, OrchestratorId } from '../../vocabulary.ts'
import { leadRoles, type Pattern } from '../patterns.ts'
import { Ensemble, type EnsembleEvent } from './events.ts'
import type { Member } from './shapes.ts'
import type { Known } from './state.ts'

const candidates_max = 5

/** A slot of each member, for as long as it is one. */
export const seats = (members: readonly Pick<Member, 'agent' | 'skills'>[], { id, commandId }: Context): readonly Hold[] =>
  members.map(({ agent, skills }) => {
    const place = { session: Id.parse(id), slot: CommandId.parse(commandId) }
    return {
      take: send(agentDecider, agent, 'reserve', { ...place, skills: [...skills] }),
      giveBack: () => send(agentDecider, agent, 'release', { ...place, reason: 'not-started' }),
      within_ms: reservation_ms,
    }
  })

const byScore = (a: Member, b: Member) => b.score - a.score || (a.agent < b.agent ? -1 : 1)

/** Who leads: whoever has the role; in a swarm, and where nobody has it any more, the best. */
export const leaderOf = (pattern: Pattern, members: readonly Member[]): Member =>
  (pattern === 'swarm' ? undefined : members.find(({ role }) => role === leadRoles[pattern])) ?? members.toSorted(byScore)[0]!

/** One of the members leads in the next term. */
export const elected = (
  { pattern, owner, term }: Pick<Known, 'pattern' | 'owner' | 'term'>, members: readonly Member[], previous: string | null,
): EnsembleEvent => Ensemble.LeaderElected({
  owner: OrchestratorId.parse(owner), agent: leaderOf(pattern, members).agent, term: term + 1,
  previous: AgentId.nullable().parse(previous),
  candidates: members.toSorted(byScore).slice(0, candidates_max).map(({ agent, score }) => ({ agent, score })),
})

/** They begin, each with a slot that is named by the command, and one leads. */
export function begun(
  known: Pick<Known, 'pattern' | 'owner'>, members: readonly Member[], { commandId }: Context,
): readonly EnsembleEvent[] {
  const slot = CommandId.parse(commandId)
  return [
    Ensemble.EnsembleStarted({ owner: OrchestratorId.parse(known.owner), members: members.map((member) => ({ ...member, slot })) }),
    elected({ ...known, term: 0 }, members, null),
  ]
}
