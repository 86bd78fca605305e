import type { Store } from '../contract.ts'

/** Wakes up when there is something new. There is no queue: who is slow reads from the index what it missed, however much that is. */
export class Follower {
  readonly #stop: () => void
  #hasNews = true
  #isEnded = false
  #wake: () => void = () => undefined

  constructor(store: Store) {
    this.#stop = store.onVisible(() => this.poke())
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
