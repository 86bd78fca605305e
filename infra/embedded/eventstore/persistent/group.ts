import type { Store } from '../contract.ts'
import { Follower } from '../reads/follower.ts'
import { dropped } from '../wire/errors.ts'
import { Checkpoint } from './checkpoint.ts'
import { Consumer, type Line } from './consumer.ts'
import { Deliveries } from './deliveries.ts'
import { entryOf, insert, type Entry } from './entry.ts'
import { ParkedStream } from './parked.ts'
import { Progress } from './progress.ts'
import { all, checkpointStream, keyOf, parkedStream, type GroupConfig } from './settings.ts'
import { sourceOf, type Source } from './source.ts'

export type Nack = 'park' | 'retry' | 'skip'

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
  readonly deliveries: Deliveries
  readonly #progress: Progress
  readonly #store: Store
  readonly #now_ms: () => number
  readonly #follower: Follower
  #source: Source | undefined
  /** Up to here everything was looked at, and stands in the buffer where it is shown. */
  #considered = -1
  #replayRoom: () => void = () => undefined
  isLive = false
  isReplaying = false

  constructor(store: Store, config: GroupConfig, now_ms: () => number) {
    this.config = config
    this.key = keyOf(config)
    this.#store = store
    this.#now_ms = now_ms
    this.#progress = new Progress(config.settings, now_ms())
    this.deliveries = new Deliveries(config.settings, now_ms)
    this.parked = new ParkedStream(store, parkedStream(this.key))
    this.checkpoint = new Checkpoint(store, checkpointStream(this.key), config.source)
    this.#follower = new Follower(store, config.source === all ? undefined : config.source)
  }

  async start(): Promise<void> {
    await this.checkpoint.load()
    this.#source = sourceOf(this.#store, this.config, this.checkpoint.place)
    void this.#read(this.#source)
  }

  /** What is under way comes again to whoever reads next. */
  stop(): void {
    this.#follower.end()
    this.#replayRoom()
    this.#drop()
  }

  /** Consumers are told that they were dropped. */
  #drop(): void {
    for (const consumer of [...this.deliveries.consumers]) {
      this.deliveries.leave(consumer)
      consumer.line.drop(this.#dropped())
    }
  }

  #dropped(): Error {
    return dropped(this.config.source, this.config.group)
  }

  get last(): number {
    return this.#source?.last ?? -1
  }

  /** Throws where the stream was deleted for ever before the group had read it: nobody will be given anything. */
  join(line: Line, bufferSize: number): Consumer {
    if (this.#source?.isGone) throw this.#dropped()
    const consumer = new Consumer(line, bufferSize, this.#now_ms())
    this.deliveries.join(consumer)
    // Its confirmation goes out first.
    queueMicrotask(() => this.deliver())
    return consumer
  }

  /** What it held goes to the others, however often it was tried: nobody said that it cannot be dealt with. */
  leave(consumer: Consumer): void {
    if (!this.deliveries.leave(consumer)) return
    this.#again([...consumer.entries], Infinity)
    this.#settled()
  }

  ack(consumer: Consumer, ids: readonly string[]): void {
    for (const entry of this.deliveries.heldBy(consumer, ids)) this.#done(entry)
    this.#settled()
  }

  nack(consumer: Consumer, ids: readonly string[], action: Nack, reason: string): void {
    const entries = this.deliveries.heldBy(consumer, ids)
    if (action === 'retry') this.#again(entries)
    else if (action === 'skip') for (const entry of entries) this.#done(entry)
    else for (const entry of entries) void this.#park(entry, `Client explicitly NAK'ed message.\n${reason}`)
    this.#settled()
  }

  /** Looks for events that nobody answered in time; once a second. */
  tick(): void {
    this.#again(this.deliveries.late())
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
        for (const [nth, ordinal] of page.entries()) this.deliveries.retries.push(await entryOf(this.#store, ordinal, records[nth]!, true, 0))
        this.deliver()
        while (this.deliveries.retries.length > historyBufferSize && !this.#follower.isEnded) await new Promise<void>((resolve) => { this.#replayRoom = resolve })
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
    const { buffer } = this.deliveries
    while (await this.#follower.next()) {
      while (buffer.length < historyBufferSize && !this.#follower.isEnded) {
        const { ordinals, considered } = source.take(Math.min(readBatchSize, historyBufferSize - buffer.length))
        if (source.isGone) return this.#forsake()
        this.isLive = considered === 0
        if (this.isLive) break
        const records = await this.#store.records(ordinals)
        const entries: Entry[] = []
        for (const [nth, ordinal] of ordinals.entries()) {
          if (source.isCurrent(records[nth]!)) entries.push(await entryOf(this.#store, ordinal, records[nth]!, resolvesLinks, this.#progress.sequence + entries.length + 1))
        }
        this.#progress.take(entries)
        buffer.push(...entries)
        this.#considered = source.considered
        this.deliver()
        if (ordinals.length === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  /** What was read and not dealt with is as gone as what was not read. */
  #forsake(): void {
    this.#drop()
    this.deliveries.forget()
  }

  /** Gives out what can be given: first what is to be tried again. Also when a consumer is no longer busy. */
  deliver(): void {
    const { retries, buffer } = this.deliveries
    if (!this.deliveries.giveOut(retries)) return
    this.#replayRoom()
    if (this.deliveries.giveOut(buffer) && !this.isLive) this.#follower.poke()
  }

  #done(entry: Entry): void {
    this.deliveries.takeBack(entry)
    this.#progress.done(entry)
  }

  #again(entries: readonly Entry[], retries_max = this.config.settings.retries_max): void {
    const again: Entry[] = []
    for (const entry of entries) {
      if (entry.retries >= retries_max) void this.#park(entry, `Reached retry count of ${retries_max}`)
      else {
        this.deliveries.takeBack(entry)
        entry.retries++
        again.push(entry)
      }
    }
    insert(this.deliveries.retries, again)
  }

  /** Until the link is durable, the checkpoint stays before the event. */
  async #park(entry: Entry, reason: string): Promise<void> {
    this.deliveries.takeBack(entry)
    try {
      await this.parked.park(entry, reason)
      this.#progress.done(entry)
    } catch {
      // The log did not take it, so it is not parked: whoever consumes next gets it again.
      insert(this.deliveries.retries, [entry])
    }
    this.#settled()
  }

  #settled(): void {
    if (this.#follower.isEnded) return
    this.deliver()
    this.#mark(false)
  }

  /** Writes the checkpoint when it is time. */
  #mark(isTick: boolean): void {
    const source = this.#source
    if (!source || this.checkpoint.isWriting) return
    const now_ms = this.#now_ms()
    const mark = this.#progress.due(isTick, now_ms)
    const place = mark?.oldest ? source.placeBefore(mark.oldest.ordinal) : this.#considered
    if (!mark || place < 0) return
    this.checkpoint.write(place).then(() => {
      this.#progress.marked(mark, now_ms)
      // Meanwhile more may have been answered.
      if (!this.#follower.isEnded) this.#mark(false)
    }, () => undefined)
  }
}
