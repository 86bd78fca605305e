import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { ANY } from '../contract.ts'
import { Corruption } from './damage.ts'
import { frameHeader_bytes, seal } from './frame.ts'
import { MemoryDisk } from './memory-disk.ts'
import { segmentHeader_bytes } from './segment.ts'
import { sized } from '../../testing.ts'
import { abandon, contents, event, logs } from './testing.ts'

const { dir, open, small } = logs(t)
const stride = sized(7, 1)

t.test('§10.4: a log that is cut at any byte of its last frames loses at most whole appends, never a part of one', async (t) => {
  const { disk, file, ends, ids } = await small()
  const start = ends.at(-4)!
  for (let cut = start; cut <= ends.at(-1)!; cut += stride) {
    const store = await open(disk.alteredCopy((name, content) => { if (name === file) content.fill(0, cut) }))
    const whole = ids.filter((_, n) => ends[n]! <= cut).flat()
    const found = (await contents(store)).get('s-1')
    if (JSON.stringify(found) !== JSON.stringify(whole)) t.fail(`cut at ${cut}: ${found?.length} events instead of ${whole.length}`)
    await abandon(store)
  }
  t.pass(`cuts from ${start} to ${ends.at(-1)}, ${stride} apart`)
})

t.test('§10.4: a flipped bit anywhere in what was acknowledged is refused with file and offset', async (t) => {
  const { disk, file, ends } = await small()
  // The last frame is told apart from a torn one only by a marker behind it: see the next test.
  for (let at = segmentHeader_bytes; at < ends.at(-2)!; at += stride) {
    const flipped = disk.alteredCopy((name, content) => { if (name === file) content[at]! ^= 1 << (at % 8) })
    try {
      const store = await open(flipped)
      await abandon(store)
      t.fail(`the flip at ${at} went unnoticed`)
    } catch (error) {
      if (!(error instanceof Corruption) || !error.message.includes(file)) t.fail(`the flip at ${at}: ${(error as Error).message}`)
    }
  }
  t.pass(`flips up to ${ends.at(-2)}, ${stride} apart`)
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
