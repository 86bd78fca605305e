import path from 'node:path'
import { crc32 } from 'node:zlib'
import { readAll, replaceFile, type FileLayer } from './files.ts'
import { ids_min, LogIndex, tombstoneType } from './index.ts'

/** The index up to a position, so that a start need not read the whole log. A damaged or foreign one is ignored: the log has it all. */
const name = 'index.snapshot'
const signature = Buffer.from('BATONIX1')
const header_bytes = 32

interface Head {
  readonly store: string
  readonly end: number
  readonly count: number
  readonly streams: readonly string[]
  readonly types: readonly string[]
  readonly ids: readonly string[]
}

/** Writes what is visible; `end` is the position up to which that reaches. */
export function writeSnapshot(files: FileLayer, dir: string, store: string, index: LogIndex, end: number): void {
  const ids = index.recentIds().filter(([, ordinal]) => ordinal < index.visible).slice(-ids_min)
  const head: Head = {
    store, end, count: index.visible, streams: index.streams.map(({ name }) => name), types: index.types.names, ids: ids.map(([id]) => id),
  }
  const json = Buffer.from(JSON.stringify(head))
  const idOrdinals = Buffer.from(Float64Array.from(ids, ([, ordinal]) => ordinal).buffer)
  const columns = [index.positions, index.lengths, index.streamKeys, index.typeKeys, index.revisions]
  const content = [json, idOrdinals, ...columns.flatMap((column) => [...column.bytes()])]
  const header = Buffer.alloc(header_bytes)
  signature.copy(header)
  header.writeUInt32LE(json.length, 8)
  header.writeUInt32LE(content.reduce((crc, part) => crc32(part, crc), 0), 12)
  header.writeBigUInt64LE(BigInt(content.reduce((sum, part) => sum + part.length, 0)), 16)
  replaceFile(files, path.join(dir, name), [header, ...content])
}

/** The index of the snapshot and the position it reaches, or undefined where there is none that fits. */
export function readSnapshot(files: FileLayer, dir: string, store: string): { index: LogIndex; end: number } | undefined {
  const file = path.join(dir, name)
  if (!files.exists(file)) return undefined
  const fd = files.open(file, false)
  try {
    const bytes = Buffer.allocUnsafe(files.size(fd))
    if (readAll(files, fd, bytes, 0) < header_bytes || !bytes.subarray(0, 8).equals(signature)) return undefined
    const content = bytes.subarray(header_bytes)
    if (Number(bytes.readBigUInt64LE(16)) !== content.length || crc32(content) !== bytes.readUInt32LE(12)) return undefined
    const json_bytes = bytes.readUInt32LE(8)
    const head = JSON.parse(content.toString('utf8', 0, json_bytes)) as Head
    return head.store === store ? { index: indexFrom(head, content.subarray(json_bytes)), end: head.end } : undefined
  } finally {
    files.close(fd)
  }
}

function indexFrom({ count, streams, types, ids }: Head, rest: Buffer): LogIndex {
  const index = new LogIndex()
  for (const stream of streams) index.entry(stream)
  for (const type of types) index.types.keyOf(type)
  let at = ids.length * 8
  const idOrdinals = new Float64Array(ids.length)
  rest.copy(Buffer.from(idOrdinals.buffer), 0, 0, at)
  for (const [column, width] of [[index.positions, 8], [index.lengths, 4], [index.streamKeys, 4], [index.typeKeys, 4], [index.revisions, 4]] as const) {
    column.load(rest.subarray(at), count)
    at += count * width
  }
  const tombstone = index.types.find(tombstoneType) ?? -1
  for (let ordinal = 0; ordinal < count; ordinal++) {
    const entry = index.streams[index.streamKeys.get(ordinal)]!
    if (index.typeKeys.get(ordinal) === tombstone) entry.tombstone = ordinal
    else entry.ordinals.push(ordinal)
  }
  ids.forEach((id, nth) => index.remember(id, idOrdinals[nth]!))
  index.visible = count
  return index
}
