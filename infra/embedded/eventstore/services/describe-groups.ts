import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import type { Consumer } from '../persistent/consumer.ts'
import type { Group } from '../persistent/group.ts'
import type { Groups } from '../persistent/groups.ts'
import { placeText, startText } from '../persistent/settings.ts'
import { doesNotExist } from '../wire/errors.ts'
import { message } from '../wire/protobuf.ts'
import { readGetInfo, readList, subscriptionInfo, type ConnectionInfo, type GroupInfo } from '../wire/persistent.ts'
import { answering } from './answering.ts'

/** PersistentSubscriptions.GetInfo. */
export const getInfo = (groups: Groups) => (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void =>
  answering(callback, async () => subscriptionInfo(infoOf(groups.find(readGetInfo(call.request)))))

/** PersistentSubscriptions.List: of one stream, or all; a stream without groups is an error, none at all is not. */
export const list = (groups: Groups) => (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void =>
  answering(callback, async () => {
    const source = readList(call.request)
    const found = groups.of(source)
    if (source !== undefined && found.length === 0) throw doesNotExist(source, '')
    return message(...found.map((group) => subscriptionInfo(infoOf(group))))
  })

function infoOf(group: Group): GroupInfo {
  const { config, checkpoint, deliveries } = group
  const { source, settings } = config
  const connections = [...deliveries.consumers].map((consumer) => connectionOf(consumer, settings.extraStatistics))
  const place = (value: number | undefined) => (value === undefined || value < 0 ? '' : placeText(source, value))
  return {
    name: config, settings, status: statusOf(group), start: startText(config), connections, total: deliveries.total,
    perSecond: connections.reduce((sum, { perSecond }) => sum + perSecond, 0), sinceMeasured: connections.reduce((sum, { sinceMeasured }) => sum + sinceMeasured, 0),
    checkpointed: place(checkpoint.place), known: place(group.last),
    readBuffer: deliveries.buffer.length, retryBuffer: deliveries.retries.length, outstanding: deliveries.outstanding.size, parked: group.parked.count,
  }
}

const statusOf = ({ isLive, isReplaying }: Group): string =>
  [...(isLive ? [] : ['Behind']), ...(isReplaying ? ['ReplayingParkedMessages'] : []), ...(isLive ? ['Live'] : [])].join(', ')

function connectionOf(consumer: Consumer, hasMeasurements: boolean): ConnectionInfo {
  const { line, total, free, entries, since_ms } = consumer
  const seconds = Math.max(1, (Date.now() - since_ms) / 1_000)
  return {
    from: line.from, name: line.name, total, free, inFlight: entries.size,
    perSecond: Math.round(total / seconds), sinceMeasured: consumer.measure(), measurements: hasMeasurements ? consumer.latencies() : [],
  }
}
