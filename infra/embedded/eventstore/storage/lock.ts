import fs from 'node:fs'
import path from 'node:path'

/** Another process works on the folder. */
export class Locked extends Error {
  constructor(dir: string, pid: number) {
    super(`${dir} is in use by process ${pid}. Stop that one first, or use another folder.`)
  }
}

const namePattern = /^lock\.(\d+)$/
const attempts_max = 10

function fileText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Boot and start time of a process: with them a pid that was given out again is told apart. Empty where /proc is missing. */
function startOf(pid: number): string {
  const start = fileText(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ')[19]
  return start === undefined ? '' : `${fileText('/proc/sys/kernel/random/boot_id')}/${start}`
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The process that holds a lock file, undefined when it is gone or gave the lock back. */
function holderOf(file: string): number | undefined {
  const [pid = '', start = ''] = fileText(file).split(' ')
  if (!/^\d+$/.test(pid) || !isAlive(Number(pid))) return undefined
  return start === '' || startOf(Number(pid)) === start ? Number(pid) : undefined
}

const newest = (dir: string) => Math.max(0, ...fs.readdirSync(dir).map((name) => Number(namePattern.exec(name)?.[1] ?? 0)))

/** The process that works on the folder now, if one does. */
export function holder(dir: string): number | undefined {
  const number = newest(dir)
  return number === 0 ? undefined : holderOf(path.join(dir, `lock.${number}`))
}

/**
 * Takes the folder for this process. Returns the way to give it back. Throws `Locked`.
 *
 * A stale lock is never removed in favour of a new one of the same name: of two that find it stale, the slower one would remove the
 * new lock of the faster. Locks are numbered instead, the highest counts, and a number is taken by one only.
 */
export function lock(dir: string): () => void {
  const draft = path.join(dir, `lock.draft-${process.pid}-${performance.now()}`)
  fs.writeFileSync(draft, `${process.pid} ${startOf(process.pid)}\n`, { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < attempts_max; attempt++) {
      const number = newest(dir)
      const holder = number === 0 ? undefined : holderOf(path.join(dir, `lock.${number}`))
      if (holder !== undefined) throw new Locked(dir, holder)
      const file = path.join(dir, `lock.${number + 1}`)
      if (!take(draft, file)) continue
      if (newest(dir) > number + 1) {
        fs.rmSync(file, { force: true })
        continue
      }
      for (const name of fs.readdirSync(dir)) if (Number(namePattern.exec(name)?.[1] ?? Infinity) <= number) fs.rmSync(path.join(dir, name), { force: true })
      // The number stays taken: an empty file is a lock that was given back.
      return () => {
        if (fs.existsSync(file)) fs.writeFileSync(file, '')
      }
    }
  } finally {
    fs.rmSync(draft, { force: true })
  }
  throw new Error(`${dir} could not be locked: too many processes want it at once. Try again.`)
}

/** A link appears with its content, or not at all. */
function take(draft: string, file: string): boolean {
  try {
    fs.linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
