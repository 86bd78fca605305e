import { once } from 'node:events'
import type { Client, ClientDuplexStream } from '@grpc/grpc-js'
import { paths } from './eventstore-floor.ts'
import type { Measured } from './eventstore-processes.ts'

export interface Sample {
  readonly rate: number
  readonly server_us: number
  readonly client_us: number
  readonly syncs: number
}

/** Runs `width` of something at a time until the slice is over, and tells what that took. */
export async function slice(measured: Measured, slice_ms: number, run: (isOver: () => boolean, count: () => void) => Promise<void>): Promise<Sample> {
  const [before, own] = [await measured.usage(), process.cpuUsage()]
  const begun = performance.now()
  let done = 0
  await run(() => performance.now() - begun > slice_ms, () => done++)
  const took_ms = performance.now() - begun
  const { user, system } = process.cpuUsage(own)
  const after = await measured.usage()
  return {
    rate: done / took_ms * 1_000, server_us: (after.cpu_us - before.cpu_us) / done, client_us: (user + system) / done, syncs: (after.syncs - before.syncs) / done,
  }
}

/** Many at a time, each waiting for its answer. */
export const together = (width: number, operation: () => Promise<unknown>) => async (isOver: () => boolean, count: () => void) => {
  await Promise.all(Array.from({ length: width }, async () => {
    while (!isOver()) {
      await operation()
      count()
    }
  }))
}

/** One call both ways with a window of requests that have no answer yet. */
export const windowed = (call: ClientDuplexStream<Buffer, Buffer>, width: number, next: () => Buffer) => (isOver: () => boolean, count: () => void) =>
  new Promise<void>((resolve) => {
    let open = 0
    const more = () => {
      if (!isOver()) {
        open++
        call.write(next())
      } else if (open === 0) {
        call.off('data', answered)
        resolve()
      }
    }
    const answered = () => {
      open--
      count()
      more()
    }
    call.on('data', answered)
    for (let nth = 0; nth < width; nth++) more()
  })

const bytes = (value: Buffer) => value
export const unary = (client: Client, request: Buffer) => new Promise<void>((resolve, reject) =>
  client.makeUnaryRequest(paths.unary, bytes, bytes, request, (error) => (error ? reject(error) : resolve())))
export const duplex = (client: Client, path: string): ClientDuplexStream<Buffer, Buffer> => client.makeBidiStreamRequest(path, bytes, bytes)

/** How many messages a call sends in a second. */
export async function streamed(client: Client, path: string, request: Buffer): Promise<number> {
  const begun = performance.now()
  let count = 0
  const call = client.makeServerStreamRequest(path, bytes, bytes, request)
  call.on('data', () => count++)
  await once(call, 'end')
  return count / (performance.now() - begun) * 1_000
}
