import type { Store } from '../contract.ts'
import { readRecord } from '../wire/recorded-event.ts'

export interface Resolved {
  readonly event: Buffer | undefined
  readonly link: Buffer | undefined
  /** Of the link, where there is one. */
  readonly position: number
  readonly ordinal: number
}

const linkType = '$>'

/** What a link `revision@stream` points to; only the link where that is missing, truncated or deleted. */
export async function resolve(store: Store, ordinal: number, record: Buffer, resolvesLinks: boolean): Promise<Resolved> {
  const { type, position } = store.entry(ordinal)
  if (!resolvesLinks || type !== linkType) return { event: record, link: undefined, position, ordinal }
  const [revision = '', ...name] = readRecord(record).data.toString().split('@')
  const target = store.stream(name.join('@'))
  const found = /^\d+$/.test(revision) && target.status === 'live' && Number(revision) >= target.first ? target.ordinalOf(Number(revision)) : -1
  const [event] = found < 0 ? [] : await store.records([found])
  return { event, link: record, position, ordinal }
}
