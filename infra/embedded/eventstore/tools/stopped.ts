import fs from 'node:fs'
import path from 'node:path'
import { Corruption } from '../storage/damage.ts'
import { disk, type FileLayer } from '../storage/files.ts'
import { holder, Locked } from '../storage/lock.ts'
import { openSegments, type Segment } from '../storage/segment.ts'

/** The log in a folder that no server works on. */
export interface StoppedLog {
  readonly dir: string
  readonly files: FileLayer
  /** Up to the first that cannot be opened. */
  readonly segments: readonly Segment[]
  /** Undefined where there is no whole segment. */
  readonly storeId: Buffer | undefined
  /** Why the segments end before the files do: a header that is damaged, or a file that is missing. */
  readonly broken: Corruption | undefined
}

const refused = () => {
  throw new Error('a log that is only looked at is not to be written')
}

/** The disk, but nothing on it can be changed. */
export const readOnly: FileLayer = {
  ...disk, open: (file) => fs.openSync(file, 'r'), makeDir: refused, write: refused, sync: refused, syncNow: refused, syncDir: refused, truncate: refused, rename: refused, remove: refused,
}

/** Throws a sentence where there is no log, and `Locked` where a server runs on it. */
export function mustBeStopped(dir: string): void {
  if (!fs.existsSync(dir)) throw new Error(`There is no folder ${dir}.`)
  const pid = holder(dir)
  if (pid !== undefined) throw new Locked(dir, pid)
  if (!fs.readdirSync(dir).some((name) => /^\d{16}\.log$/.test(name))) throw new Error(`${dir} holds no event store.`)
}

/** Opens as many segments as are good; `files` says whether they can be written. */
export function openStopped(dir: string, files: FileLayer = readOnly): StoppedLog {
  try {
    return { dir, files, ...openSegments(files, dir), broken: undefined }
  } catch (error) {
    if (!(error instanceof Corruption)) throw error
    const before = { ...files, list: (dir: string) => files.list(dir).filter((name) => name < path.basename(error.file)) }
    return { dir, files, ...openSegments(before, dir), broken: error }
  }
}

export function closeStopped({ files, segments }: StoppedLog): void {
  for (const { fd } of segments) files.close(fd)
}

/** Looks at a stopped log, and makes sure that it was stopped all the while. */
export async function withStopped<T>(dir: string, look: (log: StoppedLog) => T | Promise<T>): Promise<T> {
  mustBeStopped(dir)
  const log = openStopped(dir)
  try {
    const seen = await look(log)
    mustBeStopped(dir)
    return seen
  } finally {
    closeStopped(log)
  }
}
