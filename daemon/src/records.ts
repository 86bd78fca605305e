import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { familyOf, killed, runningSince } from './processes.ts'

/** A program that runs, for whoever comes after this instance. */
interface Record {
  readonly mark: string
  readonly pid?: number | undefined
  readonly since?: string | undefined
}

const day_ms = 86_400_000
const nobody = -1

/** What a daemon keeps on its disk: its id, what runs, and a folder for each program. */
export class Records {
  readonly #directory: string
  readonly #state: string

  constructor(directory: string) {
    this.#directory = directory
    this.#state = join(directory, 'state')
    mkdirSync(this.#state, { recursive: true, mode: 0o700 })
  }

  get daemon(): string | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#state, 'daemon.json'), 'utf8')).daemon
    } catch {
      return undefined
    }
  }

  keepDaemon(daemon: string) {
    writeFileSync(join(this.#state, 'daemon.json'), JSON.stringify({ daemon }))
  }

  /** The folder of a program: nobody else's. */
  folder(session: string): string {
    const folder = join(this.#directory, session)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  }

  #file(session: string) {
    return join(this.#state, `run-${session}.json`)
  }

  note(session: string, record: Record) {
    writeFileSync(this.#file(session), JSON.stringify(record))
  }

  forget(session: string) {
    rmSync(this.#file(session), { force: true })
  }

  /** Kills what earlier instances left: their guards may have been killed with them. Resolves when nothing of it lives. */
  async clear(): Promise<number> {
    const left = readdirSync(this.#state).filter((name) => name.startsWith('run-'))
    for (const name of left) {
      const { mark, pid = nobody, since } = readRecord(join(this.#state, name))
      // By now another program may have its number.
      const known = pid !== nobody && runningSince(pid) === since ? pid : nobody
      for (let tries = 0; tries < 100 && mark && !killed(known, mark); tries++) await pause(20)
      if (!mark || familyOf(known, mark).length === 0) rmSync(join(this.#state, name), { force: true })
    }
    return left.length
  }

  /** Takes away folders that nobody has needed for a day. */
  tidy(running: ReadonlySet<string>) {
    for (const name of readdirSync(this.#directory)) {
      if (!/^[0-9a-f-]{36}$/.test(name) || running.has(name)) continue
      const folder = join(this.#directory, name)
      if (Date.now() - statSync(folder).mtimeMs > day_ms) rmSync(folder, { recursive: true, force: true })
    }
  }
}

function readRecord(file: string): Partial<Record> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
