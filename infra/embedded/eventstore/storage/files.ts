import fs from 'node:fs'

/** Everything the log asks of a disk, in one place, so that tests can make the disk fail. Synchronous except for the sync itself. */
export interface FileLayer {
  list(dir: string): string[]
  makeDir(dir: string): void
  exists(file: string): boolean
  /** Opens for reading and writing; creates when `create`. */
  open(file: string, create: boolean): number
  close(fd: number): void
  size(fd: number): number
  /** May write less than asked; returns how much it did. */
  write(fd: number, buffers: readonly Buffer[], position: number): number
  /** May read less than asked; 0 at the end of the file. */
  read(fd: number, buffer: Buffer, position: number): number
  readLater(fd: number, buffer: Buffer, position: number): Promise<number>
  /** Makes what was written durable, on another thread. */
  sync(fd: number): Promise<void>
  syncNow(fd: number): void
  /** Makes the names in a directory durable. */
  syncDir(dir: string): void
  truncate(fd: number, length: number): void
  rename(from: string, to: string): void
  remove(file: string): void
}

export const disk: FileLayer = {
  list: (dir) => fs.readdirSync(dir),
  makeDir: (dir) => void fs.mkdirSync(dir, { recursive: true }),
  exists: (file) => fs.existsSync(file),
  open: (file, create) => fs.openSync(file, create ? fs.constants.O_RDWR | fs.constants.O_CREAT : fs.constants.O_RDWR, 0o600),
  close: (fd) => fs.closeSync(fd),
  size: (fd) => fs.fstatSync(fd).size,
  write: (fd, buffers, position) => (buffers.length === 1 ? fs.writeSync(fd, buffers[0]!, 0, buffers[0]!.length, position) : fs.writevSync(fd, buffers, position)),
  read: (fd, buffer, position) => fs.readSync(fd, buffer, 0, buffer.length, position),
  readLater: (fd, buffer, position) => new Promise((resolve, reject) =>
    fs.read(fd, buffer, 0, buffer.length, position, (error, read) => (error ? reject(error) : resolve(read)))),
  sync: (fd) => new Promise((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
  syncNow: (fd) => fs.fsyncSync(fd),
  syncDir: (dir) => {
    const fd = fs.openSync(dir, 'r')
    try {
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  },
  truncate: (fd, length) => fs.ftruncateSync(fd, length),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (file) => fs.rmSync(file, { force: true }),
}

/** How many buffers one system call takes (IOV_MAX on Linux). */
const buffers_max = 1_024

/** Writes everything, however short the single writes are. */
export function writeAll(files: FileLayer, fd: number, buffers: readonly Buffer[], position: number): void {
  let left = buffers
  while (left.length > 0) {
    let written = files.write(fd, left.slice(0, buffers_max), position)
    if (written <= 0) throw new Error('the disk took nothing')
    position += written
    let whole = 0
    while (whole < left.length && written >= left[whole]!.length) written -= left[whole++]!.length
    left = left.slice(whole)
    if (written > 0) left = [left[0]!.subarray(written), ...left.slice(1)]
  }
}

/** Reads as much as there is, up to the length of the buffer. */
export function readAll(files: FileLayer, fd: number, buffer: Buffer, position: number): number {
  let read = 0
  while (read < buffer.length) {
    const more = files.read(fd, buffer.subarray(read), position + read)
    if (more === 0) break
    read += more
  }
  return read
}
