import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { ofGuards } from './config.ts'
import type { FromGuard, Sign, ToGuard } from './guard-words.ts'

type Told<Word extends string> = Extract<FromGuard, { readonly [W in Word]: any }>
export type Exit = Told<'exit'>
export type Started = Told<'started'>

/** A guard that has answered, and what it guards once that runs. Its pid is that of the process that must not be killed first. */
export interface Guard {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Starts the program: resolves when it runs, or with why it does not. */
  begin(run: Extract<ToGuard, { run: object }>['run']): Promise<Started | Told<'failed'>>
  /** What became of the program; undefined when the guard went before it. */
  readonly ended: Promise<Exit | undefined>
  alive(sign: Sign): void
  kill(): void
  still(isStill: boolean): void
  /** Lets one go that guards nothing. */
  dismiss(): void
}

const ready_ms = 20_000

/** Starts a guard: a process with a session of its own. Rejects when it does not answer. */
export async function startGuard(): Promise<Guard> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'guard-main.ts')], {
    detached: true, stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe', 'pipe'], env: ofGuards(),
  }) as ChildProcess & { stdin: Writable; stdout: Readable }
  // One that has gone is told nothing: that it has says `ended`.
  for (const stream of child.stdio) stream?.on('error', () => undefined)
  const heard: { [Word in 'ready' | 'started' | 'exit']: PromiseWithResolvers<FromGuard | undefined> } =
    { ready: Promise.withResolvers(), started: Promise.withResolvers(), exit: Promise.withResolvers() }
  // What the program holds open says nothing of its guard.
  createInterface({ input: child.stdout }).once('close', () => { for (const one of Object.values(heard)) one.resolve(undefined) }).on('line', (line) => {
    const said = JSON.parse(line) as FromGuard
    heard['ready' in said ? 'ready' : 'exit' in said ? 'exit' : 'started'].resolve(said)
  })
  child.once('error', () => undefined)
  const tell = (said: ToGuard) => { if (child.stdin.writable) child.stdin.write(`${JSON.stringify(said)}\n`) }
  const timer = setTimeout(() => child.kill('SIGKILL'), ready_ms)
  const isReady = await heard.ready.promise
  clearTimeout(timer)
  if (!isReady) throw new Error('the guard of a program does not answer')
  const [, , , stdin, stdout, stderr] = child.stdio as unknown as [unknown, unknown, unknown, Writable, Readable, Readable]
  return {
    pid: child.pid!, stdin, stdout, stderr,
    async begin(run) {
      tell({ run })
      return await heard.started.promise as Started | undefined ?? { failed: 'its guard went away' }
    },
    ended: heard.exit.promise as Promise<Exit | undefined>,
    alive: (alive) => tell({ alive }),
    kill: () => tell({ kill: true }),
    still: (still) => tell({ still }),
    dismiss: () => child.stdin.end(),
  }
}

/** One guard is always ready, so that a program starts at once. */
export class Guards {
  #spare: Promise<Guard> | undefined
  #isOver = false
  /** Whether the last that was asked to be ready was. */
  isReady = false

  prepare() {
    this.#spare = startGuard()
    this.#spare.then(() => { this.isReady = true }, () => { this.isReady = false })
  }

  async take(): Promise<Guard> {
    // Before anything is awaited: whoever comes at the same moment gets another.
    const taken = this.#spare ?? startGuard()
    this.#spare = undefined
    if (!this.#isOver) this.prepare()
    return taken.catch(() => startGuard())
  }

  async close() {
    this.#isOver = true
    const spare = await this.#spare?.catch(() => undefined)
    spare?.dismiss()
  }
}
