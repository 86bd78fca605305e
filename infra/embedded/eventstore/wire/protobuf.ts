/**
 * The protobuf wire format, by hand: tags, varints and length-delimited fields over Buffers. Numbers are plain numbers where the
 * protocol stays below 2^53 and bigints where it does not. Wire format: https://protobuf.dev/programming-guides/encoding/
 */

/** Reads one message; never past its end, whatever the bytes say. Throws `Malformed`. */
export class Reader {
  readonly #buffer: Buffer
  #at: number
  readonly #end: number

  constructor(buffer: Buffer, at = 0, end = buffer.length) {
    this.#buffer = buffer
    this.#at = at
    this.#end = end
  }

  get more(): boolean {
    return this.#at < this.#end
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#at
  }

  /** Up to 2^53; larger values lose precision, so use `varint64` where they can occur. */
  varint(): number {
    let value = 0
    let factor = 1
    for (let read = 0; read < 10; read++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    throw new Malformed('a varint is longer than ten bytes')
  }

  /** Signed 64-bit. */
  varint64(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw new Malformed('a varint is longer than ten bytes')
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const length = this.varint()
    const from = this.#at
    if (from + length > this.#end) throw new Malformed('a field ends after its message')
    this.#at = from + length
    return this.#buffer.subarray(from, from + length)
  }

  string(): string {
    const length = this.varint()
    const from = this.#at
    if (from + length > this.#end) throw new Malformed('a field ends after its message')
    this.#at = from + length
    return this.#buffer.toString('utf8', from, from + length)
  }

  message(): Reader {
    const length = this.varint()
    const from = this.#at
    if (from + length > this.#end) throw new Malformed('a field ends after its message')
    this.#at = from + length
    return new Reader(this.#buffer, from, from + length)
  }

  /** Passes over a field of this tag's wire type. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0: this.varint64(); return
      case 1: this.#pass(8); return
      case 2: this.#pass(this.varint()); return
      case 5: this.#pass(4); return
      default: throw new Malformed(`wire type ${tag & 7} is not known`)
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new Malformed('a message ends in the middle of a field')
    return this.#buffer[this.#at++]!
  }

  #pass(length: number) {
    if (this.#at + length > this.#end) throw new Malformed('a field ends after its message')
    this.#at += length
  }
}

export class Malformed extends Error {}

/** Tag of a length-delimited field. */
export const lengthDelimited = (field: number): number => field * 8 + 2
/** Tag of a varint field. */
export const varintField = (field: number): number => field * 8

export function varintLength(value: number): number {
  let length = 1
  for (; value >= 0x80; value = Math.floor(value / 128)) length++
  return length
}

/** Returns where the next byte goes. */
export function writeVarint(buffer: Buffer, at: number, value: number): number {
  while (value > 0x7fffffff) {
    buffer[at++] = (value % 128) | 0x80
    value = Math.floor(value / 128)
  }
  while (value >= 0x80) {
    buffer[at++] = (value & 0x7f) | 0x80
    value >>>= 7
  }
  buffer[at++] = value
  return at
}

const varintOf = (value: number): Buffer => {
  const buffer = Buffer.allocUnsafe(varintLength(value))
  writeVarint(buffer, 0, value)
  return buffer
}

/** Pieces of cold messages, put together by `message`. Hot messages are written straight into one buffer instead. */
export const bytesField = (field: number, value: Buffer | string): Buffer => {
  const content = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([varintOf(lengthDelimited(field)), varintOf(content.length), content])
}

export const numberField = (field: number, value: number | bigint | boolean): Buffer =>
  Buffer.concat([varintOf(varintField(field)), typeof value === 'bigint' ? bigVarint(value) : varintOf(Number(value))])

export const message = (...fields: readonly (Buffer | undefined)[]): Buffer => Buffer.concat(fields.filter((field) => field !== undefined))

export const messageField = (field: number, ...fields: readonly (Buffer | undefined)[]): Buffer => bytesField(field, message(...fields))

export function bigVarint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let left = BigInt.asUintN(64, value); ; left >>= 7n) {
    if (left < 0x80n) return Buffer.from([...bytes, Number(left)])
    bytes.push(Number(left & 0x7fn) | 0x80)
  }
}
