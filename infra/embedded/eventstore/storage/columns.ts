/** Growing columns of numbers in chunks: nothing is copied when they grow, and at most one chunk is slack. */
const chunk_bits = 16
const chunk_size = 1 << chunk_bits

type Numbers = Uint32Array | Float64Array

export class Column<A extends Numbers> {
  readonly #make: (length: number) => A
  readonly #chunks: A[] = []
  length = 0

  constructor(make: (length: number) => A) {
    this.#make = make
  }

  get(index: number): number {
    return this.#chunks[index >>> chunk_bits]![index & (chunk_size - 1)]!
  }

  push(value: number): void {
    const chunk = this.length >>> chunk_bits
    if (chunk === this.#chunks.length) this.#chunks.push(this.#make(chunk_size))
    this.#chunks[chunk]![this.length++ & (chunk_size - 1)] = value
  }

  /** Forgets what stands from this index on. */
  truncate(length: number): void {
    this.length = length
    this.#chunks.length = Math.ceil(length / chunk_size)
  }

  /** The first values as bytes, chunk by chunk. */
  * bytes(count: number): Generator<Buffer> {
    for (let from = 0; from < count; from += chunk_size) {
      const part = this.#chunks[from >>> chunk_bits]!.subarray(0, Math.min(chunk_size, count - from))
      yield Buffer.from(part.buffer, part.byteOffset, part.byteLength)
    }
  }

  /** Fills an empty column with values as `bytes` gave them; `take` hands over the bytes of so many. */
  load(count: number, take: (values: number) => Buffer): void {
    for (let from = 0; from < count; from += chunk_size) {
      const chunk = this.#make(chunk_size)
      take(Math.min(chunk_size, count - from)).copy(Buffer.from(chunk.buffer))
      this.#chunks.push(chunk)
    }
    this.length = count
  }
}

export const numbers32 = () => new Column((length) => new Uint32Array(length))
export const numbers64 = () => new Column((length) => new Float64Array(length))

/** Names as small integers. */
export class Names {
  readonly #byName = new Map<string, number>()
  readonly names: string[] = []

  keyOf(name: string): number {
    let key = this.#byName.get(name)
    if (key === undefined) this.#byName.set(name, key = this.names.push(name) - 1)
    return key
  }

  find(name: string): number | undefined {
    return this.#byName.get(name)
  }
}
