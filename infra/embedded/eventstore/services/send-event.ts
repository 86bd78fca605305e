import type { ServerWritableStream } from '@grpc/grpc-js'
import type { Store } from '../contract.ts'
import { isLink, linked } from '../reads/links.ts'
import { eventAppeared, type ReadReq } from '../wire/read.ts'
import { withStructuredId } from '../wire/recorded-event.ts'
import { send } from './answering.ts'

/** False when the other side is gone. Waits only for a target that is linked to, and for a slow reader. */
export function sendEvent(
  store: Store, call: ServerWritableStream<Buffer, Buffer>, ordinal: number, record: Buffer, { resolvesLinks, structuresIds }: Pick<ReadReq, 'resolvesLinks' | 'structuresIds'>,
): boolean | Promise<boolean> {
  const { position } = store.entry(ordinal)
  if (!resolvesLinks || !isLink(store, ordinal)) return send(call, eventAppeared(structuresIds ? withStructuredId(record) : record, undefined, position))
  return linked(store, record).then((event) => send(call, structuresIds
    ? eventAppeared(event && withStructuredId(event), withStructuredId(record), position)
    : eventAppeared(event, record, position)))
}
