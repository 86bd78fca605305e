import { z } from 'zod'
import { isPrivileged, reject, type Context } from '../../kernel/decider.ts'
import { text } from '../../vocabulary.ts'
import { Agent, Status } from './events.ts'
import { mayManage, open, room } from './guards.ts'
import { slotsOf, type Known } from './state.ts'

const isItself = ({ id, by }: Context) => by.kind === 'agent' && by.id === id

export const status = room({
  setStatus: {
    about: 'Say whether the agent is idle, active, offline or suspended, also of oneself. Only an admin suspends, and lifts that.',
    route: 'PUT /agents/:id/status',
    scope: 'execute',
    data: z.object({ status: Status, reason: text(500).optional() }),
    decide(state, { status: to, reason = null }, context) {
      const may = ({ profile }: Known) => isItself(context) || mayManage(profile, context)
      return open(state, 'setStatus', context, (agent) => {
        const { status: from, profile: { orchestrator } } = agent
        if (from === to) return []
        if ((from === 'SUSPENDED' || to === 'SUSPENDED') && !isPrivileged(context)) return reject('FORBIDDEN')
        return [Agent.AgentStatusChanged({ orchestrator, from, to, reason, slots: slotsOf(agent) })]
      }, may)
    },
  },

  retire: {
    about: 'Retire an agent for good. What it works on goes on.',
    route: 'DELETE /agents/:id',
    data: z.object({ reason: text(500).optional() }),
    decide(state, { reason = null }, context) {
      if (state.stage === 'retired' && mayManage(state.profile, context)) return []
      return open(state, 'retire', context, (agent) => {
        const { status: from, profile: { orchestrator } } = agent
        return [Agent.AgentRetired({ orchestrator, from, reason, slots: slotsOf(agent) })]
      })
    },
  },
})
