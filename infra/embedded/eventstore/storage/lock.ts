import fs from 'node:fs'
import path from 'node:path'

/** Another process works on the folder. */
export class Locked extends Error {
  constructor(dir: string, pid: number) {
    super(`${dir} is in use by process ${pid}. Stop that one first, or use another folder.`)
  }
}

/** When a process started, in clock ticks since boot: with it a pid that was given out again is told apart. Empty where /proc is missing. */
function startOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Takes the folder for this process. Returns the way to give it back. Throws `Locked`. */
export function lock(dir: string): () => void {
  const file = path.join(dir, 'lock')
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      fs.writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx', mode: 0o600 })
      return () => fs.rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pid = 0, start = ''] = fs.readFileSync(file, 'utf8').trim().split(' ').map((part, index) => (index === 0 ? Number(part) : part)) as [number, string]
    if (pid > 0 && isAlive(pid) && (start === '' || startOf(pid) === start)) throw new Locked(dir, pid)
    // Whoever held it is gone. Two that find it stale at once both try to make it anew, and one of them fails.
    fs.renameSync(file, `${file}.stale-${process.pid}`)
    fs.rmSync(`${file}.stale-${process.pid}`, { force: true })
  }
  throw new Locked(dir, 0)
}
