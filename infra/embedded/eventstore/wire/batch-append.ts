import { NO_STREAM, ANY, STREAM_EXISTS } from '../contract.ts'
import { successFields } from './append.ts'
import { empty, readProposal, readStreamWish, streamIdentifier, type Proposal, type StreamWish } from './fields.ts'
import { bytesField, lengthDelimited, message, messageField, numberField, Reader, varintField, varintLength, writeVarint } from './protobuf.ts'

export interface BatchAppendReq {
  /** The UUID message as it came: it is echoed. */
  readonly correlation: Buffer
  readonly options: (StreamWish & { readonly deadline_ms: number | undefined }) | undefined
  readonly proposals: readonly Proposal[]
  readonly isFinal: boolean
}

/** BatchAppendReq { correlation_id = 1, options = 2, proposed_messages = 3, is_final = 4 } */
export function readBatchAppendReq(buffer: Buffer, now_ms: number): BatchAppendReq {
  const reader = new Reader(buffer)
  const proposals: Proposal[] = []
  let correlation: Buffer = Buffer.alloc(0)
  let [options, isFinal] = [undefined as BatchAppendReq['options'], false]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): correlation = reader.bytes(); break
      case lengthDelimited(2): options = readOptions(reader.message(), now_ms); break
      case lengthDelimited(3): proposals.push(readProposal(reader.message())); break
      case varintField(4): isFinal = reader.varint() !== 0; break
      default: reader.skip(tag)
    }
  }
  return { correlation, options, proposals, isFinal }
}

/** As in Append, and deadline_21_10_0 = 6 (Timestamp) or deadline = 7 (Duration): seconds = 1, nanos = 2. */
function readOptions(reader: Reader, now_ms: number): NonNullable<BatchAppendReq['options']> {
  let deadline_ms: number | undefined
  const wish = readStreamWish(reader, (tag, reader) => {
    if (tag === lengthDelimited(6)) deadline_ms = readTime_ms(reader.message())
    else if (tag === lengthDelimited(7)) deadline_ms = now_ms + readTime_ms(reader.message())
    else reader.skip(tag)
  })
  return { ...wish, deadline_ms }
}

function readTime_ms(reader: Reader): number {
  let [seconds, nanos] = [0, 0]
  while (reader.more) {
    const tag = reader.varint()
    if (tag === varintField(1)) seconds = reader.varint()
    else if (tag === varintField(2)) nanos = reader.varint()
    else reader.skip(tag)
  }
  return seconds * 1_000 + nanos / 1e6
}

const field = (content_bytes: number) => 1 + varintLength(content_bytes) + content_bytes

/** BatchAppendResp { correlation_id = 1, success = 3, stream_identifier = 4 }: the hottest answer, written in one go. */
export function batchAppended(correlation: Buffer, stream: string, revision: number, at: number): Buffer {
  if (revision < 0) {
    return message(bytesField(1, correlation), messageField(3, ...successFields(revision, at)), streamIdentifier(4, stream))
  }
  const name_bytes = Buffer.byteLength(stream)
  const position_bytes = 2 * (1 + varintLength(at))
  const success_bytes = 1 + varintLength(revision) + field(position_bytes)
  const identifier_bytes = field(name_bytes)
  const buffer = Buffer.allocUnsafe(field(correlation.length) + field(success_bytes) + field(identifier_bytes))
  let to = 0
  buffer[to++] = lengthDelimited(1)
  to = writeVarint(buffer, to, correlation.length)
  to += correlation.copy(buffer, to)
  buffer[to++] = lengthDelimited(3)
  to = writeVarint(buffer, to, success_bytes)
  buffer[to++] = varintField(1)
  to = writeVarint(buffer, to, revision)
  buffer[to++] = lengthDelimited(3)
  to = writeVarint(buffer, to, position_bytes)
  buffer[to++] = varintField(1)
  to = writeVarint(buffer, to, at)
  buffer[to++] = varintField(2)
  to = writeVarint(buffer, to, at)
  buffer[to++] = lengthDelimited(4)
  to = writeVarint(buffer, to, identifier_bytes)
  buffer[to++] = lengthDelimited(3)
  to = writeVarint(buffer, to, name_bytes)
  buffer.write(stream, to)
  return buffer
}

/** In-band errors of BatchAppend: google.rpc.Status { code = 1, message = 2, details = 3 (Any) } */
function batchError(correlation: Buffer, stream: string, code: number, text: string, type: string, detail: Buffer): Buffer {
  const any = messageField(3, bytesField(1, `type.googleapis.com/event_store.client.${type}`), bytesField(2, detail))
  return message(bytesField(1, correlation), messageField(2, numberField(1, code), bytesField(2, text), any), streamIdentifier(4, stream))
}

/** An answer that is still to be told which append it is for. */
export type Failure = (correlation: Buffer, stream: string) => Buffer

/** WrongExpectedVersion { current_stream_revision = 1 | current_no_stream = 2, expected_stream_position = 3 | any = 4 | stream_exists = 5 | no_stream = 6 } */
export const batchWrongRevision = (expected: number, current: number): Failure => (correlation, stream) => {
  const wanted = { [ANY]: empty(4), [STREAM_EXISTS]: empty(5), [NO_STREAM]: empty(6) }[expected] ?? numberField(3, expected)
  return batchError(correlation, stream, 6, 'WrongExpectedVersion', 'WrongExpectedVersion', message(current < 0 ? empty(2) : numberField(1, current), wanted))
}

export const batchStreamDeleted: Failure = (correlation, stream) =>
  batchError(correlation, stream, 5, `Event stream '${stream}' is deleted.`, 'StreamDeleted', streamIdentifier(1, stream))

export const batchTimeout: Failure = (correlation, stream) => batchError(correlation, stream, 4, 'Timeout', 'Timeout', Buffer.alloc(0))

export const batchTooLarge = (size_max: number): Failure => (correlation, stream) =>
  batchError(correlation, stream, 3, `Maximum Append Size of ${size_max} Exceeded.`, 'MaximumAppendSizeExceeded', numberField(1, size_max))

export const batchBadRequest = (what: string): Failure => (correlation, stream) =>
  batchError(correlation, stream, 3, what, 'BadRequest', bytesField(1, what))

export const batchUnknown = (what: string): Failure => (correlation, stream) => batchError(correlation, stream, 2, what, 'Unknown', Buffer.alloc(0))
