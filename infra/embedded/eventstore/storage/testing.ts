import type t from 'tap'
import { folderFor } from '../../testing.ts'
import { ANY, type ProposedEvent } from '../contract.ts'
import { openStore } from '../store.ts'
import { readRecord } from '../wire/recorded-event.ts'
import { MemoryDisk } from './memory-disk.ts'
import type { OpenStore, StoreOptions } from './options.ts'

/** For tests: logs on disks that fail. */

let made = 0
export const event = (size = 20): ProposedEvent => ({
  id: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`, type: 'Happened', json: true, metadata: Buffer.alloc(0), data: Buffer.from(JSON.stringify({ n: made, pad: 'x'.repeat(size) })),
})

/** Ends the store without any of the care that a stop takes. */
export async function abandon(store: OpenStore) {
  await store.close()
}

/** The next writes fail, one after another, when so many bytes of them are written. */
export function failing(disk: MemoryDisk, ...written: number[]): void {
  const write = disk.write.bind(disk)
  disk.write = (fd, buffers, position) => {
    const bytes = written.shift()
    if (bytes === undefined) return write(fd, buffers, position)
    write(fd, [Buffer.concat(buffers).subarray(0, bytes)], position)
    throw new Error('EIO: input/output error')
  }
}

export async function contents(store: OpenStore): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (let ordinal = 0; ordinal < store.count; ordinal++) {
    const { stream, revision } = store.entry(ordinal)
    const [record] = await store.records([ordinal])
    const { id, data, stream: written } = readRecord(record!)
    if (written !== stream) throw new Error('the index and the log name different streams')
    if (stream.startsWith('$')) continue
    const ids = found.get(stream) ?? []
    if (ids.length !== revision) throw new Error(`gap in ${stream} before revision ${revision}`)
    JSON.parse(data.toString())
    found.set(stream, [...ids, id])
  }
  return found
}

/** Opens logs on disks in memory; the folder in which they are locked is gone when the test is over. */
export function logs(test: Pick<typeof t, 'teardown'>) {
  const dir = folderFor(test, 'log')

  const open = (files: MemoryDisk, segment_bytes = 4_096, onFatal?: (error: Error) => void, options: Partial<StoreOptions> = {}) =>
    openStore({ dir, files, segment_bytes, ...options, ...(onFatal ? { onFatal } : {}) })

  /** A log of a few small appends on one segment, as the disk has it when the process dies. */
  async function small(appends = 6): Promise<{ disk: MemoryDisk; file: string; ends: number[]; ids: string[][] }> {
    const disk = new MemoryDisk()
    const store = await open(disk)
    const ends: number[] = []
    const ids: string[][] = []
    for (let n = 0; n < appends; n++) {
      const events = Array.from({ length: 1 + (n % 3) }, () => event())
      await store.append('s-1', ANY, events)
      ids.push(events.map(({ id }) => id))
      ends.push(store.stats().tail)
    }
    const copy = disk.copy()
    await abandon(store)
    return { disk: copy, file: [...copy.files.keys()].find((name) => name.endsWith('.log'))!, ends, ids }
  }

  return { dir, open, small }
}
