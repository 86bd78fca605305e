import { FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client'
import { partsOf } from 'shared-domain/kernel/decider.ts'
import { readWithin } from './reading.ts'

/** The log has events of its own between the facts. */
const looked_max = 32

/** Seconds since the first fact behind a position happened, as the log shows it now; 0 where there is none. */
export const lagBehind = (store: EventStoreDBClient, categories: readonly string[], timeout_ms: number) => async (position: string): Promise<number> => {
  const at = BigInt(position)
  const fromPosition = at > 0n ? { commit: at, prepare: at } : START
  const next = await readWithin(timeout_ms, store.readAll({ direction: FORWARDS, fromPosition, maxCount: looked_max }) as never)
  // Reading begins with the event at the position itself.
  const first = next.find((event) => (event.position?.commit ?? 0n) > at && categories.includes(partsOf(event.streamId).category))
  return first ? Math.max(0, Date.now() - first.created.getTime()) / 1_000 : 0
}
