import type { StrategyName } from './settings.ts'

/** What a strategy must know of a consumer. */
export interface Slots {
  /** How many events more it may hold. */
  readonly free: number
}

/** A consumer, or `later` when this event must wait but others need not, or undefined when nobody has room. */
export type Choice<C> = C | 'later' | undefined

export interface Strategy<C extends Slots> {
  join(consumer: C): void
  leave(consumer: C): void
  /** `key` is what pinned strategies pin: a stream name or a correlation id. */
  choose(key: () => string): Choice<C>
  /** Told when an event is given to a consumer and when it comes back, for strategies that look at what is under way. */
  moved(key: () => string, change: 1 | -1): void
}

export const strategy = <C extends Slots>(name: StrategyName): Strategy<C> =>
  (name === 'RoundRobin' ? roundRobin() : name === 'DispatchToSingle' ? dispatchToSingle() : pinned())

/** Takes turns among those that have room. */
function roundRobin<C extends Slots>(): Strategy<C> {
  const consumers: C[] = []
  return {
    join: (consumer) => void consumers.push(consumer),
    leave: (consumer) => void consumers.splice(consumers.indexOf(consumer), 1),
    choose() {
      const at = consumers.findIndex(({ free }) => free > 0)
      if (at < 0) return undefined
      consumers.push(...consumers.splice(0, at + 1))
      return consumers.at(-1)
    },
    moved: () => undefined,
  }
}

/** Fills the first, then the next. */
function dispatchToSingle<C extends Slots>(): Strategy<C> {
  const consumers: C[] = []
  return {
    join: (consumer) => void consumers.push(consumer),
    leave: (consumer) => void consumers.splice(consumers.indexOf(consumer), 1),
    choose: () => consumers.find(({ free }) => free > 0),
    moved: () => undefined,
  }
}

const buckets_count = 1_024

/** FNV-1a: any hash that spreads will do, as long as a stream keeps its bucket. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % buckets_count
}

/** Each stream to one consumer, by buckets that are spread evenly; who comes takes over those with nothing under way first. */
function pinned<C extends Slots>(): Strategy<C> {
  const consumers: C[] = []
  const owners = new Array<C | undefined>(buckets_count).fill(undefined)
  const underWay = new Array<number>(buckets_count).fill(0)

  function rebalance() {
    if (consumers.length === 0) return
    const share = Math.ceil(buckets_count / consumers.length)
    const held = new Map(consumers.map((consumer) => [consumer, 0]))
    for (const owner of owners) if (owner) held.set(owner, held.get(owner)! + 1)
    const given = (bucket: number) => {
      const poorest = consumers.reduce((a, b) => (held.get(b)! < held.get(a)! ? b : a))
      owners[bucket] = poorest
      held.set(poorest, held.get(poorest)! + 1)
    }
    owners.forEach((owner, bucket) => { if (!owner) given(bucket) })
    for (const isIdleWanted of [true, false]) {
      owners.forEach((owner, bucket) => {
        if (!owner || held.get(owner)! <= share || (underWay[bucket] === 0) !== isIdleWanted) return
        held.set(owner, held.get(owner)! - 1)
        given(bucket)
      })
    }
  }

  return {
    join(consumer) {
      consumers.push(consumer)
      rebalance()
    },
    leave(consumer) {
      consumers.splice(consumers.indexOf(consumer), 1)
      owners.forEach((owner, bucket) => { if (owner === consumer) owners[bucket] = undefined })
      rebalance()
    },
    choose(key) {
      if (!consumers.some(({ free }) => free > 0)) return undefined
      const owner = owners[bucketOf(key())]!
      return owner.free > 0 ? owner : 'later'
    },
    moved: (key, change) => void (underWay[bucketOf(key())]! += change),
  }
}
