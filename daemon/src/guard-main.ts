import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants, existsSync, statSync, writeSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { sinceSign, type FromGuard, type Sign, type ToGuard } from './guard-words.ts'
import { familyOf, killed, runningSince, signalAll } from './processes.ts'

// The process beside a program. It has a session of its own and outlives the daemon that started it: whatever happens to that, the program
// is dead before its lease may be anybody else's. What it is told comes by standard input, what it tells goes out by standard output; the
// program gets the descriptors behind those.
const programs = [3, 4, 5] as const
const look_ms = 250

type Run = Extract<ToGuard, { run: object }>['run']

let run: Run | undefined
let pid: number | undefined
let alive: Sign
let asked_ms: number | undefined
let isFenced = false
let isStill = false

const tell = (said: FromGuard) => {
  try {
    writeSync(1, `${JSON.stringify(said)}\n`)
  } catch {
    // Nobody listens any more.
  }
}

/** Ends the program: first it is asked to, then it is killed, with all that came of it. */
function end() {
  if (pid === undefined || asked_ms !== undefined) return
  asked_ms = performance.now()
  const family = familyOf(pid, run!.mark)
  signalAll(family, 'SIGTERM')
  if (isStill) signalAll(family, 'SIGCONT')
}

function look() {
  if (!run || pid === undefined) return
  const silent_ms = sinceSign(alive)
  if (silent_ms >= run.fence_ms.term) {
    isFenced = true
    end()
  }
  const isOver = asked_ms !== undefined && performance.now() - asked_ms >= run.grace_ms
  if (isOver || silent_ms >= run.fence_ms.kill) killed(pid, run.mark)
}

/** Where the kernel can, it kills the program with its guard. */
const setpriv = '/usr/bin/setpriv'
const wrapped = ([command, ...words]: Run['command']): [string, string[]] =>
  (process.platform === 'linux' && existsSync(setpriv) ? [setpriv, ['--pdeathsig', 'KILL', '--', command, ...words]] : [command, words])

function fail(why: string) {
  tell({ failed: why })
  process.exit(0)
}

/** Why the program cannot be started, as the system would say it; asked beforehand, since whatever wraps it says it otherwise. */
function unable({ command: [name], cwd, env }: Run): string | undefined {
  const places = name.includes('/') ? [resolve(cwd, name)] : (env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  const found = places.filter((place) => existsSync(place) && statSync(place).isFile())
  if (found.length === 0) return 'ENOENT'
  return found.some((place) => can(place)) ? undefined : 'EACCES'
}

function can(place: string): boolean {
  try {
    accessSync(place, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function begin(asked: Run) {
  run = asked
  alive = asked.alive
  const why = unable(asked)
  if (why !== undefined) return fail(why)
  const [command, words] = wrapped(asked.command)
  const child = spawn(command, words, { cwd: asked.cwd, env: asked.env, detached: true, stdio: [...programs] })
  pid = child.pid
  child.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
  child.once('spawn', () => {
    // Whoever reads what the program prints would wait for this process otherwise.
    for (const one of programs) closeSync(one)
    tell({ started: pid!, since: runningSince(pid!) ?? '' })
  })
  child.once('exit', (exit, signal) => {
    killed(pid!, asked.mark)
    tell({ exit, signal, isFenced })
    process.exit(0)
  })
}

function hear(said: ToGuard) {
  if ('run' in said) begin(said.run)
  else if ('alive' in said) alive = said.alive
  else if ('kill' in said) end()
  else {
    isStill = said.still
    if (pid !== undefined && asked_ms === undefined) signalAll(familyOf(pid, run!.mark), said.still ? 'SIGSTOP' : 'SIGCONT')
  }
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => (pid === undefined ? process.exit(0) : end()))
setInterval(look, look_ms)
tell({ ready: true })
for await (const line of createInterface({ input: process.stdin })) hear(JSON.parse(line) as ToGuard)
// The daemon is gone: nobody is there to take what the program does.
if (pid === undefined) process.exit(0)
end()
