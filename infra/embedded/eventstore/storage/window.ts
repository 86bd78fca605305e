import { readAll, type FileLayer } from './files.ts'

const window_bytes = 1024 * 1024
export const newScratch = () => Buffer.allocUnsafe(window_bytes)

const zeros = Buffer.alloc(window_bytes)

/** Reads a file from front to back in bounded memory, whatever its size. Several that are not used at once may share a `scratch`. */
export class Window {
  readonly #files: FileLayer
  readonly #fd: number
  readonly #scratch: Buffer
  /** How long the file is. */
  readonly size: number
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0

  constructor(files: FileLayer, { fd }: { readonly fd: number }, scratch = newScratch()) {
    this.#files = files
    this.#fd = fd
    this.#scratch = scratch
    this.size = files.size(fd)
  }

  /** The bytes from an offset on: `length` of them, fewer only at the end of the file. They last until the next call. */
  at(offset: number, length: number): Buffer {
    if (offset < this.#start || offset + length > this.#start + this.#bytes.length) {
      const bytes = length > this.#scratch.length ? Buffer.allocUnsafe(Math.min(length, Math.max(0, this.size - offset))) : this.#scratch
      this.#bytes = bytes.subarray(0, readAll(this.#files, this.#fd, bytes, offset))
      this.#start = offset
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length)
  }

  /** True when nothing but zeros stands from the offset on. */
  isZeroFrom(offset: number): boolean {
    for (let at = offset; at < this.size; at += window_bytes) {
      const bytes = this.at(at, Math.min(window_bytes, this.size - at))
      if (!bytes.equals(zeros.subarray(0, bytes.length))) return false
    }
    return true
  }
}
