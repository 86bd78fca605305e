import type { FileLayer } from './files.ts'

/** For tests: a disk in memory that can lose what was not synced, write short, run full and fail to sync. */
interface MemoryFile {
  content: Buffer
  /** As of the last sync. */
  durable: Buffer
  /** Writes since then, in order. */
  pending: { readonly at: number; readonly bytes: Buffer }[]
}

export interface Faults {
  /** Bytes by which files can still grow before the disk is full. */
  room_bytes: number
  /** Every write takes at most so many bytes. */
  write_bytes_max: number
  failsToSync: boolean
}

const nowhere = (code: string, what: string) => Object.assign(new Error(`${code}: ${what}`), { code })

export class MemoryDisk implements FileLayer {
  readonly faults: Faults = { room_bytes: Infinity, write_bytes_max: Infinity, failsToSync: false }
  readonly files = new Map<string, MemoryFile>()
  /** Names that survive a crash. */
  readonly #durableNames = new Set<string>()
  readonly #open = new Map<number, string>()
  #next = 1
  syncs = 0

  list(dir: string): string[] {
    return [...this.files.keys()].filter((name) => name.startsWith(`${dir}/`)).map((name) => name.slice(dir.length + 1))
  }

  makeDir(): void {}

  exists(file: string): boolean {
    return this.files.has(file)
  }

  open(file: string, create: boolean): number {
    if (!this.files.has(file)) {
      if (!create) throw nowhere('ENOENT', file)
      this.files.set(file, { content: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] })
    }
    this.#open.set(this.#next, file)
    return this.#next++
  }

  close(fd: number): void {
    this.#open.delete(fd)
  }

  #file(fd: number): MemoryFile {
    const file = this.files.get(this.#open.get(fd) ?? '')
    if (!file) throw nowhere('EBADF', String(fd))
    return file
  }

  size(fd: number): number {
    return this.#file(fd).content.length
  }

  write(fd: number, buffers: readonly Buffer[], position: number): number {
    const file = this.#file(fd)
    const all = Buffer.concat(buffers)
    // What is overwritten has its room already.
    const fits = Math.max(0, file.content.length - position) + this.faults.room_bytes
    const bytes = all.subarray(0, Math.min(all.length, this.faults.write_bytes_max, fits))
    if (bytes.length === 0 && all.length > 0) throw nowhere('ENOSPC', 'no space left on device')
    this.faults.room_bytes -= Math.max(0, position + bytes.length - file.content.length)
    file.content = written(file.content, position, bytes)
    file.pending.push({ at: position, bytes: Buffer.from(bytes) })
    return bytes.length
  }

  read(fd: number, buffer: Buffer, position: number): number {
    return this.#file(fd).content.copy(buffer, 0, position, position + buffer.length)
  }

  async readLater(fd: number, buffer: Buffer, position: number): Promise<number> {
    return this.read(fd, buffer, position)
  }

  async sync(fd: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.syncNow(fd)
  }

  syncNow(fd: number): void {
    if (this.faults.failsToSync) throw nowhere('EIO', 'input/output error')
    const file = this.#file(fd)
    file.durable = Buffer.from(file.content)
    file.pending = []
    this.syncs++
  }

  syncDir(dir: string): void {
    if (this.faults.failsToSync) throw nowhere('EIO', 'input/output error')
    for (const name of this.files.keys()) if (name.startsWith(`${dir}/`)) this.#durableNames.add(name)
    for (const name of this.#durableNames) if (!this.files.has(name)) this.#durableNames.delete(name)
  }

  truncate(fd: number, length: number): void {
    const file = this.#file(fd)
    file.content = file.content.subarray(0, length)
  }

  rename(from: string, to: string): void {
    this.files.set(to, this.files.get(from)!)
    this.files.delete(from)
  }

  remove(file: string): void {
    this.files.delete(file)
  }

  /** What a power cut leaves: names and contents as synced, and of the writes since then those that `keeps` says, each whole or in part. */
  afterCrash(keeps: (bytes: number) => number): MemoryDisk {
    const disk = new MemoryDisk()
    for (const [name, { durable, pending }] of this.files) {
      if (!this.#durableNames.has(name)) continue
      let content: Buffer = Buffer.from(durable)
      for (const { at, bytes } of pending) content = written(content, at, bytes.subarray(0, keeps(bytes.length)))
      disk.files.set(name, { content, durable: Buffer.from(content), pending: [] })
      disk.#durableNames.add(name)
    }
    return disk
  }

  /** The same files on another disk: what the death of the process alone leaves. */
  copy(): MemoryDisk {
    return this.alteredCopy(() => undefined)
  }

  alteredCopy(alter: (name: string, content: Buffer) => void): MemoryDisk {
    const disk = new MemoryDisk()
    for (const [name, file] of this.files) {
      const content = Buffer.from(file.content)
      alter(name, content)
      disk.files.set(name, { content, durable: Buffer.from(content), pending: [] })
      disk.#durableNames.add(name)
    }
    return disk
  }
}

function written(content: Buffer, at: number, bytes: Buffer): Buffer {
  if (bytes.length === 0) return content
  const result = at + bytes.length > content.length ? Buffer.concat([content, Buffer.alloc(at + bytes.length - content.length)]) : content
  bytes.copy(result, at)
  return result
}
