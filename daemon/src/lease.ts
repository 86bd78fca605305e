import { setTimeout as pause } from 'node:timers/promises'
import { Later, Refused, type Api } from './api.ts'
import { signNow, type Sign } from './guard-words.ts'
import type { Times } from './times.ts'

interface Kept {
  readonly api: Api
  readonly task: string
  readonly token: string
  readonly times: Times
  /** A heartbeat was accepted that was sent then. */
  readonly alive: (sign: Sign) => void
  /** The lease is somebody else's, or nobody's. */
  readonly lost: (code: string) => void
}

/** Shows that the holder of a lease lives, until the signal or until there is no lease any more. */
export async function keepLease({ api, task, token, times, alive, lost }: Kept, signal: AbortSignal): Promise<void> {
  let wait_ms = times.heartbeat_ms
  while (!signal.aborted) {
    await pause(wait_ms, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const sign = signNow()
    try {
      const answer = await api.once('POST', `/tasks/${task}/heartbeat`, { token }, {}, signal)
      if (!(answer instanceof Later)) alive(sign)
      wait_ms = answer instanceof Later ? times.retry_ms.first : times.heartbeat_ms
    } catch (error) {
      if (error instanceof Refused) return lost(error.code)
      wait_ms = times.retry_ms.first
    }
  }
}
