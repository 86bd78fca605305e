import { Server, ServerCredentials, type MethodDefinition, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Store } from './contract.ts'
import { Ending } from './services/answering.ts'
import { append, deletion, type Limits } from './services/append.ts'
import { batchAppend } from './services/batch-append.ts'
import { gossip } from './services/gossip.ts'
import { read } from './services/read.ts'
import { getSupportedMethods } from './services/server-features.ts'

export interface ServerOptions extends Partial<Limits> {
  readonly store: Store
  /** 0 for any free one. */
  readonly port: number
  readonly host?: string
}

export interface EventStoreServer {
  readonly port: number
  /** Running appends are answered UNAVAILABLE, streams end CANCELLED. The store stays open. */
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
const features: ServiceDefinition = { getSupportedMethods: rpc(`${client}.server_features.ServerFeatures/GetSupportedMethods`, false, false) }
const cluster: ServiceDefinition = { read: rpc(`${client}.gossip.Gossip/Read`, false, false) }

/** Above the largest append, so that it is refused as too large and not by the transport. */
const message_bytes_max = 24 * 1024 * 1024

/** Serves a store over EventStoreDB's gRPC protocol. Anything that is not served answers UNIMPLEMENTED. Throws where the port is taken. */
export async function startServer({ store, port, host = '127.0.0.1', append_bytes_max = 1024 * 1024, commit_ms_max = 2_000 }: ServerOptions): Promise<EventStoreServer> {
  const server = new Server({ 'grpc.max_receive_message_length': message_bytes_max, 'grpc.max_send_message_length': -1 })
  const ending = new Ending()
  const limits: Limits = { append_bytes_max, commit_ms_max }
  let bound = 0
  const add = (definition: ServiceDefinition, implementation: UntypedServiceImplementation) => server.addService(definition, implementation)
  add(streams, {
    read: read(store) as never,
    append: append(store, limits, ending) as never,
    batchAppend: batchAppend(store, limits, ending) as never,
    delete: deletion(store, limits, 'delete') as never,
    tombstone: deletion(store, limits, 'tombstone') as never,
  })
  add(features, { getSupportedMethods: getSupportedMethods as never })
  add(cluster, { read: gossip(store.id, host, () => bound) as never })
  bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, found) => (error ? reject(error) : resolve(found))))
  return {
    port: bound,
    async stop() {
      ending.now()
      await new Promise((resolve) => setImmediate(resolve))
      server.forceShutdown()
    },
  }
}
