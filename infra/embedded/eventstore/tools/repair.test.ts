import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { folderFor, sized } from '../../testing.ts'
import { ANY } from '../contract.ts'
import { disk, type FileLayer } from '../storage/files.ts'
import type { OpenStore } from '../storage/options.ts'
import { segmentHeader_bytes } from '../storage/segment.ts'
import { openStore } from '../store.ts'
import { check, type Checked } from './check-log.ts'
import type { ExportedEvent } from './ndjson.ts'
import { lossOf, truncate } from './repair.ts'
import { withStopped } from './stopped.ts'
import { baton, exported, filled, flip, proposed } from './testing.ts'

const checked = (dir: string): Promise<Checked> => withStopped(dir, (log) => check(log))
const segments = (dir: string) => readdirSync(dir).filter((name) => /^\d{16}\.log$/.test(name)).sort().map((name) => join(dir, name))
const contents = (dir: string) => new Map(readdirSync(dir).sort().map((name) => [name, readFileSync(join(dir, name)).toString('base64')]))

t.test('of a log that is good, check counts what is there, and changes nothing', async (t) => {
  const dir = folderFor(t, 'check')
  await filled(dir, 100)
  const before = contents(dir)
  const found = await checked(dir)
  t.match(found, { events: 101, streams: 4, segments: segments(dir).length, damage: undefined })
  t.ok(found.segments > 3 && found.firstAt! <= found.lastAt!)
  t.same(contents(dir), before)
  t.equal(await lossOf(dir), undefined)
  t.equal(truncate(dir), undefined, 'there is nothing to repair')
})

t.test('an append that a crash tore is told apart from damage, and left to the next start', async (t) => {
  const dir = folderFor(t, 'torn')
  const store = await openStore({ dir })
  await store.append('s-1', ANY, [proposed('{"n":1}')])
  const { tail } = store.stats()
  await store.append('s-1', ANY, [proposed('{"n":2}')])
  const file = segments(dir)[0]!
  const bytes = readFileSync(file)
  await store.close()
  bytes.fill(0, tail + 30)
  writeFileSync(file, bytes)
  rmSync(join(dir, 'index.snapshot'))
  t.match(await checked(dir), { events: 2, damage: { kind: 'torn', file, offset: tail } })
  t.equal(truncate(dir), undefined)
  const { code, out } = await baton('store', 'check', '--dir', dir)
  t.equal(code, 0)
  t.match(out, /torn .*\n.*next start cuts it off/)
})

t.test('wherever a bit is wrong, check says file and offset, a start refuses at the same place, and a repair keeps everything before it', async (t) => {
  const origin = folderFor(t, 'origin')
  await filled(origin, 60)
  const all = await exported(origin)
  const files = segments(origin)
  const spots = [[0, 3], [0, 500], [1, 10], [1, 64], [1, 700], [2, 2_000], [files.length - 1, 40], [files.length - 1, 80]] as const
  for (const [nth, at] of spots) {
    const dir = folderFor(t, 'flip')
    cpSync(origin, dir, { recursive: true })
    const file = join(dir, basename(files[nth]!))
    flip(file, at)
    const { damage, events } = await checked(dir)
    t.match(damage, { kind: 'damaged', file })
    t.ok(damage!.offset <= at, `${nth}/${at}`)
    rmSync(join(dir, 'index.snapshot'))
    await t.rejects(openStore({ dir }), new RegExp(`${damage!.file} is damaged at offset ${damage!.offset}:`))

    const before = contents(dir)
    const loss = (await lossOf(dir))!
    t.same(contents(dir), before, 'naming the loss changes nothing')
    const named = events + loss.events + loss.events_uncertain
    t.ok(named === all.length || named === all.length - 1, `every event is kept or named, but perhaps the one that is damaged: ${nth}/${at}`)
    const { kept } = truncate(dir)!
    t.ok(kept.every((name) => basename(name).startsWith('dropped-')))
    if (nth > 0 || at > 64) {
      t.match(await checked(dir), { events, damage: undefined })
      t.same(await exported(dir), all.slice(0, events))
    }
    const store = await openStore({ dir, segment_bytes: 4_096 })
    const verdict = await store.append('new-1', ANY, [proposed('{}')])
    t.match(verdict, { kind: 'written' })
    if (nth > 0 || at > 64) t.ok(verdict.kind === 'written' && verdict.position > Number(all.at(-1)!.position), 'no position is given out twice')
    await store.close()
    t.match(await checked(dir), { damage: undefined })
  }
})

/** The disk, until so many changes were made to it. */
function interrupted(changes: number): FileLayer {
  const counted = <K extends 'open' | 'write' | 'syncNow' | 'syncDir' | 'truncate' | 'rename' | 'remove'>(name: K): FileLayer[K] => ((...args: never[]) => {
    if (changes-- <= 0) throw new Error('interrupted')
    return (disk[name] as (...args: never[]) => unknown)(...args)
  }) as FileLayer[K]
  const names = ['open', 'write', 'syncNow', 'syncDir', 'truncate', 'rename', 'remove'] as const
  return { ...disk, ...Object.fromEntries(names.map((name) => [name, counted(name)])) }
}

/** Behind every position that was ever given out. */
async function goesOn(t: Test, store: OpenStore, all: readonly ExportedEvent[]): Promise<void> {
  const verdict = await store.append('new-1', ANY, [proposed('{}')])
  t.ok(verdict.kind === 'written' && verdict.position > Number(all.at(-1)!.position), 'no position is given out twice')
  await store.close()
}

const damages: Readonly<Record<string, (dir: string) => void>> = {
  'a flipped bit': (dir) => flip(segments(dir)[1]!, 700),
  'a flipped bit in the last file': (dir) => flip(segments(dir).at(-1)!, 100),
  'a bad header': (dir) => flip(segments(dir)[1]!, 10),
  'a missing file': (dir) => rmSync(segments(dir)[1]!),
  'an end of which only the index knows': (dir) => writeFileSync(segments(dir).at(-1)!, readFileSync(segments(dir).at(-1)!).fill(0, segmentHeader_bytes)),
}

for (const [what, damage] of Object.entries(damages)) {
  t.test(`§10.4: a repair of ${what} that is interrupted anywhere is run again, and no position is given out twice`, async (t) => {
    const origin = folderFor(t, 'origin')
    await filled(origin, 50)
    const all = await exported(origin)
    damage(origin)
    let kept: number | undefined
    for (let changes = 0, isWhole = false; !isWhole; changes += sized(3, 1)) {
      const dir = folderFor(t, 'interrupted')
      cpSync(origin, dir, { recursive: true })
      try {
        truncate(dir, undefined, interrupted(changes))
        isWhole = true
      } catch (error) {
        if ((error as Error).message !== 'interrupted') throw error
        const between = folderFor(t, 'between')
        cpSync(dir, between, { recursive: true })
        const store = await openStore({ dir: between, segment_bytes: 4_096 }).catch(() => undefined)
        if (store) await goesOn(t, store, all)
        truncate(dir)
      }
      const { events, damage } = await checked(dir)
      t.equal(damage, undefined)
      t.equal(events, kept ??= events, `after ${changes} changes`)
      t.same(await exported(dir), all.slice(0, events))
      const store = await openStore({ dir, segment_bytes: 4_096 })
      t.equal(store.count, events)
      await goesOn(t, store, all)
      if (changes > 200) throw new Error('it never ends')
    }
  })
}

t.test('a segment that is missing is damage, and so is an end of which only the index knows', async (t) => {
  const dir = folderFor(t, 'missing')
  await filled(dir, 60)
  const files = segments(dir)
  copyFileSync(files[2]!, join(dir, 'away'))
  rmSync(files[2]!)
  t.match(await checked(dir), { damage: { kind: 'damaged', file: files[3]!, offset: 0, what: /missing/ } })
  const { loss } = truncate(dir)!
  t.equal(loss.files.length, files.length - 3)
  t.match(await checked(dir), { damage: undefined })

  const wiped = folderFor(t, 'wiped')
  await filled(wiped, 10, { segment_bytes: 64 * 1024 })
  const [file] = segments(wiped)
  const bytes = readFileSync(file!)
  const { end } = await checked(wiped)
  bytes.fill(0, end - 400)
  bytes.fill(0, bytes.lastIndexOf('Happened') - 200)
  writeFileSync(file!, bytes)
  const { damage } = await checked(wiped)
  t.match(damage, { kind: 'damaged', file })
  await t.rejects(openStore({ dir: wiped }), /is damaged at offset/)
  truncate(wiped)
  const store = await openStore({ dir: wiped })
  t.ok(store.count > 5)
  await store.close()
})

t.test('the command names what it would drop, does so only with --yes, and refuses a folder that is in use', async (t) => {
  const dir = folderFor(t, 'command')
  await filled(dir, 60)
  const file = segments(dir)[1]!
  flip(file, 700)
  const checkedBy = await baton('store', 'check', '--dir', dir, '--json')
  t.equal(checkedBy.code, 1)
  t.match(JSON.parse(checkedBy.out), { state: 'damaged', damage: { file } })
  const before = contents(dir)
  const named = await baton('store', 'repair', '--truncate', '--dir', dir)
  t.equal(named.code, 1)
  t.match(named.out, /events in good frames[^]*from 20\d\d-[^]*s-1: \d+ \(revision \d+ to \d+\)[^]*Nothing was changed/)
  t.same(contents(dir), before)
  const done = await baton('store', 'repair', '--truncate', '--yes', '--dir', dir)
  t.equal(done.code, 0)
  t.match(done.out, /kept in:\n.*dropped-/)
  t.equal((await baton('store', 'check', '--dir', dir)).code, 0)
  t.equal((await baton('store', 'repair', '--dir', dir)).code, 2)
  t.match(await baton('store', 'stats', '--dir', join(dir, 'nowhere')), { code: 1, err: /There is no folder/ })

  const store = await openStore({ dir })
  const calls = [['stats'], ['check'], ['repair', '--truncate', '--yes'], ['export']]
  for (const outcome of await Promise.all(calls.map((call) => baton('store', ...call, '--dir', dir)))) {
    t.match(outcome, { code: 1, out: '', err: /is in use by process \d+\. Stop that one first/ })
  }
  await store.close()
})
