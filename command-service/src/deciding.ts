import { Rejection, streamOf, type Context, type Fold } from 'shared-domain/kernel/decider.ts'
import type { AnyEvent } from 'shared-domain/kernel/fact.ts'
import { circumstancesOf, wishIn, type Run } from './request.ts'
import type { Entry, Streams } from './store/streams.ts'

/** Thrown by a look at a stream that has not been read yet; no error, so that it costs no stack trace. */
class Unseen {
  readonly stream: string
  readonly fold: Fold
  readonly id: string
  constructor(stream: string, fold: Fold, id: string) {
    this.stream = stream
    this.fold = fold
    this.id = id
  }
}

/** Runs pure decisions; one that looks at a stream not yet seen is run again when that stream was read. */
export const deciding = (streams: Streams) =>
  async function decided(entry: Entry, run: Run, age_max_ms: number): Promise<readonly AnyEvent[] | Rejection> {
    const { command, request } = run
    if (entry.organization !== undefined && entry.organization !== request.organization) return new Rejection('NOT_FOUND')
    if (request.expected !== undefined && request.expected !== entry.revision) return new Rejection('REVISION_MISMATCH', { revision: String(entry.revision) })
    const seen = new Map<string, Entry>()
    const look: Context['look'] = (other, id) => {
      const stream = streamOf(other, id)
      const view = seen.get(stream)
      if (!view) throw new Unseen(stream, other, id)
      return view.state
    }
    const context = { ...circumstancesOf(run), look }
    for (;;) {
      try {
        const decision = command.decide(entry.state, wishIn(entry.state, run), context)
        // What is true already, or refused, is so whoever says it with which words.
        return (Array.isArray(decision) && decision.length > 0 && request.guard?.(entry.state, context)) || decision
      } catch (unseen) {
        if (!(unseen instanceof Unseen)) throw unseen
        seen.set(unseen.stream, await streams.recent(unseen.fold, unseen.id, age_max_ms))
      }
    }
  }
