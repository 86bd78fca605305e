import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { agent } from './agent/decider.ts'
import type { AgentEvent } from './agent/events.ts'

const keyOf = (id: string) => `halfOpen agent-${id}`

export const circuits = process<AgentEvent>({
  name: 'circuits',
  about: 'Half opens the circuit of an agent when its time is up.',
  react: {
    AgentCircuitOpened: ({ id, data: { until: due } }) => [send(agent, id, 'halfOpen', {}, { due, key: keyOf(id) })],
    AgentCircuitHalfOpened: ({ id }) => [forget(keyOf(id))],
  },
})
