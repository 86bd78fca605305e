import type { Store, StreamView } from '../contract.ts'
import type { Shows } from '../filter.ts'
import { readRecord } from '../wire/recorded-event.ts'
import type { Start } from '../wire/read.ts'

/** How many events are fetched at once, and about how many bytes of them: a page is all that a reader ever holds. */
const page_max = 256
const page_bytes_max = 1024 * 1024

/** Ordinals that are fetched at once. */
export class Page {
  readonly ordinals: number[] = []
  readonly #store: Store
  #bytes = 0

  constructor(store: Store) {
    this.#store = store
  }

  add(ordinal: number): void {
    this.ordinals.push(ordinal)
    // Positions are offsets in the log; what stands between two of them is an event, and little else.
    if (ordinal + 1 < this.#store.count) this.#bytes += this.#store.entry(ordinal + 1).position - this.#store.entry(ordinal).position
  }

  get isFull(): boolean {
    return this.ordinals.length >= page_max || this.#bytes >= page_bytes_max
  }
}

/** Ordinals of a stream's events in the order asked for, as they are visible now. */
export function* streamOrdinals(view: StreamView, start: Start, isBackwards: boolean): Generator<number> {
  if (isBackwards) {
    const from = start === 'end' ? view.lastVisible : start === 'start' ? 0 : Math.min(start, view.lastVisible)
    for (let revision = from; revision >= view.first; revision--) yield view.ordinalOf(revision)
    return
  }
  // The real server fails on a forward read from the end; there is nothing there, so nothing is what it gets.
  const from = start === 'end' ? Infinity : start === 'start' ? 0 : start
  for (let revision = Math.max(from, view.first); revision <= view.lastVisible; revision++) yield view.ordinalOf(revision)
}

/** Ordinals of `$all`: forwards inclusive of a position, backwards exclusive. */
export function* allOrdinals(store: Store, start: Start, isBackwards: boolean, shows: Shows): Generator<number> {
  if (isBackwards) {
    const from = start === 'end' ? store.count : start === 'start' ? 0 : store.ordinalAt(start)
    for (let ordinal = from - 1; ordinal >= 0; ordinal--) if (shows(ordinal)) yield ordinal
    return
  }
  const from = start === 'end' ? store.count : start === 'start' ? 0 : store.ordinalAt(start)
  const end = store.count
  for (let ordinal = from; ordinal < end; ordinal++) if (shows(ordinal)) yield ordinal
}

export interface Taken {
  readonly ordinals: readonly number[]
  readonly records: readonly Buffer[]
}

/** The records behind ordinals, page by page. */
export async function* pages(store: Store, ordinals: Iterable<number>, count: number): AsyncGenerator<Taken> {
  let page = new Page(store)
  let left = count
  for (const ordinal of ordinals) {
    if (left-- <= 0) break
    page.add(ordinal)
    if (!page.isFull) continue
    yield { ordinals: page.ordinals, records: await store.records(page.ordinals) }
    page = new Page(store)
  }
  if (page.ordinals.length > 0) yield { ordinals: page.ordinals, records: await store.records(page.ordinals) }
}

/** Whether events of the stream can be too old to be shown. */
export const hasAge = (view: StreamView): boolean => view.isExpired(0n)

export const isExpired = (view: StreamView, record: Buffer): boolean => view.isExpired(readRecord(record).created)

/** First revision that is young enough to be shown, found in few reads: times grow with revisions. */
export async function firstFresh(store: Store, view: StreamView): Promise<number> {
  let [low, high] = [view.first, view.lastVisible + 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    const [record] = await store.records([view.ordinalOf(middle)])
    if (isExpired(view, record!)) low = middle + 1
    else high = middle
  }
  return low
}
