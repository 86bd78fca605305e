import { createHash } from 'node:crypto'
import { StringDecoder } from 'node:string_decoder'
import { redactText } from 'shared-domain/kernel/redaction.ts'

export const chunk_max = 16_384
const tail_max = 65_536
const minute_ms = 60_000
/** More than so much a minute is not passed on. */
const minute_max = 1_048_576

/** Cuts what arrives in pieces into lines; one that never ends is cut, too. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  take(piece: Buffer): readonly string[] {
    const lines = (this.#rest + this.#decoder.write(piece)).split('\n')
    this.#rest = lines.pop()!
    while (this.#rest.length >= chunk_max) {
      lines.push(this.#rest.slice(0, chunk_max))
      this.#rest = this.#rest.slice(chunk_max)
    }
    return lines
  }

  end(): readonly string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}

/** What a program printed, without secrets: what is to be passed on, the end of it, and a digest of all. */
export class Output {
  readonly #hash = createHash('sha256')
  #waiting = ''
  #tail = ''
  #minute = -1
  #passed = 0
  /** Characters that were not passed on. */
  dropped = 0

  /** True when it is too much for now. */
  take(line: string, now_ms = performance.now()): boolean {
    const text = `${redactText(line)}\n`
    this.#hash.update(text)
    this.#tail = (this.#tail + text).slice(-tail_max)
    const minute = Math.floor(now_ms / minute_ms)
    if (minute !== this.#minute) [this.#minute, this.#passed] = [minute, 0]
    if (this.#passed + text.length > minute_max) {
      this.dropped += text.length
      return true
    }
    this.#passed += text.length
    this.#waiting += text
    return false
  }

  /** There is enough to be passed on. */
  get isFull(): boolean {
    return this.#waiting.length >= chunk_max
  }

  /** The next to be passed on, at most 16 KiB. */
  next(): string | undefined {
    if (this.#waiting === '') return undefined
    const chunk = this.#waiting.slice(0, chunk_max)
    this.#waiting = this.#waiting.slice(chunk.length)
    return chunk
  }

  tail(characters: number): string {
    return this.#tail.slice(-characters)
  }

  /** As much of the end as is at most so long in JSON. */
  tailAsJson(characters: number): string {
    let tail = this.tail(characters)
    while (JSON.stringify(tail).length > characters) tail = tail.slice(Math.ceil((JSON.stringify(tail).length - characters) / 6) + 1)
    return tail
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}
