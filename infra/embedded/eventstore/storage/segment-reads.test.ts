import t from 'tap'
import { MemoryDisk } from './memory-disk.ts'
import type { Segment } from './segment.ts'
import { SegmentReads } from './segment-reads.ts'

/** A disk whose reads take as long as the test says, by a clock of its own, and at most so many bytes each. */
class PacedDisk extends MemoryDisk {
  clock_ms = 0
  read_ms = 0
  read_bytes_max = Infinity
  readonly how: ('now' | 'later')[] = []

  override read(fd: number, buffer: Buffer, position: number): number {
    this.clock_ms += this.read_ms
    this.how.push('now')
    return super.read(fd, buffer.subarray(0, this.read_bytes_max), position)
  }

  override async readLater(fd: number, buffer: Buffer, position: number): Promise<number> {
    this.how.push('later')
    return super.read(fd, buffer.subarray(0, this.read_bytes_max), position)
  }
}

const content = Buffer.from(Array.from({ length: 100_000 }, (_, nth) => nth % 251))

function paced() {
  const files = new PacedDisk()
  const fd = files.open('log', true)
  files.write(fd, [content], 0)
  const segment: Segment = { file: 'log', base: 1_000, end: 1_000 + content.length, fd, allocated: content.length }
  const reads = new SegmentReads(files, () => files.clock_ms)
  /** Reads, and tells how that was done. */
  const read = async (from = 0, length = 100) => {
    files.how.length = 0
    const bytes = await reads.get(segment, segment.base + from, length)
    t.ok(bytes.equals(content.subarray(from, from + length)), 'whatever the way, the bytes are those')
    return [...new Set(files.how)]
  }
  return { files, reads, segment, read }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('what is read promptly is read at once, a little in each turn of the event loop', async (t) => {
  const { files, read } = paced()
  files.read_ms = 0.4
  t.same([await read(), await read(7), await read(99)], [['now'], ['now'], ['now']])
  t.same(await read(), ['later'], 'more than a millisecond is spent')
  await turn()
  t.same(await read(), ['now'], 'the next turn has its own')
})

t.test('after a read that waited for the disk others wait on another thread for a while', async (t) => {
  const { files, read } = paced()
  files.read_ms = 20
  t.same(await read(), ['now'], 'nobody could know')
  await turn()
  t.same(await read(), ['later'])
  files.clock_ms += 99
  t.same(await read(), ['later'])
  files.clock_ms += 2
  t.same(await read(), ['now'], 'then it is tried again')
})

t.test('much is never read at once', async (t) => {
  const { read } = paced()
  t.same([await read(0, 64 * 1024), await read(0, 64 * 1024 + 1)], [['now'], ['later']])
})

t.test('short reads are gone on with, and a file that ends too early is told, either way', async (t) => {
  const { files, reads, segment, read } = paced()
  files.read_bytes_max = 40
  t.same([await read(500), await read(0, 70_000)], [['now'], ['later']])
  const beyond = segment.base + content.length - 10
  t.throws(() => reads.get(segment, beyond, 20), { message: 'log is shorter than its index says' })
  await t.rejects(async () => reads.get(segment, beyond, 70_000), { message: 'log is shorter than its index says' })
})
