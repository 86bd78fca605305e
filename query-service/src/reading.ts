import { StreamDeletedError, StreamNotFoundError, type RecordedEvent, type ResolvedEvent, type StreamingRead } from '@eventstore/db-client'
import { heard } from 'shared-service/heard.ts'

/**
 * The events of a short read; none of a stream that there is not. Lets go of a read that takes too long, and never of one that has not
 * ended: that would keep the client from ever closing.
 */
export async function readWithin(timeout_ms: number, reading: StreamingRead<ResolvedEvent>): Promise<readonly RecordedEvent[]> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => {
    reading.cancel().catch(() => {})
    reject(new Error('the store does not answer'))
  }, timeout_ms)
  try {
    return await Promise.race([collected(reading), tooLate])
  } catch (error) {
    if (error instanceof StreamNotFoundError || error instanceof StreamDeletedError) return []
    throw error
  } finally {
    clearTimeout(limit)
  }
}

async function collected(reading: StreamingRead<ResolvedEvent>): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const { event } of heard(reading)) if (event) events.push(event)
  return events
}
