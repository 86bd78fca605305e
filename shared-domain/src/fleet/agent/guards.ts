import { commandsOf, isPrivileged, mayActAs, reject, Rejection, type Context } from '../../kernel/decider.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { Agent, type AgentEvent, type Profile } from './events.ts'
import type { rejections } from './rejections.ts'
import type { AgentState, Known } from './state.ts'

type Code = keyof typeof rejections
export type Decision = readonly AgentEvent[] | Rejection<Code>

/** Some of the commands of an agent. */
export const room = commandsOf<AgentState, AgentEvent, Code>()

/** True for an admin and for the orchestrator that supervises the agent. */
export const mayManage = ({ orchestrator }: Pick<Profile, 'orchestrator'>, context: Context): boolean =>
  (orchestrator === null ? isPrivileged(context) : mayActAs(context, orchestrator))

export const isMember = (orchestrator: OrchestratorId, { look, organization }: Context): boolean => {
  const known = look(orchestratorState, orchestrator)
  return known.stage === 'registered' && known.organization === organization
}

export const unfit = (command: string, detail: object = {}) => reject('INVALID_STATE_TRANSITION', { command, status: 'RETIRED', ...detail })

/** Decides in the state after the half opening that is due, where one is: the timer may be late. */
export function cooled(agent: Known, { at }: Context, decide: (agent: Known) => Decision): Decision {
  const { breaker, profile: { orchestrator } } = agent
  if (breaker.is !== 'OPEN' || at < breaker.until) return decide(agent)
  const decision = decide({ ...agent, breaker: { is: 'HALF_OPEN' } })
  const isIdle = decision instanceof Rejection || decision.length === 0
  return isIdle ? decision : [Agent.AgentCircuitHalfOpened({ orchestrator }), ...decision]
}

/** Decides for an agent that has not been retired, if the caller may. */
export function open(
  state: AgentState, command: string, context: Context, decide: (agent: Known) => Decision,
  may = ({ profile }: Known) => mayManage(profile, context),
): Decision {
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  if (!may(state)) return reject('FORBIDDEN')
  return state.stage === 'retired' ? unfit(command) : cooled(state, context, decide)
}
