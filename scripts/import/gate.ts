/** Of the work that is begun and ended on behalf of many, in an order that is planned: so much is under way for each, and no more. */
export class Gates {
  readonly #room: number
  readonly #ended = new Map<string, number>()
  readonly #waiting = new Map<string, Map<number, () => void>>()
  #isOver = false

  constructor(room: number) {
    this.#room = room
  }

  /**
   * Returns when what is the nth to begin may do so: when there was room for it if all before it had begun. So it waits for ends alone,
   * never for those that come before it to begin.
   */
  async enter(name: string, nth: number): Promise<void> {
    if (this.#isOpen(name, nth)) return
    const waiting = this.#waiting.get(name) ?? new Map<number, () => void>()
    this.#waiting.set(name, waiting)
    await new Promise<void>((resolve) => waiting.set(nth, resolve))
  }

  /** Something that was begun has ended, or never will begin. */
  leave(name: string): void {
    this.#ended.set(name, this.#endedOf(name) + 1)
    const waiting = this.#waiting.get(name)
    for (const [nth, go] of waiting ?? []) {
      if (!this.#isOpen(name, nth)) continue
      waiting!.delete(nth)
      go()
    }
  }

  /** Whoever waits waits no more: nothing is begun or ended any longer. */
  open(): void {
    this.#isOver = true
    for (const waiting of this.#waiting.values()) for (const go of waiting.values()) go()
    this.#waiting.clear()
  }

  #endedOf(name: string): number {
    return this.#ended.get(name) ?? 0
  }

  #isOpen(name: string, nth: number): boolean {
    return this.#isOver || nth - this.#endedOf(name) <= this.#room
  }
}
