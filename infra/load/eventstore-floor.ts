import { makeGenericClientConstructor, credentials, Server, ServerCredentials, type Client, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js'

/**
 * What grpc-js can do at most on this machine: a server that answers at once and keeps nothing. The event store is measured as a share
 * of it, in the same run, since absolute figures differ between machines and from minute to minute.
 */

const bytes = (value: Buffer) => value

export const rpc = (path: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path, requestStream, responseStream, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
})

/** About what an append of one event takes on the wire. */
export const message_bytes = 330

const floor: ServiceDefinition = {
  unary: rpc('/floor.Floor/Unary', false, false),
  bidi: rpc('/floor.Floor/Bidi', true, true),
  down: rpc('/floor.Floor/Down', false, true),
}

/** Calls with bytes for requests and answers. */
export const rawClient = (port: number): Client =>
  new (makeGenericClientConstructor({}, 'raw'))(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 })

export const paths = { unary: '/floor.Floor/Unary', bidi: '/floor.Floor/Bidi', down: '/floor.Floor/Down' } as const

/** Starts the floor on a free port: unary and bidi echo what they get, down sends as many messages as the request says. */
export async function startFloor(): Promise<number> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 })
  const message = Buffer.alloc(message_bytes, 7)
  server.addService(floor, {
    unary: (call: { request: Buffer }, answer: (error: null, value: Buffer) => void) => answer(null, call.request),
    bidi(call: NodeJS.ReadWriteStream) {
      call.on('data', (request: Buffer) => call.write(request))
      call.on('end', () => call.end())
    },
    async down(call: NodeJS.WritableStream & { request: Buffer }) {
      for (let left = Number(call.request.toString()); left > 0; left--) {
        if (!call.write(message)) await new Promise<void>((resolve) => call.once('drain', () => resolve()))
      }
      call.end()
    },
  } as never)
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))))
}
