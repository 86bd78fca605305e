import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { EventStoreDBClient } from '@eventstore/db-client'
import fc from 'fast-check'
import t from 'tap'
import { folderFor, sized } from '../../testing.ts'
import { ANY } from '../contract.ts'
import { startServer } from '../server.ts'
import { openStore } from '../store.ts'
import { exportServer } from './export-log.ts'
import { importLog, type Target } from './import-log.ts'
import { eventFrom, lineOf, linesIn, type ExportedEvent } from './ndjson.ts'
import { folderTarget, serverTarget } from './targets.ts'
import { baton, exported, lines, proposed } from './testing.ts'

async function serving(t: { teardown(end: () => unknown): void }, dir: string) {
  const store = await openStore({ dir })
  const server = await startServer({ store, port: 0 })
  const url = `esdb://127.0.0.1:${server.port}?tls=false`
  const client = EventStoreDBClient.connectionString(url)
  let isOver = false
  const stop = async () => {
    if (isOver) return
    isOver = true
    await client.dispose()
    await server.stop()
    await store.close()
  }
  t.teardown(stop)
  return { store, client, url, stop }
}

/** A log with everything that can be in one. */
async function colourful(dir: string): Promise<void> {
  let now_ms = Date.parse('2026-01-02T03:04:05.678Z')
  const store = await openStore({ dir, now_ms: () => now_ms })
  const append = (stream: string, ...events: ReturnType<typeof proposed>[]) => store.append(stream, ANY, events)
  await append('plain-1', proposed('{"n":0}', { metadata: Buffer.from('{"$correlationId":"c"}') }), proposed('{"n":1}'))
  now_ms += 1_234
  await append('Größe-ж-1', proposed('{"text":"Straße\\u0000 – ж \u2028"}'))
  await append('plain-1', proposed('{ "spaces" : 1.50, "n":2 }'), proposed('not json at all'), proposed(''), proposed('{"big":9007199254740993,"d":12345678901234567890.5}'))
  await append('bytes-1', proposed(Buffer.from([0, 255, 10, 13, 34]), { json: false, metadata: Buffer.from([1, 2, 3]) }))
  await append('$$plain-1', proposed('{"$maxCount":2,"own":9007199254740995}', { type: '$metadata' }))
  await append('links', proposed('0@plain-1', { type: '$>', json: false }))
  await store.delete('plain-1', ANY)
  await append('plain-1', proposed('{"n":3}'), proposed('{"n":4}'))
  await append('again-1', proposed('{"n":0}'))
  await store.delete('again-1', ANY)
  await append('$$again-1', proposed('{"owner":"b"}', { type: '$metadata' }))
  await append('$$early-1', proposed('{"owner":"c"}', { type: '$metadata' }))
  await store.delete('early-1', ANY)
  await append('early-1', proposed('{"n":0}'))
  await append('deleted-1', proposed('{"n":0}'))
  await store.delete('deleted-1', ANY)
  await append('gone-1', proposed('{"n":0}'))
  now_ms += 1
  await store.tombstone('gone-1', ANY)
  await store.tombstone('never-1', ANY)
  await append('many-1', ...Array.from({ length: 600 }, (_, n) => proposed(`{"n":${n}}`)))
  await store.append('$own', ANY, [proposed('{}')])
  await store.close()
}

const isOwn = ({ stream }: ExportedEvent) => (stream.startsWith('$$') ? stream.slice(2) : stream).startsWith('$')

/** What must be the same after a move: ids too, but for the events that a server writes by itself. */
const moved = (events: readonly ExportedEvent[], { withTimes = true } = {}) => events.filter((event) => !isOwn(event)).map(({ stream, revision, id, type, json, created, data, metadata }) => ({
  stream, revision, type, json, id: type === '$streamDeleted' || /"\$tb":\d{1,3}}/.test(data.toString()) ? '' : id, created: withTimes ? created : '', data: data.toString('latin1'), metadata: metadata.toString('latin1'),
}))

const imported = (events: readonly ExportedEvent[], target: Target) => importLog(Readable.from(events), target).finally(() => target.close())

t.test('a log that is exported, imported into a folder and exported again is the same, times included', async (t) => {
  const [from, to] = [folderFor(t, 'from'), folderFor(t, 'to')]
  await colourful(from)
  const all = await exported(from)
  const first = await imported(all, await folderTarget(to))
  t.same(first, { events: all.length, written: all.filter((event) => !isOwn(event)).length - 3, present: 3, own: 2 }, 'three metadata events the store wrote by itself')
  t.same(moved(await exported(to)), moved(all))
  t.same(await imported(all, await folderTarget(to)), { events: all.length, written: 0, present: all.length - 2, own: 2 }, 'a second run adds nothing')
  t.same(moved(await exported(to)), moved(all))
})

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const chunked = (bytes: Buffer, size: number): AsyncIterable<Buffer> => Readable.from(pieces(bytes, size))

t.test('through the lines of a file every event comes back byte for byte', async (t) => {
  const dir = folderFor(t, 'lines')
  await colourful(dir)
  const all = await exported(dir)
  const text = lines(all)
  const read: ExportedEvent[] = []
  for await (const line of linesIn(chunked(Buffer.from(text), 37))) read.push(eventFrom(line))
  t.same(read, all)
  t.match(text, /"data":\{"\$tb":9223372036854775807\}/, 'a soft delete can be read')
  t.match(text, /"revision":"9223372036854775807"/)
  t.throws(() => eventFrom('{'), /is not JSON/)
  t.throws(() => eventFrom('{"revision":-1}'), /revision/)
  const seed = 11
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.bigInt().map(String)), fc.uint8Array(), (data, metadata) => {
    const event: ExportedEvent = { ...all[1]!, data: Buffer.from(data), metadata: Buffer.from(metadata) }
    const line = lineOf(event)
    return line.indexOf('\n') === line.length - 1 && JSON.stringify(eventFrom(line.slice(0, -1))) === JSON.stringify(event)
  }), { seed, numRuns: 500 })
})

t.test('a move to a server keeps order, ids, revisions and values; interrupted anywhere it goes on, and a second run adds nothing', async (t) => {
  const from = folderFor(t, 'from')
  await colourful(from)
  const all = await exported(from)
  for (const cut of [all.length, 9, 300, 3, 14, 17].slice(0, sized(3, 6))) {
    const to = folderFor(t, 'to')
    const { client, stop } = await serving(t, to)
    const target = async () => ({ ...await serverTarget(client), close: async () => undefined })
    await imported(all.slice(0, cut), await target())
    await imported(all, await target())
    t.match(await imported(all, await target()), { written: 0 }, `interrupted after ${cut}`)
    // The client writes JSON anew; of what is not JSON it can only say that it is bytes.
    const anew = ({ data, json, ...event }: ReturnType<typeof moved>[number]) => {
      const source = all.find(({ id }) => id === event.id)
      const isJson = json && !(source && (source.data.length === 0 || source.data.toString().startsWith('not')))
      return { ...event, json: isJson, data: data.replace('{ "spaces" : 1.50, "n":2 }', '{"spaces":1.5,"n":2}').replace('12345678901234567890.5', '12345678901234567000').replace(/\\u0000/g, '\\u0000') }
    }
    await stop()
    t.same(moved(await exported(to), { withTimes: false }).map(anew), moved(all, { withTimes: false }).map(anew))
  }
})

t.test('what a running server tells is the same as what its folder holds', async (t) => {
  const dir = folderFor(t, 'running')
  await colourful(dir)
  const { client, stop } = await serving(t, dir)
  const told: ExportedEvent[] = []
  for await (const event of exportServer(client)) told.push(event)
  await stop()
  const held = await exported(dir)
  t.same(told.map(({ stream, revision, id, created, position }) => [stream, revision, id, created, position]), held.map(({ stream, revision, id, created, position }) => [stream, revision, id, created, position]))
  // What the client cannot give back as it was: other JSON than it would write, numbers beyond its own, text that claims to be JSON.
  const altered = told.filter((event, nth) => lineOf(event) !== lineOf(held[nth]!)).map(({ data }) => data.toString())
  t.same(altered, ['{"spaces":1.5,"n":2}', '"not json at all"', '{"big":9007199254740992,"d":12345678901234567000}', '{"$maxCount":2,"own":9007199254740996}'])
  t.ok(told.some(({ data }) => data.toString() === '{"$tb":9223372036854775807}'), 'soft deletes are exact')
})

t.test('a target with other events in it is refused, and so is a file that lacks some', async (t) => {
  const [from, to] = [folderFor(t, 'from'), folderFor(t, 'other')]
  await colourful(from)
  const all = await exported(from)
  const store = await openStore({ dir: to })
  await store.append('many-1', ANY, [proposed('{}')])
  await store.close()
  await t.rejects(imported(all, await folderTarget(to)), /stream many-1 of the target holds other events from revision 0 on/)
  const fresh = folderFor(t, 'fresh')
  await t.rejects(imported(all.filter(({ stream, revision }) => stream !== 'many-1' || revision !== 5), await folderTarget(fresh)), /many-1 has revision 6 after 5 events/)
  const gone = folderFor(t, 'gone')
  const deleted = await openStore({ dir: gone })
  await deleted.tombstone('plain-1', ANY)
  await deleted.close()
  await t.rejects(imported(all, await folderTarget(gone)), /plain-1 is deleted for ever in the target/)
})

t.test('a shorter export first, then a longer one of the same log: what is missing is added', async (t) => {
  const [from, to] = [folderFor(t, 'from'), folderFor(t, 'to')]
  await colourful(from)
  const all = await exported(from)
  const within = all.findIndex(({ stream, revision }) => stream === 'many-1' && revision === 100)
  await imported(all.slice(0, within), await folderTarget(to))
  await imported(all, await folderTarget(to))
  t.same(moved(await exported(to)), moved(all))
})

/** Takes so many writes and no more. */
function interrupted(target: Target, writes: number): Target {
  let left = writes
  const unless = <T>(write: () => Promise<T>) => (left-- > 0 ? write() : Promise.reject(new Error('interrupted')))
  return { append: (...args) => unless(() => target.append(...args)), tombstone: (event) => unless(() => target.tombstone(event)), close: () => target.close() }
}

t.test('whatever happened to streams, an import that was interrupted anywhere and run again holds the same', async (t) => {
  const seed = 77
  const step = fc.record({ stream: fc.constantFrom('a-1', 'b-1', 'c-1'), what: fc.constantFrom('append', 'append', 'append', 'delete', 'own metadata', 'truncate', 'tombstone'), count: fc.integer({ min: 1, max: 4 }) })
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), fc.nat(), async (steps, cut) => {
    const [from, to] = [folderFor(t, 'from'), folderFor(t, 'to')]
    const store = await openStore({ dir: from })
    const isDeleted = new Map<string, boolean>()
    for (const { stream, what, count } of steps) {
      // To delete twice in a row writes metadata that an import leaves out.
      if (what === 'delete' && isDeleted.get(stream)) continue
      if (what === 'append') await store.append(stream, ANY, Array.from({ length: count }, (_, n) => proposed(`{"n":${n}}`)))
      else if (what === 'delete') await store.delete(stream, ANY)
      else if (what === 'tombstone') await (count === 1 ? store.tombstone(stream, ANY) : undefined)
      else await store.append(`$$${stream}`, ANY, [proposed(what === 'truncate' ? `{"$tb":${count}}` : '{"owner":"o"}', { type: '$metadata' })])
      isDeleted.set(stream, what === 'delete')
    }
    await store.close()
    const all = await exported(from)
    await imported(all, interrupted(await folderTarget(to), cut % (all.length + 1))).catch(() => undefined)
    await imported(all, await folderTarget(to))
    const { written } = await imported(all, await folderTarget(to))
    const [ours, theirs] = [moved(await exported(to)), moved(all)]
    if (written !== 0) throw new Error(`${written} events were written twice`)
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new Error(`${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`)
  }), { seed, numRuns: sized(8, 25) })
})

t.test('the commands: export of a folder and of a server, import into either', async (t) => {
  const [from, work] = [folderFor(t, 'from'), folderFor(t, 'work')]
  await colourful(from)
  const file = join(work, 'log.ndjson')
  t.match(await baton('store', 'export', '--dir', from, '--out', file), { code: 0, out: '', err: /^\d+ events in / })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(readFileSync(file, 'utf8'), lines(await exported(from)))
  t.match(await baton('store', 'export', '--dir', from, '--out', file), { code: 2, err: /is there already/ })
  t.match(await baton('store', 'import', '--in', file), { code: 2, err: /--url for a server, or --dir/ })
  const to = join(work, 'to')
  t.match(JSON.parse((await baton('store', 'import', '--dir', to, '--in', file, '--json')).out), { own: 2 })
  t.same(moved(await exported(to)), moved(await exported(from)))
  const [good, next] = [lines((await exported(from)).slice(0, 2)), lines((await exported(from)).slice(2, 3))]
  for (const [line, what] of [
    ['{"stream":1}\n', /line 3 says no proper/], [next.replace(/"created":"[^"]*"/, '"created":"2026-02-30T00:00:00.000Z"'), /line 3 says no proper created/],
    [Buffer.from('{"stream":"J\xfcrgen"}\n', 'latin1'), /line 3 is no UTF-8/], [next.slice(0, -20), /line 3 is not JSON/],
  ] as const) {
    writeFileSync(join(work, 'bad.ndjson'), Buffer.concat([Buffer.from(good), Buffer.from(line)]))
    t.match(await baton('store', 'import', '--dir', join(work, 'bad'), '--in', join(work, 'bad.ndjson')), { code: 1, err: what })
  }

  const { url, stop } = await serving(t, join(work, 'server'))
  t.match(await baton('store', 'import', '--url', url, '--in', file), { code: 0, out: /^629 events: 624 written, 3 there already, 2 of the old server's own left out\n$/ })
  t.match(await baton('store', 'import', '--url', url, '--in', file), { code: 0, out: /: 0 written/ })
  const told = await baton('store', 'export', '--url', url)
  await stop()
  t.equal(told.out.split('\n').length - 1, (await exported(join(work, 'server'))).length)
  t.match(await baton('store', 'import', '--url', 'nonsense', '--in', file), { code: 2, err: /connection string/ })
})
