import type { Store } from '../contract.ts'
import { readRecord } from '../wire/recorded-event.ts'

const linkType = '$>'

export const isLink = (store: Store, ordinal: number): boolean => store.entry(ordinal).type === linkType

/** The event that a link `revision@stream` points to; undefined where that is missing, truncated, expired or deleted. */
export async function linked(store: Store, link: Buffer): Promise<Buffer | undefined> {
  const [revision = '', ...name] = readRecord(link).data.toString().split('@')
  const target = store.stream(name.join('@'))
  const found = /^\d+$/.test(revision) && target.status === 'live' && Number(revision) >= target.first ? target.ordinalOf(Number(revision)) : -1
  if (found < 0) return undefined
  const [event] = await store.records([found])
  return target.isExpired(0n) && target.isExpired(readRecord(event!).created) ? undefined : event
}
