import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import type { TaskEvent } from '../work/task/events.ts'
import { capacity, reservation_ms } from './capacity/decider.ts'
import type { CapacityEvent } from './capacity/events.ts'
import { orchestrator } from './orchestrator/decider.ts'
import type { OrchestratorEvent } from './orchestrator/events.ts'

interface Lease { readonly holder: string; readonly slot: string }

const release = (task: string, lease: Lease | null) =>
  (lease ? [send(capacity, lease.holder, 'release', { task, command: lease.slot, reason: 'ended' as const })] : [])

/** One timer per orchestrator and start: a start that is repeated may take a slot of another owner than before. */
const keyOf = (orchestrator: string, command: string) => `slot-${orchestrator}-${command}`

const freed = ({ id, data }: { id: string; data: { lease: Lease | null } }) => release(id, data.lease)

export const slots = process<TaskEvent | CapacityEvent | OrchestratorEvent>({
  name: 'slots',
  about: 'Confirms capacity slots when tasks start, gives them back when leases end, and shows full orchestrators as busy.',
  react: {
    OrchestratorRegistered: ({ id, data: { maxConcurrentTasks } }) => [send(capacity, id, 'announce', { maxConcurrentTasks })],
    TaskStarted: ({ id, data: { owner, slot } }) => [send(capacity, owner, 'confirm', { task: id, command: slot })],
    TaskCompleted: freed,
    TaskFailed: freed,
    TaskReleased: freed,
    TaskHandedOff: freed,
    TaskBlocked: freed,
    TaskEscalated: freed,
    TaskCancelled: freed,
    LeaseExpired: freed,
    CapacitySet: ({ id, data: { max, active, reserved } }) => [send(orchestrator, id, active + reserved >= max ? 'fill' : 'free', {})],
    SlotReserved: ({ id, at, data: { task, command, max, active, reserved } }) => [
      send(capacity, id, 'expire', { task, command }, { due: later(at, reservation_ms), key: keyOf(id, command) }),
      ...(active + reserved >= max ? [send(orchestrator, id, 'fill', {})] : []),
    ],
    SlotConfirmed: ({ id, data: { command } }) => [forget(keyOf(id, command))],
    SlotReleased: ({ id, data: { command, max, active, reserved } }) => [
      forget(keyOf(id, command)),
      ...(active + reserved === max - 1 ? [send(orchestrator, id, 'free', {})] : []),
    ],
  },
})
