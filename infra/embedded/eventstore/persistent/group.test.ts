import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js'
import t from 'tap'
import { ANY, type Store } from '../contract.ts'
import { readGroup } from '../services/read-group.ts'
import { started, until } from '../testing.ts'
import { streamIdentifier } from '../wire/fields.ts'
import { bytesField, messageField, numberField } from '../wire/protobuf.ts'
import { readRecord } from '../wire/recorded-event.ts'
import type { Entry } from './entry.ts'
import { Group } from './group.ts'
import { Groups } from './groups.ts'
import type { GroupConfig, Settings } from './settings.ts'

const { store } = await started(t)

const config = (source: string, changes: Partial<Settings> = {}): GroupConfig => ({
  source, group: 'group', filter: undefined, endAt: undefined,
  settings: {
    resolvesLinks: false, extraStatistics: false, start: 'start', messageTimeout_ms: 30_000, retries_max: 10, checkpointAfter_ms: 0, checkpointCount_min: 1,
    checkpointCount_max: 1, subscribers_max: 0, liveBufferSize: 500, readBatchSize: 20, historyBufferSize: 500, strategy: 'RoundRobin', ...changes,
  },
})

type Append = (write: () => ReturnType<Store['append']>) => ReturnType<Store['append']>

/** The same log, but what is parked is written when and as the test says. */
const parkingVia = (append: Append) => writingVia((stream) => stream.endsWith('-parked'), append)

const writingVia = (isConcerned: (stream: string) => boolean, append: Append): Store => ({
  id: store.id,
  get count() { return store.count },
  append: (stream, expected, events) => {
    const write = () => store.append(stream, expected, events)
    return isConcerned(stream) ? append(write) : write()
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

const several = (length: number, bytes = 0) =>
  Array.from({ length }, () => ({ id: randomUUID(), type: 'Happened', json: false, metadata: Buffer.alloc(0), data: Buffer.alloc(bytes) }))

interface Following {
  readonly bufferSize?: number
  readonly now_ms?: () => number
  readonly changes?: Partial<Settings>
}

async function following(stream: string, length: number, via: Store, { bufferSize = 10, now_ms = Date.now, changes }: Following = {}) {
  await store.append(stream, ANY, several(length))
  const group = new Group(via, config(stream, changes), now_ms)
  await group.start()
  const given: Entry[] = []
  const consumer = group.join({ from: 'here', name: 'test', isBusy: false, send: (entry) => given.push(entry), drop: () => undefined }, bufferSize)
  await until(() => given.length === length)
  return { group, consumer, given }
}

t.test('§7: the checkpoint does not pass an event that is not parked yet', async (t) => {
  let release = () => undefined as void
  const gate = new Promise<void>((resolve) => { release = resolve })
  const { group, consumer, given } = await following('parking', 3, parkingVia((write) => gate.then(write)))
  group.nack(consumer, [given[1]!.id], 'park', 'because')
  group.ack(consumer, [given[0]!.id, given[2]!.id])
  await until(() => group.checkpoint.place === 0)
  group.tick()
  await store.append('another', ANY, several(1))
  t.equal(group.checkpoint.place, 0)
  release()
  await until(() => group.checkpoint.place === 2)
  t.equal(group.parked.count, 1)
  group.stop()
})

t.test('§7: a checkpoint is written at once when it is far behind, else at a tick, and not too often', async (t) => {
  let now_ms = 0
  const changes = { checkpointAfter_ms: 1_000, checkpointCount_min: 2, checkpointCount_max: 4 }
  const { group, consumer, given } = await following('marks', 10, store, { now_ms: () => now_ms, changes })
  const answered = async (count: number, { after_ms = 0, ticks = false } = {}) => {
    now_ms += after_ms
    for (const { id } of given.filter(({ id }) => group.deliveries.outstanding.has(id)).slice(0, count)) group.ack(consumer, [id])
    if (ticks) group.tick()
    await until(() => !group.checkpoint.isWriting)
    return group.checkpoint.place
  }
  t.equal(await answered(1, { after_ms: 2_000, ticks: true }), undefined, 'one is too few')
  t.equal(await answered(1), undefined, 'two must wait for a tick')
  t.equal(await answered(0, { ticks: true }), 1, 'which writes them')
  t.equal(await answered(2, { after_ms: 900, ticks: true }), 1, 'the next two come too soon')
  t.equal(await answered(2), 5, 'four are written at once')
  t.equal(await answered(3, { after_ms: 1_000, ticks: true }), 8, 'time has passed')
  group.stop()
})

t.test('§7: a message timeout of zero expires at the next tick', async (t) => {
  const { group, given } = await following('hasty', 1, store, { now_ms: () => 0, changes: { messageTimeout_ms: 0, retries_max: 1 } })
  t.same(given.map(({ retries }) => retries), [0])
  group.tick()
  t.same(given.map(({ retries }) => retries), [1, 1], 'one entry, given twice')
  group.tick()
  await until(() => group.parked.count === 1)
  t.equal(given.length, 2)
  group.stop()
})

t.test('§7: what is to be tried again comes before what is new, in the order of the log', async (t) => {
  const { group, consumer, given } = await following('retried', 4, store, { bufferSize: 4 })
  await store.append('retried', ANY, several(4))
  await until(() => group.deliveries.buffer.length === 4)
  const [zero, one, two, three] = given.map(({ id }) => id)
  const places = () => given.slice(4).map(({ ordinal }) => store.entry(ordinal).revision)
  group.nack(consumer, [two!, zero!], 'retry', 'because')
  t.same(places(), [0, 2])
  group.ack(consumer, [one!])
  t.same(places(), [0, 2, 4])
  group.nack(consumer, [three!], 'retry', 'because')
  t.same(places(), [0, 2, 4, 3])
  group.ack(consumer, [zero!, two!])
  t.same(places(), [0, 2, 4, 3, 5, 6])
  group.stop()
})

t.test('§7: the buffer holds what its settings say; what comes in a burst is read when there is room', async (t) => {
  const changes = { historyBufferSize: 12, readBatchSize: 5, liveBufferSize: 10 }
  const { group, consumer, given } = await following('burst', 3, store, { bufferSize: 3, changes })
  await until(() => group.isLive)
  let most = 0
  const look = () => { most = Math.max(most, group.deliveries.buffer.length) }
  for (let n = 0; n < 30; n++) {
    await store.append('burst', ANY, several(10))
    look()
  }
  await until(() => group.deliveries.buffer.length === 12)
  t.notOk(group.isLive, 'it is behind')
  while (given.length < 303) {
    group.ack(consumer, [given.at(-3)!.id, given.at(-2)!.id, given.at(-1)!.id])
    await until(() => given.length % 3 === 0 && consumer.free === 0)
    look()
  }
  t.same(given.map(({ ordinal }) => store.entry(ordinal).revision), Array.from({ length: 303 }, (_, n) => n), 'nothing is missing, nothing comes twice')
  t.ok(most <= 12, `${most} in the buffer`)
  group.ack(consumer, given.slice(-3).map(({ id }) => id))
  await until(() => group.isLive)
  group.stop()
})

/** To how many consumers of two the events went that have the same key. */
async function spread(stream: string, changes: Partial<Settings>, keyOf: (entry: Entry) => string) {
  const group = new Group(store, config(stream, changes), Date.now)
  await group.start()
  const homes = new Map<string, Set<string>>()
  let given = 0
  for (const name of ['one', 'other']) {
    const send = (entry: Entry) => {
      given++
      homes.set(keyOf(entry), (homes.get(keyOf(entry)) ?? new Set()).add(name))
    }
    group.join({ from: 'here', name, isBusy: false, send, drop: () => undefined }, 1_000)
  }
  await until(() => given === store.stream(stream).lastVisible + 1)
  group.stop()
  return homes
}

const onlyOne = (homes: ReadonlyMap<string, ReadonlySet<string>>) => [...homes.values()].every(({ size }) => size === 1)
const everyone = (homes: ReadonlyMap<string, ReadonlySet<string>>) => new Set([...homes.values()].flatMap((names) => [...names])).size

t.test('§7: PinnedByCorrelation keeps together what has one correlation id, and Pinned what a link leads to', async (t) => {
  const correlated = (nth: number) => ({ ...several(1)[0]!, json: true, metadata: Buffer.from(`{"$correlationId":"c-${nth % 20}"}`) })
  await store.append('correlated', ANY, Array.from({ length: 200 }, (_, nth) => correlated(nth)))
  const byCorrelation = await spread('correlated', { strategy: 'PinnedByCorrelation' }, ({ event }) => readRecord(event!).metadata.toString())
  t.same([byCorrelation.size, onlyOne(byCorrelation), everyone(byCorrelation)], [20, true, 2])

  for (let nth = 0; nth < 20; nth++) await store.append(`target-${nth}`, ANY, several(5))
  const link = (nth: number) => ({ ...several(1)[0]!, type: '$>', data: Buffer.from(`${Math.floor(nth / 20)}@target-${nth % 20}`) })
  await store.append('links', ANY, Array.from({ length: 100 }, (_, nth) => link(nth)))
  const byTarget = await spread('links', { strategy: 'Pinned', resolvesLinks: true }, ({ event }) => readRecord(event!).stream)
  t.same([byTarget.size, onlyOne(byTarget), everyone(byTarget)], [20, true, 2])
})

t.test('§7: an event that cannot be parked comes again', async (t) => {
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

t.test('§7: two events with one id are never under way together, for consumers answer by id', async (t) => {
  const id = randomUUID()
  const event = { id, type: 'Happened', json: false, metadata: Buffer.alloc(0), data: Buffer.alloc(0) }
  await store.append('twins', ANY, [event, event])
  const group = new Group(store, config('twins'), Date.now)
  await group.start()
  const given: Entry[] = []
  const consumer = group.join({ from: 'here', name: 'test', isBusy: false, send: (entry) => given.push(entry), drop: () => undefined }, 10)
  await until(() => given.length === 1 && group.deliveries.buffer.length === 1)
  group.ack(consumer, [id])
  await until(() => given.length === 2)
  group.ack(consumer, [id])
  await until(() => group.checkpoint.place === 1)
  t.equal(group.deliveries.outstanding.size, 0)
  group.stop()
})

t.test('§7: what a consumer does costs as much as it holds, and no more for what else is under way', async (t) => {
  const length = 3_000
  const { group, consumer, given } = await following('many', length, store, { bufferSize: length })
  let compared = 0
  for (const entry of given) {
    const { sequence } = entry
    Object.defineProperty(entry, 'sequence', { get: () => { compared++; return sequence } })
  }
  for (const { id } of given.slice(1, 1_001)) group.ack(consumer, [id])
  t.ok(compared < 10 * 1_000, `${compared} comparisons for 1,000 answers behind one that is missing`)
  compared = 0
  group.leave(consumer)
  t.ok(compared < 10 * length, `${compared} comparisons for ${length} events that are given back`)
  t.same(group.deliveries.retries.map(({ id }) => id), [given[0]!, ...given.slice(1_001)].map(({ id }) => id), 'in log order')
  group.stop()
})

/** A call of PersistentSubscriptions.Read whose other side reads when the test says so. */
function calling(groups: Groups, stream: string, bufferSize: number) {
  const unread: { readonly bytes: number; readonly read: () => void }[] = []
  const call = Object.assign(new EventEmitter(), {
    cancelled: false, destroyed: false, metadata: new Metadata(), getPeer: () => 'here', end: () => undefined,
    write: (message: Buffer, read: () => void = () => undefined) => unread.push({ bytes: message.length, read }) > 0,
  })
  readGroup(groups)(call as unknown as ServerDuplexStream<Buffer, Buffer>)
  call.emit('data', messageField(1, streamIdentifier(1, stream), bytesField(2, 'group'), numberField(3, bufferSize)))
  return { call, unread }
}

async function groupsOn({ teardown }: Pick<typeof t, 'teardown'>, stream: string, via: Store = store) {
  const groups = new Groups(via)
  teardown(() => groups.stop())
  await groups.create({ ...config(stream), isNamed: true, preparePosition: undefined })
  return { groups, group: groups.find({ source: stream, group: 'group' }) }
}

t.test('§6, §7: a consumer that does not read is given no more than fits, until it does', async (t) => {
  const { groups, group } = await groupsOn(t, 'unread')
  for (let n = 0; n < 8; n++) await store.append('unread', ANY, several(5, 100_000))
  const { call, unread } = calling(groups, 'unread', 1_000)
  await until(() => unread.length > 1 && group.isLive)
  t.equal(group.deliveries.outstanding.size, 11, 'about a MiB')
  let read = 0
  for (; unread.length > 0 && read <= 41; read++) unread.shift()!.read()
  t.equal(read, 41, 'the confirmation and all forty')
  t.equal(group.deliveries.outstanding.size, 40)
  call.emit('cancelled')
  t.equal(group.deliveries.consumers.size, 0)
})

t.test('§7: a deletion while the first checkpoint is written leaves nothing behind', async (t) => {
  const [stream, checkpoint] = ['deleted', '$persistentsubscription-deleted::group-checkpoint']
  let [isWritten, release] = [false, () => undefined as void]
  const gate = new Promise<void>((resolve) => { release = resolve })
  const { groups, group } = await groupsOn(t, stream, writingVia((stream) => stream === `$$${checkpoint}`, async (write) => {
    const verdict = await write()
    isWritten = true
    await gate
    return verdict
  }))
  await store.append(stream, ANY, several(1))
  const given: Entry[] = []
  const consumer = group.join({ from: 'here', name: 'test', isBusy: false, send: (entry) => given.push(entry), drop: () => undefined }, 10)
  await until(() => given.length === 1)
  group.ack(consumer, [given[0]!.id])
  await until(() => isWritten)
  await groups.delete({ source: stream, group: 'group' })
  release()
  await until(() => !group.checkpoint.isWriting)
  t.equal(store.stream(checkpoint).status, 'deleted')
})

t.test('§7: a consumer holds 10,000 events at most, whatever it asks for', async (t) => {
  const { groups, group } = await groupsOn(t, 'greedy')
  const { call } = calling(groups, 'greedy', 2 ** 31)
  t.same([...group.deliveries.consumers].map(({ bufferSize, free }) => [bufferSize, free]), [[10_000, 10_000]])
  call.emit('cancelled')
})

t.test('§7: nobody answers for another consumer', async (t) => {
  const { group, given } = await following('others', 1, store)
  const other = group.join({ from: 'there', name: 'other', isBusy: false, send: () => undefined, drop: () => undefined }, 10)
  group.ack(other, [given[0]!.id])
  group.nack(other, [given[0]!.id], 'skip', '')
  t.equal(group.deliveries.outstanding.size, 1)
  group.stop()
})
