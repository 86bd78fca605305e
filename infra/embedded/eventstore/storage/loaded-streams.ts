/**
 * The names of streams that a snapshot knew, as they stand there: a key each, found by name, made strings only when asked for. So a
 * start on a hundred thousand streams makes no hundred thousand objects.
 */
export class LoadedStreams {
  readonly #bytes: Buffer
  /** Where each name begins, and the last one ends. */
  readonly #starts: Uint32Array
  /** Keys by the hash of the name, one behind; 0 is a free slot. */
  readonly #slots: Uint32Array
  readonly length: number

  /** `lengths` in bytes, `bytes` of all names in a row. */
  constructor(lengths: Uint32Array, bytes: Buffer) {
    this.length = lengths.length
    this.#bytes = bytes
    this.#starts = new Uint32Array(lengths.length + 1)
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * lengths.length + 2)))
    for (let key = 0; key < lengths.length; key++) {
      this.#starts[key + 1] = this.#starts[key]! + lengths[key]!
      let slot = this.#slotOf(bytes, this.#starts[key]!, this.#starts[key + 1]!)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = key + 1
    }
    if (this.#starts[lengths.length] !== bytes.length) throw new Error('the names are longer or shorter than they say')
  }

  #slotOf(bytes: Buffer, from: number, to: number): number {
    let hash = 0x811c9dc5
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1)
  }

  find(name: string): number | undefined {
    const wanted = Buffer.from(name)
    for (let slot = this.#slotOf(wanted, 0, wanted.length); this.#slots[slot] !== 0; slot = (slot + 1) & (this.#slots.length - 1)) {
      const key = this.#slots[slot]! - 1
      if (wanted.compare(this.#bytes, this.#starts[key], this.#starts[key + 1]) === 0) return key
    }
    return undefined
  }

  nameOf(key: number): string {
    return this.#bytes.toString('utf8', this.#starts[key], this.#starts[key + 1])
  }
}
