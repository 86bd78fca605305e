import { z } from 'zod'
import { reject, type Context } from '../../kernel/decider.ts'
import { AgentId } from '../../vocabulary.ts'
import { Agent } from './events.ts'
import { open, room, unfit } from './guards.ts'
import { relation } from './older-words.ts'
import { agentState } from './state.ts'

/** So many agents may stand above another. */
const chain_max = 100
/** Side by side chains may be joined to longer ones; a circle is looked for no further. */
const visits_max = 1_000

type Sight = Pick<Context, 'look'>

const supervisorOf = (id: string, { look }: Sight) => {
  const state = look(agentState, id)
  return state.stage === 'unknown' ? null : state.supervisor
}

/** The agent and those above it, nearest first: until there are none, the first comes again, or there are more than asked for. */
function chainOf(id: string, above: string, atMost: number, sight: Sight): readonly string[] {
  const chain = [id, above]
  while (chain.at(-1) !== id && chain.length <= atMost + 1) {
    const next = supervisorOf(chain.at(-1)!, sight)
    if (!next) break
    chain.push(next.agent)
  }
  return chain
}

const isCircle = (chain: readonly string[]) => chain.at(-1) === chain[0]

/** Of a circle that was closed side by side the last link in the order of the log does not stand. */
function isLastOf(chain: readonly string[], sight: Sight): boolean {
  const [own, ...others] = chain.slice(0, -1).map((id) => BigInt(supervisorOf(id, sight)!.since)) as [bigint, ...bigint[]]
  return others.every((since) => since < own)
}

export const supervisor = room({
  setSupervisor: {
    about: 'Say which agent leads this one, or that none does.',
    route: 'PUT /agents/:id/supervisor',
    aliases: relation.supervisor,
    data: z.object({ agent: AgentId.nullable() }),
    decide: (state, { agent: above }, context) => open(state, 'setSupervisor', context, (agent) => {
      const previous = (agent.supervisor?.agent ?? null) as AgentId | null
      if (above === previous) return []
      if (above !== null) {
        const other = above === context.id ? agent : context.look(agentState, above)
        if (other.stage === 'unknown' || other.organization !== context.organization) return reject('NOT_FOUND', { agent: above })
        if (other.stage === 'retired') return unfit('setSupervisor', { agent: above })
        const chain = chainOf(context.id, above, chain_max, context)
        if (isCircle(chain)) return reject('RELATIONSHIP_CYCLE', { cycle: chain })
        if (chain.length > chain_max + 1) return reject('LIMIT_REACHED', { max: chain_max })
      }
      return [Agent.AgentSupervisorSet({ orchestrator: agent.profile.orchestrator, agent: above, previous })]
    }),
  },

  breakCircle: {
    about: 'Supervisors that were set at the same moment may have closed a circle: take this one back if, in the order of the log, it did.',
    internal: true,
    data: z.object({}),
    decide(state, _, context) {
      if (state.stage === 'unknown' || !state.supervisor) return []
      const { supervisor: { agent: previous }, profile: { orchestrator } } = state
      const chain = chainOf(context.id, previous, visits_max, context)
      if (!isCircle(chain) || !isLastOf(chain, context)) return []
      return [Agent.AgentSupervisorSet({ orchestrator, agent: null, previous: previous as AgentId })]
    },
  },
})
