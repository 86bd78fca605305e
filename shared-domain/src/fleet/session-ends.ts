import { process, send } from '../kernel/process.ts'
import { leaseEnds } from '../work/lease-ends.ts'
import type { TaskEvent } from '../work/task/events.ts'
import { Kind } from './work-session/events.ts'
import { workSession } from './work-session/decider.ts'

interface Fact {
  readonly type: string
  readonly data: { readonly lease: { readonly slot: string } | null }
}

/** The session of a lease bears the name of its slot. */
const ended = ({ type, data: { lease } }: Fact) =>
  (lease === null ? [] : [send(workSession, lease.slot, 'end', { how: 'terminated', why: type })])

export const sessionEnds = process<TaskEvent>({
  name: 'sessionEnds',
  about: 'Ends the session of every lease that ends: no program works without one.',
  react: {
    ...leaseEnds(ended),
    TaskCompleted: ({ type, data: { lease: { slot } } }) => [send(workSession, slot, 'end', { how: 'completed', why: type })],
    TaskFailed: ({ data: { lease: { slot }, kind, error } }) =>
      [send(workSession, slot, 'end', { how: 'failed', kind: Kind.safeParse(kind).data ?? 'unknown', why: error })],
    LeaseExpired: ({ type, data: { lease: { slot } } }) => [send(workSession, slot, 'end', { how: 'failed', kind: 'lost', why: type })],
  },
})
