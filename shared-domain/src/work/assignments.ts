import type { AgentEvent, Slot } from '../fleet/agent/events.ts'
import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'

const keyOf = (id: string) => `assigned-${id}`

const over = ({ id }: { id: string }) => [forget(keyOf(id))]

type Cause = 'offline' | 'suspended' | 'retired' | 'breaker'

/** Of the tasks that the agent has, those that have not been begun look for somebody else. */
const taken = (slots: readonly Slot[], cause: Cause) =>
  slots.flatMap(({ task: id, slot }) => (id === null ? [] : [send(task, id, 'takeFromAgent', { slot, cause })]))

export const assignments = process<TaskEvent | AgentEvent>({
  name: 'assignments',
  about: 'Takes tasks from agents that do not begin them in time, or cannot begin them any more.',
  react: {
    TaskAssigned({ id, data: { agentSlot, startBy } }) {
      if (!agentSlot || startBy === null) return over({ id })
      return [send(task, id, 'takeFromAgent', { slot: agentSlot.slot, cause: 'lapsed' }, { due: startBy, key: keyOf(id) })]
    },
    TaskUnassigned: over,
    TaskStarted: over,
    TaskDelegated: over,
    TaskHandedOff: over,
    TaskReturned: over,
    TaskCancelled: over,
    AgentStatusChanged: ({ data: { to, slots } }) =>
      (to === 'OFFLINE' || to === 'SUSPENDED' ? taken(slots, to === 'OFFLINE' ? 'offline' : 'suspended') : []),
    AgentRetired: ({ data: { slots } }) => taken(slots, 'retired'),
    AgentCircuitOpened: ({ data: { slots } }) => taken(slots, 'breaker'),
  },
})
