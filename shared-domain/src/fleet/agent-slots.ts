import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { agent } from './agent/decider.ts'
import type { AgentEvent } from './agent/events.ts'
import { reservation_ms } from './agent/slots.ts'

const keyOf = (id: string, slot: string) => `expire agent-${id} ${slot}`

const over = ({ id, data: { slot } }: { id: string; data: { slot: string } }) => [forget(keyOf(id, slot))]

export const agentSlots = process<AgentEvent>({
  name: 'agentSlots',
  about: 'Gives slots of agents back that nobody confirms.',
  react: {
    AgentSlotReserved: ({ id, at, data: { task, slot } }) =>
      (task ? [send(agent, id, 'expire', { task, slot }, { due: later(at, reservation_ms), key: keyOf(id, slot) })] : []),
    AgentSlotConfirmed: over,
    AgentSlotReleased: over,
  },
})
