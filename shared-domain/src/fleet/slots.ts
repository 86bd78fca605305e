import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { leaseEnds } from '../work/lease-ends.ts'
import type { TaskEvent } from '../work/task/events.ts'
import { capacity } from './capacity/decider.ts'
import { reservation_ms } from './capacity/slots.ts'
import type { CapacityEvent } from './capacity/events.ts'
import { orchestrator } from './orchestrator/decider.ts'
import type { OrchestratorEvent } from './orchestrator/events.ts'

interface Lease { readonly holder: string; readonly slot: string }
interface Slot { readonly task: string; readonly command: string }

const release = (task: string, lease: Lease | null) =>
  (lease ? [send(capacity, lease.holder, 'release', { task, command: lease.slot, reason: 'ended' as const })] : [])

interface Counts { readonly max: number; readonly active: number; readonly reserved: number }

const used = ({ active, reserved }: Counts) => active + reserved

/** One timer per orchestrator and start: a start that is repeated may take a slot of another owner than before. */
const keyOf = (orchestrator: string, command: string) => `slot-${orchestrator}-${command}`

/**
 * What became of a reservation is said when its time is up, not before: many a task has ended by then, and its slot with it. A start that
 * stands replaces the question whether there was one.
 */
const inTime = (how: 'expire' | 'confirm', orchestrator: string, { task, command }: Slot, at: string) =>
  send(capacity, orchestrator, how, { task, command }, { due: later(at, reservation_ms), key: keyOf(orchestrator, command) })

const limited = ({ id, data }: { id: string; data: Counts }) => [send(orchestrator, id, used(data) >= data.max ? 'fill' : 'free', {})]

const refilling = (orchestrator: string, due: string) =>
  send(capacity, orchestrator, 'refill', {}, { due, key: `energy-${orchestrator}` })

const freed = ({ id, data }: { id: string; data: { lease: Lease | null } }) => release(id, data.lease)

export const slots = process<TaskEvent | CapacityEvent | OrchestratorEvent>({
  name: 'slots',
  about: 'Gives capacity slots back when leases end, confirms those of tasks that run for longer, and shows full orchestrators as busy.',
  react: {
    OrchestratorRegistered: ({ id, data: { maxConcurrentTasks } }) => [send(capacity, id, 'announce', { maxConcurrentTasks })],
    OrchestratorArchived: ({ id }) => [send(capacity, id, 'close', {})],
    TaskStarted: ({ id, at, data: { holder, slot: command } }) => [inTime('confirm', holder, { task: id, command }, at)],
    ...leaseEnds(freed),
    CapacitySet: (fact) => [...limited(fact), send(orchestrator, fact.id, 'limitQueue', { maxQueueSize: fact.data.maxQueueSize })],
    CapacityGuarded: limited,
    SlotReserved: ({ id, at, data }) => [
      inTime('expire', id, data, at),
      ...(data.energy > 0 && data.refillAt !== null ? [refilling(id, data.refillAt)] : []),
      ...(used(data) >= data.max ? [send(orchestrator, id, 'fill', {})] : []),
    ],
    SlotConfirmed: ({ id, data: { command } }) => [forget(keyOf(id, command))],
    SlotReleased: ({ id, at, data }) => [
      // A start of an unknown fate may come even now; what is imported sets no timer of its own.
      data.reason === 'expired' ? inTime('confirm', id, data, at) : forget(keyOf(id, data.command)),
      ...(used(data) === data.max - 1 ? [send(orchestrator, id, 'free', {})] : []),
    ],
  },
})
