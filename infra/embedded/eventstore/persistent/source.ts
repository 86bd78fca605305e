import { showing } from '../filter.ts'
import type { Store } from '../contract.ts'
import { hasAge, isExpired } from '../reads/slices.ts'
import { all, type GroupConfig } from './settings.ts'

/** What a group reads, in log order, as ordinals. Reads on from where it stopped; whatever is new is found at the next call. */
export interface Source {
  /** `considered` counts what was looked at, shown or not; nothing considered means that the end was reached. */
  take(count_max: number): { readonly ordinals: readonly number[]; readonly considered: number }
  /** Last revision or position in what is followed, -1 for none. */
  readonly last: number
  /** Last revision or position that was looked at, -1 for none. */
  readonly considered: number
  /** Revision or position of an event. */
  placeOf(ordinal: number): number
  /** Place of what stands just before an event, -1 where nothing does. */
  placeBefore(ordinal: number): number
  /** The stream was deleted for ever, and not all of it had been read: none of it can be any more. */
  readonly isGone: boolean
  /** False for an event that became too old to be shown. */
  isCurrent(record: Buffer): boolean
}

/** How many events are looked at in one go. */
const considered_max = 4_096

/** The end of what a group would follow, as it is now. */
export function endOf(store: Store, source: string): number {
  if (source !== all) return store.stream(source).lastVisible + 1
  return store.count === 0 ? 0 : store.entry(store.count - 1).position + 1
}

/** `after` is the checkpoint: the last place that is dealt with. Without one the group starts where its settings say, inclusive. */
export function sourceOf(store: Store, config: GroupConfig, after: number | undefined): Source {
  const { start } = config.settings
  const from = after !== undefined ? after + 1 : start === 'end' ? config.endAt ?? endOf(store, config.source) : start === 'start' ? 0 : start
  return config.source === all ? allSource(store, config, from) : streamSource(store, config.source, from)
}

function allSource(store: Store, { filter }: GroupConfig, from: number): Source {
  const shows = showing(store, filter)
  const placeOf = (ordinal: number) => (ordinal < 0 ? -1 : store.entry(ordinal).position)
  let next = store.ordinalAt(from)
  return {
    take(count_max) {
      const [begin, limit, ordinals] = [next, Math.min(store.count, next + considered_max), [] as number[]]
      for (; next < limit && ordinals.length < count_max; next++) if (shows(next) && store.entry(next).position >= from) ordinals.push(next)
      return { ordinals, considered: next - begin }
    },
    get last() {
      return placeOf(store.count - 1)
    },
    get considered() {
      return placeOf(next - 1)
    },
    placeOf,
    placeBefore: (ordinal) => placeOf(ordinal - 1),
    isGone: false,
    isCurrent: () => true,
  }
}

/**
 * Metadata of the stream hides what was there before the group was live, and nothing that came later; so does a tombstone, which is the
 * last that comes.
 */
function streamSource(store: Store, stream: string, from: number): Source {
  let [next, isLive, isOver] = [from, false, false]
  return {
    take(count_max) {
      const { first, lastVisible, ordinalOf, tombstone } = store.stream(stream)
      const [begin, ordinals] = [next, [] as number[]]
      if (!isLive) next = Math.max(next, Math.min(first, lastVisible + 1))
      for (; next <= lastVisible && ordinals.length < count_max; next++) ordinals.push(ordinalOf(next))
      if (isLive && tombstone >= 0 && !isOver && next > lastVisible && ordinals.length < count_max) {
        isOver = true
        return { ordinals: [...ordinals, tombstone], considered: next - begin + 1 }
      }
      if (next === begin) isLive = true
      return { ordinals, considered: next - begin }
    },
    get isGone() {
      return !isLive && store.stream(stream).status === 'tombstoned'
    },
    get last() {
      return store.stream(stream).lastVisible
    },
    get considered() {
      return next - 1
    },
    placeOf: (ordinal) => store.entry(ordinal).revision,
    placeBefore: (ordinal) => store.entry(ordinal).revision - 1,
    isCurrent(record) {
      const view = store.stream(stream)
      return isLive || !hasAge(view) || !isExpired(view, record)
    },
  }
}
