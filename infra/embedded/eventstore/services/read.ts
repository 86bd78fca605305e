import { randomUUID } from 'node:crypto'
import type { ServerWritableStream } from '@grpc/grpc-js'
import type { Store } from '../contract.ts'
import { showing } from '../filter.ts'
import { allOrdinals, firstFresh, hasAge, isExpired, pages, streamOrdinals } from '../reads/slices.ts'
import { invalid, streamDeleted } from '../wire/errors.ts'
import { firstStreamPosition, lastStreamPosition, readReadReq, streamNotFound, type ReadReq } from '../wire/read.ts'
import { send, streaming } from './answering.ts'
import { sendEvent } from './send-event.ts'
import { subscribe } from './subscribe.ts'

/** Streams.Read: a read of a stream or of `$all`, or a subscription to one of them. */
export const read = (store: Store) => (call: ServerWritableStream<Buffer, Buffer>): void => streaming(call, async () => {
  const request = readReadReq(call.request)
  if (request.fault !== undefined) throw invalid(request.fault)
  if (request.count === undefined) return subscribe(store, call, request, randomUUID())
  return request.stream === undefined ? readAll(store, call, request, request.count) : readStream(store, call, request, request.stream, request.count)
})

async function readStream(store: Store, call: ServerWritableStream<Buffer, Buffer>, request: ReadReq, stream: string, count: number) {
  const { start, isBackwards, compatibility } = request
  const view = store.stream(stream)
  if (view.status === 'tombstoned') throw streamDeleted(stream)
  if (view.status !== 'live') return void await send(call, streamNotFound(stream))
  const ages = hasAge(view)
  const fresh = ages && !isBackwards ? { ...view, first: await firstFresh(store, view) } : view
  let sent = 0
  reading: for await (const { ordinals, records } of pages(store, streamOrdinals(fresh, start, isBackwards), count)) {
    for (const [nth, ordinal] of ordinals.entries()) {
      const record = records[nth]!
      // Before one that is too old there are only older ones.
      if (ages && isBackwards && isExpired(view, record)) break reading
      const isHeard = sendEvent(store, call, ordinal, record, request)
      if (isHeard !== true && !await isHeard) return
      sent++
    }
  }
  // Newer clients ask for the bounds of the stream; they learn its start only from an empty page.
  if (compatibility < 1) return
  if (sent === 0 && view.first > 0) await send(call, firstStreamPosition(view.first))
  await send(call, lastStreamPosition(view.lastVisible))
}

async function readAll(store: Store, call: ServerWritableStream<Buffer, Buffer>, request: ReadReq, count: number) {
  const { start, isBackwards, filter } = request
  const shows = showing(store, filter)
  for await (const { ordinals, records } of pages(store, allOrdinals(store, start, isBackwards, shows), count)) {
    for (const [nth, ordinal] of ordinals.entries()) {
      const isHeard = sendEvent(store, call, ordinal, records[nth]!, request)
      if (isHeard !== true && !await isHeard) return
    }
  }
}
