import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { uuid } from '../wire/fields.ts'
import { bytesField, messageField, numberField } from '../wire/protobuf.ts'

type Call = ServerUnaryCall<Buffer, Buffer>

const leader = 8
const ticks_per_ms = 10_000n

/** What is bound to these is reached by other names: whoever asks used one. */
const wildcards = ['0.0.0.0', '::']

/** Gossip.Read: a cluster of one, which leads. MemberInfo { instance_id = 1, time_stamp = 2 (100 ns since the Unix epoch), state = 3, is_alive = 4, http_end_point = 5 } */
export const gossip = (instanceId: string, host: string, portOf: () => number) => (call: Call, callback: sendUnaryData<Buffer>): void => {
  const reachable = wildcards.includes(host) ? call.getHost().replace(/:\d+$/, '') : host
  const endPoint = messageField(5, bytesField(1, reachable), numberField(2, portOf()))
  const now = BigInt(Date.now()) * ticks_per_ms
  callback(null, messageField(1, uuid(1, instanceId), numberField(2, now), numberField(3, leader), numberField(4, true), endPoint))
}
