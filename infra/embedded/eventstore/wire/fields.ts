import { ANY, NO_STREAM, STREAM_EXISTS, type ProposedEvent } from '../contract.ts'
import { bytesField, lengthDelimited, Malformed, messageField, numberField, varintField, type Reader } from './protobuf.ts'

/** Fields that messages of several services have (shared.proto). */

/** StreamIdentifier { stream_name = 3 } */
export function readStreamName(reader: Reader): string {
  let name = ''
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(3)) name = reader.string()
    else reader.skip(tag)
  }
  return name
}

export const streamIdentifier = (field: number, stream: string): Buffer => messageField(field, bytesField(3, stream))

const text = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

/** UUID { structured = 1 { most = 1, least = 2 }, string = 2 }, in lower case. */
export function readUuid(reader: Reader): string {
  let id = ''
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(2)) id = reader.string().toLowerCase()
    else if (tag === lengthDelimited(1)) id = readStructured(reader.message())
    else reader.skip(tag)
  }
  return id
}

function readStructured(reader: Reader): string {
  let [most, least] = [0n, 0n]
  while (reader.more) {
    const tag = reader.varint()
    if (tag === varintField(1)) most = reader.varint64()
    else if (tag === varintField(2)) least = reader.varint64()
    else reader.skip(tag)
  }
  const hex = BigInt.asUintN(64, most).toString(16).padStart(16, '0') + BigInt.asUintN(64, least).toString(16).padStart(16, '0')
  return hex.replace(text, '$1-$2-$3-$4-$5')
}

/** UUID in the string form. */
export const uuid = (field: number, id: string): Buffer => messageField(field, bytesField(2, id))

/** A position: commit = 1, prepare = 2; both are the same here. */
export const position = (field: number, value: number): Buffer => messageField(field, numberField(1, value), numberField(2, value))

export function readPosition(reader: Reader): { readonly commit: number; readonly prepare: number } {
  let [commit, prepare] = [0, 0]
  while (reader.more) {
    const tag = reader.varint()
    if (tag === varintField(1)) commit = reader.varint()
    else if (tag === varintField(2)) prepare = reader.varint()
    else reader.skip(tag)
  }
  return { commit, prepare }
}

export const empty = (field: number): Buffer => bytesField(field, Buffer.alloc(0))

/** Options that say to which stream something is done, and what its revision must be: the same in Append, Delete and Tombstone. */
export interface StreamWish {
  readonly stream: string
  /** Undefined when the caller did not say. */
  readonly expected: number | undefined
}

/** stream_identifier = 1, revision = 2, no_stream = 3, any = 4, stream_exists = 5; `other` takes what a service adds. */
export function readStreamWish(reader: Reader, other: (tag: number, reader: Reader) => void = (tag) => reader.skip(tag)): StreamWish {
  let [stream, expected] = ['', undefined as number | undefined]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): stream = readStreamName(reader.message()); break
      case varintField(2): expected = reader.varint(); break
      case lengthDelimited(3): reader.skip(tag); expected = NO_STREAM; break
      case lengthDelimited(4): reader.skip(tag); expected = ANY; break
      case lengthDelimited(5): reader.skip(tag); expected = STREAM_EXISTS; break
      default: other(tag, reader)
    }
  }
  return { stream, expected }
}

/** What a client proposes: the required properties can be missing. */
export interface Proposal {
  readonly event: ProposedEvent
  readonly contentType: string | undefined
  readonly hasType: boolean
  /** As limits count it: data, metadata and two bytes for every character of the type. */
  readonly bytes: number
}

const none: Buffer = Buffer.alloc(0)

/** ProposedMessage { id = 1, metadata = 2 (map), custom_metadata = 3, data = 4 } */
export function readProposal(reader: Reader): Proposal {
  let [id, type, contentType] = ['', undefined as string | undefined, undefined as string | undefined]
  let [metadata, data] = [none, none]
  while (reader.more) {
    const tag = reader.varint()
    switch (tag) {
      case lengthDelimited(1): id = readUuid(reader.message()); break
      case lengthDelimited(2): {
        const [key, value] = readProperty(reader.message())
        if (key === 'type') type = value
        else if (key === 'content-type') contentType = value
        break
      }
      case lengthDelimited(3): metadata = reader.bytes(); break
      case lengthDelimited(4): data = reader.bytes(); break
      default: reader.skip(tag)
    }
  }
  return {
    event: { id, type: type ?? '', json: contentType === 'application/json', metadata, data },
    contentType, hasType: type !== undefined, bytes: data.length + metadata.length + 2 * (type?.length ?? 0),
  }
}

/** An entry of a map from text to text: key = 1, value = 2. */
export function readProperty(reader: Reader): readonly [string, string] {
  let [key, value] = ['', '']
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) key = reader.string()
    else if (tag === lengthDelimited(2)) value = reader.string()
    else reader.skip(tag)
  }
  return [key, value]
}

/** Takes one field out of a message; the last one counts, as in protobuf. */
export function only<T>(reader: Reader, wanted: number, read: (reader: Reader) => T): T {
  let found: T | undefined
  while (reader.more) {
    const tag = reader.varint()
    if (tag === wanted) found = read(reader)
    else reader.skip(tag)
  }
  if (found === undefined) throw new Malformed('a required field is missing')
  return found
}

