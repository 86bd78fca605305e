import { z } from 'zod'
import { decisionTypes } from '../../council/decision/decision-types.ts'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { mayActAs, reject, type Context } from '../../kernel/decider.ts'
import { DueInstant, Id } from '../../vocabulary.ts'
import { agentState } from '../agent/state.ts'
import { Orchestrator } from './events.ts'
import { orchestratorState, shownStatus, type OrchestratorState } from './state.ts'

/** Whether somebody of the organization is meant that may be an elector. */
function mayVote(id: string, { look, organization }: Context): boolean {
  const orchestrator: OrchestratorState = look(orchestratorState, id)
  if (orchestrator.stage === 'registered') return orchestrator.organization === organization
  const agent = look(agentState, id)
  return agent.stage === 'open' && agent.organization === organization
}

const Proxy = z.object({
  to: Id.nullable(),
  types: z.array(z.enum(decisionTypes)).min(1).max(decisionTypes.length).optional()
    .transform((types) => types && decisionTypes.filter((type) => types.includes(type))),
  until: DueInstant.optional(),
})

export const proxying = {
  appointProxy: {
    about: 'Say who votes for an orchestrator, where it may vote and does not, in questions that are opened from now on; null: nobody.',
    route: 'PUT /orchestrators/:id/proxy',
    scope: 'execute',
    data: Proxy,
    decide(state: OrchestratorState, { to, ...said }: z.output<typeof Proxy>, context: Context) {
      const { types = null, until = null } = said
      if (state.stage === 'unknown') return reject('NOT_FOUND')
      if (!mayActAs(context, context.id)) return reject('FORBIDDEN')
      if (state.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { action: 'appointProxy', status: shownStatus(state) })
      if (to === null) return state.proxy ? [Orchestrator.ProxyWithdrawn({ to: state.proxy.to })] : []
      const proxy = { to, types, until }
      if (canonicalJson(proxy) === canonicalJson(state.proxy)) return []
      if (to === context.id) return reject('PROXY_CYCLE', { elector: to })
      if (!mayVote(to, context)) return reject('PROXY_UNKNOWN', { to })
      if (until !== null && until <= context.at) return reject('DEADLINE_PASSED')
      return [Orchestrator.ProxyAppointed(proxy)]
    },
  },
} as const
