import { setImmediate } from 'node:timers/promises'
import type { ServerWritableStream } from '@grpc/grpc-js'
import type { Store, StreamView } from '../contract.ts'
import { showing } from '../filter.ts'
import { Follower } from '../reads/follower.ts'
import { hasAge, isExpired, Page } from '../reads/slices.ts'
import { invalid, streamDeleted } from '../wire/errors.ts'
import { caughtUp, checkpoint, confirmation, type FilterWish, type ReadReq } from '../wire/read.ts'
import { send } from './answering.ts'
import { sendEvent } from './send-event.ts'

/** How many events are looked at in one go. */
const considered_max = 4_096

type Call = ServerWritableStream<Buffer, Buffer>

/**
 * A subscription is one loop over the index: it sends what it has not sent, says once that it caught up, and waits for news. It is never
 * told an event by anybody, so it misses none, repeats none and holds at most a page.
 */
export async function subscribe(store: Store, call: Call, request: ReadReq, id: string): Promise<void> {
  const source = request.stream === undefined ? allSource(store, request) : streamSource(store, request.stream, request)
  const follower = new Follower(store, request.stream)
  for (const event of ['cancelled', 'close', 'error']) call.once(event, () => follower.end())
  try {
    if (!await send(call, confirmation(id))) return
    let isLive = false
    while (await follower.next()) {
      for (let page = source.take(); page.considered > 0; page = source.take()) {
        if (!await source.send(call, page)) return
        // A long stretch without anything to show must not keep others from being served.
        if (page.ordinals.length === 0) await setImmediate()
      }
      if (isLive) continue
      isLive = true
      if (!await source.settled(call) || !await send(call, caughtUp)) return
    }
  } finally {
    follower.end()
  }
}

interface Taken {
  readonly ordinals: readonly number[]
  /** How many events were looked at, shown or not. */
  readonly considered: number
}

interface Source {
  take(): Taken
  /** False when nobody listens any more. */
  send(call: Call, page: Taken): Promise<boolean>
  /** Everything up to the end as it was has been sent. */
  settled(call: Call): Promise<boolean>
}

/** `$all`: positions are exclusive; with a filter, checkpoints tell how far it was looked. */
function allSource(store: Store, request: ReadReq): Source {
  const { start, filter } = request
  const shows = showing(store, filter)
  const marks = filter && checkpoints(store, filter)
  const after = typeof start === 'number' ? start : -1
  let next = start === 'end' ? store.count : store.ordinalAt(after + 1)
  // A position beyond the end is allowed: what comes up to it is passed over.
  const isAhead = next === store.count
  return {
    take() {
      const from = next
      const page = new Page(store)
      const limit = Math.min(store.count, from + considered_max)
      while (next < limit && !page.isFull) {
        if (shows(next) && !(isAhead && store.entry(next).position <= after)) page.add(next)
        next++
        if (marks?.isDue(next - 1)) break
      }
      return { ordinals: page.ordinals, considered: next - from }
    },
    async send(call, { ordinals }) {
      const records = await store.records(ordinals)
      for (const [nth, ordinal] of ordinals.entries()) {
        const isHeard = sendEvent(store, call, ordinal, records[nth]!, request)
        if (isHeard !== true && !await isHeard) return false
      }
      const mark = marks?.taken()
      return mark === undefined || send(call, checkpoint(mark))
    },
    async settled(call) {
      const mark = marks?.last()
      return mark === undefined || send(call, checkpoint(mark))
    },
  }
}

/** Counts events that are looked at; every n-th one's position is a checkpoint. */
function checkpoints(store: Store, { window = 32, multiplier }: FilterWish) {
  if (multiplier === 0) throw invalid('The checkpoint interval multiplier must not be zero.')
  const interval = window * multiplier
  let [count, seen, sent, due] = [0, -1, -1, undefined as number | undefined]
  return {
    isDue(ordinal: number): boolean {
      seen = ordinal
      if (++count < interval) return false
      count = 0
      due = store.entry(ordinal).position
      return true
    },
    taken(): number | undefined {
      const mark = due
      due = undefined
      if (mark !== undefined) sent = mark
      return mark
    },
    /** The last event that was looked at, unless that was said or there was none. What comes live is counted anew. */
    last(): number | undefined {
      count = 0
      const position = seen < 0 ? -1 : store.entry(seen).position
      if (position <= sent) return undefined
      return sent = position
    },
  }
}

/**
 * One stream: revisions are exclusive; it may not exist yet; a tombstone is delivered and ends it. Its metadata hides what was there
 * before the subscription was live, and nothing that came later.
 */
function streamSource(store: Store, stream: string, request: ReadReq): Source {
  const { start } = request
  const view = store.stream(stream)
  if (view.status === 'tombstoned') throw streamDeleted(stream)
  let next = start === 'end' ? view.lastVisible + 1 : start === 'start' ? 0 : start + 1
  let [isLive, isEnding] = [false, false]
  const available = ({ first, lastVisible, ordinalOf }: StreamView): number[] => {
    const page = new Page(store)
    const from = isLive ? next : Math.max(next, first)
    for (let revision = from; revision <= lastVisible && !page.isFull; revision++) page.add(ordinalOf(revision))
    return page.ordinals
  }
  return {
    take() {
      const view = store.stream(stream)
      const ordinals = available(view)
      if (ordinals.length > 0) next = store.entry(ordinals.at(-1)!).revision + 1
      else if (view.tombstone >= 0 && !isEnding) {
        isEnding = true
        return { ordinals: [view.tombstone], considered: 1 }
      }
      return { ordinals, considered: ordinals.length }
    },
    async send(call, { ordinals }) {
      const view = store.stream(stream)
      const records = await store.records(ordinals)
      for (const [nth, ordinal] of ordinals.entries()) {
        if (!isLive && !isEnding && hasAge(view) && isExpired(view, records[nth]!)) continue
        const isHeard = sendEvent(store, call, ordinal, records[nth]!, request)
        if (isHeard !== true && !await isHeard) return false
      }
      if (isEnding) throw streamDeleted(stream)
      return true
    },
    async settled() {
      isLive = true
      next = Math.max(next, store.stream(stream).lastVisible + 1)
      return true
    },
  }
}
