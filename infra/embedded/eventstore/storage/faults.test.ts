import fc from 'fast-check'
import t from 'tap'
import { ANY, STREAM_EXISTS, type Verdict } from '../contract.ts'
import { MemoryDisk } from './memory-disk.ts'
import { segmentHeader_bytes } from './segment.ts'
import { abandon, contents, event, failing, logs } from './testing.ts'
import { Busy } from './writer.ts'

const { open } = logs(t)

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
