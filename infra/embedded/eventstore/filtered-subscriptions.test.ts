import { END, eventTypeFilter, excludeSystemEvents, START, streamNameFilter, type Position, type ReadPosition } from '@eventstore/db-client'
import t from 'tap'
import { collected, failure, happened, newStream, numbers, several, started, taken, until } from './testing.ts'

const { client } = await started(t)

t.test('§6.1: filters', async (t) => {
  const category = newStream('filter')
  await client.appendToStream(`${category}-a`, [happened(0, 'OrderPlaced'), happened(1, 'OrderShipped'), happened(2, 'Other')])
  await client.appendToStream(`${category}-b`, [happened(3, 'OrderPlaced'), happened(4, 'xOrder')])
  const from = (await collected(client.readStream(`${category}-a`, { maxCount: 1 })))[0]!.event!.position!
  const before = { commit: from.commit - 1n, prepare: from.prepare - 1n }
  const cases = [
    ['stream prefixes', streamNameFilter({ prefixes: ['nothing', `${category}-b`] }), [3, 4]],
    ['a stream pattern', streamNameFilter({ regex: `${category}-[ab]$` }), [0, 1, 2, 3, 4]],
    ['patterns are not anchored', streamNameFilter({ regex: `${category.slice(1)}-b` }), [3, 4]],
    ['type prefixes', eventTypeFilter({ prefixes: ['Order', 'xO'] }), [0, 1, 3, 4]],
    ['a type pattern', eventTypeFilter({ regex: '^Order(Placed|Lost)$' }), [0, 3]],
    ['without system events', excludeSystemEvents(), [0, 1, 2, 3, 4]],
  ] as const
  for (const [what, filter, expected] of cases) {
    t.same(numbers(await taken(client.subscribeToAll({ fromPosition: before, filter }), expected.length)), expected, what)
  }
  t.match(await failure(taken(client.subscribeToAll({ filter: streamNameFilter({ regex: '(' }) }), 1)), { code: 3 }, 'what is no pattern is refused')
})

t.test('§6.1: a pattern is matched once per distinct name, so a costly one costs once', async (t) => {
  const stream = `slow-${'a'.repeat(22)}`
  await client.appendToStream(stream, several(2_000))
  // Once for each of them would take longer than a test may.
  const subscription = client.subscribeToAll({ filter: streamNameFilter({ regex: '^slow-(a+)+$' }) })
  t.equal((await taken(subscription, 2_000)).length, 2_000)
})

t.test('§6.2: checkpoints: after n events that were looked at, growing, never behind an event, and at the end of catch-up', async (t) => {
  const { client, store } = await started(t)
  for (let n = 0; n < 300; n++) await client.appendToStream(n % 10 === 0 ? 'wanted' : 'other', happened(n))
  const seen: { readonly kind: 'event' | 'checkpoint' | 'caughtUp'; readonly at: bigint }[] = []
  const last = () => seen.at(-1)
  const follow = (interval: number, fromPosition: ReadPosition) => {
    const filter = streamNameFilter({ prefixes: ['wanted'], checkpointInterval: interval, checkpointReached: (_, at) => void seen.push({ kind: 'checkpoint', at: at.commit }) })
    const subscription = client.subscribeToAll({ fromPosition, filter })
    subscription.on('data', ({ event }) => seen.push({ kind: 'event', at: event!.position!.commit }))
    subscription.on('caughtUp', () => seen.push({ kind: 'caughtUp', at: 0n }))
    return subscription
  }
  const subscription = follow(1, START)
  await until(() => last()?.kind === 'caughtUp')
  const end = BigInt(store.entry(store.count - 1).position)
  t.match(seen.at(-2), { kind: 'checkpoint', at: end }, 'everything was looked at')
  const marks = seen.filter(({ kind }) => kind === 'checkpoint').map(({ at }) => at)
  t.equal(marks.length, Math.ceil(store.count / 32))
  t.ok(marks.every((at, nth) => nth === 0 || at > marks[nth - 1]!), 'they grow')
  const told = seen.filter(({ kind }) => kind !== 'caughtUp').map(({ at }) => at)
  t.ok(told.every((at, nth) => nth === 0 || at >= told[nth - 1]!), 'an event never comes after a checkpoint that covers it')
  const before = marks.length
  for (let n = 0; n < 64; n++) await client.appendToStream('other', happened(n))
  await until(() => seen.filter(({ kind }) => kind === 'checkpoint').length >= before + 2)
  await subscription.unsubscribe()

  seen.length = 0
  const idle = follow(1, END)
  await until(() => seen.length > 0)
  t.same(seen.map(({ kind }) => kind), ['caughtUp'], 'nothing to catch up: no checkpoint')
  for (let n = 0; n < 32; n++) await client.appendToStream(n === 31 ? 'wanted' : 'other', happened(n))
  await until(() => seen.length === 3)
  t.match(seen.slice(1), [{ kind: 'event', at: last()!.at }, { kind: 'checkpoint' }], 'live: the position of the n-th event, after it')
  await idle.unsubscribe()
})

t.test('§6.2: the interval is the window times the multiplier, in events that are looked at, shown or not', async (t) => {
  const { client, store } = await started(t)
  const marks: bigint[] = []
  let caughtUp = 0
  const filter = streamNameFilter({ prefixes: ['wanted'], maxSearchWindow: 5, checkpointInterval: 3, checkpointReached: (_, { commit }) => void marks.push(commit) })
  const subscription = client.subscribeToAll({ fromPosition: START, filter })
  subscription.on('data', () => undefined).on('caughtUp', () => caughtUp++)
  await until(() => caughtUp === 1)
  const written: bigint[] = []
  for (let n = 0; n < 50; n++) written.push((await client.appendToStream(n % 4 === 0 ? 'wanted' : 'other', happened(n))).position!.commit)
  await until(() => marks.length === 4)
  t.same(marks, [BigInt(store.entry(0).position), ...[14, 29, 44].map((nth) => written[nth])], 'at the end of catch-up, then counted from there')
  await subscription.unsubscribe()

  const nothing: bigint[] = []
  const idle = client.subscribeToAll({
    fromPosition: START, filter: streamNameFilter({ prefixes: ['nobody'], checkpointInterval: 1_000, checkpointReached: (_, { commit }) => void nothing.push(commit) }),
  })
  idle.on('data', () => undefined)
  await new Promise((resolve) => idle.once('caughtUp', resolve))
  t.same(nothing, [BigInt(store.entry(store.count - 1).position)], 'where nothing matches: how far it was looked')
  await idle.unsubscribe()
})

t.test('§6.2: whoever resumes from its last checkpoint, again and again, loses nothing and sees nothing twice', async (t) => {
  const stream = newStream('resume')
  let writes = Promise.resolve()
  const total = 400
  for (let n = 0; n < total; n++) writes = writes.then(async () => {
    await client.appendToStream(stream, happened(n))
    if (n % 3 === 0) await client.appendToStream(newStream('noise'), happened(-1))
  })
  const seen: unknown[] = []
  let position: ReadPosition = START
  for (let turn = 0; seen.length < total; turn++) {
    if (turn > total) throw new Error('too many turns')
    const marks = (_: unknown, at: Position) => { position = at }
    const subscription = client.subscribeToAll({ fromPosition: position, filter: streamNameFilter({ prefixes: [stream], checkpointReached: marks }) })
    for await (const { event } of subscription) {
      seen.push((event!.data as { n: number }).n)
      position = event!.position!
      if (seen.length % (7 + turn % 13) === 0 || seen.length === total) break
    }
  }
  await writes
  t.same(seen, Array.from({ length: total }, (_, n) => n))
})
