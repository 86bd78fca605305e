import { Server, ServerCredentials, type MethodDefinition, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Store } from './contract.ts'
import { Ending } from './services/answering.ts'
import { Groups, type GroupsOptions } from './persistent/groups.ts'
import { ahead } from './services/ahead.ts'
import { append, deletion, type Limits } from './services/append.ts'
import { batchAppend } from './services/batch-append.ts'
import { getInfo, list } from './services/describe-groups.ts'
import { gossip } from './services/gossip.ts'
import { manageGroups } from './services/manage-groups.ts'
import { readGroup } from './services/read-group.ts'
import { read } from './services/read.ts'
import { getSupportedMethods } from './services/server-features.ts'

export interface ServerOptions extends Partial<Limits>, GroupsOptions {
  readonly store: Store
  /** 0 for any free one. */
  readonly port: number
  readonly host?: string
}

export interface EventStoreServer {
  readonly port: number
  /** Running calls of Append are answered UNAVAILABLE, streams end CANCELLED. The store stays open. */
  stop(): Promise<void>
}

/** Messages go in and out as bytes: the services read and write them by hand. */
const bytes = (value: Buffer) => value

const rpc = (path: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path, requestStream, responseStream, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
})

const client = '/event_store.client'

const streams: ServiceDefinition = {
  read: rpc(`${client}.streams.Streams/Read`, false, true),
  append: rpc(`${client}.streams.Streams/Append`, true, false),
  batchAppend: rpc(`${client}.streams.Streams/BatchAppend`, true, true),
  delete: rpc(`${client}.streams.Streams/Delete`, false, false),
  tombstone: rpc(`${client}.streams.Streams/Tombstone`, false, false),
}
const persistent = `${client}.persistent_subscriptions.PersistentSubscriptions`
const persistentSubscriptions: ServiceDefinition = {
  create: rpc(`${persistent}/Create`, false, false),
  update: rpc(`${persistent}/Update`, false, false),
  delete: rpc(`${persistent}/Delete`, false, false),
  read: rpc(`${persistent}/Read`, true, true),
  getInfo: rpc(`${persistent}/GetInfo`, false, false),
  replayParked: rpc(`${persistent}/ReplayParked`, false, false),
  list: rpc(`${persistent}/List`, false, false),
  restartSubsystem: rpc(`${persistent}/RestartSubsystem`, false, false),
}
const features: ServiceDefinition = { getSupportedMethods: rpc(`${client}.server_features.ServerFeatures/GetSupportedMethods`, false, false) }
const cluster: ServiceDefinition = { read: rpc(`${client}.gossip.Gossip/Read`, false, false) }

/** Above the largest append, so that it is refused as too large and not by the transport. */
const message_bytes_max = 24 * 1024 * 1024

/** Serves a store over EventStoreDB's gRPC protocol. Anything that is not served answers UNIMPLEMENTED. Throws where the port is taken. */
export async function startServer(options: ServerOptions): Promise<EventStoreServer> {
  const { store, port, host = '127.0.0.1', append_bytes_max = 1024 * 1024, commit_ms_max = 2_000 } = options
  const server = new Server({ 'grpc.max_receive_message_length': message_bytes_max, 'grpc.max_send_message_length': -1, interceptors: [ahead] })
  const ending = new Ending()
  const limits: Limits = { append_bytes_max, commit_ms_max }
  let bound = 0
  const add = (definition: ServiceDefinition, implementation: UntypedServiceImplementation) => server.addService(definition, implementation)
  add(streams, {
    read: read(store) as never,
    append: append(store, limits, ending) as never,
    batchAppend: batchAppend(store, limits) as never,
    delete: deletion(store, limits, 'delete') as never,
    tombstone: deletion(store, limits, 'tombstone') as never,
  })
  const groups = new Groups(store, options)
  add(persistentSubscriptions, { ...manageGroups(groups), getInfo: getInfo(groups), list: list(groups), read: readGroup(groups) } as never)
  add(features, { getSupportedMethods: getSupportedMethods as never })
  add(cluster, { read: gossip(store.id, host, () => bound) as never })
  try {
    await groups.load()
    bound = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, ServerCredentials.createInsecure(), (error, found) => (error ? reject(error) : resolve(found))))
  } catch (error) {
    groups.stop()
    throw error
  }
  return {
    port: bound,
    async stop() {
      ending.now()
      groups.stop()
      await new Promise((resolve) => setImmediate(resolve))
      server.forceShutdown()
    },
  }
}
