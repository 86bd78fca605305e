import type { Store } from '../contract.ts'
import { Follower } from '../reads/follower.ts'
import { dropped } from '../wire/errors.ts'
import { Checkpoint } from './checkpoint.ts'
import { Consumer, type Line } from './consumer.ts'
import { entryOf, insert, shown, type Entry } from './entry.ts'
import { ParkedStream } from './parked.ts'
import { all, checkpointStream, keyOf, parkedStream, type GroupConfig } from './settings.ts'
import { sourceOf, type Source } from './source.ts'
import { strategy, type Strategy } from './strategies.ts'

export type Nack = 'park' | 'retry' | 'skip'

/** An event that a consumer has and did not answer yet. */
interface Held {
  readonly entry: Entry
  readonly consumer: Consumer
  readonly given_ms: number
}

/**
 * A persistent subscription: many consumers share one place in a stream or in `$all`. Every event is given to one of them at a time, at
 * least once, until it is answered or parked; the checkpoint stands before the oldest that is not.
 *
 * The group reads from the index, page by page, as its buffer has room: there is no live buffer that could overflow.
 */
export class Group {
  readonly config: GroupConfig
  readonly key: string
  readonly parked: ParkedStream
  readonly checkpoint: Checkpoint
  readonly consumers = new Set<Consumer>()
  /** What is with a consumer, by the id that it answers with. */
  readonly outstanding = new Map<string, Held>()
  readonly buffer: Entry[] = []
  readonly retries: Entry[] = []
  /** What is not dealt with, by sequence; none of it is below `#lowest`. */
  readonly #open = new Map<number, Entry>()
  #lowest = 1
  readonly #store: Store
  readonly #strategy: Strategy<Consumer>
  readonly #now_ms: () => number
  readonly #follower: Follower
  #source: Source | undefined
  #sequence = 0
  /** Up to here everything was looked at, and stands in the buffer where it is shown. */
  #considered = -1
  #checkpointedSequence = 0
  #checkpointed_ms: number
  #replayRoom: () => void = () => undefined
  isLive = false
  isReplaying = false
  /** Events ever given to a consumer. */
  total = 0

  constructor(store: Store, config: GroupConfig, now_ms: () => number) {
    this.config = config
    this.key = keyOf(config)
    this.#store = store
    this.#now_ms = now_ms
    this.#checkpointed_ms = now_ms()
    this.#strategy = strategy(config.settings.strategy)
    this.parked = new ParkedStream(store, parkedStream(this.key))
    this.checkpoint = new Checkpoint(store, checkpointStream(this.key), config.source)
    this.#follower = new Follower(store, config.source === all ? undefined : config.source)
  }

  async start(): Promise<void> {
    await this.checkpoint.load()
    this.#source = sourceOf(this.#store, this.config, this.checkpoint.place)
    void this.#read(this.#source)
  }

  /** Consumers are told that they were dropped. What is under way comes again to whoever reads next. */
  stop(): void {
    this.#follower.end()
    this.#replayRoom()
    const { source, group } = this.config
    for (const consumer of [...this.consumers]) {
      this.consumers.delete(consumer)
      consumer.line.drop(dropped(source, group))
    }
  }

  get last(): number {
    return this.#source?.last ?? -1
  }

  join(line: Line, bufferSize: number): Consumer {
    const consumer = new Consumer(line, bufferSize, this.#now_ms())
    this.consumers.add(consumer)
    this.#strategy.join(consumer)
    // Its confirmation goes out first.
    queueMicrotask(() => this.deliver())
    return consumer
  }

  /** What it held goes to the others, however often it was tried: nobody said that it cannot be dealt with. */
  leave(consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return
    this.#strategy.leave(consumer)
    this.#again([...consumer.entries], Infinity)
    this.#settled()
  }

  ack(consumer: Consumer, ids: readonly string[]): void {
    for (const entry of this.#heldBy(consumer, ids)) this.#done(entry)
    this.#settled()
  }

  nack(consumer: Consumer, ids: readonly string[], action: Nack, reason: string): void {
    const entries = this.#heldBy(consumer, ids)
    if (action === 'retry') this.#again(entries)
    else if (action === 'skip') for (const entry of entries) this.#done(entry)
    else for (const entry of entries) void this.#park(entry, `Client explicitly NAK'ed message.\n${reason}`)
    this.#settled()
  }

  #heldBy(consumer: Consumer, ids: readonly string[]): readonly Entry[] {
    return [...new Set(ids)].flatMap((id) => this.outstanding.get(id) ?? []).filter((held) => held.consumer === consumer).map(({ entry }) => entry)
  }

  /** Looks for events that nobody answered in time; once a second. */
  tick(): void {
    const now_ms = this.#now_ms()
    const { messageTimeout_ms } = this.config.settings
    this.#again([...this.outstanding.values()].filter(({ given_ms }) => now_ms - given_ms >= messageTimeout_ms).map(({ entry }) => entry))
    this.deliver()
    this.#mark(true)
  }

  /** Tries what is parked anew, up to a revision of the parked stream (exclusive), and takes it out of there. */
  async replay(stopAt: number | undefined): Promise<void> {
    if (this.isReplaying) return
    this.isReplaying = true
    try {
      const { stop, ordinals } = this.parked.ordinals(stopAt)
      if (ordinals.length === 0) return
      const { readBatchSize, historyBufferSize } = this.config.settings
      for (let from = 0; from < ordinals.length; from += readBatchSize) {
        const page = ordinals.slice(from, from + readBatchSize)
        const records = await this.#store.records(page)
        for (const [nth, ordinal] of page.entries()) this.retries.push(await entryOf(this.#store, ordinal, records[nth]!, true, 0))
        this.deliver()
        while (this.retries.length > historyBufferSize && !this.#follower.isEnded) await new Promise<void>((resolve) => { this.#replayRoom = resolve })
        if (this.#follower.isEnded) return
      }
      await this.parked.truncate(stop)
    } finally {
      this.isReplaying = false
    }
  }

  /** Fills the buffer, waits for news or room, and so on. */
  async #read(source: Source): Promise<void> {
    const { historyBufferSize, readBatchSize, resolvesLinks } = this.config.settings
    while (await this.#follower.next()) {
      while (this.buffer.length < historyBufferSize && !this.#follower.isEnded) {
        const { ordinals, considered } = source.take(Math.min(readBatchSize, historyBufferSize - this.buffer.length))
        this.isLive = considered === 0
        if (this.isLive) break
        const records = await this.#store.records(ordinals)
        const entries: Entry[] = []
        for (const [nth, ordinal] of ordinals.entries()) {
          if (source.isCurrent(records[nth]!)) entries.push(await entryOf(this.#store, ordinal, records[nth]!, resolvesLinks, this.#sequence + entries.length + 1))
        }
        // All at once: a checkpoint must not pass an event that is on its way into the buffer.
        for (const entry of entries) this.#open.set(entry.sequence, entry)
        this.buffer.push(...entries)
        this.#sequence += entries.length
        this.#considered = source.considered
        this.deliver()
        if (ordinals.length === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  #pin(entry: Entry): string {
    const { stream, metadata } = shown(entry)
    return (this.config.settings.strategy === 'PinnedByCorrelation' ? correlationOf(metadata) : undefined) ?? stream
  }

  /** Gives out what can be given: first what is to be tried again. Also when a consumer is no longer busy. */
  deliver(): void {
    for (const queue of [this.retries, this.buffer]) {
      for (let at = 0; at < queue.length;) {
        const entry = queue[at]!
        // Consumers answer by id, so two events with the same id are never under way together.
        const choice = this.outstanding.has(entry.id) ? 'later' : this.#strategy.choose(() => this.#pin(entry))
        if (choice === undefined) return
        if (choice === 'later') at++
        else {
          if (at === 0) queue.shift()
          else queue.splice(at, 1)
          this.#give(entry, choice)
        }
      }
      if (queue === this.retries) this.#replayRoom()
    }
    if (!this.isLive) this.#follower.poke()
  }

  #give(entry: Entry, consumer: Consumer): void {
    this.outstanding.set(entry.id, { entry, consumer, given_ms: this.#now_ms() })
    consumer.entries.add(entry)
    consumer.total++
    this.total++
    this.#strategy.moved(() => this.#pin(entry), 1)
    consumer.line.send(entry)
  }

  #takeBack(entry: Entry): void {
    const { consumer, given_ms } = this.outstanding.get(entry.id)!
    this.outstanding.delete(entry.id)
    this.#strategy.moved(() => this.#pin(entry), -1)
    consumer.entries.delete(entry)
    if (this.config.settings.extraStatistics) consumer.answered(this.#now_ms() - given_ms)
  }

  #done(entry: Entry): void {
    this.#takeBack(entry)
    this.#open.delete(entry.sequence)
  }

  #again(entries: readonly Entry[], retries_max = this.config.settings.retries_max): void {
    const again: Entry[] = []
    for (const entry of entries) {
      if (entry.retries >= retries_max) void this.#park(entry, `Reached retry count of ${retries_max}`)
      else {
        this.#takeBack(entry)
        entry.retries++
        again.push(entry)
      }
    }
    insert(this.retries, again)
  }

  /** Until the link is durable, the checkpoint stays before the event. */
  async #park(entry: Entry, reason: string): Promise<void> {
    this.#takeBack(entry)
    try {
      await this.parked.park(entry, reason)
      this.#open.delete(entry.sequence)
    } catch {
      // The log did not take it, so it is not parked: whoever consumes next gets it again.
      insert(this.retries, [entry])
    }
    this.#settled()
  }

  #settled(): void {
    if (this.#follower.isEnded) return
    this.deliver()
    this.#mark(false)
  }

  /** The oldest event that is not dealt with; those that were parked before are none of the checkpoint's. */
  #oldest(): Entry | undefined {
    while (this.#lowest <= this.#sequence && !this.#open.has(this.#lowest)) this.#lowest++
    return this.#open.get(this.#lowest)
  }

  /** Writes the checkpoint when it is time: at once when it is far behind, else at a tick, and not too often. */
  #mark(isTick: boolean): void {
    const source = this.#source
    if (!source || this.checkpoint.isWriting) return
    const { checkpointAfter_ms, checkpointCount_min, checkpointCount_max } = this.config.settings
    const now_ms = this.#now_ms()
    const isEarly = now_ms - this.#checkpointed_ms < checkpointAfter_ms
    const wanted = isTick && !isEarly ? Math.max(1, Math.min(checkpointCount_min, checkpointCount_max)) : Math.max(1, checkpointCount_max)
    // At most so many can be done: mostly that is too few, and nobody need look for the oldest.
    if (this.#sequence - this.#checkpointedSequence < wanted) return
    const oldest = this.#oldest()
    const sequence = oldest ? oldest.sequence - 1 : this.#sequence
    if (sequence - this.#checkpointedSequence < wanted) return
    const place = oldest ? source.placeBefore(oldest.ordinal) : this.#considered
    if (place < 0) return
    this.checkpoint.write(place).then(() => {
      this.#checkpointedSequence = sequence
      this.#checkpointed_ms = now_ms
      // Meanwhile more may have been answered.
      if (!this.#follower.isEnded) this.#mark(false)
    }, () => undefined)
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
