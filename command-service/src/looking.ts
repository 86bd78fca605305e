import { streamOf, type Context, type Fold } from 'shared-domain/kernel/decider.ts'
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

/** Asks a pure function that looks at other streams, as they stood at most so long ago. */
export type Looking = <T>(ask: (look: Context['look']) => T, age_max_ms: number) => Promise<T>

/** One that looks at a stream not yet seen is asked again when that stream was read. */
export const looking = (streams: Streams): Looking =>
  async function looked(ask, age_max_ms) {
    const seen = new Map<string, Entry>()
    const look: Context['look'] = (other, id) => {
      const stream = streamOf(other, id)
      const view = seen.get(stream)
      if (!view) throw new Unseen(stream, other, id)
      return view.state
    }
    for (;;) {
      try {
        return ask(look)
      } catch (unseen) {
        if (!(unseen instanceof Unseen)) throw unseen
        seen.set(unseen.stream, await streams.recent(unseen.fold, unseen.id, age_max_ms))
      }
    }
  }
