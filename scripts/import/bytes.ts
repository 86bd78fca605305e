import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Usage } from '../../infra/console/command.ts'

/** A file of a log, unpacked when its name ends in .gz; it can be read more than once. */
export interface Bytes {
  /** As people are told of it. */
  readonly name: string
  read(onRead?: (bytes: number) => void): AsyncGenerator<Buffer>
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  Z_BUF_ERROR: 'it ends in the middle of the packed data, so a part of it is missing',
  Z_DATA_ERROR: 'it is damaged, or no gzip although its name says so',
}

/** What a file begins with that is no text. */
const kinds: readonly (readonly [magic: string, what: string])[] = [
  ['\x1f\x8b', 'it is gzip: let its name end in .gz'],
  ['PK\x03\x04', 'it is a zip archive or a workbook: unpack it, or save the sheet as CSV'],
]

/** Whatever goes wrong on the way, in the file or in unpacking it, becomes a sentence here. `onRead` hears of the bytes of the file. */
export const bytesOf = (path: string, name: string): Bytes => ({
  name,
  async* read(onRead = () => undefined) {
    const raw = createReadStream(path)
    const unpacked = name.endsWith('.gz') ? pipeline(raw, createGunzip(), () => undefined) : raw
    let isFirst = true
    try {
      for await (const chunk of unpacked as AsyncIterable<Buffer>) {
        const kind = isFirst && kinds.find(([magic]) => chunk.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1')))
        if (kind) throw new Usage(`${name} cannot be read: ${kind[1]}.`)
        isFirst = false
        yield chunk
        onRead(raw.bytesRead)
      }
    } catch (error) {
      if (error instanceof Usage) throw error
      const { code = '', message } = error as NodeJS.ErrnoException
      throw new Usage(`${name} cannot be read: ${whys[code] ?? message}.`)
    } finally {
      raw.destroy()
    }
  },
})
