import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Usage } from './eventstore-child.ts'

export interface Measured {
  readonly port: number
  /** From the start of the process until it listens. */
  readonly started_ms: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('eventstore-child.ts', import.meta.url))

/** The next thing that a child says, unless it ends instead. */
async function told<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController()
  const { signal } = over
  try {
    const [value] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => { throw new Error(`the measured process ended with ${code}`) }),
    ])
    return value as T
  } finally {
    over.abort()
  }
}

/** Starts a server to be measured; it ends when this process does. `what` is `floor` or the folder of an event store. */
export async function startMeasured(what: string): Promise<Measured> {
  const begun = performance.now()
  const child = fork(program, [what], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { port } = await told<{ port: number }>(child)
  return {
    port,
    started_ms: performance.now() - begun,
    usage() {
      child.send('usage')
      return told<Usage>(child)
    },
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}
