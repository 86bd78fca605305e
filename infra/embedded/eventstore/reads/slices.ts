import type { Store, StreamView } from '../contract.ts'
import type { Shows } from '../filter.ts'
import { readRecord } from '../wire/recorded-event.ts'
import type { Start } from '../wire/read.ts'

/** How many events are fetched at once; a page is all that a reader ever holds. */
export const page_max = 256

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
  let page: number[] = []
  let left = count
  for (const ordinal of ordinals) {
    if (left-- <= 0) break
    page.push(ordinal)
    if (page.length < page_max) continue
    yield { ordinals: page, records: await store.records(page) }
    page = []
  }
  if (page.length > 0) yield { ordinals: page, records: await store.records(page) }
}

/** Whether events of the stream can be too old to be shown. */
export const hasAge = (view: StreamView): boolean => view.isExpired(0n)

export const isExpired = (view: StreamView, record: Buffer): boolean => view.isExpired(readRecord(record).created)
