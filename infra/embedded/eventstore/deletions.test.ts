import { randomUUID } from 'node:crypto'
import { ANY as any, STREAM_EXISTS as streamExists } from '@eventstore/db-client'
import { status } from '@grpc/grpc-js'
import t from 'tap'
import { ANY, NO_STREAM, STREAM_EXISTS } from './contract.ts'
import { collected, failure, happened, newStream, numbers, several, started } from './testing.ts'
import { answered, calling, codeOf, exception, fieldsOf, options, proposed, streams, trailersOf, within, type Outcome } from './testing-wire.ts'
import { empty } from './wire/fields.ts'
import { messageField, numberField } from './wire/protobuf.ts'
import { readRecord } from './wire/recorded-event.ts'

const { client, server, store } = await started(t)
const { unary, append } = calling(t, server.port)

const befores = ['nothing', 'metadata', 'two events', 'soft-deleted', 'soft-deleted, only metadata', 'tombstoned'] as const
const expectations = { any: ANY, 'no stream': NO_STREAM, exists: STREAM_EXISTS, 'an earlier revision': 0, 'the last revision': 1, 'a later revision': 9 }

async function prepared(before: typeof befores[number]): Promise<string> {
  const stream = newStream('deletion')
  if (before === 'nothing') return stream
  if (before.endsWith('metadata')) await client.setStreamMetadata(stream, { owner: 'somebody' })
  else await client.appendToStream(stream, several(2))
  if (before.startsWith('soft')) await client.deleteStream(stream)
  if (before === 'tombstoned') await client.tombstoneStream(stream)
  return stream
}

const expectedAs = (expected: number) =>
  (expected === ANY ? empty(4) : expected === NO_STREAM ? empty(3) : expected === STREAM_EXISTS ? empty(5) : numberField(2, expected))

/** Of an append, whose wrong revision is an answer, or of one of the two, whose wrong revision is an error. */
function told(outcome: Outcome<Buffer>): string {
  if (codeOf(outcome) !== status.OK) return exception(outcome) === 'wrong-expected-version' ? `wrong ${trailersOf(outcome)['actual-version'] as string}` : String(exception(outcome))
  const wrong = within(answered(outcome), 2)
  if (wrong === undefined) return 'done'
  return `wrong ${String(fieldsOf(wrong).get(1)?.[0] ?? -1)}`
}

t.test('§3.4: Delete and Tombstone are judged as the append of one fresh event would be, whatever is expected of whatever there is', async (t) => {
  for (const before of befores) {
    for (const [what, expected] of Object.entries(expectations)) {
      const wish = async () => messageField(1, ...options(await prepared(before), expectedAs(expected)))
      const judged = told(await append([await wish(), proposed(2)]))
      t.equal(told(await unary(`${streams}/Tombstone`, await wish())), judged, `tombstone of ${before}, expecting ${what}: ${judged}`)
      const deleted = before === 'nothing' ? 'wrong -1' : judged
      t.equal(told(await unary(`${streams}/Delete`, await wish())), deleted, `deletion of ${before}, expecting ${what}: ${deleted}`)
    }
  }
})

/** The newest event of a metastream, as it lies in the log. */
async function metadataOf(stream: string) {
  const { lastVisible, ordinalOf } = store.stream(`$$${stream}`)
  const [record] = await store.records([ordinalOf(lastVisible)])
  return readRecord(record!)
}

t.test('§3.4: a deletion is metadata, which replaces what was there, to the digit; the answer says where it stands', async (t) => {
  const stream = await prepared('two events')
  await client.setStreamMetadata(stream, { maxCount: 5, owner: 'somebody' })
  const { position } = await client.deleteStream(stream)
  const { type, data, json, position: at } = await metadataOf(stream)
  t.same([type, data.toString(), json, BigInt(at)], ['$metadata', '{"$tb":9223372036854775807}', true, position!.commit])
  const tombstone = await client.tombstoneStream(await prepared('nothing'), { expectedRevision: any })
  const [last] = await collected(client.readAll({ fromPosition: tombstone.position!, maxCount: 1 }))
  t.equal(last!.event!.type, '$streamDeleted', 'and so for a tombstone, of what never was')
})

t.test('§3.4: whatever is expected of a deleted stream, its revisions go on where they were', async (t) => {
  for (const expectedRevision of [any, 'no_stream', 1n] as const) {
    const stream = await prepared('soft-deleted')
    t.match(await client.appendToStream(stream, [happened(2), happened(3)], { expectedRevision }), { nextExpectedRevision: 3n }, String(expectedRevision))
    t.same(numbers(await collected(client.readStream(stream))), [2, 3])
    t.equal((await metadataOf(stream)).data.toString(), '{"$tb":2}', 'the server itself says where it begins')
    t.match(await client.appendToStream(stream, happened(4), { expectedRevision: streamExists }), { nextExpectedRevision: 4n })
    t.equal((await metadataOf(stream)).revision, 1n, 'once')
  }
})

t.test('§3.4: the metadata that deletes a stream keeps its other keys when the stream comes back', async (t) => {
  const stream = await prepared('two events')
  const data = Buffer.from('{"own":{"a":[9007199254740993]},"$maxCount":7,"$tb":9223372036854775807}')
  await store.append(`$$${stream}`, ANY, [{ id: randomUUID(), type: '$metadata', json: true, metadata: Buffer.alloc(0), data }])
  t.match(await failure(collected(client.readStream(stream))), { type: 'stream-not-found' }, '§4: int64 max is a deletion, whoever wrote it')
  await client.appendToStream(stream, happened(2))
  t.equal((await metadataOf(stream)).data.toString(), '{"own":{"a":[9007199254740993]},"$maxCount":7,"$tb":2}')
  t.same(numbers(await collected(client.readStream(stream))), [2])
})

t.test('§3.4: metadata written to a deleted stream is followed by the same with the first revision to come', async (t) => {
  const stream = await prepared('soft-deleted')
  const { nextExpectedRevision } = await client.setStreamMetadata(stream, { maxCount: 3, owner: 'me' })
  t.equal(nextExpectedRevision, 1n, 'the answer is about what was asked for')
  const { revision, data } = await metadataOf(stream)
  t.same([revision, JSON.parse(data.toString())], [2n, { $maxCount: 3, owner: 'me', $tb: 2 }])
  t.same(await collected(client.readStream(stream)), [], 'the stream is there, and empty')
})

t.test('§3.4: a client that writes back what it cannot count makes the metadata void', async (t) => {
  const stream = await prepared('two events')
  await client.setStreamMetadata(stream, { truncateBefore: 9223372036854775807 as number, maxCount: 1 })
  t.match((await metadataOf(stream)).data.toString(), /9223372036854776000/)
  t.same(numbers(await collected(client.readStream(stream))), [0, 1])
})

t.test('§4: metadata are the newest event of the metastream, of type $metadata, and nothing of an older one counts', async (t) => {
  const stream = await prepared('two events')
  await client.setStreamMetadata(stream, { maxCount: 1, maxAge: 1_000, cacheControl: 5, acl: { readRoles: ['a'], writeRoles: ['b'] }, own: 1 })
  t.match(JSON.parse((await metadataOf(stream)).data.toString()), { $maxCount: 1, $maxAge: 1_000, $cacheControl: 5, $acl: { $r: ['a'], $w: ['b'] }, own: 1 })
  t.same(numbers(await collected(client.readStream(stream))), [1])
  await client.setStreamMetadata(stream, {})
  t.equal((await metadataOf(stream)).type, '$metadata')
  const { metadata } = await client.getStreamMetadata(stream)
  t.same([metadata, (await metadataOf(stream)).revision], [{}, 1n])
  t.same(numbers(await collected(client.readStream(stream))), [0, 1])
  t.match(await failure(client.setStreamMetadata(stream, {}, { expectedRevision: 0n })), { type: 'wrong-expected-version', actualVersion: 1n }, 'it is an append like any other')
})

t.test('§4: nothing hides anything from $all', async (t) => {
  const shown = async (stream: string) => (await collected(client.readAll()))
    .filter(({ event }) => event!.streamId.replace('$$', '') === stream).map(({ event }) => `${event!.type} ${event!.revision}`)
  const stream = await prepared('two events')
  await client.setStreamMetadata(stream, { maxCount: 1, truncateBefore: 2, maxAge: 1 })
  await client.setStreamMetadata(stream, { maxCount: 1 })
  await client.deleteStream(stream)
  const all = ['Happened 0', 'Happened 1', '$metadata 0', '$metadata 1', '$metadata 2']
  t.same(await shown(stream), all)
  await client.tombstoneStream(stream)
  t.same(await shown(stream), [...all, '$streamDeleted 9223372036854775807'])
})
