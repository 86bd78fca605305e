/** An event as a line of an export. */
export interface ExportedEvent {
  readonly stream: string
  /** -1 for the event that deletes a stream for ever. */
  readonly revision: number
  readonly id: string
  readonly type: string
  readonly json: boolean
  /** ISO 8601, in milliseconds. */
  readonly created: string
  readonly position: string
  readonly data: Buffer
  readonly metadata: Buffer
}

export const tombstoneRevision = '9223372036854775807'

type Exact = {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  rawJSON(text: string): unknown
}
const exact = JSON as unknown as Exact

/** As `JSON.parse`, but whole numbers that a JavaScript number cannot hold are written out again as they stood. */
export const parseExactly = (text: string): unknown => exact.parse(text, (_, value, { source }) =>
  (typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? exact.rawJSON(source) : value))

const hasLongNumber = /\d{16}/

/** The text of JSON that comes back byte for byte when it is parsed and written again; undefined where that is not so. */
function jsonText(bytes: Buffer): string | undefined {
  const text = bytes.toString()
  try {
    const value = hasLongNumber.test(text) ? parseExactly(text) : JSON.parse(text)
    return JSON.stringify(value) === text && (!text.includes('\ufffd') || Buffer.from(text).equals(bytes)) ? text : undefined
  } catch {
    return undefined
  }
}

/** `"data":…` where the bytes are JSON that survives, else `"dataBase64":…`; nothing where there are none. */
function field(name: string, bytes: Buffer, mayBeJson: boolean): string {
  if (bytes.length === 0) return ''
  const text = mayBeJson ? jsonText(bytes) : undefined
  return text === undefined ? `,"${name}Base64":"${bytes.toString('base64')}"` : `,"${name}":${text}`
}

export function lineOf({ stream, revision, id, type, json, created, position, data, metadata }: ExportedEvent): string {
  const head = JSON.stringify({
    stream, revision: revision < 0 ? tombstoneRevision : revision, id, type, contentType: json ? 'application/json' : 'application/octet-stream', created, position,
  })
  return `${head.slice(0, -1)}${field('data', data, json)}${field('metadata', metadata, true)}}\n`
}

type Line = { readonly [key: string]: unknown }

/** As it is written by an export: a date that the calendar does not have would be read as another one. */
const isInstant = (text: string): boolean => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text

/** Throws a sentence that says what is wrong. */
export function eventFrom(line: string): ExportedEvent {
  let read: Line
  try {
    read = (hasLongNumber.test(line) ? parseExactly(line) : JSON.parse(line)) as Line
  } catch (error) {
    throw new Error(`is not JSON: ${(error as Error).message}`)
  }
  const text = (key: string, pattern: RegExp): string => {
    const value = read[key]
    if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`says no proper ${key}`)
    return value
  }
  const bytes = (key: string): Buffer => {
    if (Object.hasOwn(read, key)) return Buffer.from(JSON.stringify(read[key]))
    return Object.hasOwn(read, `${key}Base64`) ? Buffer.from(text(`${key}Base64`, /^[A-Za-z0-9+/]*={0,2}$/), 'base64') : Buffer.alloc(0)
  }
  const { revision } = read
  if (revision !== tombstoneRevision && !(Number.isSafeInteger(revision) && Number(revision) >= 0)) throw new Error('says no proper revision')
  const created = text('created', /^\d{4}-\d\d-\d\dT/)
  if (!isInstant(created)) throw new Error('says no proper created')
  return {
    stream: text('stream', /./s), revision: revision === tombstoneRevision ? -1 : Number(revision), id: text('id', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/), type: text('type', /./s),
    json: text('contentType', /^/) === 'application/json', created, position: text('position', /^\d+$/), data: bytes('data'), metadata: bytes('metadata'),
  }
}

/** Every byte of an export is text, or there as base64. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

const line_bytes_max = 64 * 1024 * 1024

/** The lines of a file, of whatever length up to a bound: split at line feeds only, unlike `readline`. */
export async function* linesIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let [length, number] = [0, 0]
  const textOf = (bytes: Buffer): string => {
    number++
    try {
      return utf8.decode(bytes)
    } catch {
      throw new Error(`line ${number} is no UTF-8`)
    }
  }
  for await (let chunk of chunks) {
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
      yield textOf(Buffer.concat([...parts, chunk.subarray(0, end)]))
      chunk = chunk.subarray(end + 1)
      ;[parts, length] = [[], 0]
    }
    parts.push(chunk)
    if ((length += chunk.length) > line_bytes_max) throw new Error(`line ${number + 1} is longer than ${line_bytes_max} bytes`)
  }
  if (length > 0) yield textOf(Buffer.concat(parts))
}
