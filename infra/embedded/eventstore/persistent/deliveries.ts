import type { Consumer } from './consumer.ts'
import { shown, type Entry } from './entry.ts'
import type { Settings } from './settings.ts'
import { strategy, type Strategy } from './strategies.ts'

/** An event that a consumer has and did not answer yet. */
interface Held {
  readonly entry: Entry
  readonly consumer: Consumer
  readonly given_ms: number
}

/** What a group has read and nobody has dealt with: what waits, in two queues, and what is with whom. */
export class Deliveries {
  readonly consumers = new Set<Consumer>()
  /** By the id that a consumer answers with. */
  readonly outstanding = new Map<string, Held>()
  readonly buffer: Entry[] = []
  readonly retries: Entry[] = []
  readonly #settings: Settings
  readonly #strategy: Strategy<Consumer>
  readonly #now_ms: () => number
  /** Events ever given to a consumer. */
  total = 0

  constructor(settings: Settings, now_ms: () => number) {
    this.#settings = settings
    this.#strategy = strategy(settings.strategy)
    this.#now_ms = now_ms
  }

  join(consumer: Consumer): void {
    this.consumers.add(consumer)
    this.#strategy.join(consumer)
  }

  /** False where it had left before. */
  leave(consumer: Consumer): boolean {
    if (!this.consumers.delete(consumer)) return false
    this.#strategy.leave(consumer)
    return true
  }

  heldBy(consumer: Consumer, ids: readonly string[]): readonly Entry[] {
    return [...new Set(ids)].flatMap((id) => this.outstanding.get(id) ?? []).filter((held) => held.consumer === consumer).map(({ entry }) => entry)
  }

  /** Those that nobody answered in time. */
  late(): readonly Entry[] {
    const limit_ms = this.#now_ms() - this.#settings.messageTimeout_ms
    return [...this.outstanding.values()].filter(({ given_ms }) => given_ms <= limit_ms).map(({ entry }) => entry)
  }

  /** Gives out what can be given of a queue; false when nobody has room for more. */
  giveOut(queue: Entry[]): boolean {
    for (let at = 0; at < queue.length;) {
      const entry = queue[at]!
      // Consumers answer by id, so two events with the same id are never under way together.
      const choice = this.outstanding.has(entry.id) ? 'later' : this.#strategy.choose(() => this.#pin(entry))
      if (choice === undefined) return false
      if (choice === 'later') at++
      else {
        if (at === 0) queue.shift()
        else queue.splice(at, 1)
        this.#give(entry, choice)
      }
    }
    return true
  }

  #give(entry: Entry, consumer: Consumer): void {
    this.outstanding.set(entry.id, { entry, consumer, given_ms: this.#now_ms() })
    consumer.entries.add(entry)
    consumer.total++
    this.total++
    this.#strategy.moved(() => this.#pin(entry), 1)
    consumer.line.send(entry)
  }

  takeBack(entry: Entry): void {
    const { consumer, given_ms } = this.outstanding.get(entry.id)!
    this.outstanding.delete(entry.id)
    this.#strategy.moved(() => this.#pin(entry), -1)
    consumer.entries.delete(entry)
    if (this.#settings.extraStatistics) consumer.answered(this.#now_ms() - given_ms)
  }

  /** Nobody will be given any of it. */
  forget(): void {
    this.outstanding.clear()
    this.buffer.length = this.retries.length = 0
  }

  #pin(entry: Entry): string {
    const { stream, metadata } = shown(entry)
    return (this.#settings.strategy === 'PinnedByCorrelation' ? correlationOf(metadata) : undefined) ?? stream
  }
}

function correlationOf(metadata: Buffer): string | undefined {
  try {
    const { $correlationId } = JSON.parse(metadata.toString()) as { $correlationId?: unknown }
    return typeof $correlationId === 'string' ? $correlationId : undefined
  } catch {
    return undefined
  }
}
