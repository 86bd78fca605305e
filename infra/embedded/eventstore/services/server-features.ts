import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { bytesField, message, messageField } from '../wire/protobuf.ts'

/** Three numbers, as clients parse it: the version of the server whose behaviour this one has. */
export const version = '24.10.4'

const client = 'event_store.client'

const methods: readonly (readonly [service: string, method: string, ...features: string[]])[] = [
  [`${client}.streams.streams`, 'read', 'position', 'events'],
  [`${client}.streams.streams`, 'append'],
  [`${client}.streams.streams`, 'delete'],
  [`${client}.streams.streams`, 'tombstone'],
  [`${client}.streams.streams`, 'batchappend', 'deadline_duration'],
  ...['create', 'update', 'delete', 'read', 'getinfo', 'list', 'replayparked', 'restartsubsystem'].map((method) =>
    [`${client}.persistent_subscriptions.persistentsubscriptions`, method, 'stream', 'all'] as const),
  [`${client}.gossip.gossip`, 'read'],
  [`${client}.server_features.serverfeatures`, 'getsupportedmethods'],
]

/** SupportedMethods { methods = 1 { method_name = 1, service_name = 2, features = 3 }, event_store_server_version = 2 } */
const supported = message(
  ...methods.map(([service, method, ...features]) => messageField(1, bytesField(1, method), bytesField(2, service), ...features.map((feature) => bytesField(3, feature)))),
  bytesField(2, version),
)

/** ServerFeatures.GetSupportedMethods: from this answer clients choose their paths. */
export const getSupportedMethods = (_: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => callback(null, supported)
