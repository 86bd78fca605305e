const slab_bytes = 256 * 1024

/**
 * Memory for what is kept long and let go in order. Out of Node's own pool a kept record would keep the pages alive that it shares with
 * messages of a moment: ten times its size.
 */
export class Slabs {
  #slab = Buffer.alloc(0)
  #used = 0

  take(length: number): Buffer {
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slab_bytes, length))
      this.#used = 0
    }
    return this.#slab.subarray(this.#used, this.#used += length)
  }

  /** Of what was taken last, so much was not needed. */
  giveBack(length: number): void {
    this.#used -= length
  }
}
