import { status, type ServerDuplexStream, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js'
import { Malformed } from '../wire/protobuf.ts'
import { invalid, Refusal, unavailable } from '../wire/errors.ts'

export type Streaming = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>

/** Ends a call with an error, as a status and trailers. */
export const refusal = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error
  if (error instanceof Malformed) return invalid(`The request is malformed: ${error.message}.`)
  return new Refusal(status.UNKNOWN, (error as Error).message ?? 'Unknown error')
}

/**
 * Sends, and waits only while the other side does not keep up: so a reader that is slow holds what fits its window, and a page. False
 * when the other side is gone.
 */
export function send(call: Streaming, message: Buffer): boolean | Promise<boolean> {
  if (call.cancelled || call.destroyed) return false
  return call.write(message) || drained(call)
}

async function drained(call: Streaming): Promise<boolean> {
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const event of ['drain', 'cancelled', 'close', 'error']) call.off(event, done)
      resolve()
    }
    for (const event of ['drain', 'cancelled', 'close', 'error']) call.on(event, done)
  })
  return !call.cancelled && !call.destroyed
}

/** Runs a streaming answer to its end, whatever that is. */
export function streaming(call: Streaming, run: () => Promise<void>): void {
  run().then(() => call.end(), (error: unknown) => {
    if (!call.cancelled) call.emit('error', refusal(error))
  })
}

/** Runs a single answer. */
export function answering(callback: sendUnaryData<Buffer>, run: () => Promise<Buffer>): void {
  run().then((message) => callback(null, message), (error: unknown) => callback(refusal(error)))
}

/** Appends that run while the server ends are answered as a server does that is going away. */
export class Ending {
  readonly #calls = new Set<(error: Refusal) => void>()

  track(fail: (error: Refusal) => void): () => void {
    this.#calls.add(fail)
    return () => this.#calls.delete(fail)
  }

  now(): void {
    for (const fail of [...this.#calls]) fail(unavailable('The server is shutting down.'))
  }
}
