import { EventEmitter } from 'node:events'
import { END, eventTypeFilter, START, streamNameFilter, type AllStreamSubscription, type Position } from '@eventstore/db-client'
import type { ServerWritableStream } from '@grpc/grpc-js'
import t from 'tap'
import { subscribe } from './services/subscribe.ts'
import { collected, failure, happened, newStream, numbers, several, started, taken, until } from './testing.ts'
import { watched } from './watched-store.ts'
import type { ReadReq } from './wire/read.ts'

const { client, store, connected } = await started(t)

/** Gathers what a subscription is told until it is ended. */
function heard(subscription: AllStreamSubscription) {
  const seen = { numbers: [] as unknown[], positions: [] as bigint[], caughtUp: 0 }
  subscription.on('caughtUp', () => seen.caughtUp++)
  subscription.on('data', ({ event }) => {
    seen.numbers.push((event!.data as { n?: number }).n)
    seen.positions.push(event!.position!.commit)
  })
  return seen
}

const only = (stream: string) => streamNameFilter({ prefixes: [stream] })

t.test('§6: catch-up, then caught up once, then live; in order, without gap or repetition', async (t) => {
  const stream = newStream('live')
  await client.appendToStream(stream, several(1_000))
  const subscription = client.subscribeToAll({ filter: only(stream) })
  const seen = heard(subscription)
  await until(() => seen.caughtUp === 1)
  t.equal(seen.numbers.length, 1_000, 'everything that was there comes before it')
  for (let n = 1_000; n < 1_200; n++) await client.appendToStream(stream, happened(n))
  await until(() => seen.numbers.length === 1_200)
  t.same(seen.numbers, Array.from({ length: 1_200 }, (_, n) => n))
  t.equal(seen.caughtUp, 1)
  await subscription.unsubscribe()
})

t.test('§6: $all starts after a position, or after the end', async (t) => {
  const stream = newStream('start')
  const positions: Position[] = []
  for (const event of several(4)) positions.push((await client.appendToStream(stream, event)).position!)
  const after = client.subscribeToAll({ fromPosition: positions[1]!, filter: only(stream) })
  t.same(numbers(await taken(after, 2)), [2, 3], 'a position is exclusive')
  const live = client.subscribeToAll({ fromPosition: END, filter: only(stream) })
  const seen = heard(live)
  await until(() => seen.caughtUp === 1)
  await client.appendToStream(stream, happened(4))
  await until(() => seen.numbers.length === 1)
  t.same(seen.numbers, [4])
  await live.unsubscribe()
  t.same(numbers(await taken(client.subscribeToAll({ fromPosition: START, filter: only(stream) }), 5)), [0, 1, 2, 3, 4])
})

t.test('§6: a position beyond the end is allowed: what comes up to it is passed over', async (t) => {
  const stream = newStream('beyond')
  const { position } = await client.appendToStream(stream, happened(0))
  const second = (await client.appendToStream(stream, happened(1))).position!.commit
  const step = second - position!.commit
  const ahead = second + 2n * step
  const subscription = client.subscribeToAll({ fromPosition: { commit: ahead, prepare: ahead }, filter: only(stream) })
  const seen = heard(subscription)
  await until(() => seen.caughtUp === 1)
  const written = []
  for (let n = 2; n < 8; n++) written.push((await client.appendToStream(stream, happened(n))).position!.commit)
  const expected = written.filter((at) => at > ahead)
  t.ok(expected.length < written.length && expected.length > 0)
  await until(() => seen.positions.length >= expected.length)
  t.same(seen.positions, expected)
  await subscription.unsubscribe()
})

t.test('§6: a stream is followed from after a revision, or before it exists', async (t) => {
  const [there, later] = [newStream(), newStream()]
  await client.appendToStream(there, several(600))
  const from = async (fromRevision: bigint | typeof START | typeof END, length: number) => numbers(await taken(client.subscribeToStream(there, { fromRevision }), length))
  t.same(await from(START, 600), Array.from({ length: 600 }, (_, n) => n))
  t.same(await from(597n, 2), [598, 599], 'a revision is exclusive')
  const waiting = taken(client.subscribeToStream(later), 2)
  const beyond = taken(client.subscribeToStream(there, { fromRevision: 600n }), 1)
  const atEnd = client.subscribeToStream(there, { fromRevision: END })
  const [first] = [taken(atEnd, 1)]
  await new Promise((resolve) => atEnd.once('caughtUp', resolve))
  await client.appendToStream(later, several(2))
  await client.appendToStream(there, [happened(600), happened(601)])
  t.same(numbers(await waiting), [0, 1], 'one that did not exist')
  t.same(numbers(await beyond), [601], 'revisions beyond the end are passed over')
  t.same(numbers(await first), [600], 'from the end: what comes later')
})

t.test('§6: a soft delete goes unnoticed, a tombstone is delivered and ends it', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(1))
  const subscription = client.subscribeToStream(stream)
  const types: string[] = []
  subscription.on('data', ({ event }) => types.push(event!.type))
  const ended = new Promise<Record<string, unknown>>((resolve) => subscription.once('error', (error) => resolve({ ...error })))
  await until(() => types.length === 1)
  await client.deleteStream(stream)
  await client.appendToStream(stream, happened(1))
  await until(() => types.length === 2)
  await client.tombstoneStream(stream)
  t.match(await ended, { type: 'stream-deleted', streamName: stream })
  t.same(types, ['Happened', 'Happened', '$streamDeleted'])
  t.match(await failure(taken(client.subscribeToStream(stream), 1)), { type: 'stream-deleted' }, 'already tombstoned: at once')
})

t.test('§6: a stream that is deleted softly is followed as one that is still to come', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(3))
  await client.deleteStream(stream)
  const subscription = client.subscribeToStream(stream)
  const seen: unknown[] = []
  subscription.on('data', ({ event }) => seen.push((event!.data as { n: number }).n))
  await new Promise((resolve) => subscription.once('caughtUp', resolve))
  t.same(seen, [], 'what is deleted is not shown')
  await client.appendToStream(stream, happened(3))
  await until(() => seen.length === 1)
  t.same(seen, [3])
  await subscription.unsubscribe()
})

t.test('§8: there are no streams of projections; a filter does the same', async (t) => {
  const category = newStream('projected').replace('-', '')
  await client.appendToStream(`${category}-1`, [happened(0, `${category}Placed`), happened(1, `${category}Shipped`)])
  await client.appendToStream(`${category}-2`, happened(2, `${category}Placed`))
  for (const stream of [`$ce-${category}`, `$et-${category}Placed`, '$streams', '$category-order']) {
    t.match(await failure(collected(client.readStream(stream, { resolveLinkTos: true }))), { type: 'stream-not-found' }, stream)
  }
  t.same(numbers(await taken(client.subscribeToAll({ filter: streamNameFilter({ prefixes: [`${category}-`] }) }), 3)), [0, 1, 2], '$ce-')
  t.same(numbers(await taken(client.subscribeToAll({ filter: eventTypeFilter({ prefixes: [`${category}Placed`] }) }), 2)), [0, 2], '$et-')
})

t.test('§6: metadata hides what was there, and nothing that comes while a subscription is live', async (t) => {
  const [counted, deleted] = [newStream(), newStream()]
  await client.appendToStream(counted, several(10))
  await client.setStreamMetadata(counted, { maxCount: 3, maxAge: 1_000 })
  const subscriptions = [counted, deleted, `$$${deleted}`].map((stream) => client.subscribeToStream(stream))
  const seen = subscriptions.map((subscription) => {
    const revisions: bigint[] = []
    subscription.on('data', ({ event }) => void revisions.push(event!.revision))
    return revisions
  })
  await Promise.all(subscriptions.map((subscription) => new Promise((resolve) => subscription.once('caughtUp', resolve))))
  await client.setStreamMetadata(counted, { maxCount: 1 })
  await client.appendToStream(counted, several(3))
  await Promise.all([client.appendToStream(deleted, several(2)), client.deleteStream(deleted, { expectedRevision: 1n })])
  await Promise.all([1, 2].map((n) => client.setStreamMetadata(deleted, { n })))
  await until(() => seen[0]!.length >= 6 && seen[1]!.length >= 2 && seen[2]!.length >= 3)
  t.same(seen[0], [7n, 8n, 9n, 10n, 11n, 12n], 'three for one, all of an append that was longer than $maxCount')
  t.same(seen[1], [0n, 1n], 'and what a deletion in the same commit hides')
  t.same(seen[2]!.slice(0, 3), [0n, 1n, 2n], 'and every event of a metastream')
  for (const subscription of subscriptions) await subscription.unsubscribe()
})

t.test('§5: links are resolved while subscribed', async (t) => {
  const [target, links] = [newStream(), newStream('links')]
  await client.appendToStream(target, several(2))
  const link = { ...happened(0), type: '$>', contentType: 'application/octet-stream' as const, data: Buffer.from(`1@${target}`), metadata: Buffer.alloc(0) }
  await client.appendToStream(links, link)
  const [resolved] = await taken(client.subscribeToStream(links, { resolveLinkTos: true }), 1)
  t.match(resolved, { event: { streamId: target, revision: 1n }, link: { streamId: links } })
})

t.test('§6: every subscriber sees the order of the log, however many write at once', async (t) => {
  const category = newStream('crowd')
  const subscriptions = [1, 2, 3].map(() => client.subscribeToAll({ filter: only(category) }))
  const seen = subscriptions.map(heard)
  await until(() => seen.every(({ caughtUp }) => caughtUp === 1))
  await Promise.all(Array.from({ length: 16 }, async (_, writer) => {
    for (let n = 0; n < 30; n++) await client.appendToStream(`${category}-${writer % 5}`, happened(n))
  }))
  await until(() => seen.every(({ numbers }) => numbers.length === 480))
  const log = (await collected(client.readAll())).filter(({ event }) => event!.streamId.startsWith(category)).map(({ event }) => event!.position!.commit)
  for (const { positions } of seen) t.same(positions, log)
  for (const subscription of subscriptions) await subscription.unsubscribe()
})

t.test('§5: streams of persistent subscriptions to $all stay out of $all, other system streams do not', async (t) => {
  const [hidden, parked, shown] = ['$persistentsubscription-$all::g-checkpoint', '$persistentsubscription-$all::g-parked', '$persistentsubscription-s::g-parked']
  for (const stream of [hidden, parked, shown]) await client.appendToStream(stream!, happened(1))
  const streams = new Set((await collected(client.readAll())).map(({ event }) => event!.streamId))
  t.same([hidden, parked, shown].map((stream) => streams.has(stream!)), [false, false, true])
  const [first] = await taken(client.subscribeToAll({ filter: streamNameFilter({ prefixes: ['$persistentsubscription-'] }) }), 1)
  t.equal(first!.event!.streamId, shown)
})

t.test('§6: a subscriber that takes nothing is sent nothing more, and later gets the rest', async (t) => {
  const stream = newStream('slow')
  await client.appendToStream(stream, several(1_000))
  let [written, takes] = [0, 50]
  const call = Object.assign(new EventEmitter(), {
    cancelled: false,
    destroyed: false,
    write: () => ++written < takes,
  })
  const request: ReadReq = {
    stream, start: 'start', isBackwards: false, resolvesLinks: false, structuresIds: false, count: undefined, filter: undefined, compatibility: 0, fault: undefined,
  }
  const over = subscribe(store, call as unknown as ServerWritableStream<Buffer, Buffer>, request, 'id')
  await until(() => written === 50)
  await client.appendToStream(stream, several(100))
  t.equal(written, 50, 'not one message beyond the one that was too much')
  takes = Infinity
  call.emit('drain')
  await until(() => written === 1 + 1_100 + 1)
  call.cancelled = true
  call.emit('cancelled')
  await over
  t.equal(call.listenerCount('drain'), 0)
})

t.test('§6: whoever follows a stream is woken by its events alone', async (t) => {
  let asked = 0
  const counting = watched(store, (what) => {
    if (what === 'stream') asked++
  })
  const calls = Array.from({ length: 200 }, () => Object.assign(new EventEmitter(), {
    cancelled: false, destroyed: false, written: 0, write() { return ++this.written > 0 },
  }))
  const category = newStream('idle')
  const over = calls.map((call, nth) => subscribe(counting, call as unknown as ServerWritableStream<Buffer, Buffer>, {
    stream: `${category}-${nth}`, start: 'start', isBackwards: false, resolvesLinks: false, structuresIds: false, count: undefined, filter: undefined, compatibility: 0, fault: undefined,
  }, 'id'))
  await until(() => calls.every(({ written }) => written === 2))
  asked = 0
  for (let n = 0; n < 20; n++) await client.appendToStream(newStream('busy'), happened(n))
  t.equal(asked, 0, 'nobody looks when other streams are written')
  await client.appendToStream(`${category}-7`, several(2))
  await until(() => calls[7]!.written === 4)
  t.ok(asked > 0 && asked < 20, 'and one when its own is')
  for (const call of calls) call.emit('cancelled')
  await Promise.all(over)
})

t.test('§6: a subscription that is left is forgotten', async (t) => {
  const other = connected()
  const subscription = other.subscribeToAll({ fromPosition: END })
  await new Promise((resolve) => subscription.once('caughtUp', resolve))
  await subscription.unsubscribe()
  t.match(await other.appendToStream(newStream(), happened(0)), { success: true })
})
