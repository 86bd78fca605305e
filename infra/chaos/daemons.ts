import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../embedded/child.ts'
import { supervise } from '../embedded/supervisor.ts'
import type { Lived } from './scan.ts'

/** Marks that it lives, so often, until it has worked for so long; the file is named by task and session. */
const program = (marks: number) => `f="$CHAOS_FOLDER/$BATON_TASK.$BATON_SESSION"; n=0; while [ $n -lt ${marks} ]; do date +%s%N >> "$f"; sleep 0.05; n=$((n+1)); done; echo done`

export interface Wish {
  readonly root: string
  readonly url: string
  readonly nats: string
  readonly key: string
  readonly count: number
  readonly sessions: number
  /** How often a program marks that it lives, twenty times a second. */
  readonly marks: number
  readonly env: Readonly<Record<string, string>>
  readonly failed: (sentence: string) => void
}

/** Real daemons, each a process of its own that is started again when it dies. */
export async function startDaemons({ root, url, nats, key, count, sessions, marks, env, failed }: Wish) {
  const folder = join(root, 'lived')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(root, 'chaos.key'), key, { mode: 0o600 })
  const start = (n: number) => {
    const name = `chaos-${n}`
    const file = join(root, `${name}.json`)
    writeFileSync(file, JSON.stringify({
      url, natsUrl: nats, keyFile: join(root, 'chaos.key'), name, directory: join(root, name), port: 0, maxSessions: sessions, program: 'work',
      programs: { work: { command: ['sh', '-c', program(marks)], stdin: 'none', env: ['CHAOS_FOLDER'] } },
    }))
    return supervise({
      name, log: () => undefined, onGivenUp: failed,
      start: (abort) => startChild({
        name, command: process.execPath, args: [join(import.meta.dirname, '../../daemon/src/main.ts'), file], abort, env: { ...env, CHAOS_FOLDER: folder },
        ready: (output) => output.includes('"following"'), ready_timeout_ms: 60_000, stopSignal: 'SIGTERM', stop_timeout_ms: 20_000,
      }),
    })
  }
  const daemons = await Promise.all(Array.from({ length: count }, (_, n) => start(n)))

  /** When each program was seen alive. */
  function lived(): readonly Lived[] {
    return readdirSync(folder).flatMap((name) => {
      const [task, session] = name.split('.') as [string, string]
      const marks = readFileSync(join(folder, name), 'utf8').trim().split('\n').filter((line) => /^\d{19}$/.test(line)).map(BigInt)
      return marks.length === 0 ? [] : [{ task, session, from: marks[0]!, to: marks.at(-1)! }]
    })
  }
  /** Programs that run now, by their guards' records. */
  const running = () => Array.from({ length: count }, (_, n) => join(root, `chaos-${n}`, 'state')).filter((state) => existsSync(state)).flatMap((state) =>
    readdirSync(state).filter((name) => name.startsWith('run-')).flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(state, name), 'utf8')) as { pid?: number; mark: string }]
      } catch {
        return []
      }
    }))
  return { daemons, lived, running, stop: () => Promise.all(daemons.map((one) => one.stop())) }
}
