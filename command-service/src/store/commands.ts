/** So many are remembered of one stream, then the older half is forgotten: a repetition that comes so late is not recognised. */
const commands_max = 16_384
const first_max = 8

const none = new Uint32Array(0)

/** Ids are random at their end. */
const endOf = (id: string): number => Number.parseInt(id.slice(-8), 16)

/**
 * Which commands a stream holds, in eight bytes each: the end of the id, and the revision of the last fact that the command led to. Ids
 * may end alike, so what is found must be looked at.
 */
export class Commands {
  #pairs = none
  #count = 0

  /** As they were when `bytes` was asked. */
  static of(bytes: Uint8Array): Commands {
    const commands = new Commands()
    const pairs = new Uint32Array(Uint8Array.from(bytes).buffer)
    let length = 2 * first_max
    while (length < pairs.length) length *= 2
    commands.#pairs = new Uint32Array(length)
    commands.#pairs.set(pairs)
    commands.#count = pairs.length / 2
    return commands
  }

  /** A copy of all that is remembered, for a machine of the same order of bytes. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#pairs.slice(0, 2 * this.#count).buffer)
  }

  /** A fact of this command; those of one command come one after the other. */
  add(id: string, revision: number): void {
    const end = endOf(id)
    const last = 2 * this.#count - 2
    if (last >= 0 && this.#pairs[last] === end && this.#pairs[last + 1] === revision - 1) {
      this.#pairs[last + 1] = revision
      return
    }
    if (2 * this.#count === this.#pairs.length) this.#makeRoom()
    this.#pairs.set([end, revision], 2 * this.#count)
    this.#count++
  }

  /** Where facts of a command with this id may stand, newest first. */
  * revisionsOf(id: string): Generator<number, void, void> {
    const end = endOf(id)
    for (let index = 2 * this.#count - 2; index >= 0; index -= 2) if (this.#pairs[index] === end) yield this.#pairs[index + 1]!
  }

  #makeRoom() {
    const isFull = this.#count === commands_max
    const kept = isFull ? this.#pairs.subarray(this.#count) : this.#pairs
    const wider = new Uint32Array(isFull ? this.#pairs.length : Math.max(2 * first_max, 2 * this.#pairs.length))
    wider.set(kept)
    this.#pairs = wider
    this.#count = kept.length / 2
  }
}
