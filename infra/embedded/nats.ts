import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ChildFailure, startChild, type Exit } from './child.ts'
import { findNats } from './nats-binary.ts'
import { freePort } from './ports.ts'
import { StartFailure } from './start-failure.ts'

export interface NatsOptions {
  /** Where JetStream keeps its streams; made when it is not there. */
  readonly dir: string
  /** Absent: any free one. */
  readonly port?: number | undefined
  /** Of the one user who may publish. Absent: everybody may do everything. */
  readonly password?: string | undefined
  /** Where a fetched `nats-server` is kept. */
  readonly binDir: string
  readonly log?: ((line: string) => void) | undefined
  readonly output?: ((chunk: string) => void) | undefined
}

export interface Nats {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** The binary that runs, for people. */
  readonly source: string
  readonly exited: Promise<Exit>
  /** The server ends with exit code 1 when it is asked to; that is its way. */
  stop(): Promise<Exit>
  /** SIGKILL; what JetStream has acknowledged is there again after the next start. */
  kill(): Promise<Exit>
}

const ATTEMPTS_MAX = 5
const rights = fileURLToPath(new URL('../nats.conf', import.meta.url))

/** The address for the one user who may publish. */
export const announcing = (url: string, password: string) => url.replace('://', `://announcer:${password}@`)

/** The real nats-server with JetStream, on 127.0.0.1, as a child of this process. Throws `StartFailure`; no process is left then. */
export async function startNats({ dir, port: wish, password, binDir, log, output }: NatsOptions): Promise<Nats> {
  const source = await findNats({ binDir, log })
  mkdirSync(dir, { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    const port = wish ?? await freePort()
    try {
      const { pid, exited, stop, kill } = await startChild({
        name: 'nats-server', command: source, args: [...password ? ['-c', rights] : [], '-js', '-sd', dir, '-a', '127.0.0.1', '-p', String(port)],
        env: { PATH: process.env.PATH, ...password ? { BATON_ANNOUNCER_PASSWORD: `"${password}"` } : {} }, output,
        ready: (said) => said.includes('Server is ready'), ready_timeout_ms: 60_000, stopSignal: 'SIGTERM', stop_timeout_ms: 10_000,
      })
      return { url: `nats://127.0.0.1:${port}`, port, pid, source, exited, stop, kill }
    } catch (error) {
      if (!(error instanceof ChildFailure)) throw error
      const inUse = /address already in use/.test(error.tail)
      if (!inUse || wish !== undefined || attempt >= ATTEMPTS_MAX) throw explained(error, dir, port, inUse)
    }
  }
}

function explained(error: ChildFailure, dir: string, port: number, inUse: boolean): StartFailure {
  if (inUse) {
    return new StartFailure(`Port ${port} on 127.0.0.1 is in use, so nats-server cannot start:`
      + ' end what listens there, or choose another port.')
  }
  const lines = error.tail.trim().split('\n')
  const telling = lines.findLast((line) => /\[(FTL|ERR)\]|nats-server:/.test(line)) ?? ''
  const reason = telling.replace(/^.*?(\[\w{3}\]|nats-server:)\s*/, '').replace(/[.\s]+$/, '')
  return new StartFailure(`nats-server cannot start on ${dir}: ${reason || error.message}. `
    + `Move ${dir} away and start again: the facts are announced anew from the event store.`)
}
