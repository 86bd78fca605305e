/** What comes while something is being written is written next, together. */
export class GroupCommit<One> {
  readonly #write: (some: readonly One[]) => Promise<void>
  #waiting: { readonly one: One; readonly done: () => void }[] = []
  #isWriting = false

  /** `write` goes on until it is done, whatever stands in the way. */
  constructor(write: (some: readonly One[]) => Promise<void>) {
    this.#write = write
  }

  /** Returns once it is written. */
  add(one: One): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ one, done })
      if (!this.#isWriting) void this.#run()
    })
  }

  async #run() {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const some = this.#waiting
      this.#waiting = []
      await this.#write(some.map(({ one }) => one))
      for (const { done } of some) done()
    }
    this.#isWriting = false
  }
}
