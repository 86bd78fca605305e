import { ANY, STREAM_EXISTS } from '../contract.ts'
import { empty, position, readProposal, readStreamWish, type Proposal, type StreamWish } from './fields.ts'
import { lengthDelimited, messageField, numberField, Reader } from './protobuf.ts'

/** AppendReq { options = 1 | proposed_message = 2 } */
export function readAppendReq(buffer: Buffer): { readonly wish?: StreamWish; readonly proposal?: Proposal } {
  const reader = new Reader(buffer)
  let found: { wish?: StreamWish; proposal?: Proposal } = {}
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) found = { wish: readStreamWish(reader.message()) }
    else if (tag === lengthDelimited(2)) found = { proposal: readProposal(reader.message()) }
    else reader.skip(tag)
  }
  return found
}

/** AppendResp { success = 1 { current_revision = 1 | no_stream = 2, position = 3 } } */
export const appended = (revision: number, at: number): Buffer => messageField(1, ...successFields(revision, at))

export const successFields = (revision: number, at: number): Buffer[] =>
  [revision < 0 ? empty(2) : numberField(1, revision), position(3, at)]

/** AppendResp { wrong_expected_version = 2 }: each value twice, as older clients know other fields. */
export function wrongRevision(expected: number, current: number): Buffer {
  const currently = current < 0 ? [empty(2), empty(7)] : [numberField(1, current), numberField(6, current)]
  const wanted = expected === ANY ? [empty(4), empty(9)] : expected === STREAM_EXISTS ? [empty(5), empty(10)]
    : expected < 0 ? [empty(11)] : [numberField(3, expected), numberField(8, expected)]
  return messageField(2, ...currently, ...wanted)
}

/** DeleteResp and TombstoneResp { position = 1 } */
export const deletedAt = (at: number): Buffer => position(1, at)

/** DeleteReq and TombstoneReq { options = 1 } */
export function readDeleteReq(buffer: Buffer): StreamWish {
  const reader = new Reader(buffer)
  let wish: StreamWish = { stream: '', expected: undefined }
  while (reader.more) {
    const tag = reader.varint()
    if (tag === lengthDelimited(1)) wish = readStreamWish(reader.message())
    else reader.skip(tag)
  }
  return wish
}
