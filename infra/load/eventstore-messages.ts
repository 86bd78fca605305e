import { randomUUID } from 'node:crypto'
import { bytesField, message, messageField, numberField } from '../embedded/eventstore/wire/protobuf.ts'

/** Requests as a client would send them, made beforehand, so that the client's own cost stays out of a measurement. */

export const order = () => ({
  orderId: 'o-123456789', customer: 'c-987654321', at: '2026-01-01T00:00:00Z',
  lines: [{ sku: 'abc-123', qty: 2, price: 1999 }, { sku: 'def-456', qty: 1, price: 599 }],
})

const property = (key: string, value: string) => messageField(2, bytesField(1, key), bytesField(2, value))
const id = (field: number) => messageField(field, bytesField(2, randomUUID()))
const nothing = Buffer.alloc(0)

/** BatchAppendReq with one event, whatever the revision of the stream is. */
export function batchAppendRequest(stream: string): Buffer {
  const event = messageField(3, id(1), property('type', 'OrderPlaced'), property('content-type', 'application/json'),
    bytesField(3, JSON.stringify({ $correlationId: randomUUID(), $causationId: randomUUID() })), bytesField(4, JSON.stringify(order())))
  return message(id(1), messageField(2, messageField(1, bytesField(3, stream)), bytesField(4, nothing)), event, numberField(4, true))
}

/** ReadReq: all of $all, from the start. */
export const readAllRequest = (count: number): Buffer =>
  messageField(1, messageField(2, bytesField(2, nothing)), numberField(5, count), bytesField(8, nothing), messageField(9, bytesField(2, nothing)))

/** ReadReq: a stream from its start. */
export const readStreamRequest = (stream: string, count: number): Buffer =>
  messageField(1, messageField(1, messageField(1, bytesField(3, stream)), bytesField(3, nothing)), numberField(5, count), bytesField(8, nothing), messageField(9, bytesField(2, nothing)))
