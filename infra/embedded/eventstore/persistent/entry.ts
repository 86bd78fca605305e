import type { Store } from '../contract.ts'
import { isLink, linked } from '../reads/links.ts'
import { idOf, readRecord, withPosition } from '../wire/recorded-event.ts'

/** An event on its way through a group: in the buffer, with a consumer, or waiting to be tried again. */
export interface Entry {
  readonly ordinal: number
  /** 1, 2, 3 ... as the group read them; 0 for one that was parked and is tried anew, which no checkpoint waits for. */
  readonly sequence: number
  /** Of the link where there is one: what consumers answer with. */
  readonly id: string
  readonly event: Buffer | undefined
  readonly link: Buffer | undefined
  readonly position: number
  retries: number
}

export async function entryOf(store: Store, ordinal: number, record: Buffer, resolvesLinks: boolean, sequence: number): Promise<Entry> {
  const { position } = store.entry(ordinal)
  const found = { ordinal, sequence, id: idOf(record), position, retries: 0 }
  if (!resolvesLinks || !isLink(store, ordinal)) return { ...found, event: record, link: undefined }
  const target = await linked(store, record)
  return { ...found, event: target && withPosition(target, position), link: record }
}

/** The event, or the link where that is all there is. */
export const shown = ({ event, link }: Entry) => readRecord((event ?? link)!)

/**
 * Puts entries among those to be tried again: in log order, before what comes from the parked stream. The queue is in order already, so
 * that to sort is to merge.
 */
export function insert(queue: Entry[], entries: readonly Entry[]): void {
  if (entries.length === 0) return
  for (const entry of entries) queue.push(entry)
  const rank = ({ sequence }: Entry) => (sequence === 0 ? Number.MAX_SAFE_INTEGER : sequence)
  queue.sort((a, b) => rank(a) - rank(b))
}
