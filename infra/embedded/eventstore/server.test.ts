import { ANY, BACKWARDS, END, NO_STREAM, START, STREAM_EXISTS, streamNameFilter, type AppendExpectedRevision, type JSONEventData } from '@eventstore/db-client'
import t from 'tap'
import type { Store } from './contract.ts'
import { startServer } from './server.ts'
import { collected, failure, happened, newStream, numbers, several, started, taken } from './testing.ts'
import { watched } from './watched-store.ts'

const { client, store, server, connected } = await started(t)

/** Passing credentials makes the client use Append; without them it uses BatchAppend. */
const paths = {
  Append: { credentials: { username: 'admin', password: 'changeit' } },
  BatchAppend: {},
} as const

const [a, b, c, d] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'].map((part) => `${part}-0000-4000-8000-000000000000`)

const event = (id: string | undefined, n = 0) => happened(n, 'Happened', id!)

type Outcome = number | 'none' | `wrong ${number | 'none'}` | 'deleted'
type Before = 'nothing' | 'two' | 'soft-deleted' | 'metadata' | 'tombstoned'

/** Another server over the same store. */
async function serving(t: Parameters<typeof started>[0], store: Store) {
  const server = await startServer({ store, port: 0 })
  t.teardown(() => server.stop())
  return { client: connected(`esdb://127.0.0.1:${server.port}?tls=false`) }
}

/** The table of §3.3, row by row. The stream holds a and b where it holds anything. */
const rows: readonly (readonly [what: string, before: Before, expected: AppendExpectedRevision, ids: readonly (string | undefined)[], outcome: Outcome])[] = [
  ['row 1, any, unknown id: appends', 'two', ANY, [c], 2],
  ['row 1, any on nothing: appends', 'nothing', ANY, [c], 0],
  ['row 2, any, all ids known: success of the original', 'two', ANY, [a, b], 1],
  ['row 2, any, first id known alone: success of the original', 'two', ANY, [a], 0],
  ['row 3, any, first known and a later one not: wrong', 'two', ANY, [a, c], 'wrong 1'],
  ['row 1, any, first unknown and a later one known: appends', 'two', ANY, [c, a], 3],
  ['row 1, any of no events: nothing happens', 'two', ANY, [], 1],
  ['row 4, exists on a soft-deleted stream: deleted', 'soft-deleted', STREAM_EXISTS, [c], 'deleted'],
  ['row 5, exists on nothing: wrong', 'nothing', STREAM_EXISTS, [c], 'wrong none'],
  ['row 6, exists with metadata alone: as any', 'metadata', STREAM_EXISTS, [c], 0],
  ['row 7, exists, unknown id: appends', 'two', STREAM_EXISTS, [c], 2],
  ['row 7, exists, known ids: success of the original', 'two', STREAM_EXISTS, [b], 1],
  ['row 8, no stream, same ids: success of the original', 'two', NO_STREAM, [a, b], 1],
  ['row 8, no stream, a prefix of the same ids: success of the original', 'two', NO_STREAM, [a], 0],
  ['row 8, earlier revision, same id: success of the original', 'two', 0n, [b], 1],
  ['row 9, no stream on a soft-deleted one: recreated', 'soft-deleted', NO_STREAM, [c], 2],
  ['row 1, any on a soft-deleted stream: recreated', 'soft-deleted', ANY, [c], 2],
  ['row 13, exact revision on a soft-deleted stream: recreated', 'soft-deleted', 1n, [c], 2],
  ['row 10, earlier revision, other id: wrong', 'two', 0n, [c], 'wrong 1'],
  ['row 10, earlier revision of a soft-deleted stream, other id: wrong', 'soft-deleted', 0n, [c], 'wrong 1'],
  ['row 10, no stream, other id: wrong', 'two', NO_STREAM, [c], 'wrong 1'],
  ['row 11, no stream, a later id differs: wrong', 'two', NO_STREAM, [a, c], 'wrong 1'],
  ['row 11, no stream, same ids and one more: wrong', 'two', NO_STREAM, [a, b, c], 'wrong 1'],
  ['row 12, earlier revision, no events: wrong', 'two', 0n, [], 'wrong 1'],
  ['row 13, the exact revision: appends', 'two', 1n, [c, d], 3],
  ['row 13, the exact revision with a known id: appends, unchecked', 'two', 1n, [a], 2],
  ['row 13, no stream on nothing: appends', 'nothing', NO_STREAM, [a], 0],
  ['row 14, a later revision: wrong', 'two', 2n, [c], 'wrong 1'],
  ['row 14, a later revision on nothing: wrong', 'nothing', 0n, [c], 'wrong none'],
  ['before any row, tombstoned with any: deleted', 'tombstoned', ANY, [c], 'deleted'],
  ['before any row, tombstoned with no stream: deleted', 'tombstoned', NO_STREAM, [c], 'deleted'],
  ['before any row, tombstoned with a revision: deleted', 'tombstoned', 1n, [c], 'deleted'],
  ['before any row, tombstoned with exists: deleted', 'tombstoned', STREAM_EXISTS, [c], 'deleted'],
]

async function prepared(before: Before): Promise<string> {
  const stream = newStream('rule')
  if (before === 'metadata') await client.setStreamMetadata(stream, { owner: 'somebody' })
  if (before === 'nothing' || before === 'metadata') return stream
  await client.appendToStream(stream, [event(a), event(b, 1)])
  if (before === 'soft-deleted') await client.deleteStream(stream)
  if (before === 'tombstoned') await client.tombstoneStream(stream)
  return stream
}

const told = (outcome: Outcome, stream: string) => {
  if (outcome === 'deleted') return { type: 'stream-deleted', streamName: stream }
  const actual = String(outcome).slice('wrong '.length)
  return { type: 'wrong-expected-version', streamName: stream, actualVersion: actual === 'none' ? NO_STREAM : BigInt(actual) }
}

for (const [path, options] of Object.entries(paths)) {
  t.test(`§3.3 by ${path}`, async (t) => {
    for (const [what, before, expectedRevision, ids, outcome] of rows) {
      const stream = await prepared(before)
      const append = client.appendToStream(stream, ids.map((id, n) => event(id, 10 + n)), { expectedRevision, ...options })
      if (typeof outcome === 'string') {
        const error = await failure(append)
        t.match(error, told(outcome, stream), `§3.3 ${what}`)
        continue
      }
      const { success, nextExpectedRevision, position } = await append
      t.match({ success, nextExpectedRevision }, { success: true, nextExpectedRevision: BigInt(outcome) }, `§3.3 ${what}`)
      const [stored] = await collected(client.readStream(stream, { fromRevision: BigInt(outcome), maxCount: 1 }))
      if (ids.length > 0) t.same(position, stored!.event!.position, `${what}: says the position of its last event`)
    }
  })

  t.test(`§3.1, §3.2: a failed append by ${path} is told, not thrown, when so wished`, async (t) => {
    const stream = await prepared('two')
    const lenient = connected(`esdb://127.0.0.1:${server.port}?tls=false&throwOnAppendFailure=false`)
    t.match(await lenient.appendToStream(stream, event(c), { expectedRevision: 7n, ...options }), { success: false })
  })

  t.test(`§3.1: limits by ${path}`, async (t) => {
    const stream = newStream()
    const large = { ...happened(0), data: { text: 'x'.repeat(1024 * 1024) } }
    t.match(await failure(client.appendToStream(stream, large, options)), { type: 'maximum-append-size-exceeded', maxAppendSize: 1024 * 1024 })
    const allowed = { ...happened(0), data: 'x'.repeat(1024 * 1024 - 100) }
    t.match(await client.appendToStream(stream, allowed, options), { nextExpectedRevision: 0n })
    t.ok(await failure(client.appendToStream('', happened(0), options)), 'an empty name')
    t.ok(await failure(client.appendToStream('$$', happened(0), options)), 'the metastream of nothing')
    t.ok(await failure(client.appendToStream(stream, happened(0, ''), options)), 'an event without a type')
    t.ok(await failure(client.appendToStream(stream, happened(0, 'A', '00000000-0000-0000-0000-000000000000'), options)), 'an event without an id')
  })

  t.test(`§2, §3.1: names beyond ASCII by ${path}`, async (t) => {
    const stream = `заказ-${path}-😀`
    await client.appendToStream(stream, happened(1, 'Случилось'), options)
    const [read] = await collected(client.readStream(stream))
    t.match(read, { event: { streamId: stream, type: 'Случилось', data: { n: 1 } } })
    t.match(await failure(client.appendToStream(stream, happened(2), { expectedRevision: 9n, ...options })), { type: 'wrong-expected-version', streamName: stream })
    await client.tombstoneStream(stream)
    t.match(await failure(client.appendToStream(stream, happened(2), options)), { type: 'stream-deleted' })
    t.match(await failure(collected(client.readStream(stream))), { type: 'stream-deleted' })
  })

  t.test(`§3.3: concurrent appends by ${path} with the same expected revision: one wins, the others are told`, async (t) => {
    const stream = newStream()
    const outcomes = await Promise.allSettled(several(20).map((event) => client.appendToStream(stream, event, { expectedRevision: NO_STREAM, ...options })))
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal((await collected(client.readStream(stream))).length, 1)
  })

  t.test(`§3.3: the same append sent twice at once by ${path} is written once and answered the same`, async (t) => {
    const stream = newStream()
    const events = several(3)
    const answers = await Promise.all([1, 2, 3].map(() => client.appendToStream(stream, events, { expectedRevision: NO_STREAM, ...options })))
    t.same(answers[1], answers[0])
    t.same(answers[2], answers[0])
    t.equal((await collected(client.readStream(stream))).length, 3)
  })
}

t.test('§5: events come back as they went in', async (t) => {
  const stream = newStream()
  const before = Date.now()
  const proposed: JSONEventData = { ...happened(5), metadata: { $correlationId: 'x', list: [1, 'два'] } }
  const binary = { id: c!, contentType: 'application/octet-stream' as const, type: 'Raw', data: Buffer.from([0, 255, 7]), metadata: Buffer.from([1]) }
  const { position } = await client.appendToStream(stream, [proposed, binary])
  const [json, raw] = await collected(client.readStream(stream))
  t.match(json!.event, { id: proposed.id, type: 'Happened', streamId: stream, revision: 0n, isJson: true, data: { n: 5 }, metadata: proposed.metadata })
  t.ok(json!.event!.created.getTime() >= before && json!.event!.created.getTime() <= Date.now())
  t.match(raw!.event, { isJson: false, type: 'Raw', revision: 1n })
  t.same(Buffer.from(raw!.event!.data as Uint8Array), binary.data)
  t.same(Buffer.from(raw!.event!.metadata as Uint8Array), binary.metadata)
  t.same(raw!.event!.position, position, 'the answer says the position of the last event')
  t.same(raw!.commitPosition, position!.commit)
  const [inAll] = await collected(client.readAll({ fromPosition: json!.event!.position!, maxCount: 1 }))
  t.same(inAll!.event, json!.event, 'stream and $all show the same')
})

t.test('§5: reads of a stream', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(600))
  const read = async (options: Parameters<typeof client.readStream>[1]) => numbers(await collected(client.readStream(stream, options)))
  const all = Array.from({ length: 600 }, (_, n) => n)
  t.same(await read({}), all, 'forwards, in pages without a seam')
  t.same(await read({ direction: BACKWARDS, fromRevision: END }), all.toReversed(), 'backwards from the end')
  t.same(await read({ fromRevision: 590n }), all.slice(590), 'from N, inclusive')
  t.same(await read({ fromRevision: 600n }), [], 'past the end: empty, not an error')
  t.same(await read({ fromRevision: END }), [], 'forwards from the end: nothing')
  t.same(await read({ direction: BACKWARDS, fromRevision: START }), [0], 'backwards from the start: the first event')
  t.same(await read({ direction: BACKWARDS, fromRevision: 2n }), [2, 1, 0], 'backwards from N, inclusive')
  t.same(await read({ direction: BACKWARDS, fromRevision: 9_999n, maxCount: 2 }), [599, 598], 'backwards from beyond: as from the end')
  t.same(await read({ maxCount: 3 }), [0, 1, 2], 'count is a limit')
  t.match(await failure(collected(client.readStream('nothing-here'))), { type: 'stream-not-found', streamName: 'nothing-here' })
})

t.test('§5: reads of $all', async (t) => {
  const stream = newStream()
  const positions = []
  for (const event of several(5)) positions.push((await client.appendToStream(stream, event)).position!)
  const read = async (options: Parameters<typeof client.readAll>[0]) =>
    numbers((await collected(client.readAll(options))).filter(({ event }) => event?.streamId === stream))
  t.same(await read({ fromPosition: positions[2]! }), [2, 3, 4], 'forwards: the position is inclusive')
  t.same(await read({ direction: BACKWARDS, fromPosition: positions[2]! }), [1, 0], 'backwards: the position is exclusive')
  t.same(await read({ direction: BACKWARDS, fromPosition: END, maxCount: 2 }), [4, 3], 'backwards from the end: from the last')
  t.same(await read({ direction: BACKWARDS, fromPosition: START }), [], 'backwards from the start: nothing')
  t.same(await read({ fromPosition: END }), [], 'forwards from the end: nothing')
  const all = await collected(client.readAll())
  t.ok(all.every(({ event }, nth) => nth === 0 || event!.position!.commit > all[nth - 1]!.event!.position!.commit), 'positions only grow')
  t.same((await collected(client.readAll({ direction: BACKWARDS, fromPosition: END }))).map(({ event }) => event!.id), all.map(({ event }) => event!.id).toReversed())
  t.ok(all.some(({ event }) => event!.type === '$metadata' && event!.streamId.startsWith('$$$')), 'a fresh node holds an event of its own')
})

t.test('§5: links', async (t) => {
  const [target, links] = [newStream(), newStream('links')]
  await client.appendToStream(target, several(3))
  const link = (text: string) => ({ ...happened(0), type: '$>', contentType: 'application/octet-stream' as const, data: Buffer.from(text), metadata: Buffer.alloc(0) })
  await client.appendToStream(links, [`1@${target}`, `7@${target}`, '0@nothing-here', 'nonsense'].map(link))
  const resolved = await collected(client.readStream(links, { resolveLinkTos: true }))
  t.match(resolved[0], { event: { streamId: target, revision: 1n, data: { n: 1 } }, link: { streamId: links, revision: 0n } })
  t.equal(resolved[0]!.commitPosition, resolved[0]!.link!.position!.commit, 'the position is the one of the link')
  for (const missing of resolved.slice(1)) {
    t.equal(missing.event, undefined, 'what is missing is absent')
    t.equal(missing.link!.streamId, links, 'and its link is there')
  }
  const [plain] = await collected(client.readStream(links))
  t.match(plain!.event, { type: '$>', streamId: links })
  await client.setStreamMetadata(target, { truncateBefore: 2 })
  t.equal((await collected(client.readStream(links, { resolveLinkTos: true })))[0]!.event, undefined, 'truncated: only the link')
  await client.deleteStream(target)
  t.equal((await collected(client.readStream(links, { resolveLinkTos: true })))[0]!.event, undefined, 'deleted: only the link')
})

t.test('§4: stream metadata', async (t) => {
  const stream = newStream()
  t.equal((await client.getStreamMetadata(stream)).metadata, undefined, 'none is an empty answer')
  await client.appendToStream(stream, several(10))
  const read = async () => numbers(await collected(client.readStream(stream)))
  await client.setStreamMetadata(stream, { maxCount: 3, colour: 'red' })
  t.match(await client.getStreamMetadata(stream), { metadata: { maxCount: 3, colour: 'red' } })
  t.same(await read(), [7, 8, 9], '$maxCount')
  await client.setStreamMetadata(stream, { truncateBefore: 8 })
  t.match(await client.getStreamMetadata(stream), { metadata: { truncateBefore: 8, colour: undefined } })
  t.same(await read(), [8, 9], '$tb, and the whole metadata was replaced')
  t.equal((await collected(client.readStream(`$$${stream}`))).length, 1, 'a metastream shows only its last event')
  await client.setStreamMetadata(stream, { truncateBefore: 100 })
  t.same(await read(), [], 'all truncated: empty, not missing')
  t.match(await client.appendToStream(stream, happened(10), { expectedRevision: 9n }), { nextExpectedRevision: 10n }, 'expected revisions ignore it')
  await client.appendToStream(`$$${stream}`, { ...happened(0), type: '$metadata', data: { $tb: 'one', $maxCount: 1 } })
  t.equal((await read()).length, 11, 'one malformed key voids them all')
  await client.appendToStream(`$$${stream}`, { ...happened(0), type: '$metadata', data: { $tb: 9, $maxCount: 0 } })
  t.same(await read(), [9, 10], 'a count that is not positive is passed over')
  await client.setStreamMetadata(stream, { maxAge: 1_000 })
  t.equal((await read()).length, 11)
  await client.setStreamMetadata(stream, { truncateBefore: 10 })
  t.equal((await collected(client.readAll())).filter(({ event }) => event!.streamId === stream).length, 11, '$all hides nothing')
})

t.test('§5, §6: a page is bounded in bytes, too, so slow readers of large events hold little', async (t) => {
  const stream = newStream('large')
  for (let n = 0; n < 12; n++) await client.appendToStream(stream, { ...happened(n), data: { n, text: 'x'.repeat(400_000) } })
  await client.appendToStream(newStream(), happened(0))
  let [most, asked] = [0, 0]
  const { client: reader } = await serving(t, watched(store, (what, [ordinals]) => {
    if (what !== 'records') return
    most = Math.max(most, (ordinals as readonly number[]).length)
    asked += (ordinals as readonly number[]).length
  }))
  const all = Array.from({ length: 12 }, (_, n) => n)
  t.same(numbers(await collected(reader.readStream(stream))), all)
  t.same(numbers(await collected(reader.readStream(stream, { direction: BACKWARDS, fromRevision: END }))), all.toReversed())
  t.same(numbers(await taken(reader.subscribeToStream(stream), 12)), all)
  t.same(numbers(await taken(reader.subscribeToAll({ filter: streamNameFilter({ prefixes: [stream] }) }), 12)), all)
  t.equal(asked, 4 * 12)
  t.equal(most, 3, 'about a MiB, or one event more')
})

t.test('§4: one event of a stream with $maxAge is found without reading the stream', async (t) => {
  let now_ms = Date.now()
  const { store, client } = await started(t, { now_ms: () => now_ms })
  await client.appendToStream('long', several(2_000))
  now_ms += 100_000
  await client.appendToStream('long', several(2_000))
  await client.setStreamMetadata('long', { maxAge: 50 })
  let asked = 0
  const { client: reader } = await serving(t, watched(store, (what, [ordinals]) => {
    if (what === 'records') asked += (ordinals as readonly number[]).length
  }))
  const revisions = async (options: Parameters<typeof client.readStream>[1]) => (await collected(reader.readStream('long', options))).map(({ event }) => event!.revision)
  t.same(await revisions({ direction: BACKWARDS, fromRevision: END, maxCount: 1 }), [3_999n])
  t.equal(asked, 1)
  t.same(await revisions({ maxCount: 2 }), [2_000n, 2_001n])
  t.ok(asked <= 1 + 12 + 2, `${asked} were read`)
  asked = 0
  t.same(await revisions({ direction: BACKWARDS, fromRevision: 1_999n }), [], 'the first that is too old ends it')
  t.ok(asked <= 256, `${asked} were read`)
})

t.test('§4: $maxAge hides what is older, whatever the count', async (t) => {
  let now_ms = Date.now()
  const { client } = await started(t, { now_ms: () => now_ms })
  await client.appendToStream('aging', several(3))
  now_ms += 100_000
  await client.appendToStream('aging', several(2))
  await client.setStreamMetadata('aging', { maxAge: 50 })
  t.same((await collected(client.readStream('aging', { maxCount: 2 }))).map(({ event }) => event!.revision), [3n, 4n])
  t.same((await collected(client.readStream('aging', { direction: BACKWARDS, fromRevision: END }))).map(({ event }) => event!.revision), [4n, 3n])
  now_ms += 100_000
  t.same(await collected(client.readStream('aging')), [], 'all expired: empty, not missing')
})

t.test('§3.4: a soft delete hides a stream until it is written again', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(8))
  await client.setStreamMetadata(stream, { owner: 'me' })
  const { position } = await client.deleteStream(stream, { expectedRevision: 7n })
  t.ok(position!.commit > 0n)
  t.match(await failure(collected(client.readStream(stream))), { type: 'stream-not-found' })
  t.ok(await client.deleteStream(stream), 'deleting twice succeeds')
  t.match(await client.appendToStream(stream, happened(8), { expectedRevision: NO_STREAM }), { nextExpectedRevision: 8n })
  t.same(numbers(await collected(client.readStream(stream))), [8])
  t.match(await client.getStreamMetadata(stream), { metadata: { truncateBefore: 8, owner: undefined } }, 'the old metadata was replaced by the deletion')
  for (const expectedRevision of [ANY, NO_STREAM] as const) {
    const never = newStream()
    t.match(await failure(client.deleteStream(never, { expectedRevision })), { type: 'wrong-expected-version', actualVersion: -1n }, 'what never was cannot be deleted')
    t.equal((await client.getStreamMetadata(never)).metadata, undefined, 'and nothing is written')
  }
  t.match(await failure(client.deleteStream(stream, { expectedRevision: 3n })), { type: 'wrong-expected-version', actualVersion: 8n, expectedVersion: 3n })
  t.match(await failure(client.deleteStream('никогда', { expectedRevision: 1n })), { type: 'wrong-expected-version' }, 'a name beyond ASCII in a trailer')
})

t.test('§3.4: metadata written to a soft-deleted stream brings it back empty', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(2))
  await client.deleteStream(stream)
  await client.setStreamMetadata(stream, { owner: 'me' })
  t.same(await collected(client.readStream(stream)), [])
  t.match(await client.getStreamMetadata(stream), { metadata: { owner: 'me', truncateBefore: 2 } })
})

t.test('§3.4: a stream that had only metadata when it was deleted is shown once it is written', async (t) => {
  const stream = newStream()
  await client.setStreamMetadata(stream, { owner: 'somebody' })
  await client.deleteStream(stream)
  t.match(await failure(client.appendToStream(stream, happened(0), { expectedRevision: STREAM_EXISTS })), { type: 'stream-deleted' })
  await client.appendToStream(stream, happened(0))
  t.same(numbers(await collected(client.readStream(stream))), [0])
  t.match(await client.getStreamMetadata(stream), { metadata: { truncateBefore: 0 } })
})

t.test('§3.4: a tombstone is for ever', async (t) => {
  const stream = newStream()
  await client.appendToStream(stream, several(2))
  t.match(await failure(client.tombstoneStream(stream, { expectedRevision: 0n })), { type: 'wrong-expected-version' })
  const { position } = await client.tombstoneStream(stream, { expectedRevision: 1n })
  for (const name of [stream, `$$${stream}`]) {
    t.match(await failure(collected(client.readStream(name))), { type: 'stream-deleted' }, name)
    t.match(await failure(client.appendToStream(name, happened(0))), { type: 'stream-deleted' }, name)
  }
  t.match(await failure(client.deleteStream(stream)), { type: 'stream-deleted' })
  t.match(await failure(client.tombstoneStream(stream)), { type: 'stream-deleted' })
  const [last] = await collected(client.readAll({ fromPosition: position!, maxCount: 1 }))
  t.match(last!.event, { type: '$streamDeleted', streamId: stream, revision: 9223372036854775807n })
  const never = newStream()
  t.ok(await client.tombstoneStream(never, { expectedRevision: NO_STREAM }), 'one that never was')
  t.match(await failure(client.appendToStream(never, happened(0))), { type: 'stream-deleted' })
})

t.test('§1: both ways to find the server', async (t) => {
  for (const url of [`esdb+discover://127.0.0.1:${server.port}?tls=false`, `esdb://127.0.0.1:${server.port},127.0.0.1:${server.port}?tls=false`]) {
    const other = connected(url)
    t.match(await other.appendToStream(newStream(), happened(0)), { success: true }, url)
  }
})

t.test('§8: what is not offered says so', async (t) => {
  t.match(await failure(client.createProjection('p', 'fromAll()')), { type: 'unknown', code: 12 })
})

t.test('§3.2: a batch in many chunks is one append', async (t) => {
  const stream = newStream()
  const events = Array.from({ length: 2_000 }, (_, n) => happened(n))
  t.match(await client.appendToStream(stream, events, { batchAppendSize: 1_000 }), { nextExpectedRevision: 1_999n })
  t.equal((await collected(client.readStream(stream))).length, 2_000)
})

t.test('§3.2: a deadline that passes is answered, once, and nothing is left behind', async (t) => {
  const stream = newStream()
  t.match(await failure(client.appendToStream(stream, several(30_000), { deadline: 1 })), { type: 'deadline-exceeded' })
  t.match(await client.appendToStream(newStream(), happened(0)), { success: true }, 'the same call goes on')
})

t.test('§3.3 row 8: an explicit revision is checked for ever, also against what was read from disk', async (t) => {
  const events = several(3)
  const stream = newStream()
  await client.appendToStream(stream, events, { expectedRevision: NO_STREAM })
  const before = store.count
  t.match(await client.appendToStream(stream, events, { expectedRevision: NO_STREAM }), { nextExpectedRevision: 2n })
  t.equal(store.count, before)
})
