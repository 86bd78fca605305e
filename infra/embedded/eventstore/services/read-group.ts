import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { Consumer, Line } from '../persistent/consumer.ts'
import type { Group } from '../persistent/group.ts'
import type { Groups } from '../persistent/groups.ts'
import { invalid, subscribersReached } from '../wire/errors.ts'
import { readReadGroupReq, retryCount, subscriptionConfirmation, type ReadGroupReq } from '../wire/persistent.ts'
import { eventAppeared } from '../wire/read.ts'
import { withStructuredId } from '../wire/recorded-event.ts'
import { refusal } from './answering.ts'

/** What is written and not yet read by the other side; one event more at most. */
const pending_bytes_max = 1024 * 1024

/**
 * PersistentSubscriptions.Read: the first request says which group, the others answer events. A consumer that does not read is given
 * no more until it does.
 */
export const readGroup = (groups: Groups) => (call: ServerDuplexStream<Buffer, Buffer>): void => {
  let joined: { readonly group: Group; readonly consumer: Consumer } | undefined
  let pending_bytes = 0
  const leave = () => {
    joined?.group.leave(joined.consumer)
    joined = undefined
  }
  const fail = (error: unknown) => {
    leave()
    if (!call.cancelled && !call.destroyed) call.emit('error', refusal(error))
  }

  function take(request: ReadGroupReq) {
    if (request.kind === 'options') joined = join(request)
    else if (!joined) throw invalid('The first request must say which group is read.')
    else if (request.kind === 'ack') joined.group.ack(joined.consumer, request.ids)
    else joined.group.nack(joined.consumer, request.ids, request.action, request.reason)
  }

  function join({ name, bufferSize, structuresIds }: Extract<ReadGroupReq, { kind: 'options' }>) {
    if (joined) throw invalid('The group was said before.')
    const group = groups.find(name)
    const { subscribers_max } = group.config.settings
    if (subscribers_max > 0 && group.deliveries.consumers.size >= subscribers_max) throw subscribersReached(name.source, name.group)
    if (bufferSize < 1) throw invalid('The buffer must hold one event at least.')
    call.write(subscriptionConfirmation(group.key))
    const [connectionName = ''] = call.metadata.get('connection-name')
    return { group, consumer: group.join(lineOf(call.getPeer(), String(connectionName), structuresIds), bufferSize) }
  }

  const lineOf = (from: string, name: string, structuresIds: boolean): Line => ({
    from, name, drop: fail,
    get isBusy() { return pending_bytes >= pending_bytes_max },
    send({ event, link, position, retries }) {
      if (call.cancelled || call.destroyed) return
      const shaped = (record: Buffer | undefined) => (structuresIds && record ? withStructuredId(record) : record)
      const message = eventAppeared(shaped(event), shaped(link), position, retryCount(retries))
      pending_bytes += message.length
      call.write(message, () => {
        const wasBusy = pending_bytes >= pending_bytes_max
        pending_bytes -= message.length
        if (wasBusy && pending_bytes < pending_bytes_max) joined?.group.deliver()
      })
    },
  })

  call.on('data', (buffer: Buffer) => {
    try {
      take(readReadGroupReq(buffer))
    } catch (error) {
      fail(error)
    }
  })
  call.on('end', () => {
    leave()
    call.end()
  })
  for (const event of ['cancelled', 'close', 'error']) call.once(event, leave)
}
