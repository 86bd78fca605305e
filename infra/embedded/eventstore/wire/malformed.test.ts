import fc from 'fast-check'
import t from 'tap'
import { readAppendReq, readDeleteReq } from './append.ts'
import { readBatchAppendReq } from './batch-append.ts'
import { empty, streamIdentifier, uuid } from './fields.ts'
import { Refusal } from './errors.ts'
import { readDeleteGroup, readGetInfo, readGroupWish, readList, readReadGroupReq, readReplayParked } from './persistent.ts'
import { bytesField, Malformed, message, messageField, numberField } from './protobuf.ts'
import { readReadReq } from './read.ts'

/** Whatever a stranger sends: a request is read or refused, and nothing else happens. */
const readers: Readonly<Record<string, (buffer: Buffer) => unknown>> = {
  readAppendReq, readDeleteReq, readBatchAppendReq: (buffer) => readBatchAppendReq(buffer, 0), readReadReq,
  readGroupWish, readDeleteGroup, readGetInfo, readList, readReplayParked, readReadGroupReq,
}

function outcome(read: (buffer: Buffer) => unknown, buffer: Buffer): true {
  try {
    read(buffer)
  } catch (error) {
    if (!(error instanceof Malformed) && !(error instanceof Refusal)) throw error
  }
  return true
}

const stream = streamIdentifier(1, 'заказ-1')
const id = '01234567-89ab-cdef-0123-456789abcdef'
const proposed = (field: number) => messageField(field, uuid(1, id), messageField(2, bytesField(1, 'type'), bytesField(2, 'Happened')), bytesField(3, 'm'), bytesField(4, 'data'))
const filter = (field: number) => messageField(field, messageField(2, bytesField(1, '^a'), bytesField(2, 'b')), numberField(3, 32), numberField(5, 2))

/** One of each, with every field that is read. */
const samples: readonly Buffer[] = [
  messageField(1, stream, numberField(2, 5)),
  proposed(2),
  message(bytesField(1, bytesField(2, id)), messageField(2, stream, empty(3), messageField(6, numberField(1, 9), numberField(2, 9))), proposed(3), numberField(4, true)),
  messageField(1, messageField(1, stream, numberField(2, 5)), numberField(3, 1), numberField(5, 7), filter(7), messageField(9, empty(2)), messageField(10, numberField(1, 1))),
  messageField(1, messageField(2, messageField(1, numberField(1, 2n ** 63n), numberField(2, 4))), empty(6)),
  messageField(1, messageField(5, messageField(1, numberField(1, 7), numberField(2, 7)), filter(4)), bytesField(2, 'group'), messageField(3, numberField(5, -1n), bytesField(16, 'Pinned'))),
  messageField(2, uuid(2, id), uuid(2, id)),
  messageField(3, uuid(2, id), numberField(3, 77), bytesField(4, 'because')),
]

t.test('random bytes are read or refused', async (t) => {
  for (const [name, read] of Object.entries(readers)) {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => outcome(read, Buffer.from(bytes))), { seed: 1, numRuns: 3_000 })
    t.pass(name)
  }
})

t.test('a request cut anywhere, or with any byte changed, is read or refused', async (t) => {
  for (const [name, read] of Object.entries(readers)) {
    for (const sample of samples) {
      for (let at = 0; at < sample.length; at++) {
        outcome(read, sample.subarray(0, at))
        for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
          const changed = Buffer.from(sample)
          changed[at] = byte
          outcome(read, changed)
        }
      }
    }
    t.pass(name)
  }
})

t.test('unknown fields are passed over, wherever they stand', async (t) => {
  const unknown = message(numberField(1_000, 2n ** 64n - 1n), bytesField(1_001, 'later'), Buffer.from([0xfd, 0x01, 1, 2, 3, 4]), Buffer.from([0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8]))
  for (const [nth, sample] of samples.entries()) {
    for (const [name, read] of Object.entries(readers)) {
      const plain = (() => { try { return read(sample) } catch { return undefined } })()
      if (plain !== undefined) t.same(read(message(unknown, sample, unknown)), plain, `${name}, sample ${nth}`)
    }
  }
})
