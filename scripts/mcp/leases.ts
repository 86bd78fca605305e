import { Refused, type Api } from '../api.ts'

/** How often a lease is confirmed; one that is not for 60 s ends. */
const beat_ms = 20_000
/** For so long after the last call whoever works is taken to be at it. */
const attention_ms = 15 * 60_000

interface Held {
  readonly token: string
  readonly api: Api
}

/**
 * The leases that were taken in a session: their tokens, so that nobody has to repeat them, and their heartbeats, as long as whoever works
 * calls now and then. Who has gone away loses them as anybody does.
 */
export class Leases {
  readonly #held = new Map<string, Held>()
  readonly #now_ms: () => number
  #called_ms: number
  #timer: NodeJS.Timeout | undefined

  constructor(now_ms: () => number = () => performance.now()) {
    this.#now_ms = now_ms
    this.#called_ms = now_ms()
  }

  /** Somebody is at it. */
  called(): void {
    this.#called_ms = this.#now_ms()
  }

  keep(task: string, token: string, api: Api): void {
    this.#held.set(task, { token, api })
    this.#timer ??= setInterval(() => void this.beat(), beat_ms).unref()
  }

  tokenOf(task: string): string | undefined {
    return this.#held.get(task)?.token
  }

  forget(task: string): void {
    this.#held.delete(task)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** One heartbeat of each, unless nobody has called for long. A lease that is lost is forgotten. */
  async beat(): Promise<void> {
    if (this.#now_ms() - this.#called_ms >= attention_ms) return
    await this.#each((task, { token, api }) => api.post(`/tasks/${task}/heartbeat`, { token }).catch((error: unknown) => {
      if (error instanceof Refused && error.isVerdict) this.forget(task)
    }))
  }

  /** Gives back what is still held. */
  async release(): Promise<void> {
    await this.#each(async (task, { token, api }) => {
      this.forget(task)
      await api.post(`/tasks/${task}/release`, { token, reason: 'the session has ended' }).catch(() => undefined)
    })
  }

  #each(run: (task: string, held: Held) => Promise<unknown>) {
    return Promise.all([...this.#held].map(([task, held]) => run(task, held)))
  }
}
