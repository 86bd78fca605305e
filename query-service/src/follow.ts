import { streamNameFilter, type AllStreamResolvedEvent, type EventStoreDBClient, type ReadPosition } from '@eventstore/db-client'
import { Problem } from 'shared-service/problems.ts'

/** What a subscription says: an event, or that there was none left for now. */
export type Told = AllStreamResolvedEvent | 'caught up'

export interface Following {
  readonly events: AsyncIterable<Told>
  close(): void
}

export interface Wanted {
  /** Exclusive. */
  readonly from: ReadPosition
  /** Of stream names; the store leaves everything else out. */
  readonly prefixes: readonly string[]
  /** Ends it, also before it has begun. */
  readonly signal: AbortSignal
}

/** Follows the log, once the store has confirmed that it will send what comes; throws SERVICE_UNAVAILABLE when it does not in time. */
export async function follow(store: EventStoreDBClient, { from, prefixes, signal }: Wanted, timeout_ms: number): Promise<Following> {
  const subscription = store.subscribeToAll({ fromPosition: from, filter: streamNameFilter({ prefixes: [...prefixes] }) })
  const { promise: confirmed, resolve, reject } = Promise.withResolvers<void>()
  // The client emits errors without ending its stream, and a reader that comes later would wait for ever.
  subscription.on('error', (error) => {
    subscription.destroy(error)
    reject(error)
  })
  subscription.once('confirmation', resolve)
  // Between the events, since whoever reads them may be behind.
  subscription.once('caughtUp', () => { subscription.push('caught up' satisfies Told) })
  const limit = setTimeout(() => reject(new Error('the store does not answer')), timeout_ms)
  const close = () => {
    signal.removeEventListener('abort', close)
    subscription.unsubscribe().catch(() => {})
    subscription.destroy()
  }
  subscription.once('close', () => {
    signal.removeEventListener('abort', close)
    reject(new Error('the subscription has ended'))
  })
  signal.addEventListener('abort', close)
  if (signal.aborted) close()
  try {
    await confirmed
  } catch (error) {
    close()
    throw new Problem('SERVICE_UNAVAILABLE', 'The log cannot be reached.', { retryAfter_s: 2, cause: error })
  } finally {
    clearTimeout(limit)
  }
  return { events: subscription as AsyncIterable<Told>, close }
}
