import { BACKWARDS, END, FORWARDS, START, type EventStoreDBClient, type ReadPosition } from '@eventstore/db-client'
import { Problem } from 'shared-service/problems.ts'
import { readWithin } from '../reading.ts'

/** What a client has, as far as it says so. */
export interface Had {
  /** The position after which it wishes to go on; without one it wants what happens from now on. */
  readonly after?: bigint | undefined
  /** The log that this is a position of. */
  readonly log?: string | undefined
}

export interface Gap {
  readonly from: string
  readonly to: string
  readonly reason: 'ahead' | 'other-log'
}

export interface Beginning {
  readonly from: ReadPosition
  /** The end of the log at the opening. */
  readonly head: bigint
  /** Names the log. */
  readonly log: string
  /** What the client has is not of this log, or no longer: it reads anew, and hears what happens from now on. */
  readonly gap?: Gap
}

/** Where a stream begins for a client that has so much. */
export async function beginningFor({ after, log: claimed }: Had, store: EventStoreDBClient, timeout_ms: number): Promise<Beginning> {
  const [head, log] = await Promise.all([headOf(store, timeout_ms), logOf(store, timeout_ms)]).catch((cause: unknown) => {
    throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be reached.', { retryAfter_s: 2, cause })
  })
  const gap = (reason: Gap['reason']) => ({ from: at(head), head, log, gap: { from: String(after ?? head), to: String(head), reason } })
  if (claimed !== undefined && claimed !== log) return gap('other-log')
  if (after !== undefined && after > head) return gap('ahead')
  return { from: at(after ?? head), head, log }
}

const at = (position: bigint): ReadPosition => (position === 0n ? START : { commit: position, prepare: position })

/** The position of the last event of all. */
async function headOf(store: EventStoreDBClient, timeout_ms: number): Promise<bigint> {
  const [last] = await readWithin(timeout_ms, store.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }) as never)
  return last?.position?.commit ?? 0n
}

/** The id of the very first event: no other log begins with it. */
async function logOf(store: EventStoreDBClient, timeout_ms: number): Promise<string> {
  const [first] = await readWithin(timeout_ms, store.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1 }) as never)
  if (!first) throw new Error('the log holds nothing yet')
  return first.id
}
