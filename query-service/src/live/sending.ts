import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Config } from '../config.ts'
import type { Stored } from '../facts.ts'
import type { Following } from '../follow.ts'
import type { Beginning } from './beginning.ts'

export const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

/** A frame that is no fact (L-11). */
export const frame = (event: string, data: object, id?: string) =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`

export type Pace = Pick<Config, 'heartbeat_ms' | 'stalled_ms'>

/** Ends a stream with a word about why. Whoever is slow to take what was said before gets no more of it. */
export function endWith(to: ServerResponse, code: string) {
  if (to.writableNeedDrain) to.destroy()
  else to.end(frame('end', { code }))
}

/** Waits until what was written is taken; throws when that takes too long. */
export const drained = (to: ServerResponse, gone: AbortSignal, stalled_ms: number) =>
  once(to, 'drain', { signal: AbortSignal.any([gone, AbortSignal.timeout(stalled_ms)]) })

/** An event as it goes over the wire, with its position; undefined for what is not for this client. */
export type Write = (event: Stored) => string | undefined

/** Sends until the log, the client or the key ends. A client that takes nothing for too long is let go: it resumes by its last event id. */
export async function serveUntil(
  gone: AbortSignal, to: ServerResponse, { events, close }: Following, write: Write, { head, gap }: Beginning, { heartbeat_ms, stalled_ms }: Pace,
) {
  let passed: bigint | undefined
  const beating = setInterval(() => {
    if (to.writableNeedDrain || to.writableEnded) return
    // An id without data moves the resume point on past what was not for this client.
    to.write(passed === undefined ? ': heartbeat\n\n' : `: heartbeat\nid: ${passed}\n\n`)
  }, heartbeat_ms)
  try {
    to.write(`retry: 1000\n: open\n\n${gap ? frame('gap', gap, gap.to) : ''}`)
    for await (const told of events) {
      if (to.writableEnded) break
      if (told === 'caught up') {
        if (passed === undefined || passed < head) passed = head
        to.write(frame('caught-up', { position: String(passed) }, String(passed)))
        continue
      }
      const text = told.event && write(told.event)
      if (text !== undefined && !to.write(text)) await drained(to, gone, stalled_ms)
      passed = told.event?.position?.commit ?? passed
    }
    to.end()
  } catch (error) {
    if (to.writableEnded) return
    to.destroy()
    throw error
  } finally {
    clearInterval(beating)
    close()
  }
}
