import { process, send } from '../kernel/process.ts'
import { agent } from './agent/decider.ts'
import type { AgentEvent } from './agent/events.ts'

export const supervisors = process<AgentEvent>({
  name: 'supervisors',
  about: 'Breaks circles of agents that were closed by setting supervisors side by side.',
  react: {
    AgentSupervisorSet: ({ id, data }) => (data.agent === null ? [] : [send(agent, id, 'breakCircle', {})]),
  },
})
