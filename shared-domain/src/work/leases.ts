import { reservation_ms } from '../fleet/capacity/slots.ts'
import type { CapacityEvent, Slot } from '../fleet/capacity/events.ts'
import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { leaseEnds } from './lease-ends.ts'
import { task } from './task/decider.ts'
import { lease_ms } from './task/lease.ts'
import type { TaskEvent } from './task/events.ts'

/** One timer per task: every sign of life replaces the one that waits. While all of Baton was down nobody could give one. */
const watch = (id: string, token: string, at: string) =>
  [send(task, id, 'expireLease', { token }, { due: later(at, lease_ms), key: keyOf(id), patience_ms: lease_ms })]

const keyOf = (id: string) => `lease-${id}`

const ended = ({ id, data }: { id: string; data: { lease: unknown } }) => (data.lease ? [forget(keyOf(id))] : [])

/** At once; and once more when no start can come any more that took its slot before. */
const end = (left: string, at: string, { task: id, command: slot }: Slot) => [
  send(task, id, 'endLease', { slot }),
  send(task, id, 'endLease', { slot }, { due: later(at, reservation_ms), key: `left-${left}-${slot}` }),
]

export const leases = process<TaskEvent | CapacityEvent>({
  name: 'leases',
  about: 'Ends the lease of a holder that misses two heartbeats or leaves for good, so that the task is not orphaned.',
  react: {
    CapacityClosed: ({ id, at, data: { slots } }) => slots.flatMap((slot) => end(id, at, slot)),
    TaskStarted: ({ id, at, revision }) => watch(id, String(revision), at),
    LeaseRenewed: ({ id, at, data }) => watch(id, data.token, at),
    TaskProgressed: ({ id, at, data }) => watch(id, data.token, at),
    ...leaseEnds(ended),
  },
})
