import { setTimeout as pause } from 'node:timers/promises'
import type { Exit } from './child.ts'

/** What can be supervised: a process that is ready. */
export interface Running {
  readonly pid: number
  readonly exited: Promise<Exit>
  stop(): Promise<Exit>
  kill(): Promise<Exit>
}

export interface Supervised {
  readonly name: string
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  /** How often it was started again. */
  readonly restarts: number
  /** SIGKILL, as a fault would have it: it is started again. */
  kill(): Promise<Exit>
  /** Ends it for good. */
  stop(): Promise<void>
}

/** Who wants to know how the processes fare. */
export interface Reports {
  readonly log: (line: string) => void
  /** A process has ended too often to be started again. */
  readonly onGivenUp: (sentence: string) => void
  /** A process runs again, under another pid. */
  readonly onRestarted?: (() => void) | undefined
}

export interface Supervision extends Reports {
  readonly name: string
  readonly start: (abort: AbortSignal) => Promise<Running>
  /** Deaths in a row, each within `STEADY_MS` of its start. */
  readonly restarts_max?: number
}

const STEADY_MS = 5_000
const PAUSE_MIN_MS = 50
const PAUSE_MAX_MS = 5_000

/** Starts a process, and starts it again whenever it ends unasked; rejects when the first start fails. */
export async function supervise({ name, start, log, onGivenUp, onRestarted, restarts_max = 20 }: Supervision): Promise<Supervised> {
  const stopping = new AbortController()
  let current = await start(stopping.signal)
  let restarts = 0

  async function startAgain(failures: number): Promise<number> {
    for (let deaths = failures; deaths <= restarts_max; deaths += 1) {
      await pause(Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (deaths - 1)), undefined, { signal: stopping.signal })
      try {
        current = await start(stopping.signal)
        if (stopping.signal.aborted) {
          // Whoever stops it waits for this one, too, and knows only the one before.
          await current.stop()
          return deaths
        }
        restarts += 1
        log(`${name} runs again (process ${current.pid})`)
        onRestarted?.()
        return deaths
      } catch (error) {
        if (stopping.signal.aborted) throw error
        log(`${name} did not start again: ${(error as Error).message}`)
      }
    }
    throw new Error(`${name} ended ${restarts_max} times in a row`)
  }

  async function watch() {
    for (let failures = 0; ;) {
      const since = Date.now()
      const { code, signal } = await current.exited
      if (stopping.signal.aborted) return
      log(`${name} ended unexpectedly (${signal ?? `exit code ${code}`}); starting it again`)
      failures = await startAgain(Date.now() - since < STEADY_MS ? failures + 1 : 1)
    }
  }

  const watching = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) onGivenUp(`${(error as Error).message} and is not started again`)
  })

  return {
    name,
    get pid() { return current.pid },
    get restarts() { return restarts },
    kill: () => current.kill(),
    async stop() {
      stopping.abort()
      await current.stop()
      await watching
    },
  }
}
