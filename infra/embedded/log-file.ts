import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const BYTES_MAX = 8 * 1024 * 1024

/** A log that takes at most twice 8 MiB on disk: `file`, and what came before it in `file.1`. */
export interface LogFile {
  write(chunk: string): void
  close(): void
}

/** Goes on in the file that is there. */
export function openLog(file: string): LogFile {
  mkdirSync(dirname(file), { recursive: true })
  let fd: number | undefined = openSync(file, 'a', 0o640)
  let bytes = fstatSync(fd).size
  return {
    write(chunk) {
      if (fd === undefined) return
      if (bytes > BYTES_MAX) {
        closeSync(fd)
        renameSync(file, `${file}.1`)
        fd = openSync(file, 'a', 0o640)
        bytes = 0
      }
      bytes += writeSync(fd, chunk)
    },
    close() {
      if (fd !== undefined) closeSync(fd)
      fd = undefined
    },
  }
}
