import type { Store } from '../contract.ts'

/**
 * Followers of single streams, by their names. There are thousands that mostly sleep: they are woken by events of their stream alone, so
 * that a commit costs nothing for the others.
 */
const followersOf = new WeakMap<Store, Map<string, Set<Follower>>>()

function byStream(store: Store): Map<string, Set<Follower>> {
  const known = followersOf.get(store)
  if (known) return known
  const followers = new Map<string, Set<Follower>>()
  followersOf.set(store, followers)
  store.onVisible((from, to) => {
    if (followers.size === 0) return
    for (let ordinal = from; ordinal < to; ordinal++) {
      for (const follower of followers.get(store.entry(ordinal).stream) ?? []) follower.poke()
    }
  })
  return followers
}

function join(followers: Map<string, Set<Follower>>, stream: string, follower: Follower): () => void {
  const others = followers.get(stream) ?? new Set()
  followers.set(stream, others.add(follower))
  return () => {
    if (others.delete(follower) && others.size === 0) followers.delete(stream)
  }
}

/** Wakes up when there is something new. There is no queue: who is slow reads from the index what it missed, however much that is. */
export class Follower {
  readonly #stop: () => void
  #hasNews = true
  #isEnded = false
  #wake: () => void = () => undefined

  /** Of one stream, or of all. */
  constructor(store: Store, stream?: string) {
    this.#stop = stream === undefined ? store.onVisible(() => this.poke()) : join(byStream(store), stream, this)
  }

  /** There may be something to do for another reason than news. */
  poke(): void {
    this.#hasNews = true
    this.#wake()
  }

  /** True when something may be new, false when it is over. */
  async next(): Promise<boolean> {
    if (!this.#hasNews && !this.#isEnded) await new Promise<void>((resolve) => { this.#wake = resolve })
    this.#hasNews = false
    return !this.#isEnded
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  end(): void {
    this.#isEnded = true
    this.#stop()
    this.#wake()
  }
}
