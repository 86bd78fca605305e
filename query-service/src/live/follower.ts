import { BACKWARDS, END, FORWARDS, START, type EventStoreDBClient } from '@eventstore/db-client'
import { pause } from 'shared-service/pause.ts'
import { heard } from 'shared-service/heard.ts'
import type { Stored } from '../facts.ts'
import { follow } from '../follow.ts'
import { readWithin } from '../reading.ts'

const batch_max = 500
const page_max = 500
const retry_ms = 1_000

interface Parts {
  readonly store: EventStoreDBClient
  readonly categories: readonly string[]
  readonly timeout_ms: number
  readonly onLost: (error: unknown) => void
  /** Told of what has come since, together, before anything else is. */
  readonly take: (events: readonly Stored[]) => Promise<void>
}

/** Follows the log once for everybody who listens in this process. */
export class Follower {
  readonly #parts: Parts
  readonly #over = new AbortController()
  #running: Promise<void> | undefined
  /** Everything up to here was told. */
  position = 0n

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Begins at the end of the log, with the first who listens. */
  async start(): Promise<void> {
    if (this.#running) return
    this.position = await this.#head()
    this.#running ??= this.#run()
  }

  async close(): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  async #head(): Promise<bigint> {
    const [last] = await readWithin(this.#parts.timeout_ms, this.#parts.store.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }) as never)
    return last?.position?.commit ?? 0n
  }

  async #run() {
    const { signal } = this.#over
    while (!signal.aborted) {
      await this.#follow(signal).catch((error: unknown) => signal.aborted || this.#parts.onLost(error))
      await pause(retry_ms, signal)
    }
  }

  async #follow(signal: AbortSignal) {
    const { store, categories, timeout_ms, take } = this.#parts
    const from = this.position > 0n ? { commit: this.position, prepare: this.position } : START
    const { events, close } = await follow(store, { from, prefixes: categories.map((category) => `${category}-`), signal }, timeout_ms)
    let waiting: Stored[] = []
    let [hasEnded, wake] = [false, () => {}]
    const telling = (async () => {
      while (!hasEnded || waiting.length > 0) {
        if (waiting.length === 0) await new Promise<void>((resolve) => { wake = resolve })
        const some = waiting.slice(0, batch_max)
        waiting = waiting.slice(batch_max)
        if (some.length === 0) continue
        await take(some)
        this.position = some.at(-1)!.position!.commit
      }
    })()
    try {
      for await (const told of events) {
        if (told === 'caught up' || !told.event) continue
        waiting.push(told.event)
        wake()
      }
    } finally {
      hasEnded = true
      wake()
      close()
      await telling
    }
  }

  /** Facts behind one position up to another, in pages; not of others' streams. */
  async* between(from: bigint, to: bigint): AsyncGenerator<readonly Stored[]> {
    for (let at = from; at < to;) {
      const fromPosition = at > 0n ? { commit: at, prepare: at } : START
      const page: Stored[] = []
      let count = 0
      for await (const { event } of heard(this.#parts.store.readAll({ direction: FORWARDS, fromPosition, maxCount: page_max }))) {
        count++
        if (event && event.position!.commit > at && event.position!.commit <= to) page.push(event)
      }
      yield page
      if (count < page_max || page.length === 0) return
      at = page.at(-1)!.position!.commit
    }
  }
}
