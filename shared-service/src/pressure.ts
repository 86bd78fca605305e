import type { FastifyInstance } from 'fastify'
import { Problem } from './problems.ts'

const look_every_ms = 100
/** A pause of the machine or of this process, however long, is over when it is noticed. Who is late so many times on end has too much to do. */
const late_max = 3

/** Tells by looks that should come regularly whether the event loop falls behind for good. Times are of the monotonic clock. */
export class Lateness {
  readonly #delay_max_ms: number
  #due_ms: number
  #late = 0

  constructor(delay_max_ms: number, now_ms: number) {
    this.#delay_max_ms = delay_max_ms
    this.#due_ms = now_ms + look_every_ms
  }

  look(now_ms: number) {
    this.#late = now_ms - this.#due_ms > this.#delay_max_ms ? this.#late + 1 : 0
    this.#due_ms = now_ms + look_every_ms
  }

  get isTooMuch(): boolean {
    return this.#late >= late_max
  }
}

/** Refuses requests for now while the event loop is later than this, look for look. */
export function relieved(app: FastifyInstance, delay_max_ms: number): Lateness {
  const lateness = new Lateness(delay_max_ms, performance.now())
  const timer = setInterval(() => lateness.look(performance.now()), look_every_ms).unref()
  app.addHook('onClose', async () => clearInterval(timer))
  app.addHook('onRequest', (_request, _reply, done) => {
    done(lateness.isTooMuch ? new Problem('SERVICE_UNAVAILABLE', 'There is too much to do.', { retryAfter_s: 5 }) : undefined)
  })
  return lateness
}
