import { randomUUID } from 'node:crypto'
import t from 'tap'
import { ANY, type Store } from '../contract.ts'
import { started, until } from '../testing.ts'
import type { Entry } from './entry.ts'
import { Group } from './group.ts'
import type { GroupConfig } from './settings.ts'

const { store } = await started(t)

const config = (source: string): GroupConfig => ({
  source, group: 'group', filter: undefined, endAt: undefined,
  settings: {
    resolvesLinks: false, extraStatistics: false, start: 'start', messageTimeout_ms: 30_000, retries_max: 10, checkpointAfter_ms: 0, checkpointCount_min: 1,
    checkpointCount_max: 1, subscribers_max: 0, liveBufferSize: 500, readBatchSize: 20, historyBufferSize: 500, strategy: 'RoundRobin',
  },
})

/** The same log, but what is parked is written when and as the test says. */
const parkingVia = (append: (write: () => ReturnType<Store['append']>) => ReturnType<Store['append']>): Store => ({
  id: store.id,
  get count() { return store.count },
  append: (stream, expected, events) => {
    const write = () => store.append(stream, expected, events)
    return stream.endsWith('-parked') ? append(write) : write()
  },
  delete: (stream, expected) => store.delete(stream, expected),
  tombstone: (stream, expected) => store.tombstone(stream, expected),
  stream: (name) => store.stream(name),
  entry: (ordinal) => store.entry(ordinal),
  streamKey: (ordinal) => store.streamKey(ordinal),
  typeKey: (ordinal) => store.typeKey(ordinal),
  ordinalAt: (position) => store.ordinalAt(position),
  records: (ordinals) => store.records(ordinals),
  onVisible: (listener) => store.onVisible(listener),
  close: async () => undefined,
})

async function following(stream: string, length: number, via: Store) {
  await store.append(stream, ANY, Array.from({ length }, () => ({ id: randomUUID(), type: 'Happened', json: false, metadata: Buffer.alloc(0), data: Buffer.alloc(0) })))
  const group = new Group(via, config(stream), Date.now)
  await group.start()
  const given: Entry[] = []
  const consumer = group.join({ from: 'here', name: 'test', send: (entry) => given.push(entry), drop: () => undefined }, 10)
  await until(() => given.length === length)
  return { group, consumer, given }
}

t.test('the checkpoint does not pass an event that is not parked yet', async (t) => {
  let release = () => undefined as void
  const gate = new Promise<void>((resolve) => { release = resolve })
  const { group, consumer, given } = await following('parking', 3, parkingVia((write) => gate.then(write)))
  group.nack(consumer, [given[1]!.id], 'park', 'because')
  group.ack(consumer, [given[0]!.id, given[2]!.id])
  await until(() => group.checkpoint.place === 0)
  group.tick()
  await store.append('another', ANY, [{ id: randomUUID(), type: 'Happened', json: false, metadata: Buffer.alloc(0), data: Buffer.alloc(0) }])
  t.equal(group.checkpoint.place, 0)
  release()
  await until(() => group.checkpoint.place === 2)
  t.equal(group.parked.count, 1)
  group.stop()
})

t.test('an event that cannot be parked comes again', async (t) => {
  let fails = true
  const { group, consumer, given } = await following('full', 2, parkingVia((write) => (fails ? Promise.reject(new Error('no space left')) : write())))
  group.nack(consumer, [given[0]!.id], 'park', 'because')
  await until(() => given.length === 3)
  t.equal(given[2]!.id, given[0]!.id)
  fails = false
  group.nack(consumer, [given[0]!.id], 'park', 'because')
  await until(() => group.parked.count === 1)
  group.stop()
})

t.test('two events with one id are never under way together, for consumers answer by id', async (t) => {
  const id = randomUUID()
  const event = { id, type: 'Happened', json: false, metadata: Buffer.alloc(0), data: Buffer.alloc(0) }
  await store.append('twins', ANY, [event, event])
  const group = new Group(store, config('twins'), Date.now)
  await group.start()
  const given: Entry[] = []
  const consumer = group.join({ from: 'here', name: 'test', send: (entry) => given.push(entry), drop: () => undefined }, 10)
  await until(() => given.length === 1 && group.buffer.length === 1)
  group.ack(consumer, [id])
  await until(() => given.length === 2)
  group.ack(consumer, [id])
  await until(() => group.checkpoint.place === 1)
  t.equal(group.outstanding.size, 0)
  group.stop()
})

t.test('nobody answers for another consumer', async (t) => {
  const { group, given } = await following('others', 1, store)
  const other = group.join({ from: 'there', name: 'other', send: () => undefined, drop: () => undefined }, 10)
  group.ack(other, [given[0]!.id])
  group.nack(other, [given[0]!.id], 'skip', '')
  t.equal(group.outstanding.size, 1)
  group.stop()
})
