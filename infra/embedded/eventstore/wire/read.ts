import { position, readPosition, readStreamName, streamIdentifier } from './fields.ts'
import { bytesField, lengthDelimited, messageField, numberField, Reader, varintField, varintLength, writeVarint } from './protobuf.ts'

export interface Expression {
  readonly regex: string
  readonly prefixes: readonly string[]
}

export interface FilterWish {
  readonly on: 'stream' | 'type'
  readonly expression: Expression
  /** How many events are looked at between checkpoints, before the multiplier. */
  readonly window: number | undefined
  readonly multiplier: number
}

/** Where a read starts: a revision or position, or one of the ends. */
export type Start = number | 'start' | 'end'

export interface ReadReq {
  readonly stream: string | undefined
  readonly start: Start
  readonly isBackwards: boolean
  readonly resolvesLinks: boolean
  /** Ids are wished for as two numbers, not as text. */
  readonly structuresIds: boolean
  /** Undefined for a subscription. */
  readonly count: number | undefined
  readonly filter: FilterWish | undefined
  readonly compatibility: number
  /** Why it cannot be answered, in a sentence; undefined where it can. */
  readonly fault: string | undefined
}

/**
 * ReadReq { options = 1 { stream = 1 | all = 2, read_direction = 3, resolve_links = 4, count = 5 | subscription = 6,
 * filter = 7 | no_filter = 8, uuid_option = 9, control_option = 10 } }
 */
export function readReadReq(buffer: Buffer): ReadReq {
  const outer = new Reader(buffer)
  let options = new Reader(Buffer.alloc(0))
  while (outer.more) {
    const tag = outer.varint()
    if (tag === lengthDelimited(1)) options = outer.message()
    else outer.skip(tag)
  }
  return readOptions(options)
}

/** Of alternatives the last one counts, as in protobuf. */
function readOptions(reader: Reader): ReadReq {
  let [source, stream, start] = [undefined as 'stream' | 'all' | undefined, undefined as string | undefined, 'start' as Start]
  let [isBackwards, resolvesLinks, ids, compatibility] = [false, false, undefined as 'structured' | 'string' | undefined, 0]
  let [count, filter] = [undefined as number | 'unlimited' | undefined, undefined as FilterWish | 'none' | undefined]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): ({ stream, start } = readStreamOptions(reader.message())); source = 'stream'; break
      case lengthDelimited(2): start = readAllOptions(reader.message()); [source, stream] = ['all', undefined]; break
      case varintField(3): isBackwards = reader.varint() === 1; break
      case varintField(4): resolvesLinks = reader.varint() !== 0; break
      case varintField(5): count = reader.varint(); break
      case lengthDelimited(6): reader.skip(tag); count = 'unlimited'; break
      case lengthDelimited(7): filter = readFilter(reader.message()); break
      case lengthDelimited(8): reader.skip(tag); filter = 'none'; break
      case lengthDelimited(9): ids = readUuidOption(reader.message()); break
      case lengthDelimited(10): compatibility = readControl(reader.message()); break
      default: reader.skip(tag)
    }
  }
  const faults: readonly (readonly [boolean, string])[] = [
    [ids === undefined, 'The request says no uuid option.'],
    [source === undefined, 'The request says neither a stream nor $all.'],
    [count === undefined, 'The request says neither a count nor that it subscribes.'],
    [filter === undefined, 'The request says neither a filter nor that there is none.'],
    [filter !== 'none' && source === 'stream', 'Only $all is filtered.'],
    [count === 'unlimited' && isBackwards, 'A subscription goes forwards.'],
  ]
  return {
    stream, start, isBackwards, resolvesLinks, structuresIds: ids === 'structured', compatibility, fault: faults.find(([isSo]) => isSo)?.[1],
    count: count === 'unlimited' ? undefined : count, filter: filter === 'none' ? undefined : filter,
  }
}

/** stream_identifier = 1, revision = 2 | start = 3 | end = 4 */
export function readStreamOptions(reader: Reader): { stream: string; start: Start } {
  let [stream, start] = ['', 'start' as Start]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): stream = readStreamName(reader.message()); break
      case varintField(2): start = reader.varint(); break
      case lengthDelimited(3): reader.skip(tag); start = 'start'; break
      case lengthDelimited(4): reader.skip(tag); start = 'end'; break
      default: reader.skip(tag)
    }
  }
  return { stream, start }
}

/** position = 1 | start = 2 | end = 3; `other` takes what persistent subscriptions add. */
export function readAllOptions(reader: Reader, other: (tag: number, reader: Reader) => void = (tag) => reader.skip(tag)): Start {
  let start: Start = 'start'
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): start = readPosition(reader.message()).commit; break
      case lengthDelimited(2): reader.skip(tag); start = 'start'; break
      case lengthDelimited(3): reader.skip(tag); start = 'end'; break
      default: other(tag, reader)
    }
  }
  return start
}

/** stream_identifier = 1 | event_type = 2, max = 3 | count = 4, checkpointIntervalMultiplier = 5 */
export function readFilter(reader: Reader): FilterWish {
  let [on, expression] = ['stream' as FilterWish['on'], { regex: '', prefixes: [] } as Expression]
  let [window, multiplier] = [undefined as number | undefined, 0]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): on = 'stream'; expression = readExpression(reader.message()); break
      case lengthDelimited(2): on = 'type'; expression = readExpression(reader.message()); break
      case varintField(3): window = reader.varint(); break
      case varintField(5): multiplier = reader.varint(); break
      default: reader.skip(tag)
    }
  }
  return { on, expression, window, multiplier }
}

function readExpression(reader: Reader): Expression {
  const prefixes: string[] = []
  let regex = ''
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) regex = reader.string()
    else if (tag === lengthDelimited(2)) prefixes.push(reader.string())
    else reader.skip(tag)
  }
  return { regex, prefixes }
}

/** structured = 1 | string = 2 */
export function readUuidOption(reader: Reader): 'structured' | 'string' | undefined {
  let ids: 'structured' | 'string' | undefined
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) ids = 'structured'
    else if (tag === lengthDelimited(2)) ids = 'string'
    reader.skip(tag)
  }
  return ids
}

function readControl(reader: Reader): number {
  let compatibility = 0
  while (reader.more) {
    const tag = reader.varint()
    if (tag === varintField(1)) compatibility = reader.varint()
    else reader.skip(tag)
  }
  return compatibility
}

const field = (content_bytes: number) => 1 + varintLength(content_bytes) + content_bytes

/**
 * ReadResp { event = 1 { event = 1, link = 2, commit_position = 3 } }. The records are copied as they lie in the log; `at` is the
 * position of the link where there is one. `more` is what persistent subscriptions add behind.
 */
export function eventAppeared(event: Buffer | undefined, link: Buffer | undefined, at: number, more?: Buffer): Buffer {
  const body_bytes = (event ? field(event.length) : 0) + (link ? field(link.length) : 0) + 1 + varintLength(at) + (more?.length ?? 0)
  const buffer = Buffer.allocUnsafe(field(body_bytes))
  let to = 0
  buffer[to++] = lengthDelimited(1)
  to = writeVarint(buffer, to, body_bytes)
  if (event) {
    buffer[to++] = lengthDelimited(1)
    to = writeVarint(buffer, to, event.length)
    to += event.copy(buffer, to)
  }
  if (link) {
    buffer[to++] = lengthDelimited(2)
    to = writeVarint(buffer, to, link.length)
    to += link.copy(buffer, to)
  }
  buffer[to++] = varintField(3)
  to = writeVarint(buffer, to, at)
  more?.copy(buffer, to)
  return buffer
}

export const confirmation = (id: string): Buffer => messageField(2, bytesField(1, id))
export const checkpoint = (at: number): Buffer => position(3, at)
export const streamNotFound = (stream: string): Buffer => messageField(4, streamIdentifier(1, stream))
export const firstStreamPosition = (revision: number): Buffer => numberField(5, revision)
export const lastStreamPosition = (revision: number): Buffer => numberField(6, revision)
export const caughtUp: Buffer = messageField(8)
