import t from 'tap'
import { percentile, scanned, type Seen } from './scan.ts'

let revision = 0
const fact = (type: string, at: number, data: object = {}, id = 'a', category = 'task'): Seen => ({ id, category, type, at: new Date(at).toISOString(), revision: revision++, data })
const started = (slot: string, at = 0, id = 'a') => fact('TaskStarted', at, { slot }, id)
const ended = (type: string, slot: string, at = 0, more: object = {}) => fact(type, at, { lease: { slot }, ...more })
const expired = (slot: string, lastSeen: number, at: number) => ended('LeaseExpired', slot, at, { lastSeen: new Date(lastSeen).toISOString() })
const fine = { lost: [], completedTwice: [], leasedTwice: [], orphans: [], openWithoutLease: [], livedTwice: [], reclaim_ms: [] }

t.test('a log in which everything went as it should is found so', async (t) => {
  const log = [fact('TaskCreated', 0), started('x'), expired('x', 1_000, 61_000), started('y', 62_000), ended('TaskCompleted', 'y')]
  const { type, id, revision } = log[0]!
  const sessions = [fact('WorkSessionSpawned', 0, {}, 'y', 'workSession'), fact('WorkSessionCompleted', 0, {}, 'y', 'workSession')]
  const lived = [{ task: 'a', session: 'x', from: 0n, to: 9n }, { task: 'a', session: 'y', from: 10n, to: 12n }, { task: 'b', session: 'z', from: 1n, to: 20n }]
  t.strictSame(scanned([...log, ...sessions], [{ type, id, revision: String(revision) }], lived), { ...fine, reclaim_ms: [61_000] })
})

t.test('what must not be in a log is seen', async (t) => {
  t.match(scanned([], [{ type: 'TaskCreated', id: 'a', revision: '0' }], []), { lost: ['TaskCreated a'] })
  t.match(scanned([started('x'), ended('TaskCompleted', 'x'), ended('TaskCompleted', 'x')], [], []), { completedTwice: ['a'] })
  t.match(scanned([started('x'), started('y')], [], []), { leasedTwice: ['a'] })
  t.match(scanned([started('x'), ended('TaskReleased', 'other'), started('y')], [], []), { leasedTwice: ['a'] })
  t.match(scanned([started('x'), expired('x', 0, 60_000)], [], []), { orphans: ['a'] })
  t.match(scanned([fact('WorkSessionSpawned', 0, {}, 'x', 'workSession')], [], []), { openWithoutLease: ['x'] })
  t.strictSame(scanned([started('x'), fact('WorkSessionSpawned', 0, {}, 'x', 'workSession')], [], []).openWithoutLease, [])
  t.match(scanned([], [], [{ task: 'a', session: 'x', from: 0n, to: 9n }, { task: 'a', session: 'y', from: 9n, to: 12n }]), { livedTwice: ['a'] })
})

t.test('percentiles are values that there are', async (t) => {
  t.strictSame([percentile([1, 2, 3, 4], 50), percentile([1, 2, 3, 4], 99), percentile([7], 50)], [2, 4, 7])
  t.ok(Number.isNaN(percentile([], 50)))
})
