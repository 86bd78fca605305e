import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'

/** Bytes of a call that may wait for the transport before the call does. */
const bytes_max = 64 * 1024

/**
 * A call that hands on its next message while those before it, a bounded number of bytes, are still on their way: many small messages
 * then leave in few writes to the socket instead of in one each. The order stays, and so does the pressure of a reader that is slow.
 */
class Ahead extends ServerInterceptingCall {
  #waiting_bytes = 0
  #next: (() => void) | undefined

  override sendMessage(message: Buffer, callback: () => void): void {
    this.#waiting_bytes += message.length
    super.sendMessage(message, () => {
      this.#waiting_bytes -= message.length
      if (this.#waiting_bytes >= bytes_max) return
      const next = this.#next
      this.#next = undefined
      next?.()
    })
    if (this.#waiting_bytes < bytes_max) callback()
    else this.#next = callback
  }
}

export const ahead: ServerInterceptor = (_method, call) => new Ahead(call)
