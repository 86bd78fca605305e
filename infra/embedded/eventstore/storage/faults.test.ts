import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { folderFor } from '../../testing.ts'
import { ANY, STREAM_EXISTS, type ProposedEvent, type Verdict } from '../contract.ts'
import { openStore } from '../store.ts'
import { readRecord } from '../wire/recorded-event.ts'
import { Corruption } from './damage.ts'
import { frameHeader_bytes, seal } from './frame.ts'
import { MemoryDisk } from './memory-disk.ts'
import type { OpenStore, StoreOptions } from './options.ts'
import { segmentHeader_bytes } from './segment.ts'
import { Busy } from './writer.ts'

const dir = folderFor(t, 'log')

let made = 0
const event = (size = 20): ProposedEvent => ({
  id: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`, type: 'Happened', json: true, metadata: Buffer.alloc(0), data: Buffer.from(JSON.stringify({ n: made, pad: 'x'.repeat(size) })),
})

const open = (files: MemoryDisk, segment_bytes = 4_096, onFatal?: (error: Error) => void, options: Partial<StoreOptions> = {}) =>
  openStore({ dir, files, segment_bytes, ...options, ...(onFatal ? { onFatal } : {}) })

/** Ends the store without any of the care that a stop takes. */
async function abandon(store: OpenStore) {
  await store.close()
}

/** The next writes fail, one after another, when so many bytes of them are written. */
function failing(disk: MemoryDisk, ...written: number[]): void {
  const write = disk.write.bind(disk)
  disk.write = (fd, buffers, position) => {
    const bytes = written.shift()
    if (bytes === undefined) return write(fd, buffers, position)
    write(fd, [Buffer.concat(buffers).subarray(0, bytes)], position)
    throw new Error('EIO: input/output error')
  }
}

async function contents(store: OpenStore): Promise<Map<string, string[]>> {
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

t.test('§10.4: a log that is cut at any byte of its last frames loses at most whole appends, never a part of one', async (t) => {
  const { disk, file, ends, ids } = await small()
  const start = ends.at(-4)!
  for (let cut = start; cut <= ends.at(-1)!; cut++) {
    const store = await open(disk.alteredCopy((name, content) => { if (name === file) content.fill(0, cut) }))
    const whole = ids.filter((_, n) => ends[n]! <= cut).flat()
    const found = (await contents(store)).get('s-1')
    if (JSON.stringify(found) !== JSON.stringify(whole)) t.fail(`cut at ${cut}: ${found?.length} events instead of ${whole.length}`)
    await abandon(store)
  }
  t.pass(`${ends.at(-1)! - start + 1} cuts`)
})

t.test('§10.4: a flipped bit anywhere in what was acknowledged is refused with file and offset', async (t) => {
  const { disk, file, ends } = await small()
  // The last frame is told apart from a torn one only by a marker behind it: see the next test.
  for (let at = segmentHeader_bytes; at < ends.at(-2)!; at++) {
    const flipped = disk.alteredCopy((name, content) => { if (name === file) content[at]! ^= 1 << (at % 8) })
    try {
      const store = await open(flipped)
      await abandon(store)
      t.fail(`the flip at ${at} went unnoticed`)
    } catch (error) {
      if (!(error instanceof Corruption) || !error.message.includes(file)) t.fail(`the flip at ${at}: ${(error as Error).message}`)
    }
  }
  t.pass(`${ends.at(-2)! - segmentHeader_bytes} flips`)
})

t.test('§10.4: a record that cannot be read, in a frame whose checksum is right, is refused with file and offset', async (t) => {
  const { disk, file, ends } = await small()
  const start = ends.at(-2)!
  const strange = disk.alteredCopy((name, content) => {
    if (name !== file) return
    const frame = content.subarray(start, ends.at(-1)!)
    frame.fill(0xff, frameHeader_bytes + 50)
    seal(frame, start, start)
  })
  await t.rejects(open(strange), new RegExp(`${file} is damaged at offset ${start + frameHeader_bytes + 4}: a record cannot be read`))
})

t.test('§10.4: a bit that flips in the newest append does not make it look torn, whatever it holds', async (t) => {
  for (const data of [Buffer.from('ends in a zero\0'), Buffer.alloc(2_000)]) {
    const disk = new MemoryDisk()
    const store = await open(disk)
    const { tail } = store.stats()
    await store.append('s-1', ANY, [{ ...event(), json: false, data }])
    const killed = disk.copy()
    await store.close()
    const flipped = killed.alteredCopy((name, content) => { if (name.endsWith('.log')) content[tail + 40]! ^= 1 })
    await t.rejects(open(flipped), /is damaged at offset/)
  }
})

t.test('§10.4: a write that failed and could not be taken back whole leaves a log that starts, without it', async (t) => {
  const writes = [[1_000, 8], [1_000, 40], [1_740, 4], [1_740, 20], [1_740, 200], [1_760, 200], [3_000, 1_780], [3_000, 2_500], [3_600, 1_900]]
  for (const [first, second] of writes as [number, number][]) {
    const disk = new MemoryDisk()
    let fatal: Error | undefined
    const store = await open(disk, 64 * 1024, (error) => { fatal = error })
    await store.append('s-1', ANY, [event(1_600)])
    failing(disk, first, second)
    // Nobody will say what became of them.
    for (let n = 0; n < 3; n++) void store.append('s-1', ANY, [event(1_600)])
    for (let n = 0; n < 100 && !fatal; n++) await new Promise((resolve) => setImmediate(resolve))
    t.match(fatal?.message, /could not be taken back/)
    await store.close()
    const again = await open(disk.copy(), 64 * 1024)
    t.equal((await contents(again)).get('s-1')?.length, 1, `${first}, ${second}`)
    t.match(await again.append('s-1', 0, [event()]), { kind: 'written', revision: 1 })
    await again.close()
  }
})

t.test('§10.4: what could not be written whole is zero on the disk before anything is written in its place', async (t) => {
  const disk = new MemoryDisk()
  const store = await open(disk)
  await store.append('s-1', ANY, [event()])
  failing(disk, 300)
  await t.rejects(store.append('s-1', ANY, [event(400)]), /EIO/)
  const [, { pending }] = [...disk.files].find(([name]) => name.endsWith('.log'))!
  t.same(pending, [], 'no crash can bring it back')
  await store.close()
})

t.test('§10.4: a log of another format is left alone, in a sentence', async (t) => {
  const { disk, file } = await small(1)
  const older = disk.alteredCopy((name, content) => {
    if (name !== file) return
    content.writeUInt32LE(1, 8)
    content.writeUInt32LE(crc32(content.subarray(0, 60)), 60)
  })
  const error = await open(older).catch((error: Error) => error)
  t.match(error, { message: /is of format 1, and this program reads format 2 only. Nothing was changed/ })
  t.notOk(error instanceof Corruption, 'nothing is to be repaired')
})

t.test('§10.4: after a quiet moment, or a clean stop, a flip in the very last frame is refused as well', async (t) => {
  const disk = new MemoryDisk()
  const store = await open(disk)
  await store.append('s-1', ANY, [event()])
  const tail = store.stats().tail
  await store.close()
  const file = [...disk.files.keys()].find((name) => name.endsWith('.log'))!
  for (const drop of [[], ['index.snapshot']]) {
    const flipped = disk.alteredCopy((name, content) => { if (name === file) content[tail - 3]! ^= 4 })
    for (const name of drop) flipped.remove(join(dir, name))
    await t.rejects(open(flipped), /is damaged at offset/)
  }
})

t.test('§10.4: with a snapshot a start checks the newest frames; damage in older ones is found while the store is open, and ends it', async (t) => {
  const disk = new MemoryDisk()
  const segment_bytes = 1024 * 1024
  const store = await open(disk, segment_bytes)
  for (let n = 0; n < 130; n++) await store.append('s-1', ANY, [event(100_000)])
  const { tail } = store.stats()
  await store.close()
  const spotOf = (position: number) => {
    const file = [...disk.files.keys()].filter((name) => name.endsWith('.log')).sort()[Math.floor(position / segment_bytes)]!
    return { file, copy: disk.alteredCopy((name, content) => { if (name === file) content[position % segment_bytes]! ^= 1 }) }
  }
  const recent = spotOf(tail - 3 * segment_bytes)
  await t.rejects(open(recent.copy, segment_bytes), new RegExp(`${recent.file} is damaged at offset`))
  const old = spotOf(2.5 * segment_bytes)
  let fatal: Error | undefined
  const opened = await open(old.copy, segment_bytes, (error) => { fatal = error })
  t.equal(opened.count, 131)
  for (let waited_ms = 0; !fatal && waited_ms < 10_000; waited_ms += 5) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(fatal?.message, `${old.file} is damaged at offset`)
  await opened.close()
  const longer = disk.alteredCopy((name, content) => { if (name === old.file) content[segmentHeader_bytes + 11]! ^= 0x80 })
  const another = await open(longer, segment_bytes, (error) => { fatal = error })
  fatal = undefined
  for (let waited_ms = 0; !fatal && waited_ms < 10_000; waited_ms += 5) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(fatal, { message: `${old.file} is damaged at offset ${segmentHeader_bytes}` }, 'a length beyond the end of the file as well')
  await another.close()
})

t.test('§10.4: a damaged header is refused, a segment that a crash left unfinished is not missed', async (t) => {
  const { disk, file } = await small()
  await t.rejects(open(disk.alteredCopy((name, content) => { if (name === file) content[3]! ^= 1 })), /is damaged at offset 0/)
  const next = file.replace(/\d{16}\.log$/, '0000000000004096.log')
  const unfinished = disk.copy()
  unfinished.close(unfinished.open(next, true))
  const store = await open(unfinished)
  t.equal((await contents(store)).get('s-1')?.length, 12)
  await abandon(store)
})

t.test('§10.4: a missing segment in the middle is refused', async (t) => {
  const disk = new MemoryDisk()
  const store = await open(disk, 1_024)
  for (let n = 0; n < 20; n++) await store.append('s-1', ANY, [event(100)])
  await store.close()
  const segments = [...disk.files.keys()].filter((name) => name.endsWith('.log')).sort()
  t.ok(segments.length > 3)
  const lacking = disk.copy()
  lacking.remove(segments[1]!)
  await t.rejects(open(lacking, 1_024), /missing/)
  const holed = disk.alteredCopy((name, content) => { if (name === segments[1]) content[100]! ^= 1 })
  holed.remove(join(dir, 'index.snapshot'))
  await t.rejects(open(holed, 1_024), /is damaged at offset/)
})

t.test('§10.4: writes that take only some bytes at a time are finished', async (t) => {
  const disk = new MemoryDisk()
  disk.faults.write_bytes_max = 7
  const store = await open(disk)
  for (let n = 0; n < 5; n++) t.match(await store.append('s-1', ANY, [event(), event()]), { kind: 'written' })
  disk.faults.write_bytes_max = Infinity
  const copy = disk.copy()
  await abandon(store)
  const again = await open(copy)
  t.equal((await contents(again)).get('s-1')?.length, 10)
  await abandon(again)
})

t.test('§10.4: a full disk refuses appends, shows nothing of them, and takes new ones once there is room', async (t) => {
  const disk = new MemoryDisk()
  const store = await open(disk, 2_048)
  await store.append('s-1', ANY, [event(100)])
  disk.faults.room_bytes = 50
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => store.append('s-1', ANY, [event(400)])))
  const written = outcomes.filter(({ status }) => status === 'fulfilled').length
  t.ok(written < 12, 'some are refused')
  t.match(outcomes.find(({ status }) => status === 'rejected'), { reason: /ENOSPC/ })
  t.equal((await contents(store)).get('s-1')?.length, 1 + written)
  disk.faults.room_bytes = Infinity
  t.match(await store.append('s-1', 0 + written, [event()]), { kind: 'written', revision: 1 + written })
  const copy = disk.copy()
  await abandon(store)
  const again = await open(copy, 2_048)
  t.equal((await contents(again)).get('s-1')?.length, 2 + written)
  await abandon(again)
})

t.test('§3.4, §4: a deletion that could not be written hides nothing, also not once other metadata stands in its place', async (t) => {
  const disk = new MemoryDisk()
  const store = await open(disk)
  await store.append('s-1', ANY, [event(), event()])
  failing(disk, 0)
  // The second is judged on top of the deletion, and so reads it.
  const failed = await Promise.allSettled([store.delete('s-1', ANY), store.append('s-1', ANY, [event()])])
  t.match(failed, [{ status: 'rejected' }, { status: 'rejected' }])
  t.match(await store.append('$$s-1', ANY, [{ ...event(), type: '$metadata' }]), { kind: 'written' })
  t.match(store.stream('s-1'), { status: 'live', first: 0, lastVisible: 1 })
  t.match(await store.append('s-1', STREAM_EXISTS, [event()]), { kind: 'written', revision: 2 })
  await store.close()
})

t.test('§10.4: while the disk stalls so much may wait for it and no more, and nothing that was accepted is lost', async (t) => {
  const disk = new MemoryDisk()
  let go = () => {}
  const stalled = new Promise<void>((resolve) => { go = resolve })
  const sync = disk.sync.bind(disk)
  const store = await open(disk, 9 * 1024 * 1024)
  disk.sync = async (fd) => {
    await stalled
    await sync(fd)
  }
  const data = Buffer.alloc(4 * 1024 * 1024)
  const appends = Array.from({ length: 30 }, () => store.append('s-1', ANY, [{ ...event(), json: false, data }]))
  const refused = await Promise.allSettled(appends.slice(16))
  t.ok(refused.every((outcome) => outcome.status === 'rejected' && outcome.reason instanceof Busy))
  go()
  for (const accepted of appends.slice(0, 16)) t.match(await accepted, { kind: 'written' })
  t.match(await store.append('s-1', 15, [event()]), { kind: 'written', revision: 16 })
  await store.close()
})

t.test('§10.4: a sync that fails is the end: nothing is acknowledged and nothing is tried again', async (t) => {
  const disk = new MemoryDisk()
  let fatal: Error | undefined
  const store = await open(disk, 4_096, (error) => { fatal = error })
  await store.append('s-1', ANY, [event()])
  disk.faults.failsToSync = true
  let answered: Verdict | undefined
  void store.append('s-1', ANY, [event()]).then((verdict) => { answered = verdict })
  for (let n = 0; n < 20 && !fatal; n++) await new Promise((resolve) => setImmediate(resolve))
  t.match(fatal?.message, /could not be synced/)
  t.equal(answered, undefined)
  t.equal(store.count, 2, 'the system event and the one that was synced')
  await store.close()
})

t.test('§10.4: a crash at any moment keeps every acknowledged append whole and in order', async (t) => {
  const seed = 20_261_121
  t.comment(`seed ${seed}`)
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ stream: fc.integer({ min: 0, max: 3 }), events: fc.integer({ min: 1, max: 4 }), size: fc.integer({ min: 0, max: 300 }), waits: fc.boolean() }), { minLength: 1, maxLength: 40 }),
    fc.infiniteStream(fc.nat()),
    async (appends, chance) => {
      let disk = new MemoryDisk()
      const snapshots = { snapshot_bytes: 700, checked_bytes: 300 }
      const failed = (error: Error) => { throw error }
      let store = await open(disk, 1_024, failed, snapshots)
      const acknowledged = new Map<string, string[][]>()
      const under: Promise<unknown>[] = []
      for (const { stream, events, size, waits } of appends) {
        const batch = Array.from({ length: events }, () => event(size))
        const name = `s-${stream}`
        const written = store.append(name, ANY, batch).then(({ kind }) => {
          if (kind === 'written') acknowledged.set(name, [...acknowledged.get(name) ?? [], batch.map(({ id }) => id)])
        })
        under.push(written)
        if (waits) await written
      }
      // The power goes while some appends are still under way.
      const keep = [...acknowledged].map(([name, batches]) => [name, batches.flat()] as const)
      disk = disk.afterCrash((bytes) => chance.next().value % (bytes + 1))
      await Promise.allSettled(under)
      await abandon(store)
      // Once as the crash left it, once as a clean stop did.
      for (let start = 0; start < 2; start++) {
        store = await open(disk, 1_024, failed, snapshots)
        const found = await contents(store)
        for (const [name, ids] of keep) {
          const kept = found.get(name) ?? []
          if (JSON.stringify(kept.slice(0, ids.length)) !== JSON.stringify(ids)) throw new Error(`${name} lost acknowledged events`)
          const verdict = await store.append(name, ANY, [event(), event(60)])
          if (verdict.kind !== 'written' || verdict.revision !== kept.length + 1) throw new Error(`${name} goes on at the wrong revision`)
        }
        await abandon(store)
      }
    }), { seed, numRuns: 150 })
})

t.test('§10.4: a crash between the making of a segment and the sync of its folder loses nothing', async (t) => {
  const disk = new MemoryDisk()
  const store = await open(disk, 1_024)
  await store.append('s-1', ANY, [event(300)])
  const before = disk.copy()
  await store.append('s-1', ANY, [event(300)])
  await store.close()
  const newest = [...disk.files.keys()].filter((name) => name.endsWith('.log')).sort().at(-1)!
  t.notOk(before.files.has(newest), 'the second append opened a segment')
  for (const left of [Buffer.alloc(0), Buffer.alloc(512), disk.files.get(newest)!.content.subarray(0, 40), disk.files.get(newest)!.content.subarray(0, segmentHeader_bytes)]) {
    const crashed = before.copy()
    const fd = crashed.open(newest, true)
    if (left.length > 0) crashed.write(fd, [left], 0)
    crashed.close(fd)
    const again = await open(crashed, 1_024)
    t.equal((await contents(again)).get('s-1')?.length, 1)
    t.match(await again.append('s-1', 0, [event(300)]), { kind: 'written', revision: 1 })
    t.equal((await contents(again)).get('s-1')?.length, 2)
    await again.close()
  }
})
