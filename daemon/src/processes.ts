import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process as the system tells of it. */
interface Seen {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly isDead: boolean
  /** In the system's own words: with the pid it names a process for ever. */
  readonly since: string
}

/** Of `/proc/<pid>/stat`: the name stands in brackets and may hold anything. */
function statOf(pid: number): Seen | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const words = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(words[1]), group: Number(words[2]), isDead: words[0] === 'Z' || words[0] === 'X', since: words[19]! }
  } catch {
    return undefined
  }
}

function all(): readonly Seen[] {
  if (process.platform === 'linux') return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => statOf(Number(name)) ?? [])
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,lstart='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid, parent, group, stat, ...since] = line.trim().split(/\s+/)
    return { pid: Number(pid), parent: Number(parent), group: Number(group), isDead: stat!.startsWith('Z'), since: since.join(' ') }
  })
}

/** Since when a process has run; undefined where there is none, or none that still does anything. */
export function runningSince(pid: number): string | undefined {
  const seen = process.platform === 'linux' ? statOf(pid) : all().find((one) => one.pid === pid)
  return seen && !seen.isDead ? seen.since : undefined
}

const holds = (pid: number, mark: string): boolean => {
  try {
    return process.platform === 'linux' && readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)
  } catch {
    return false
  }
}

/** All that came of a program: its group, whoever descends from it, and whoever has this word in its environment, wherever it went. */
export function familyOf(pid: number, mark: string): readonly number[] {
  const living = all().filter(({ isDead }) => !isDead)
  const family = new Set(living.filter((one) => one.pid === pid || one.group === pid || holds(one.pid, mark)).map((one) => one.pid))
  for (let before = -1; before < family.size;) {
    before = family.size
    for (const { pid, parent } of living) if (family.has(parent)) family.add(pid)
  }
  family.delete(process.pid)
  return [...family]
}

/** Sends a signal to whoever of them is still there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has gone meanwhile.
    }
  }
}

/** Kills a whole family; what it forked while it was being killed as well. True when nobody is left. */
export function killed(pid: number, mark: string): boolean {
  for (let rounds = 0; rounds < 10; rounds++) {
    const family = familyOf(pid, mark)
    if (family.length === 0) return true
    signalAll(family, 'SIGKILL')
  }
  return familyOf(pid, mark).length === 0
}
