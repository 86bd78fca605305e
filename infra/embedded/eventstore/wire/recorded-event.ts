import { TOMBSTONE_REVISION, type ProposedEvent } from '../contract.ts'
import { readProperty } from './fields.ts'
import { bigVarint, lengthDelimited, messageField, numberField, Reader, varintField, varintLength, writeVarint } from './protobuf.ts'

/**
 * `RecordedEvent` of streams.proto. The log stores these very bytes, so that a read copies what was once written.
 * id = 1 { string = 2 }, stream_identifier = 2 { stream_name = 3 }, stream_revision = 3, prepare_position = 4, commit_position = 5,
 * metadata = 6 (map: type, created, content-type), custom_metadata = 7, data = 8.
 */
export interface RecordedEvent {
  readonly id: string
  readonly stream: string
  /** int64 max for the event that deletes a stream for ever. */
  readonly revision: bigint
  readonly position: number
  readonly type: string
  /** 100 ns since the Unix epoch. */
  readonly created: bigint
  readonly json: boolean
  readonly metadata: Buffer
  readonly data: Buffer
}

const entry = (key: string) => Buffer.concat([Buffer.from([lengthDelimited(1), key.length]), Buffer.from(key), Buffer.from([lengthDelimited(2)])])

const typeKey = entry('type')
const createdKey = entry('created')
const contentType = (value: string) => Buffer.concat([entry('content-type'), Buffer.from([value.length]), Buffer.from(value)])
const asJson = contentType('application/json')
const asBytes = contentType('application/octet-stream')
const tombstone = bigVarint(TOMBSTONE_REVISION)

const field = (content_bytes: number) => 1 + varintLength(content_bytes) + content_bytes

/** An event that is to be stored. */
export interface Draft {
  readonly event: ProposedEvent
  readonly revision: number | typeof TOMBSTONE_REVISION
  readonly type_bytes: number
}

const idLength = 36

export function draft(event: ProposedEvent, revision: Draft['revision']): Draft {
  // Whoever reads a record looks for everything behind the id where an id of this length ends.
  if (event.id.length !== idLength) throw new Error(`${event.id} is not a UUID`)
  return { event, revision, type_bytes: Buffer.byteLength(event.type) }
}

/** At most so long is the record, wherever it will stand: a position takes eight bytes or fewer. */
export function recordLengthMax({ event, revision, type_bytes }: Draft, stream_bytes: number, created: string): number {
  const content = event.json ? asJson : asBytes
  let length = field(field(event.id.length)) + field(field(stream_bytes))
  length += 1 + (typeof revision === 'bigint' ? tombstone.length : varintLength(revision)) + 2 * (1 + 8)
  length += field(typeKey.length + varintLength(type_bytes) + type_bytes) + field(createdKey.length + 1 + created.length) + field(content.length)
  if (event.metadata.length > 0) length += field(event.metadata.length)
  if (event.data.length > 0) length += field(event.data.length)
  return length
}

/** Writes the record and returns where it ends. */
export function writeRecord(buffer: Buffer, at: number, { event, revision, type_bytes }: Draft, stream: Buffer, position: number, created: string): number {
  const content = event.json ? asJson : asBytes
  buffer[at++] = lengthDelimited(1)
  buffer[at++] = 2 + event.id.length
  buffer[at++] = lengthDelimited(2)
  buffer[at++] = event.id.length
  at += buffer.write(event.id, at, 'latin1')
  buffer[at++] = lengthDelimited(2)
  at = writeVarint(buffer, at, field(stream.length))
  buffer[at++] = lengthDelimited(3)
  at = writeVarint(buffer, at, stream.length)
  at += stream.copy(buffer, at)
  buffer[at++] = varintField(3)
  if (typeof revision === 'bigint') at += tombstone.copy(buffer, at)
  else at = writeVarint(buffer, at, revision)
  buffer[at++] = varintField(4)
  at = writeVarint(buffer, at, position)
  buffer[at++] = varintField(5)
  at = writeVarint(buffer, at, position)
  buffer[at++] = lengthDelimited(6)
  at = writeVarint(buffer, at, typeKey.length + varintLength(type_bytes) + type_bytes)
  at += typeKey.copy(buffer, at)
  at = writeVarint(buffer, at, type_bytes)
  at += buffer.write(event.type, at)
  buffer[at++] = lengthDelimited(6)
  buffer[at++] = createdKey.length + 1 + created.length
  at += createdKey.copy(buffer, at)
  buffer[at++] = created.length
  at += buffer.write(created, at, 'latin1')
  buffer[at++] = lengthDelimited(6)
  buffer[at++] = content.length
  at += content.copy(buffer, at)
  if (event.metadata.length > 0) at = writeBytes(buffer, at, 7, event.metadata)
  if (event.data.length > 0) at = writeBytes(buffer, at, 8, event.data)
  return at
}

function writeBytes(buffer: Buffer, at: number, number: number, content: Buffer): number {
  buffer[at++] = lengthDelimited(number)
  at = writeVarint(buffer, at, content.length)
  return at + content.copy(buffer, at)
}

const none: Buffer = Buffer.alloc(0)

export function readRecord(record: Buffer): RecordedEvent {
  const reader = new Reader(record)
  let [id, stream, type, created, json] = ['', '', '', '0', false]
  let [revision, position] = [0n, 0]
  let [metadata, data] = [none, none]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): id = inner(reader.message(), lengthDelimited(2)); break
      case lengthDelimited(2): stream = inner(reader.message(), lengthDelimited(3)); break
      case varintField(3): revision = reader.varint64(); break
      case varintField(5): position = reader.varint(); break
      case lengthDelimited(6): {
        const [key, value] = readProperty(reader.message())
        if (key === 'type') type = value
        else if (key === 'created') created = value
        else if (key === 'content-type') json = value === 'application/json'
        break
      }
      case lengthDelimited(7): metadata = reader.bytes(); break
      case lengthDelimited(8): data = reader.bytes(); break
      default: reader.skip(tag)
    }
  }
  return { id, stream, revision, position, type, created: BigInt(created), json, metadata, data }
}

function inner(reader: Reader, wanted: number): string {
  let text = ''
  while (reader.more) {
    const tag = reader.varint()
    if (tag === wanted) text = reader.string()
    else reader.skip(tag)
  }
  return text
}

const id_end = 4 + idLength

/** Only the id: it stands first, always in the string form. */
export const idOf = (record: Buffer): string => record.toString('latin1', 4, id_end)

/** The same record for a reader that wishes ids as two numbers: UUID { structured = 1 { most_significant_bits = 1, least_significant_bits = 2 } } */
export function withStructuredId(record: Buffer): Buffer {
  const hex = idOf(record).replaceAll('-', '')
  const half = (from: number) => BigInt(`0x${hex.slice(from, from + 16)}`)
  return Buffer.concat([messageField(1, messageField(1, numberField(1, half(0)), numberField(2, half(16)))), record.subarray(id_end)])
}

/** The same record, said to stand at another position: that of the link by which a group found it. */
export function withPosition(record: Buffer, position: number): Buffer {
  const reader = new Reader(record, id_end)
  reader.varint()
  reader.message()
  reader.varint()
  reader.varint()
  const from = reader.at
  for (let passed = 0; passed < 4; passed++) reader.varint()
  return Buffer.concat([record.subarray(0, from), numberField(4, position), numberField(5, position), record.subarray(reader.at)])
}

/** What the index wants to know of a record. */
export interface RecordHead {
  readonly id: string
  readonly stream: string
  readonly type: string
  /** -1 for the event that deletes a stream for ever. */
  readonly revision: number
  readonly isTombstone: boolean
}

/**
 * The head of a record, read where `writeRecord` puts things: whoever starts on a long log reads every one of them.
 */
export function headOf(record: Buffer): RecordHead {
  const reader = new Reader(record, id_end)
  reader.varint()
  const stream = inner(reader.message(), lengthDelimited(3))
  reader.varint()
  const revision = reader.varint()
  // The two positions.
  for (let passed = 0; passed < 4; passed++) reader.varint()
  reader.varint()
  const [, type] = readProperty(reader.message())
  const isTombstone = revision > Number.MAX_SAFE_INTEGER
  return { id: idOf(record), stream, type, revision: isTombstone ? -1 : revision, isTombstone }
}

/** Only the data. */
export function dataOf(record: Buffer): Buffer {
  const reader = new Reader(record)
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(8)) return reader.bytes()
    reader.skip(tag)
  }
  return none
}
