import { randomBytes } from 'node:crypto'
import { disk } from './storage/files.ts'
import { lock } from './storage/lock.ts'
import { LogStore } from './storage/log-store.ts'
import { segment_bytes, type OpenStore, type StoreOptions } from './storage/options.ts'
import { createSegment, openSegments, type Segment } from './storage/segment.ts'

/** Opens the log in a folder, makes it when there is none, and takes the folder's lock. Throws `Locked`, `Corruption`. */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const files = options.files ?? disk
  files.makeDir(options.dir)
  const unlock = lock(options.dir)
  let segments: Segment[] = []
  try {
    const opened = openSegments(files, options.dir)
    segments = opened.segments
    if (opened.unfinished !== undefined) files.remove(opened.unfinished)
    const storeId = opened.storeId ?? randomBytes(16)
    const size = options.segment_bytes ?? segment_bytes
    if (segments.length === 0) segments.push(createSegment(files, options.dir, 0, size, storeId, Math.min(size, 1024 * 1024)))
    const store = new LogStore(options, files, segments, storeId, unlock)
    if (store.count === 0) await store.writeFirst()
    return store
  } catch (error) {
    for (const { fd } of segments) files.close(fd)
    unlock()
    throw error
  }
}
