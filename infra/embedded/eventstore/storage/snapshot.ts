import path from 'node:path'
import { crc32 } from 'node:zlib'
import { writeAll, type FileLayer } from './files.ts'
import { LogIndex } from './index.ts'
import { LoadedStreams } from './loaded-streams.ts'
import { Window } from './window.ts'

/**
 * The index up to a position, so that a start need not read the whole log. One that is damaged, or of another log, is ignored: the log has it all.
 *
 *   signature 8 | header crc u32 | body crc u32 | end u64 | count u32 | streams u32 | types u32 | tombstones u32 | ids u32 | store id 36 | check from u64
 *
 * The body: columns of the index, tombstones, hashes and ordinals of recent ids, then names of streams and of types: lengths of all, bytes of all.
 */
const name = 'index.snapshot'
const signature = Buffer.from('BATONIX5')
const header_bytes = 88
const id_bytes = 8
const names_max = 4_096

export const snapshotFile = (dir: string) => path.join(dir, name)

/** What a snapshot is of. */
export interface Reach {
  /** Id of the log. */
  readonly store: string
  /** Position up to which it reaches. */
  readonly end: number
  /** Position of a frame that is not long before: from there on the log is read at a start, to see whether it is still good. */
  readonly checkFrom: number
}

interface Head extends Reach {
  readonly count: number
  readonly streams: number
  readonly types: number
  readonly tombstones: number
  readonly ids: number
}

function headerOf({ store, end, checkFrom, count, streams, types, tombstones, ids }: Head, bodyCrc: number): Buffer {
  const header = Buffer.alloc(header_bytes)
  signature.copy(header)
  header.writeUInt32LE(bodyCrc, 12)
  header.writeBigUInt64LE(BigInt(end), 16)
  for (const [nth, value] of [count, streams, types, tombstones, ids].entries()) header.writeUInt32LE(value, 24 + 4 * nth)
  header.write(store, 44, 'latin1')
  header.writeBigUInt64LE(BigInt(checkFrom), 80)
  header.writeUInt32LE(crc32(header.subarray(12)), 8)
  return header
}

function headFrom(header: Buffer): Head | undefined {
  if (header.length < header_bytes || !header.subarray(0, 8).equals(signature) || crc32(header.subarray(12)) !== header.readUInt32LE(8)) return undefined
  const [count, streams, types, tombstones, ids] = [0, 1, 2, 3, 4].map((nth) => header.readUInt32LE(24 + 4 * nth)) as [number, number, number, number, number]
  return { store: header.toString('latin1', 44, 80), end: Number(header.readBigUInt64LE(16)), checkFrom: Number(header.readBigUInt64LE(80)), count, streams, types, tombstones, ids }
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const columnsOf = (index: LogIndex) => [
  [index.positions, 8], [index.lengths, 4], [index.streamKeys, 4], [index.typeKeys, 4], [index.revisions, 4],
] as const

/** The newest ids among the visible events. */
function recentIds(index: LogIndex, visible: number): Buffer {
  const values: number[] = []
  for (const [hash, ordinal] of index.ids.newest(visible)) values.push(hash, ordinal)
  return Buffer.from(Uint32Array.from(values).buffer)
}

/** Lengths in bytes, then the names: as parts of a bounded size. */
function* namesIn(count: number, nameOf: (nth: number) => string): Generator<Buffer> {
  let total = 0
  for (let from = 0; from < count; from += names_max) {
    const lengths = Uint32Array.from({ length: Math.min(names_max, count - from) }, (_, nth) => Buffer.byteLength(nameOf(from + nth)))
    for (const length of lengths) total += length
    yield Buffer.from(lengths.buffer)
  }
  yield u32(total)
  for (let from = 0; from < count; from += names_max) yield Buffer.concat(Array.from({ length: Math.min(names_max, count - from) }, (_, nth) => Buffer.from(nameOf(from + nth))))
}

/**
 * Writes what is visible now. Appends go on meanwhile: what is visible does not change any
 * more, and the event loop is given back between parts. Either the whole snapshot takes the place of the old one, or the old one stays.
 * Returns its size in bytes.
 */
export async function writeSnapshot(files: FileLayer, dir: string, reach: Reach, index: LogIndex): Promise<number> {
  const count = index.visible
  const [streams, types] = [index.streamCount, index.types.names.length]
  const tombstones = [...index.tombstones].filter(([, ordinal]) => ordinal < count).flatMap(([key, ordinal]) => [u32(key), u32(ordinal)])
  const ids = recentIds(index, count)
  const head: Head = {
    ...reach, count, streams, types, tombstones: tombstones.length / 2, ids: ids.length / id_bytes,
  }
  function* body(): Generator<Buffer> {
    for (const [column] of columnsOf(index)) yield* column.bytes(count)
    yield Buffer.concat(tombstones)
    yield ids
    yield* namesIn(streams, (key) => index.nameOf(key))
    yield* namesIn(types, (key) => index.types.names[key]!)
  }
  const draft = `${snapshotFile(dir)}.new`
  files.remove(draft)
  const fd = files.open(draft, true)
  let [at, crc] = [header_bytes, 0]
  try {
    for (const part of body()) {
      if (part.length === 0) continue
      writeAll(files, fd, [part], at)
      crc = crc32(part, crc)
      at += part.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    writeAll(files, fd, [headerOf(head, crc)], 0)
    await files.sync(fd)
  } catch (error) {
    files.remove(draft)
    throw error
  } finally {
    files.close(fd)
  }
  files.rename(draft, snapshotFile(dir))
  files.syncDir(dir)
  return at
}

/** Up to which position the snapshot of this log reaches, by its header alone; 0 where there is none. */
export function snapshotEnd(files: FileLayer, dir: string, store: string): number {
  if (!files.exists(snapshotFile(dir))) return 0
  const fd = files.open(snapshotFile(dir), false)
  try {
    const head = headFrom(Buffer.from(new Window(files, { fd }).at(0, header_bytes)))
    return head?.store === store ? head.end : 0
  } finally {
    files.close(fd)
  }
}

export interface Snapshot {
  readonly index: LogIndex
  readonly end: number
  readonly checkFrom: number
  readonly size: number
}

/** The snapshot of this log, or undefined where there is none that is whole. */
export function readSnapshot(files: FileLayer, dir: string, store: string): Snapshot | undefined {
  if (!files.exists(snapshotFile(dir))) return undefined
  const fd = files.open(snapshotFile(dir), false)
  try {
    const window = new Window(files, { fd })
    const header = Buffer.from(window.at(0, header_bytes))
    const head = headFrom(header)
    if (head?.store !== store) return undefined
    const body = new Body(window)
    const index = indexFrom(head, body)
    return body.isWhole(header.readUInt32LE(12)) ? { index, end: head.end, checkFrom: head.checkFrom, size: window.size } : undefined
  } catch {
    // Bytes that make no sense are a damaged snapshot as well.
    return undefined
  } finally {
    files.close(fd)
  }
}

class Body {
  readonly #window: Window
  #at = header_bytes
  #crc = 0

  constructor(window: Window) {
    this.#window = window
  }

  take(length: number): Buffer {
    const bytes = this.#window.at(this.#at, length)
    if (bytes.length < length) throw new Error('the snapshot ends too early')
    this.#at += length
    this.#crc = crc32(bytes, this.#crc)
    return bytes
  }

  isWhole(crc: number): boolean {
    return this.#at === this.#window.size && this.#crc === crc
  }
}

/** A copy, since what a window gives may not begin where numbers may, and does not last. */
const numbersFrom = (body: Body, count: number) => new Uint32Array(Uint8Array.from(body.take(4 * count)).buffer)

function namesFrom(body: Body, count: number): LoadedStreams {
  const lengths = numbersFrom(body, count)
  const total = body.take(4).readUInt32LE(0)
  return new LoadedStreams(lengths, Buffer.from(body.take(total)))
}

function indexFrom(head: Head, body: Body): LogIndex {
  const index = new LogIndex()
  for (const [column, width] of columnsOf(index)) column.load(head.count, (values) => body.take(values * width))
  const tombstones = numbersFrom(body, 2 * head.tombstones)
  for (let nth = 0; nth < tombstones.length; nth += 2) index.tombstones.set(tombstones[nth]!, tombstones[nth + 1]!)
  const ids = numbersFrom(body, 2 * head.ids)
  for (let nth = 0; nth < ids.length; nth += 2) index.ids.load(ids[nth]!, ids[nth + 1]!)
  index.load(namesFrom(body, head.streams))
  const types = namesFrom(body, head.types)
  for (let key = 0; key < types.length; key++) index.types.keyOf(types.nameOf(key))
  index.visible = head.count
  return index
}
