import { EventSourceParserStream } from 'eventsource-parser/stream'
import { pause } from 'shared-service/pause.ts'
import { Refused } from './api.ts'

/** A frame of a stream of events. */
export interface Frame {
  /** What kind of frame it is; `message` is a fact. */
  readonly event: string
  /** The log position, where it is a fact. */
  readonly id: string | undefined
  readonly data: any
}

export interface Followed {
  readonly url: string
  readonly key: string
  /** Filters, and `after` to begin somewhere. */
  readonly query: URLSearchParams
  readonly signal: AbortSignal
  /** A line is cut, and taken up again. */
  readonly onCut?: (error: Error) => void
}

const pause_max_ms = 10_000

/**
 * The facts of `GET /events` as they come, for as long as nobody aborts it: where a line is cut it goes on after the last fact that came.
 * Throws `Refused` where Baton refuses to tell.
 */
export async function* follow({ url, key, query, signal, onCut }: Followed): AsyncGenerator<Frame> {
  let last: string | undefined
  for (let cuts = 0; !signal.aborted;) {
    try {
      const response = await fetch(`${url.replace(/\/$/, '')}/api/v1/events?${query}`, {
        signal, headers: { authorization: `Bearer ${key}`, ...(last === undefined ? {} : { 'last-event-id': last }) },
      })
      if (!response.ok) throw await refusedBy(response)
      for await (const { event = 'message', id, data } of response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) {
        cuts = 0
        last = id ?? last
        yield { event, id, data: JSON.parse(data) }
      }
      throw new Error('the stream has ended')
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Refused && ![429, 503].includes(error.status)) throw error
      onCut?.(error as Error)
      await pause(Math.min(pause_max_ms, 100 * 2 ** cuts++), signal)
    }
  }
}

async function refusedBy(response: Response): Promise<Refused> {
  const document = await response.json().catch(() => ({ code: `HTTP_${response.status}`, title: 'the answer is no JSON' })) as Readonly<Record<string, unknown>>
  return new Refused(response.status, document)
}
