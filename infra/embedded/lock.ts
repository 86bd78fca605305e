import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StartFailure } from './start-failure.ts'

const ATTEMPTS_MAX = 5

/** Makes this process the only one that runs Baton in a folder, until the returned function is called. Throws `StartFailure`. */
export function takeLock(root: string): () => void {
  mkdirSync(root, { recursive: true })
  const file = join(root, 'lock')
  const mine = `${process.pid} ${bornAt(process.pid) ?? ''}\n`
  const draft = `${file}.${process.pid}.draft`
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    try {
      // Linked when it is whole, so that nobody reads an empty lock and takes it for a stale one.
      writeFileSync(draft, mine)
      linkSync(draft, file)
      return () => { if (read(file) === mine) rmSync(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft, { force: true })
    }
    removeStale(file, root)
  }
  throw new StartFailure(`The lock ${file} could not be taken: remove it if nothing runs in ${resolve(root)}.`)
}

function removeStale(file: string, root: string) {
  const text = read(file)
  if (text === undefined) return
  const [pid = '', ...born] = text.trim().split(' ')
  // A number may have been given to another process since; that one was born later.
  if (/^\d+$/.test(pid) && bornAt(Number(pid)) === born.join(' ')) {
    throw new StartFailure(`Baton already runs in ${resolve(root)} (process ${pid}): end that one first, or use another folder.`)
  }
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  // Between the look and the move, somebody else may have found the same and taken the lock.
  if (read(aside) !== text) linkSync(aside, file)
  rmSync(aside, { force: true })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** When a process was started, in the system's own words; undefined when there is none of that number. */
function bornAt(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
