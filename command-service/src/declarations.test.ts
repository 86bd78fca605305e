import { deciders } from 'shared-domain/catalogue.ts'
import { decider, fold, reject, type Evolve } from 'shared-domain/kernel/decider.ts'
import { events, type EventOf } from 'shared-domain/kernel/events.ts'
import { cited, rowsOf } from 'shared-domain/kernel/grounds.ts'
import { readModel } from 'shared-domain/kernel/read-model.ts'
import { unknown } from 'shared-domain/kernel/refusal.ts'
import { sha256 } from 'shared-domain/kernel/sha-256.ts'
import { Sealed, sealed } from 'shared-domain/kernel/sealed.ts'
import { watching } from 'shared-domain/kernel/watch.ts'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { folderFor } from '../../infra/embedded/testing.ts'
import { secretsKeyIn, sealingOf } from 'shared-service/sealing.ts'
import { asking, catalogue, freshKey, house, until } from './fixture.ts'
import { candle, candleWatch } from './testing-candle.ts'
import { walled } from 'shared-service/wall.ts'
import { newId } from 'shared-service/new-id.ts'

const Letter = events({
  LetterWritten: { about: 'A letter was written.', data: z.object({ words: z.string(), weight: z.int() }) },
  LetterHidden: { about: 'Something was put between the lines.', data: z.object({ hint: Sealed, secret: Sealed.nullable() }) },
  LetterSealed: {
    about: 'Nobody reads it any more.', data: z.object({ stamps: z.int(), grounds: z.object({ position: z.string(), digest: z.string() }) }),
  },
})

interface State { readonly words: readonly string[]; readonly weight: number }
const evolve: Evolve<State, EventOf<typeof Letter>> = {
  LetterWritten: (state, { words, weight }) => ({ words: [...state.words, words], weight: state.weight + weight }),
  LetterHidden: (state) => state,
  LetterSealed: (state) => state,
}

const stamps = readModel({
  name: 'stamps', about: 'What is in the drawer.', version: 1, path: '/stamps', row: z.object({ stamp: z.string(), value: z.int() }), key: ['stamp'],
})

/** One letter per recipient and organization, named after both. */
const letter = decider(fold('letter', Letter, { words: [], weight: 0 }, evolve), {
  collection: 'letters',
  rejections: { NOT_FOUND: unknown('There is no such letter.') },
  commands: {
    write: {
      about: 'Write on.',
      data: z.object({ recipient: z.string().max(50), words: z.string() }),
      place: ({ recipient }, { organization }) => sha256(JSON.stringify([organization, recipient])),
      answers: { fields: z.object({ weight: z.int(), said: z.int() }), of: ({ weight, words }) => ({ weight, said: words.length }) },
      decide: ({ words: before }, { words }) => (before.includes(words) ? [] : [Letter.LetterWritten({ words, weight: words.length })]),
    },
    hide: {
      about: 'Put something between the lines.', route: 'POST /letters/hints', creates: false,
      data: z.object({ recipient: z.string(), hint: sealed(z.string().min(1).max(100)) }),
      place: ({ recipient }, { organization }) => sha256(JSON.stringify([organization, recipient])),
      decide: (_, { hint }) => [Letter.LetterHidden({ hint, secret: null })],
    },
    hideMade: {
      about: 'Put something between the lines that nobody thought of.', secret: { sealed: 'lemon_' }, fresh: true, route: 'POST /letters/lemons', creates: false,
      data: z.object({ recipient: z.string(), hint: sealed(z.string().min(1).max(100)) }),
      place: ({ recipient }, { organization }) => sha256(JSON.stringify([organization, recipient])),
      decide: (_, { hint }, { sealedSecret }) => [Letter.LetterHidden({ hint, secret: sealedSecret! })],
    },
    seal: {
      about: 'Put stamps on it that are worth its weight.',
      route: 'POST /letters/seals',
      data: z.object({ recipient: z.string() }),
      place: ({ recipient }, { organization }) => sha256(JSON.stringify([organization, recipient])),
      grounds: ({ weight }) => ({ stamps: rowsOf(stamps, { columns: ['stamp', 'value'], atMost: { value: weight } }) }),
      decide: ({ words }, _, { grounds }) => (words.length === 0 ? reject('NOT_FOUND')
        : [Letter.LetterSealed({ stamps: grounds!.rows.stamps!.length, grounds: cited(grounds!) })]),
    },
  },
})

const secretsKeyFile = secretsKeyIn(join(folderFor(t, 'secrets'), 'secrets.key'))
const { client, db, key, service } = await house(t, {
  ...catalogue, deciders: [...deciders, letter, candle], processes: [...catalogue.processes, watching(candleWatch)], watches: [candleWatch],
}, { secretsKeyFile })
const admin = asking(service.url, key)

async function read(stream: string) {
  const found = []
  for await (const { event } of client.readStream(stream)) found.push(event!)
  return found
}

t.test('F-2 the id of a stream is computed from what is said', async (t) => {
  const id = sha256(JSON.stringify(['default', 'Bob']))
  const first = await admin('POST /letters', { recipient: 'Bob', words: 'Hello' })
  t.match(first, { status: 201, body: { id, revision: '0', changed: true } })
  t.equal(first.headers.get('location'), `/api/v1/letters/${id}`)
  t.match(await admin('POST /letters', { recipient: 'Bob', words: 'Goodbye' }), { status: 201, body: { id, revision: '1' } })
  t.match(await admin('POST /letters', { recipient: 'Bob', words: 'Goodbye' }), { status: 200, body: { id, revision: '1', changed: false } })
  t.match(await admin('POST /letters', { recipient: 'Eve', words: 'Hello' }), { body: { revision: '0' } })
  t.match(await admin('POST /letters', { id: newId(), recipient: 'Bob', words: 'Hello' }), { status: 400 }, 'and no other id is taken')
})

t.test('F-2 an answer says more, also when nothing changes, and the same again under the same key', async (t) => {
  const wish = { recipient: 'Carol', words: 'one' }
  const first = await admin('POST /letters', wish, { 'idempotency-key': 'first' })
  t.match(first.body, { weight: 3, said: 1, changed: true })
  t.match((await admin('POST /letters', { ...wish, words: 'three' })).body, { weight: 8, said: 2 })
  t.match((await admin('POST /letters', { ...wish, words: 'three' })).body, { weight: 8, said: 2, changed: false })
  t.strictSame((await admin('POST /letters', wish, { 'idempotency-key': 'first' })).body, first.body, 'of the state as it was then')
  const { paths } = await (await fetch(`${service.url}/openapi.json`)).json() as any
  const { schema } = paths['/api/v1/letters'].post.responses[201].content['application/json']
  t.match(schema.properties, { weight: { type: 'integer' }, said: { type: 'integer' } })
  t.ok(schema.required.includes('weight'))
})

t.test('E-1 a fact names the rows that it rests on, and nothing is decided before they are there', async (t) => {
  await admin('POST /letters', { recipient: 'Dave', words: 'weighs nine' })
  const early = await admin('POST /letters/seals', { recipient: 'Dave' })
  t.match(early, { status: 503, body: { code: 'READ_MODEL_BEHIND', retryable: true } })
  await db.query(`
    create table checkpoint (model text, active boolean, commit bigint);
    insert into checkpoint values ('stamps', true, 99);
    create table stamps (organization text, stamp text, value integer);
    insert into stamps values ('default', 'blue', 5), ('default', 'red', 50), ('globex', 'green', 1);
    ${walled('checkpoint', 'checkpoint', 'everybody')}; ${walled('stamps', 'stamps')}`)
  const { body } = await admin('POST /letters/seals', { recipient: 'Dave' })
  const facts = await read(`letter-${body.id}`)
  t.match(facts.at(-1)!.data, { stamps: 1, grounds: { position: '99', digest: sha256('{"stamps":[{"stamp":"blue","value":5}]}') } })
})

t.test('L-1 what is sealed is kept as nobody can read it, opens in its place, and is known again under its key', async (t) => {
  const id = sha256(JSON.stringify(['default', 'Faye']))
  const hint = 'ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa in the drawer'
  await admin('POST /letters', { recipient: 'Faye', words: 'Hello' })
  const first = await admin('POST /letters/hints', { recipient: 'Faye', hint }, { 'idempotency-key': 'hide' })
  t.match(first, { status: 200, body: { changed: true } })
  t.strictSame((await admin('POST /letters/hints', { recipient: 'Faye', hint }, { 'idempotency-key': 'hide' })).body, first.body, 'sealed anew each time, and the same request')
  t.match(await admin('POST /letters/hints', { recipient: 'Faye', hint: 'other' }, { 'idempotency-key': 'hide' }), { status: 422 })
  t.match(await admin('POST /letters/hints', { recipient: 'Faye', hint: '' }), { status: 400, body: { errors: [{ pointer: '/hint' }] } }, 'what is said is held to its shape before')
  const { body } = await admin('POST /letters/lemons', { recipient: 'Faye', hint })
  t.match(body.secret, /^lemon_[A-Za-z0-9+/]{43}=$/)
  t.match(await admin('POST /letters/lemons', { recipient: 'Faye', hint }, { 'idempotency-key': 'x' }), { status: 400 }, 'shown once')
  const [, hidden, made] = await read(`letter-${id}`) as any[]
  const sealing = sealingOf(secretsKeyFile)
  const place = { organization: 'default', stream: `letter-${id}` }
  t.equal(sealing.open(hidden.data.hint, { ...place, field: 'hint' }), hint, 'as it was said, also what looks like a secret')
  t.equal(sealing.open(made.data.secret, { ...place, field: 'secret' }), body.secret)
  t.throws(() => sealing.open(made.data.secret, { ...place, field: 'hint' }))
  t.notMatch(JSON.stringify([hidden.data, hidden.metadata, made.data, made.metadata]), /drawer|lemon/)
})

async function orchestrators(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push((await admin('POST /orchestrators', { name: `Ada ${n}` })).body.id)
  return ids
}

t.test('F-61 a move answers where it began and where it led', async (t) => {
  const [id] = await orchestrators(1)
  const moved = await admin(`POST /orchestrators/${id}/activate`, {}, { 'idempotency-key': 'up' })
  t.match(moved.body, { from: 'OFFLINE', to: 'ONLINE', changed: true })
  t.match((await admin(`POST /orchestrators/${id}/activate`)).body, { from: 'ONLINE', to: 'ONLINE', changed: false })
  t.match((await admin(`POST /orchestrators/${id}/restart`)).body, { from: 'ONLINE', to: 'ONLINE', changed: true })
  t.match((await admin(`POST /orchestrators/${id}/stop`)).body, { from: 'ONLINE', to: 'OFFLINE' })
  t.match((await admin(`DELETE /orchestrators/${id}`)).body, { from: 'OFFLINE', to: 'ARCHIVED' })
  t.strictSame((await admin(`POST /orchestrators/${id}/activate`, {}, { 'idempotency-key': 'up' })).body, moved.body)
})

t.test('F-4 F-61 many are moved at once, and each is answered for itself', async (t) => {
  const ids = await orchestrators(12)
  await admin(`POST /orchestrators/${ids[3]}/activate`)
  const all = await admin('POST /orchestrators/bulk', { ids, action: 'activate', reason: 'morning' })
  t.match(all, { status: 200, body: { action: 'activate', summary: { total: 12, success: 11, failed: 0, skipped: 1 } } })
  t.strictSame(all.body.results, ids.map((id, n) =>
    (n === 3 ? { id, status: 200, changed: false, from: 'ONLINE', to: 'ONLINE' } : { id, status: 200, changed: true, from: 'OFFLINE', to: 'ONLINE' })))
  t.match((await read(`orchestrator-${ids[0]}`)).at(-1), { type: 'OrchestratorStatusChanged', data: { reason: 'morning' }, metadata: { by: { kind: 'admin' } } })
  const nobody = newId()
  const some = await admin('POST /vps/bulk', { ids: [ids[0], nobody], action: 'archive' })
  t.match(some, { status: 207, body: { summary: { total: 2, success: 0, failed: 2, skipped: 0 } } })
  t.strictSame(some.body.results, [
    { id: ids[0], status: 409, changed: false, code: 'INVALID_STATE_TRANSITION' }, { id: nobody, status: 404, changed: false, code: 'NOT_FOUND' },
  ])
  const [leaving] = await orchestrators(1)
  t.match(await admin('POST /vps/bulk', { orchestratorIds: [leaving], action: 'delete' }), {
    status: 200, body: { action: 'archive', results: [{ id: leaving, changed: true, to: 'ARCHIVED' }] },
  }, 'in older words')
  t.match(await admin('POST /vps/bulk', { orchestratorIds: [leaving], ids: [leaving], action: 'delete' }), {
    status: 400, body: { errors: [{ pointer: '/orchestratorIds' }] },
  })
})

t.test('F-4 under the same key it answers what is done and does the rest', async (t) => {
  const ids = await orchestrators(3)
  const headers = { 'idempotency-key': 'mornings' }
  const first = await admin('POST /orchestrators/bulk', { ids: ids.slice(0, 2), action: 'activate' }, headers)
  await admin(`POST /orchestrators/${ids[0]}/pause`)
  const second = await admin('POST /orchestrators/bulk', { ids, action: 'activate' }, headers)
  t.match(second.body.summary, { total: 3, success: 3, skipped: 0 })
  t.strictSame(second.body.results.slice(0, 2), first.body.results)
  t.strictSame((await read(`orchestrator-${ids[0]}`)).length, 3, 'who was paused since stays so')
  const other = await admin('POST /orchestrators/bulk', { ids, action: 'stop' }, headers)
  t.match(other, { status: 207, body: { results: ids.map(() => ({ status: 422, code: 'IDEMPOTENCY_MISMATCH' })) } })
})

t.test('F-4 what is wrong with a request for many is said before anything is done', async (t) => {
  const [id] = await orchestrators(1)
  const { body: { secret } } = await admin(`POST /orchestrators/${id}/keys`, {})
  const said = { ids: [id], action: 'activate' }
  const cases: readonly (readonly [string, Promise<{ status: number; body: any }>, number, object])[] = [
    ['no more than fifty', admin('POST /orchestrators/bulk', { ...said, ids: Array.from({ length: 51 }, newId) }), 400, { errors: [{ pointer: '/ids' }] }],
    ['each once', admin('POST /orchestrators/bulk', { ...said, ids: [id, id!.toUpperCase()] }), 400, { errors: [{ pointer: '/ids' }] }],
    ['no other action', admin('POST /orchestrators/bulk', { ...said, action: 'register' }), 400, { errors: [{ pointer: '/action' }] }],
    ['no other field', admin('POST /orchestrators/bulk', { ...said, x: 1 }), 400, { errors: [{ pointer: '/x' }] }],
    ['no body', admin('POST /orchestrators/bulk'), 400, { errors: [{ pointer: '/action' }] }],
    ['no revision', admin('POST /orchestrators/bulk', said, { 'if-match': '"0"' }), 400, {}],
    ['admins only', asking(service.url, secret)('POST /orchestrators/bulk', said), 403, { code: 'FORBIDDEN' }],
  ]
  for (const [what, reply, status, body] of cases) t.match(await reply, { status, body }, what)
  t.equal((await read(`orchestrator-${id}`)).length, 1)
})

interface Told { readonly no: string; readonly said: any; readonly until: Date | null }
const toldBy = async (id: string, name: string) =>
  (await db.query<Told>('select no, said, until from signal where stream = $1 and name = $2 order by no', [`candle-${id}`, name])).rows

t.test('F-3 what is told often is answered like what changes nothing, is kept for a while, and is no fact', async (t) => {
  const { body: { id } } = await admin('POST /candles', { wick: 1 })
  const flicker = (said: object) => admin(`POST /candles/${id}/flicker`, { wick: 1, ...said })
  t.match(await flicker({ seen: '10' }), { status: 200, body: { id, revision: '0', changed: false, is: 'lit' } })
  await flicker({ seen: '9' })
  t.match(await flicker({ seen: 7 }), { status: 400, body: { errors: [{ pointer: '/seen' }] } })
  await flicker({})
  const leaked = freshKey()
  for (const words of ['one', 'two', `use ${leaked}`, 'four', 'five']) await admin(`POST /candles/${id}/smoke`, { words })
  const [flickered, smoked] = await until(async () => {
    const both = await Promise.all(['flicker', 'smoke'].map((name) => toldBy(id, name)))
    return both[1]!.at(-1)?.said.words === 'five' ? both : undefined
  }) as [Told[], Told[]]
  t.match(flickered, [{ said: { wick: 1, seen: '10' }, until: null }], 'the highest of the first stays')
  t.strictSame(smoked.map(({ no, said }) => [no, said.words]).filter(([no]) => no !== '3'), [['4', 'four'], ['5', 'five']])
  t.equal(smoked.length, 3, 'the newest three')
  t.notMatch(JSON.stringify(smoked), leaked, 'without secrets')
  t.ok(smoked[0]!.until!.getTime() > Date.now() + 6 * 86_400_000)
  t.equal((await read(`candle-${id}`)).length, 1)
  await admin(`POST /candles/${id}/burn`, { wick: 1 })
  t.match(await flicker({}), { status: 409, body: { code: 'BURNT_DOWN' } })
})

t.test('F-3 a silence becomes a fact when it was long enough, and another one ends it', async (t) => {
  const { body: { id } } = await admin('POST /candles', { wick: 2 })
  const types = async () => (await read(`candle-${id}`)).map(({ type }) => type)
  const begun_ms = Date.now()
  // As long as it flickers it is not dark, however long that is.
  await until(async () => {
    await admin(`POST /candles/${id}/flicker`, { wick: 2 })
    return Date.now() > begun_ms + 2 * candleWatch.silence_ms
  })
  t.strictSame(await types(), ['CandleLit'])
  const dark = await until(async () => (await read(`candle-${id}`)).find(({ type }) => type === 'CandleWentDark'))
  const { lastSeen } = dark.data as { lastSeen: string }
  t.ok(Date.parse(lastSeen) > begun_ms + candleWatch.silence_ms, 'it says when it was seen last')
  await until(async () => {
    await admin(`POST /candles/${id}/flicker`, { wick: 2 })
    return (await types()).includes('CandleShone')
  })
  t.match((await read(`candle-${id}`)).at(-1)!.data, { wick: 2, heard: /Z$/ })
  await until(async () => (await types()).length === 4)
  t.equal((await types()).at(-1), 'CandleWentDark', 'and is waited for anew')
})
