import type { StreamView } from '../contract.ts'
import { isMetastream, type LogIndex } from './index.ts'
import { deletedBefore } from './stream-metadata.ts'

const ticksOf = (ms: number) => BigInt(Math.floor(ms)) * 10_000n

/** What readers may know of a stream. `dataOf` reads the data of an event. */
export function streamView(index: LogIndex, name: string, now_ms: () => number, dataOf: (ordinal: number) => Buffer): StreamView {
  const entry = index.find(name)
  const owner = isMetastream(name) ? index.find(name.slice(2)) : undefined
  const count = entry ? index.visibleIn(entry) : 0
  const metadata = entry && index.metadataOf(entry, index.visible, dataOf)
  const isGone = [entry, owner].some((one) => one && one.tombstone >= 0 && one.tombstone < index.visible)
  const maxCount = isMetastream(name) ? 1 : metadata?.maxCount
  const before = metadata?.truncateBefore ?? 0n
  const oldest = metadata?.maxAge_s === undefined ? undefined : ticksOf(now_ms() - metadata.maxAge_s * 1000)
  return {
    name,
    status: isGone ? 'tombstoned' : before === deletedBefore ? 'deleted' : count === 0 ? 'missing' : 'live',
    first: Math.max(0, maxCount === undefined ? 0 : count - maxCount, before > BigInt(count) ? count : Number(before)),
    last: (entry?.count ?? 0) - 1,
    lastVisible: count - 1,
    ordinalOf: (revision) => (revision >= 0 && revision < count ? entry!.ordinalAt(revision)! : -1),
    tombstone: entry && entry.tombstone >= 0 && entry.tombstone < index.visible ? entry.tombstone : -1,
    isExpired: (createdTicks) => oldest !== undefined && createdTicks < oldest,
  }
}
