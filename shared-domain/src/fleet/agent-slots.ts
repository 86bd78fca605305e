import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import type { TaskEvent } from '../work/task/events.ts'
import type { AgentSlot } from '../work/task/shapes.ts'
import { agent } from './agent/decider.ts'
import type { AgentEvent } from './agent/events.ts'
import { reservation_ms } from './agent/slots.ts'

interface Ending { readonly id: string; readonly data: { readonly agentSlot: AgentSlot | null } }

const keyOf = (id: string, slot: string) => `expire agent-${id} ${slot}`

/** What it is taken for, of which there is one. */
interface Taken { readonly task: string | null; readonly session: string | null; readonly slot: string }

const over = ({ id, data: { slot } }: { id: string; data: { slot: string } }) => [forget(keyOf(id, slot))]

/** What became of a reservation is said when its time is up: many an assignment has ended by then, and its slot with it. */
const inTime = (how: 'expire' | 'confirm', agentId: string, taking: Taken, at: string) =>
  send(agent, agentId, how, taking, { due: later(at, reservation_ms), key: keyOf(agentId, taking.slot) })

const release = (task: string, slot: AgentSlot | null) =>
  (slot && !slot.kept ? [send(agent, slot.agent, 'release', { task, slot: slot.slot, reason: 'ended' as const })] : [])

/** An assignment ended without a word on how it went. */
const freed = ({ id, data }: Ending) => release(id, data.agentSlot)

interface Outcome { readonly success: boolean; readonly latency_ms?: number; readonly cost?: number | null }

const settled = ({ id, data: { agentSlot } }: Ending, outcome: Outcome) =>
  (agentSlot && !agentSlot.kept ? [send(agent, agentSlot.agent, 'settle', { task: id, slot: agentSlot.slot, ...outcome })] : [])

const failed = (fact: Ending) => settled(fact, { success: false })

/** Whole and no less than nothing, or it is none. */
const costOf = ({ cost }: Readonly<Record<string, number>>) => (Number.isSafeInteger(cost) && cost! >= 0 ? cost! : null)

export const agentSlots = process<AgentEvent | TaskEvent>({
  name: 'agentSlots',
  about: 'Gives slots of agents back when assignments end, with what became of the task, and those that nobody confirms.',
  react: {
    TaskAssigned: ({ id, at, data: { agentSlot, previousAgentSlot } }) => [
      ...release(id, previousAgentSlot),
      ...(agentSlot && !agentSlot.kept ? [inTime('confirm', agentSlot.agent, { task: id, session: null, slot: agentSlot.slot }, at)] : []),
    ],
    TaskUnassigned: freed,
    TaskCompleted: (fact) => settled(fact, { success: true, latency_ms: fact.data.durationMs, cost: costOf(fact.data.metrics) }),
    TaskFailed: failed,
    LeaseExpired: failed,
    TaskReleased: freed,
    TaskBlocked: freed,
    TaskEscalated: freed,
    TaskDelegated: freed,
    TaskHandedOff: freed,
    TaskReturned: freed,
    TaskCancelled: freed,
    AgentSlotReserved: ({ id, at, data: { task, session, slot } }) => [inTime('expire', id, { task, session, slot }, at)],
    AgentSlotConfirmed: over,
    AgentSlotReleased: ({ id, at, data: { task, session, slot, reason } }) =>
      // An assignment of an unknown fate may come even now.
      [reason === 'expired' ? inTime('confirm', id, { task, session, slot }, at) : forget(keyOf(id, slot))],
  },
})
