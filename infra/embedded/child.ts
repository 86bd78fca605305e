import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * Who ends a child when this process dies without a chance to do it: the kernel (`setpriv --pdeathsig`, Linux), or, elsewhere, a
 * shell that waits for a pipe to close, which is as good unless somebody kills that shell first.
 */
export type Guard = 'kernel' | 'watcher'

export interface ChildOptions {
  /** What messages call it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** True as soon as the child is of use: told by its output so far (the last 16 KiB of it), or by asking it, every 50 ms. */
  readonly ready: ((output: string) => boolean) | { readonly probe: () => Promise<boolean> }
  readonly ready_timeout_ms: number
  /** What asks it to end, from `stop` and from the guard. */
  readonly stopSignal: NodeJS.Signals
  readonly stop_timeout_ms: number
  /** Takes all that the child writes, stdout and stderr in the order of arrival. */
  readonly output?: ((chunk: string) => void) | undefined
  readonly guard?: Guard
  /** Gives up waiting for a child to get ready, and kills it. */
  readonly abort?: AbortSignal | undefined
}

export interface Child {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<Exit>
  /** The end of what the child has written, at most 16 KiB. */
  tail(): string
  /** Asks the child to end, waits `stop_timeout_ms`, then kills it. */
  stop(): Promise<Exit>
  /** SIGKILL, as a fault would have it. */
  kill(): Promise<Exit>
}

/** A child that ended, or stayed silent, before it was ready. */
export class ChildFailure extends Error {
  readonly tail: string
  constructor(message: string, tail: string) {
    super(message)
    this.tail = tail
  }
}

const TAIL_CHARACTERS = 16_384
const SETPRIV = '/usr/bin/setpriv'
const LAST_WORDS_MS = 500

export const guardHere: Guard = process.platform === 'linux' && existsSync(SETPRIV) ? 'kernel' : 'watcher'

/** Starts a child that does not outlive this process, and resolves when it is ready. Throws `ChildFailure`; nothing is left then. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, output, guard = guardHere } = options
  const child = spawnGuarded(options, guard)
  const exited = exitOf(child)
  let tail = ''
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      tail = (tail + chunk).slice(-TAIL_CHARACTERS)
      output?.(chunk)
      wake()
    })
  }
  const closed = once(child, 'close').catch(() => {})
  if (child.pid === undefined) throw new ChildFailure(`${name} cannot be started from ${options.command}`, '')
  if (guard === 'watcher') watchOver(child.pid, options.stopSignal, exited)

  const started: Child = {
    name, pid: child.pid, exited, tail: () => tail,
    async stop() {
      child.kill(options.stopSignal)
      return await within(options.stop_timeout_ms, exited) ?? started.kill()
    },
    kill() {
      child.kill('SIGKILL')
      return exited
    },
  }
  const { ready } = options
  const verdict = await Promise.race([
    exited.then(({ code, signal }) => `${name} ended at once (${signal ?? `exit code ${code}`})`),
    typeof ready === 'function'
      ? new Promise<undefined>((resolve) => {
        wake = () => { if (ready(tail)) resolve(undefined) }
        wake()
      })
      : answered(ready.probe, options.ready_timeout_ms, exited),
    ...options.abort ? [aborted(options.abort).then(() => `${name} was stopped before it was ready`)] : [],
    pause(options.ready_timeout_ms, `${name} was not ready within ${options.ready_timeout_ms / 1000} s`, { ref: false }),
  ])
  wake = () => {}
  if (verdict === undefined) return started
  await started.kill()
  await within(LAST_WORDS_MS, closed)
  throw new ChildFailure(verdict, tail)
}

/** A session of its own, so that Ctrl-C in a terminal reaches the launcher alone and it can stop its children in order. */
function spawnGuarded({ command, args, env, cwd, user, stopSignal }: ChildOptions, guard: Guard): ChildProcess {
  const line = guard === 'kernel' ? [SETPRIV, '--pdeathsig', stopSignal.slice(3), command, ...args] : [command, ...args]
  return spawn(line[0]!, line.slice(1), { env, ...(cwd ? { cwd } : {}), ...user, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
}

const exitOf = (child: ChildProcess) => new Promise<Exit>((resolve) => {
  child.once('exit', (code, signal) => resolve({ code, signal }))
  child.once('error', () => { if (child.pid === undefined) resolve({ code: null, signal: null }) })
})

/** The pipe to the watcher closes when this process ends, however it ends. */
function watchOver(pid: number, signal: NodeJS.Signals, exited: Promise<Exit>) {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -s "$1" "$2"', 'watcher', signal.slice(3), String(pid)],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  watcher.on('error', () => {})
  watcher.stdin?.on('error', () => {})
  watcher.unref()
  void exited.then(() => watcher.kill('SIGKILL'))
}

async function answered(probe: () => Promise<boolean>, timeout_ms: number, exited: Promise<Exit>): Promise<undefined> {
  const deadline = Date.now() + timeout_ms
  let gone = false
  void exited.then(() => { gone = true })
  while (!gone && Date.now() < deadline) {
    if (await probe().catch(() => false)) return undefined
    await pause(50)
  }
  return new Promise(() => {})
}

const aborted = (signal: AbortSignal) => signal.aborted ? Promise.resolve() : once(signal, 'abort').then(() => {})

/** Undefined when it takes longer. */
export async function within<T>(timeout_ms: number, promise: Promise<T>): Promise<T | undefined> {
  const over = new AbortController()
  try {
    return await Promise.race([promise, pause(timeout_ms, undefined, { signal: over.signal }).catch(() => undefined)])
  } finally {
    over.abort()
  }
}
