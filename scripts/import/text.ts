import { TextDecoder } from 'node:util'
import { Usage } from '../../infra/console/command.ts'
import type { Bytes } from './bytes.ts'

const head_bytes_max = 1_024

export interface Reading {
  /** What the mapping says; else a byte order mark counts, then what an XML declaration says, then UTF-8. */
  readonly encoding?: string | undefined
  readonly isXml?: boolean
  readonly onRead?: ((bytes: number) => void) | undefined
}

export function isEncoding(label: string): boolean {
  try {
    return Boolean(new TextDecoder(label))
  } catch {
    return false
  }
}

/** The text of a file. Bytes that are no text in its encoding are an error that names the place. */
export async function* textOf(file: Bytes, reading: Reading = {}): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  let place: Place = { bytes: 0, line: 1 }
  const decoded = (chunk: Buffer, isLast: boolean): string => {
    decoder ??= new TextDecoder(encodingOf(file, chunk, reading), { fatal: true })
    return decoder.decode(chunk, { stream: !isLast })
  }
  for await (const { chunk, isLast } of fromHead(file.read(reading.onRead))) {
    let text: string
    try {
      text = decoded(chunk, isLast)
    } catch (error) {
      if (error instanceof Usage || !decoder) throw error
      const { encoding } = decoder
      const { bytes, line } = await badByte(file, encoding, place)
      throw new Usage(`${file.name} is no ${encoding}: see byte ${bytes}, line ${line}. Say in the mapping which "encoding" it has, such as windows-1252.`)
    }
    place = { bytes: place.bytes + chunk.length, line: place.line + linesIn(text) }
    if (text !== '') yield text
  }
}

/** Bytes before it, lines from 1. */
interface Place {
  readonly bytes: number
  readonly line: number
}

const linesIn = (text: string): number => text.split('\n').length - 1

/** Chunks of which the first is long enough to tell the encoding, and the last is known to be it. */
async function* fromHead(chunks: AsyncIterable<Buffer>): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let held = Buffer.alloc(0)
  let isBegun = false
  for await (const chunk of chunks) {
    if (isBegun) yield { chunk, isLast: false }
    else {
      held = Buffer.concat([held, chunk])
      if (held.length < head_bytes_max) continue
      isBegun = true
      yield { chunk: held, isLast: false }
    }
  }
  yield { chunk: isBegun ? Buffer.alloc(0) : held, isLast: true }
}

function encodingOf({ name }: Bytes, head: Buffer, { encoding, isXml = false }: Reading): string {
  if (encoding !== undefined) return encoding
  const begin = head.subarray(0, 4).toString('latin1')
  if (begin.startsWith('\xff\xfe') || begin === '<\0?\0') return 'utf-16le'
  if (begin.startsWith('\xfe\xff') || begin === '\0<\0?') return 'utf-16be'
  if (!isXml || begin.startsWith('\xef\xbb\xbf')) return 'utf-8'
  const said = /^<\?xml\s[^>]*\bencoding\s*=\s*["']([^"']*)["']/.exec(head.subarray(0, head_bytes_max).toString('latin1'))?.[1] ?? 'utf-8'
  // What could be read so far is not in two bytes a character.
  if (!isEncoding(said) || /^utf-?16/i.test(said)) throw new Usage(`${name} says that its encoding is ${said}, which it cannot be read in.`)
  return said
}

/** Reads again from the beginning, to where it went wrong after `before`: byte by byte, so that the place is exact. */
async function badByte(file: Bytes, encoding: string, before: Place): Promise<Place> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  /** Bytes looked at, and where the character begins that is being read. */
  let [bytes, begin, line] = [0, before.bytes, before.line]
  for await (const chunk of file.read()) {
    const known = Math.min(chunk.length, Math.max(0, before.bytes - bytes))
    if (known > 0) decoder.decode(chunk.subarray(0, known), { stream: true })
    for (let n = known; n < chunk.length; n++) {
      try {
        const text = decoder.decode(chunk.subarray(n, n + 1), { stream: true })
        if (text !== '') begin = bytes + n + 1
        line += linesIn(text)
      } catch {
        return { bytes: begin, line }
      }
    }
    bytes += chunk.length
  }
  return { bytes: begin, line }
}
