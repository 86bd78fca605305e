import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from 'shared-service/problems.ts'
import type { Config } from '../config.ts'
import type { Caller, Keys, Presented } from '../keys.ts'
import { endWith, streamHeaders } from './sending.ts'

/** A stream to one client. */
export interface Connection {
  /** Aborted when the client, or the service, goes. */
  readonly gone: AbortSignal
  /** Begins the answer, of these headers besides; `end` is called when the key is no longer taken. */
  open(headers: Readonly<Record<string, string>>, end: () => void): void
}

/** A place among those that are bounded, until it is given back. */
export interface Place {
  readonly gone: AbortSignal
  leave(): void
}

export interface Connections {
  readonly open: number
  /** Throws a problem where there is no place left for this caller. */
  enter(caller: Caller): Place
  /** Takes a place for as long as `serve` goes on, which answers by itself once it has opened. */
  hold(caller: Caller, request: FastifyRequest, reply: FastifyReply, serve: (connection: Connection) => Promise<void>): Promise<void>
  /** Calls `end` once, soon after these headers have ceased to speak for the caller. The answer ends the watch. */
  watch(caller: Caller, headers: Presented, end: (problem: Problem) => void): () => void
  close(): void
}

type Bounds = Pick<Config, 'liveConnections_max' | 'liveConnectionsPerKey_max'>

/** All that is pushed to, of whatever kind: so many, and so many for one key. */
export function connectionsWithin({ liveConnections_max, liveConnectionsPerKey_max }: Bounds, keys: Pick<Keys, 'watch'>): Connections {
  const places = new Map<AbortController, string>()

  const enter = ({ key }: Caller): Place => {
    if ([...places.values()].filter((one) => one === key).length >= liveConnectionsPerKey_max)
      throw new Problem('RATE_LIMITED', 'This key has as many live connections as it may.', { retryAfter_s: 15 })
    if (places.size >= liveConnections_max)
      throw new Problem('SERVICE_UNAVAILABLE', 'There are as many live connections as there may be.', { retryAfter_s: 15 })
    const place = new AbortController()
    places.set(place, key)
    return {
      gone: place.signal,
      leave() {
        places.delete(place)
        place.abort()
      },
    }
  }

  return {
    get open() { return places.size },
    enter,
    watch: (caller, headers, end) => keys.watch(caller, headers, end),

    async hold(caller, request, reply, serve) {
      const { gone, leave } = enter(caller)
      reply.raw.once('close', leave)
      let unwatch = () => {}
      const open: Connection['open'] = (headers, end) => {
        reply.hijack()
        reply.raw.writeHead(200, { ...reply.getHeaders() as Record<string, string>, ...streamHeaders, ...headers })
        unwatch = keys.watch(caller, request.headers, ({ code }) => {
          endWith(reply.raw, code)
          end()
        })
      }
      try {
        await serve({ gone, open })
      } catch (error) {
        if (!reply.raw.headersSent) throw error
        if (!gone.aborted) request.log.warn({ err: error }, 'a live connection ended')
      } finally {
        unwatch()
        leave()
      }
    },

    close() {
      for (const place of places.keys()) place.abort()
    },
  }
}
