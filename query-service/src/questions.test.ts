import fc from 'fast-check'
import { once } from 'node:events'
import { connect } from 'node:net'
import pg from 'pg'
import t from 'tap'
import * as catalogue from 'shared-domain/catalogue.ts'
import { decisions } from 'shared-domain/council/decision/decisions.ts'
import { keys } from 'shared-domain/fleet/key/keys.ts'
import { orchestrators } from 'shared-domain/fleet/orchestrator/orchestrators.ts'
import { Organization } from 'shared-domain/fleet/organization/events.ts'
import { operators } from 'shared-domain/kernel/decider.ts'
import { countsOf, rowsOf } from 'shared-domain/kernel/grounds.ts'
import { asks, question, type Question } from 'shared-domain/kernel/question.ts'
import { readModel, type ReadModel } from 'shared-domain/kernel/read-model.ts'
import { timeline } from 'shared-domain/overview/timeline.ts'
import { schedules } from 'shared-domain/rhythm/schedule/schedules.ts'
import { Int64, StoredInstant } from 'shared-domain/vocabulary.ts'
import { backlog } from 'shared-domain/work/task/backlog.ts'
import { z } from 'zod'
import { canonical } from 'shared-service/addresses.ts'
import { askedFor, askedOver, enter, walled } from 'shared-service/wall.ts'
import { sliceOf } from './routes.ts'
import { statementOf } from './slice.ts'
import { ask, house, sample, sampleRow, until } from './fixture.ts'

/** One column of each type, and an order with ties. */
const thing = readModel({
  name: 'thing',
  about: 'Things of every type.',
  version: 3,
  path: '/things',
  row: z.object({
    thing: z.uuid(), name: z.string(), rank: z.int(), score: z.number(), open: z.boolean(), due: StoredInstant.nullable(), big: Int64,
    tags: z.array(z.string()), day: z.iso.date(),
  }),
  key: ['thing'],
  filters: ['name', 'rank', 'open', 'due', 'big', 'day'],
  order: ['rank'],
  computed: z.object({ double: z.number() }),
  compute: ({ rank }) => ({ double: rank * 2 }),
})

/** Things like a thing: two statements, whose rows are of one moment. */
const likes = question({
  name: 'thingLikes',
  about: 'Things that are called the same.',
  path: '/things/:thing/likes',
  params: z.object({ thing: z.uuid() }),
  query: z.object({ ranks: z.array(z.int()).max(3).optional(), most: z.int().min(1).max(9).default(2), open: z.boolean().optional() }),
  answer: z.object({ items: z.array(thing.row.pick({ thing: true, rank: true })), kinds: z.array(z.object({ open: z.boolean(), count: z.int() })) }),
  reads: [thing],
  statements_max: 2,
  aliases: [{ route: 'GET /items/:thing/namesakes', fields: { limit: 'most' }, without: ['ranks', 'open'] }],
  *reply({ params, query: { ranks, most, open } }) {
    const { own: [own] } = yield* asks({ own: rowsOf(thing, { columns: ['name'], where: params, limit: 1 }) })
    if (!own) return undefined
    const where = { ...own, ...(ranks && { rank: ranks }), ...(open !== undefined && { open }) }
    const { items, kinds } = yield* asks({
      items: rowsOf(thing, { columns: ['thing', 'rank'], where, order: ['rank'], descending: true, limit: most }),
      kinds: countsOf(thing, { columns: ['open'], where, limit: 2 }),
    })
    return { items, kinds }
  },
})

const models = [thing, ...catalogue.readModels]
const declared = [likes, ...catalogue.questions]
const at = 1_000
const uuid = (n: number) => sample(z.uuid(), n) as string

const home = await house(t, { ...catalogue, readModels: models, questions: declared })
/** Tables that services write by themselves. */
const beside = [...new Set(declared.flatMap(({ reads }) => reads))].filter((model) => !models.includes(model))
await home.makeTables([...models, ...beside], at)
const service = await home.serve()
const { key, id, position: keyPosition } = await home.makeKey()
const { key: foreign } = await home.makeKey({ organization: 'umbrella' })
const list = (query = '', as = key) => ask(service, `/api/v1/things${query}`, as)
const refused = (pointer: string) => ({ status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer }] } })
const emptied = () => home.db.query('delete from thing')
const put = (n: number, more = {}) => home.insert(thing, 'acme', sampleRow(thing, n, more))

t.test('laws of every route', async (t) => {
  // The one row that is the organization itself has its name.
  const named = ({ self }: ReadModel) => (self === undefined ? {} : { [self]: 'acme' })
  for (const model of models) await home.insert(model, 'acme', sampleRow(model, 1, named(model)))
  const { body: document } = await ask(service, '/openapi.json')
  // Older words lead to the same questions; what is read of the log, or of what services count, rests on no rows.
  const apart = ['keys.use', 'notary.keys', 'schemas.list', 'schemas.item', 'events.latest', ...[...catalogue.proofs, ...catalogue.streamQuestions].map(({ name }) => `${name}.item`)]
  const isAsked = ({ deprecated, responses, operationId }: any) =>
    !deprecated && !apart.includes(operationId) && responses['200'].content['application/json']
  const questions = Object.entries<any>(document.paths).filter(([, { get }]) => isAsked(get))
  /** An end comes after its beginning. */
  const said = (name: string, value: unknown) => (name === 'to' && /T/.test(String(value)) ? '2030-01-02T00:00:00.000Z' : String(value))
  /** What some of them must be asked besides. */
  const wordsFor = ({ query }: Question) => Object.entries<z.ZodType>(query.shape).filter(([, schema]) => !schema.safeParse(undefined).success)
    .map(([name, schema]) => `${name}=${encodeURIComponent(said(name, sample(schema, 1)))}`).join('&')
  const besides = new Map(declared.map((one) => [`/api/v1${one.path.replace(/:(\w+)/g, '{$1}')}`, wordsFor(one)]))
  const withWords = (path: string, url: string) => (besides.get(path) ? `${url}?${besides.get(path)}` : url)
  const paths = questions.map(([path]) => withWords(path, path.replace(/\{(\w+)\}/g, (_, column: string) => {
    const model = [...models].sort((a, b) => b.path.length - a.path.length).find((one) => path.startsWith(`/api/v1${one.path}/`))!
    return encodeURIComponent(String(sampleRow(model, 1, named(model))[column]))
  })))

  await t.test('every read model, every choice and every question has its routes', async (t) => {
    for (const { path } of models) t.ok(document.paths[`/api/v1${path}`], path)
    for (const { path, question } of catalogue.choices) {
      if (question === undefined) continue
      t.ok(paths.some((one) => one.startsWith(`/api/v1${path}/`) && one.endsWith(`/${question}`)), question)
    }
    for (const { path } of declared) t.ok(document.paths[`/api/v1${path.replace(/:(\w+)/g, '{$1}')}`], path)
  })

  await t.test('S-63: every answer carries the position that it was computed at', async (t) => {
    for (const path of paths) {
      const { status, headers, body } = await ask(service, path, key)
      t.equal(status, 200, path)
      t.match(body.position, /^\d+$/, path)
      t.match(headers.get('baton-position'), /keys\/validate/.test(path) ? keyPosition : String(at), path)
    }
  })

  await t.test('O-4 nothing of one organization is seen with a key of another', async (t) => {
    for (const path of paths.filter((one) => !/keys\/validate$|position$/.test(one))) {
      const mine = await ask(service, path, key)
      const theirs = await ask(service, path, foreign)
      if (theirs.status === 200 && !mine.body.items) {
        // What was asked for is said again.
        const told = [...new URLSearchParams(path.split('?')[1])].reduce((text, [, word]) => text.replaceAll(word, ''), JSON.stringify(theirs.body))
        t.notMatch(told, /text 1\b|-000000000001/, `${path} tells each of its own`)
      } else if (theirs.status === 200) {
        t.ok(mine.body.items.length > 0, `${path} shows its own`)
        t.strictSame(theirs.body.items, [], `${path} shows nothing to others`)
      } else {
        t.match(theirs, { status: 404, body: { code: 'NOT_FOUND' } }, path)
      }
    }
    const { body } = await ask(service, '/api/v1/keys/validate', foreign)
    t.equal(body.organization, 'umbrella')
  })

  await t.test('every route wants a key, and one that may read', async (t) => {
    const { key: writer } = await home.makeKey({ scopes: ['write'] })
    for (const path of [...paths, '/api/v1/events']) {
      t.match(await ask(service, path), { status: 401, body: { code: 'INVALID_API_KEY', retryable: false } }, path)
      if (!path.endsWith('validate')) t.match(await ask(service, path, writer), { status: 403, body: { code: 'FORBIDDEN' } }, path)
    }
  })

  await t.test('every route refuses a parameter that it does not know', async (t) => {
    for (const path of [...paths, '/api/v1/events']) {
      t.match(await ask(service, `${path}${path.includes('?') ? '&' : '?'}colour=red`, key), refused('/colour'), path)
    }
  })

  await t.test('every row is as the document says', async (t) => {
    for (const model of models) {
      const { body } = await ask(service, `/api/v1${model.path}`, key)
      const row = sampleRow(model, 1, named(model))
      t.strictSame(body.items, [{ ...row, ...model.compute(row) }], model.name)
    }
  })

  await t.test('the OpenAPI document describes each operation once, with its problems and its security', async (t) => {
    t.equal(document.openapi, '3.1.0')
    const operations = Object.values<any>(document.paths).map(({ get }) => get).filter(({ security }) => security?.length !== 0)
    t.equal(new Set(operations.map((one) => one.operationId)).size, operations.length)
    for (const { operationId, summary, responses } of operations) {
      t.ok(operationId && summary)
      t.match(Object.keys(responses), ['200', '400', '401', '403'], operationId)
      for (const [status, { content }] of Object.entries<any>(responses).filter(([status]) => status !== '200')) {
        const problem = { schema: { $ref: '#/components/schemas/Problem' } }
        t.strictSame(content, { 'application/problem+json': problem }, `${operationId} ${status}`)
      }
    }
    t.strictSame(document.security, [{ bearer: [] }, { header: [] }])
    t.match(document.paths['/api/v1/things'].get.parameters.map((one: any) => one.name).sort(),
      ['big', 'cursor', 'day', 'due', 'limit', 'minPosition', 'name', 'open', 'rank'])
    t.notMatch(JSON.stringify(document), /"sql"|~standard/)
  })
})

t.test('O-4 within the wall a statement sees the rows of whom it was said to be for, whatever it asks, and nothing when nothing was said', async (t) => {
  const { host, port, database } = home.db
  const inside = new pg.Pool({ host, port, user: 'postgres', database: database!, max: 2, onConnect: enter })
  inside.on('error', () => undefined)
  t.teardown(() => inside.end())
  const named = ({ self }: ReadModel, organization: string) => (self === undefined ? {} : { [self]: organization })
  const whose = async (model: ReadModel, organization: string) =>
    (await askedOver(inside, organization, { text: `select distinct organization from "${model.name}" order by 1`, values: [] })).map((row) => row.organization)
  const forbidden = { code: '42501' }
  for (const model of models) {
    await home.db.query(`delete from "${model.name}"`)
    for (const [n, organization] of ['acme', 'umbrella'].entries())
      await home.insert(model, organization, sampleRow(model, n + 1, named(model, organization)))
    t.strictSame((await inside.query(`select * from "${model.name}"`)).rows, [], `${model.name}: nobody has said for whom`)
    t.strictSame(await Promise.all(['acme', 'umbrella', 'nobody', ''].map((one) => whose(model, one))), [['acme'], ['umbrella'], [], []], `${model.name}: side by side`)
    t.strictSame(await whose(model, operators), model.operators ? ['acme', 'umbrella'] : [], `${model.name}: operators`)
    const slice = sliceOf(model, { where: {} }, { limit: 1 })
    const { sql: text, parameters: values } = statementOf(model, 'umbrella', [slice])
    const rows = await askedOver(inside, 'acme', { text, values })
    t.strictSame(rows.filter(({ $found: isFound }) => isFound), [], `${model.name}: a list that names another organization`)
    t.strictSame((await inside.query(`select * from "${model.name}"`)).rows, [], `${model.name}: what was said is forgotten`)
    const table = `public."${model.name}_v${model.version}"`
    for (const statement of [`select from ${table}`, `select from public."${model.name}"`, `delete from "${model.name}"`, `insert into "${model.name}" (organization) values ('acme')`])
      await t.rejects(askedOver(inside, 'acme', { text: statement, values: [] }), forbidden, statement)
  }
  await t.rejects(askedOver(inside, 'acme', { text: 'select 1 / $1::int', values: [0] }), { code: '22012' })
  t.strictSame(await whose(thing, 'acme'), ['acme'], 'also after a mistake')
  const one = await inside.connect()
  await one.query('begin')
  t.match(await askedFor(one, 'acme', { text: 'select organization from thing', values: [] }), [{ organization: 'acme' }])
  t.match((await one.query('select organization from thing')).rows, [{ organization: 'acme' }], 'within a transaction it stays said')
  t.match(await askedFor(one, 'umbrella', { name: 'named', text: 'select organization from thing where rank = $1', values: [2] }), [{ organization: 'umbrella' }])
  t.match(await askedFor(one, 'acme', { name: 'named', text: 'select organization from thing where rank = $1', values: [2] }), [])
  await one.query('commit')
  t.strictSame((await one.query('select * from thing')).rows, [])
  one.release()
  await t.rejects(askedOver(new pg.Pool({ host, port: port + 1, user: 'postgres', max: 1 }), 'acme', { text: 'select 1', values: [] }), 'where there is no Postgres')
  for (const model of models) await home.db.query(`delete from "${model.name}" where organization = 'umbrella'`)
})

t.test('S-63: paging shows every row exactly once, in order, while others are put in', async () => {
  const ranks = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 30 })
  await fc.assert(fc.asyncProperty(ranks, ranks, fc.integer({ min: 1, max: 7 }), async (before, meanwhile, limit) => {
    await emptied()
    let made = 0
    const named = (rank: number) => put(made += 1, { thing: uuid((made * 7_919) % 1_000), rank })
    for (const rank of before) await named(rank)
    const first = new Set((await home.db.query('select thing from thing')).rows.map((row) => row.thing))
    const seen: any[] = []
    for (let next = ''; next !== null && seen.length <= 70;) {
      const { body } = await list(`?limit=${limit}${next && `&cursor=${next}`}`)
      seen.push(...body.items)
      next = body.next
      const rank = meanwhile.pop()
      if (rank !== undefined) await named(rank)
    }
    const things = seen.map((row) => row.thing)
    const places = seen.map((row) => `${row.rank} ${row.thing}`)
    const isOrdered = places.every((one, n) => n === 0 || places[n - 1]! < one)
    return isOrdered && new Set(things).size === things.length && [...first].every((one) => things.includes(one))
  }), { seed: 20_301, numRuns: 12 })
})

t.test('S-63: pages', async (t) => {
  await emptied()
  for (let n = 1; n <= 60; n += 1) await put(n)
  const { body } = await list()
  t.equal(body.items.length, 50, 'fifty rows when nothing is said')
  t.equal((await list(`?cursor=${body.next}`)).body.items.length, 10)
  t.equal((await list('?limit=60')).body.next, null, 'next is null on the last page, even when it is full')
  for (const limit of ['0', '201', '-1', '1.5', 'ten', '']) t.match(await list(`?limit=${limit}`), refused('/limit'), limit)
  const cursorOf = (...place: readonly unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url')
  const bad = [
    'nonsense', '%00', cursorOf(), cursorOf('thing_v2', 1, uuid(1)), cursorOf('backlog_v1', 1, uuid(1)), cursorOf('thing_v3', 1),
    cursorOf('thing_v3', 'x', uuid(1)), cursorOf('thing_v3', 1, uuid(1), 2),
  ]
  for (const cursor of bad) t.match(await list(`?cursor=${cursor}`), refused('/cursor'), cursor)
  t.match(await list(`?cursor=${'x'.repeat(2_001)}`), { status: 400 })
})

t.test('lists are filtered by the columns that their model names', async (t) => {
  await emptied()
  await put(1, { name: 'a', open: true, due: null })
  await put(2, { name: 'b', open: false, big: '9007199254740993' })
  await put(3, { name: 'c', open: false, score: 0.1 })
  const shown = async (query: string) => (await list(query)).body.items.map((row: any) => row.name)
  t.strictSame(await shown('?open=false'), ['b', 'c'])
  t.strictSame(await shown('?name=a&name=c'), ['a', 'c'], 'several values of one filter mean any of them')
  t.strictSame(await shown('?name=a&open=false'), [], 'several filters mean all of them')
  t.strictSame(await shown('?rank=2'), ['b'])
  t.strictSame(await shown('?big=9007199254740993'), ['b'], '64-bit numbers keep each digit')
  t.strictSame(await shown('?due=2030-01-01T00:00:00.000Z&day=2030-01-01'), ['b', 'c'])
  for (const query of ['open=maybe', 'rank=two', 'rank=', 'due=yesterday', 'rank=1e30', 'big=9999999999999999999', 'name=%00', 'score=1'])
    t.match(await list(`?${query}`), { status: 400, body: { code: 'VALIDATION_ERROR' } }, query)
})

t.test('what is unknown, or cannot be an id, is not found', async (t) => {
  const nobody = uuid(999)
  const paths = [
    `/things/${nobody}`, '/things/x', '/timeline/task-1/7', '/timeline/task-1/x', `/orchestrators/${nobody}/next`, '/orchestrators/x/next',
  ]
  for (const path of paths) t.match(await ask(service, `/api/v1${path}`, key), { status: 404, body: { code: 'NOT_FOUND' } }, path)
})

t.test('S-63: minPosition', async (t) => {
  t.equal((await list(`?minPosition=${at}`)).status, 200, 'answers at once where the read model is that far')
  const waiting = list(`?minPosition=${at + 1}`)
  await home.move(thing, at + 1)
  t.match(await waiting, { status: 200, body: { position: String(at + 1) } }, 'answers as soon as it is')

  const began = performance.now()
  const behind = await list(`?minPosition=${at + 2}`)
  t.match(behind, { status: 503, body: { code: 'READ_MODEL_BEHIND', retryable: true } })
  t.equal(behind.headers.get('retry-after'), '1')
  t.ok(performance.now() - began >= 240, 'but waits before')
  for (const wrong of ['-1', 'x', '', '12345678901234567890']) t.match(await list(`?minPosition=${wrong}`), refused('/minPosition'), wrong)

  await t.test('is woken again after the listening connection was lost', async (t) => {
    const patient = await home.serve({ wait_ms: 10_000 })
    const listeners = () =>
      home.db.query(`select pid from pg_stat_activity where application_name = 'baton-query-listen' and query like 'listen%'`)
    await ask(patient, `/api/v1/things?minPosition=${at}`, key)
    await until('both services listen', async () => (await listeners()).rowCount === 2)
    const lost = (await listeners()).rows.map(({ pid }) => pid)
    await home.db.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [lost])
    await until('both listen again', async () => (await listeners()).rows.filter(({ pid }) => !lost.includes(pid)).length === 2)
    const waiting = ask(patient, `/api/v1/things?minPosition=${at + 3}`, key)
    await until('it waits', async () => /baton_query_waiters 1/.test((await ask(patient, '/metrics')).body))
    await home.db.query(`update checkpoint set commit = ${at + 3} where model = 'thing'`)
    await home.db.query(`select pg_notify('baton_position', 'nonsense')`)
    t.match(await waiting, { status: 200, body: { position: String(at + 3) } }, 'even by a message that says nothing')
    await patient.stop()
  })

  await t.test('is bounded in how many may wait', async (t) => {
    const narrow = await home.serve({ waiters_max: 1, wait_ms: 500 })
    const replies = await Promise.all([1, 2].map(() => ask(narrow, `/api/v1/things?minPosition=${at + 100}`, key)))
    t.match(replies.map(({ body }) => body.code), ['READ_MODEL_BEHIND', 'READ_MODEL_BEHIND'])
    t.match(replies.map(({ body }) => body.detail).sort().at(-1), /Too many/)
  })
})

t.test('a read model that is being built is behind, not broken', async (t) => {
  await home.db.query(`update checkpoint set active = false where model = 'thing'`)
  t.match(await list(), { status: 503, body: { code: 'READ_MODEL_BEHIND' } })
  t.match(await list(`?minPosition=1`), { status: 503, body: { code: 'READ_MODEL_BEHIND' } })
  await home.db.query(`update checkpoint set active = true where model = 'thing'`)
  await home.db.query('alter view own.thing rename to elsewhere')
  t.match(await list(), { status: 503, body: { code: 'READ_MODEL_BEHIND' } })
  await home.db.query('alter view own.elsewhere rename to thing')
  t.equal((await list()).status, 200)
})

t.test('a read model that is switched to another version while it is asked is shown at once', async (t) => {
  await list()
  await home.db.query('drop view own.thing')
  const columns = 'organization, thing, name, rank::int as rank, score, open, due, big, tags, day'
  await home.db.query(`create view own.thing as select ${columns} from thing_v3; grant select on own.thing to baton_reader`)
  t.equal((await list()).status, 200)
  await home.db.query('drop view own.thing')
  await home.db.query(walled('thing', 'thing_v3'))
  t.match(await Promise.all([list(), list(), list()]), [{ status: 200 }, { status: 200 }, { status: 200 }])
})

t.test('the names of parameters are free in every read model', async (t) => {
  for (const model of models) {
    const names = [...Object.keys(model.contains), ...model.filters, ...model.ranges.flatMap((column) => [`${column}From`, `${column}To`])]
    const all = [...names, 'search', 'sort', 'limit', 'cursor', 'minPosition']
    t.equal(new Set(all).size, all.length, model.name)
  }
})

t.test('a question that the domain declares: its words, its rows, one moment, its older words', async (t) => {
  await emptied()
  for (const [n, name, rank, open] of [[1, 'a', 1, true], [2, 'a', 2, false], [3, 'a', 3, true], [4, 'b', 4, true]] as const) await put(n, { name, rank, open })
  await home.insert(thing, 'umbrella', sampleRow(thing, 5, { name: 'a', rank: 5 }))
  const likesOf = (n: number, query = '', as = key) => ask(service, `/api/v1/things/${uuid(n)}/likes${query}`, as)
  const found = await likesOf(1)
  t.strictSame(found.body, { position: found.body.position, items: [{ thing: uuid(3), rank: 3 }, { thing: uuid(2), rank: 2 }], kinds: [{ open: false, count: 1 }, { open: true, count: 2 }] })
  t.match((await likesOf(1, '?ranks=1&ranks=3')).body.items, [{ rank: 3 }, { rank: 1 }], 'a list is said by repetition')
  t.strictSame((await likesOf(1, '?ranks=2&open=true')).body, { position: found.body.position, items: [], kinds: [] })
  t.match((await likesOf(1, '?most=1')).body.items, [{ rank: 3 }])
  t.match(await likesOf(9), { status: 404, body: { code: 'NOT_FOUND' } })
  t.match(await likesOf(5), { status: 404 }, 'what another organization has is not there')
  t.match((await likesOf(5, '', foreign)).body.items, [{ rank: 5 }])
  for (const [query, pointer] of [['most=0', '/most'], ['ranks=x', '/ranks/0'], ['open=2', '/open'], ['limit=1', '/limit']] as const)
    t.match(await likesOf(1, `?${query}`), refused(pointer), query)
  t.match(await likesOf(1, `?minPosition=${BigInt(found.body.position) + 1n}`), { status: 503, body: { code: 'READ_MODEL_BEHIND' } })
  const older = await ask(service, `/api/v1/items/${uuid(1)}/namesakes?limit=1`, key)
  t.match(older, { status: 200, body: { items: [{ rank: 3 }] } })
  t.equal(older.headers.get('link'), `</api/v1/things/${uuid(1)}/likes?most=1>; rel="successor-version"`)
})

t.test('S-21: next shows the best task with its score and the runners-up', async (t) => {
  const owner = uuid(50)
  await home.insert(orchestrators, 'acme', sampleRow(orchestrators, 50, { timezone: 'Europe/Berlin' }))
  const next = () => ask(service, `/api/v1/orchestrators/${owner}/next`, key)
  t.match(await next(), { status: 200, body: { best: null, runnersUp: [], policy: 'deadline-priority/2', position: String(at) } })

  const hours = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString()
  const task = (n: number, more: object) =>
    home.insert(backlog, 'acme', sampleRow(backlog, n, { owner, worker: owner, status: 'TODO', next_retry_at: null, deferred_until: null, due_at: null, ...more }))
  await task(101, { priority: 'HIGH' })
  await task(102, { priority: 'HIGH', due_at: hours(-1) })
  await task(103, { priority: 'CRITICAL', due_at: hours(200) })
  await task(104, { priority: 'CRITICAL', due_at: hours(-1), next_retry_at: hours(1) })
  await task(105, { priority: 'CRITICAL', due_at: hours(-1), status: 'BLOCKED' })
  // Of a task that waits for approvals all must stand, and here.
  for (const [n, organization, status] of [[61, 'acme', 'approved'], [62, 'acme', 'pending'], [63, 'umbrella', 'approved'], [64, 'acme', 'cancelled']] as const)
    await home.insert(decisions, organization, sampleRow(decisions, n, { decision: uuid(n), status }))
  await task(106, { priority: 'CRITICAL', due_at: hours(-1), approvals: [uuid(61), uuid(62)] })
  await task(107, { priority: 'CRITICAL', due_at: hours(-1), approvals: [uuid(63)] })
  await task(108, { priority: 'CRITICAL', due_at: hours(300), approvals: [uuid(61), uuid(64)] })
  await task(109, { priority: 'CRITICAL', due_at: hours(-1), approvals: [uuid(65)] })
  for (let n = 110; n < 120; n += 1) await task(n, { priority: 'LOW' })
  const { body } = await next()
  t.match(body.best, { task: uuid(103), score: 1000, priority: 'CRITICAL' })
  const behind = [[uuid(108), 1000], [uuid(102), 1000], [uuid(101), 100], [uuid(110), 1], [uuid(111), 1]]
  t.strictSame(body.runnersUp.map((one: any) => [one.task, one.score]), behind)
  await home.move(orchestrators, at + 7)
  t.equal((await next()).body.position, String(at), 'the position is that of the read model that is least far')
  const later = await ask(service, `/api/v1/orchestrators/${owner}/next?minPosition=${at + 7}`, key)
  t.equal(later.status, 503, 'minPosition waits for all')

  const patient = await home.serve({ wait_ms: 10_000 })
  const waiting = ask(patient, `/api/v1/orchestrators/${owner}/next?minPosition=${at + 8}`, key)
  await until('it waits for all at once', async () => /baton_query_waiters 4/.test((await ask(patient, '/metrics')).body))
  await home.move(orchestrators, at + 8)
  await home.move(backlog, at + 8)
  await home.move(decisions, at + 8)
  await home.move(schedules, at + 8)
  t.match(await waiting, { status: 200, body: { position: String(at + 8) } })
  await home.move(backlog, at)
  await home.move(decisions, at)
  await home.move(schedules, at)
  await patient.stop()
})

t.test('S-64 years below 100 are shown and sorted as the years they are, also in cursors', async (t) => {
  await emptied()
  const years = ['0001', '0050', '0099', '0100', '1999', '2050', '9999']
  for (const [n, year] of years.entries()) await put(n + 1, { rank: 1, due: `${year}-06-01T00:00:00.000Z` })
  t.strictSame((await list()).body.items.map(({ due }: any) => due.slice(0, 4)), years)
  t.match((await list('?due=0050-06-01T00:00:00.000Z')).body.items, [{ thing: uuid(2) }])

  const owner = uuid(60)
  await home.insert(orchestrators, 'acme', sampleRow(orchestrators, 60, { timezone: 'Europe/Berlin' }))
  for (const [n, year] of ['2001', '0001', '0099'].entries()) {
    const more = { owner, worker: owner, status: 'TODO', priority: 'HIGH', next_retry_at: null, deferred_until: null, due_at: `${year}-01-01T00:00:00.000Z` }
    await home.insert(backlog, 'acme', sampleRow(backlog, 200 + n, more))
  }
  const { body: { best, runnersUp } } = await ask(service, `/api/v1/orchestrators/${owner}/next`, key)
  t.strictSame([best, ...runnersUp].map(({ due_at }) => due_at.slice(0, 4)), ['0001', '0099', '2001'])
})

t.test('S-60: one alias table for all routes', async (t) => {
  const aliases = {
    '/api/things?limit=1': '/api/v1/things?limit=1', '/api': '/api/v1', '/api/vpsx': '/api/v1/vpsx',
    '/api/vps': '/api/v1/orchestrators', '/api/v1/vps/1/next': '/api/v1/orchestrators/1/next',
  }
  for (const [alias, path] of Object.entries(aliases)) t.equal(canonical(alias), path)
  for (const path of ['/vps', '/api/v2/things', '/apifoo', '/openapi.json', '/api/v1/things']) t.equal(canonical(path), path)
  t.strictSame((await ask(service, '/api/vps', key)).body, (await ask(service, '/api/v1/orchestrators', key)).body)
  t.match(await ask(service, '/api/v2/things', key), { status: 404, body: { code: 'NOT_FOUND', instance: '/api/v2/things' } })
})

t.test('S-31: keys', async (t) => {
  const validate = (headers: Record<string, string>) => ask(service, '/api/v1/keys/validate', undefined, headers)
  t.strictSame((await validate({ 'x-api-key': key })).body, {
    key: id, organization: 'acme', actor: { kind: 'tool', id }, scopes: ['read'], expiresAt: null, position: keyPosition,
  })
  t.equal((await validate({ authorization: `bearer ${key}` })).status, 200)
  for (const wrong of ['', 'Bearer', 'Bearer bk_short', `Basic ${key}`, `Bearer bk_${'x'.repeat(43)}`])
    t.match(await validate({ authorization: wrong }), { status: 401, body: { code: 'INVALID_API_KEY' } }, wrong)
  t.equal((await validate({ authorization: 'Bearer x' })).headers.get('www-authenticate'), 'Bearer')

  const orchestrator = await home.makeKey({ orchestrator: uuid(50), scopes: ['execute'] })
  const about = (await validate({ 'x-api-key': orchestrator.key })).body
  t.match(about, { actor: { kind: 'orchestrator', id: uuid(50) }, scopes: ['execute'] }, 'any valid key may ask about itself')

  const expired = await home.makeKey({ expiresAt: '2020-01-01T00:00:00.000Z' })
  t.match(await list('', expired.key), { status: 401, body: { code: 'API_KEY_EXPIRED' } })
  const admin = await home.makeKey({ scopes: ['admin'] })
  t.equal((await list('', admin.key)).status, 200, 'an admin may read')

  const shortLived = await home.makeKey()
  t.equal((await list('', shortLived.key)).status, 200)
  await shortLived.revoke()
  await until('it is refused, although known keys are kept for ten minutes', async () => (await list('', shortLived.key)).status === 401)
})

t.test('each key may ask only so often', async (t) => {
  const strict = await home.serve({ requestsPerMinute_max: 3 })
  const statuses = []
  for (let n = 0; n < 4; n += 1) statuses.push((await ask(strict, '/api/v1/things', key)).status)
  t.strictSame(statuses, [200, 200, 200, 429])
  const refused = await ask(strict, '/api/v1/things', key)
  t.match(refused.body, { code: 'RATE_LIMITED', retryable: true, status: 429 })
  t.ok(Number(refused.headers.get('retry-after')) > 0)
  t.equal((await ask(strict, '/api/v1/things', foreign)).status, 200, 'others may go on')
})

t.test('F-65 a key with a rate of its own is told how far it is from it, and may ask so often instead of as others do', async (t) => {
  const strict = await home.serve({ requestsPerMinute_max: 1 })
  const own = await home.makeKey({ ratePerMinute: 3 })
  const asked = []
  for (let n = 0; n < 4; n += 1) asked.push(await ask(strict, '/api/v1/things', own.key))
  t.strictSame(asked.map(({ status }) => status), [200, 200, 200, 429])
  t.match(asked.map(({ headers }) => headers.get('ratelimit-policy')!.split(',')[0]), Array(4).fill('"key";q=3;w=60'))
  t.match(asked.map(({ headers }) => headers.get('ratelimit')), [/^"key";r=2;t=\d+, "organization";r=\d+/, /"key";r=1;/, /"key";r=0;/, /^"key";r=0;/])
  t.equal((await ask(strict, '/api/v1/things', foreign)).headers.get('ratelimit'), null)
})

t.test('F-65 O-81 an organization says how often each of its keys may ask that has no rate of its own', async (t) => {
  const theirs = 'strict'
  const set = { queriesPerMinute: 2 }
  const facts = [Organization.OrganizationCreated({ slug: theirs, name: 'Strict', zone: 'UTC' }), Organization.OrganizationConfigured({ changed: set, before: {}, set })]
  await home.append(`organization-${theirs}`, theirs, facts)
  const [one, own] = [await home.makeKey({ organization: theirs }), await home.makeKey({ organization: theirs, ratePerMinute: 5 })]
  const replies = []
  for (let n = 0; n < 3; n += 1) replies.push(await ask(service, '/api/v1/things', one.key))
  t.strictSame(replies.map(({ status }) => status), [200, 200, 429])
  t.match(replies.map(({ headers }) => headers.get('ratelimit-policy')), [/^"key";q=2;w=60, "organization"/, /^"key";q=2;/, /^"key";q=2;/])
  t.match((await ask(service, '/api/v1/things', own.key)).headers.get('ratelimit'), /^"key";r=4;/)
})

t.test('F-65 it is written which keys come, how often and from where, and an admin sees which do not', async (t) => {
  const counting = await home.serve({ keyUses_ms: 5 })
  const [admin, reader, theirs] = [await home.makeKey({ scopes: ['admin'] }), await home.makeKey(), await home.makeKey({ organization: 'umbrella' })]
  await home.db.query('delete from api_key')
  const row = (n: number, more: object) => sampleRow(keys, n, { revoked_at: null, created_at: '2026-01-01T00:00:00.000Z', ...more })
  for (const [n, { id: key }] of [admin, reader].entries()) await home.insert(keys, 'acme', row(n, { key }))
  await home.insert(keys, 'acme', row(3, { key: uuid(3) }))
  await home.insert(keys, 'acme', row(4, { key: uuid(4), created_at: new Date().toISOString() }))
  await home.insert(keys, 'acme', row(5, { key: uuid(5), revoked_at: new Date().toISOString() }))
  await home.insert(keys, 'umbrella', row(6, { key: theirs.id }))
  for (const { key } of [reader, reader, theirs]) await ask(counting, '/api/v1/things', key, { 'x-forwarded-for': '10.2.0.1' })
  const unused = (query: string) => ask(counting, `/api/v1/key-use${query}`, admin.key)
  await until('it is written', async () => {
    const countOf = new Map<string, number>((await unused('')).body.items.map(({ key, count }: any) => [key, count]))
    return countOf.get(reader.id) === 2 && countOf.get(admin.id)! > 0
  })
  const { body } = await unused('')
  t.strictSame(body.items.map(({ key }: any) => key), [uuid(3), uuid(4), ...[admin.id, reader.id].sort()].sort(), 'not what is revoked, and nothing of others')
  t.match(body.items.find(({ key }: any) => key === reader.id), { address: '10.2.0.1', last: /^20.*Z$/, name: 'text 1' })
  t.match(body.items.find(({ key }: any) => key === uuid(3)), { address: null, last: null, count: 0 })
  t.strictSame((await unused('?unusedFor_days=30')).body.items.map(({ key }: any) => key), [uuid(3)], 'what was made since is not unused')
  const first = (await unused('?limit=2')).body
  const rest = (await unused(`?limit=2&cursor=${first.next}`)).body
  t.strictSame([...first.items, ...rest.items].map(({ key }) => key), body.items.map(({ key }: any) => key))
  t.equal(rest.next, null)
  t.match(await ask(counting, '/api/v1/key-use', reader.key), { status: 403 })
  await home.db.query('delete from api_key')
})

t.test('whoever comes without a valid key is limited by address, before the log is asked', async (t) => {
  const wary = await home.serve({ strangersPerMinute_max: 3 })
  const from = (address: string, as?: string) => ask(wary, '/api/v1/things', as, { 'x-forwarded-for': address })
  const guess = (n: number) => `bk_${String(n).padStart(43, 'x')}`
  t.equal((await from('10.1.1.1', key)).status, 200)
  const guesses = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => from('10.1.1.1', guess(n))))
  t.strictSame(guesses.map(({ status }) => status).sort(), [401, 401, 401, 429, 429, 429], 'even when they come all at once')
  const refused = await from('10.1.1.1')
  t.match(refused, { status: 429, body: { code: 'RATE_LIMITED', instance: '/api/v1/things' } })
  t.ok(Number(refused.headers.get('retry-after')) > 0)
  t.equal((await from('10.1.1.1', key)).status, 200, 'a key that has been valid before is looked at still')
  t.equal((await from('10.1.1.2', foreign)).status, 200, 'others may go on')
  for (let n = 0; n < 5; n += 1) t.equal((await from('10.1.1.3', (await home.makeKey()).key)).status, 200, 'valid keys do not count')
  const stranger = await from('10.1.1.4')
  t.match(stranger, { status: 401, body: { instance: '/api/v1/things' } })
  t.equal(stranger.headers.get('www-authenticate'), 'Bearer')
})

t.test('S-62: problems', async (t) => {
  const { status, headers, body } = await ask(service, '/api/nowhere?secret=1', key, { 'x-correlation-id': 'trace-7' })
  t.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8')
  t.equal(headers.get('x-correlation-id'), 'trace-7', 'S-65: the correlation id is taken over')
  t.strictSame([status, body], [404, {
    type: 'urn:baton:problem:not-found', title: 'There is no such thing.', status: 404, detail: 'There is no such route.',
    instance: '/api/nowhere', code: 'NOT_FOUND', correlationId: 'trace-7', retryable: false, errors: [],
  }])
  const made = await ask(service, '/api/v1/things', key, { 'x-correlation-id': 'a b' })
  t.match(made.headers.get('x-correlation-id'), /^[0-9a-f-]{36}$/, 'or made')
  t.match(await ask(service, '/api/v1/%E0%A4%A', key), { status: 400, body: { code: 'VALIDATION_ERROR' } })
  const json = { 'content-type': 'application/json' }
  const posted = await fetch(`${service.url}/api/v1/things`, { method: 'POST', body: '{}', headers: json })
  t.match([posted.status, posted.headers.get('allow'), await posted.json()], [405, 'GET, HEAD', { code: 'METHOD_NOT_ALLOWED' }])

  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  socket.end('this is not http\r\n\r\n')
  const [answer] = await once(socket, 'data')
  t.match(String(answer), /^HTTP\/1.1 400 [^]*application\/problem\+json[^]*VALIDATION_ERROR/)
})

t.test('what is wrong inside is not told outside', async (t) => {
  await home.db.query(`drop view own.checkpoint; create view own.checkpoint as select model, commit, active::text as active from checkpoint;
    grant select on own.checkpoint to baton_reader`)
  const { status, body } = await list()
  t.match([status, body], [500, { code: 'INTERNAL_ERROR', detail: 'The fault has been logged under the correlation id.' }])
  t.notMatch(JSON.stringify(body), /checkpoint|active/)
  await home.db.query(walled('checkpoint', 'checkpoint', 'everybody'))
})

t.test('a slow statement is ended', async (t) => {
  const hasty = await home.serve({ statementTimeout_ms: 100 })
  await home.db.query('begin')
  await home.db.query('lock table thing_v3 in access exclusive mode')
  const refused = await ask(hasty, '/api/v1/things', key)
  await home.db.query('rollback')
  t.match(refused, { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
  t.ok(refused.headers.get('retry-after'))
})

t.test('a connection that is ended while it is in use ends one question and no service', async (t) => {
  await home.db.query('begin')
  await home.db.query('lock table checkpoint in access exclusive mode')
  const asked = ask(service, '/api/v1/position', key)
  const ended = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'baton-query' and wait_event_type = 'Lock'`
  await until('its connection is ended', async () => {
    // Within a transaction who is there is looked up once.
    await home.db.query('select pg_stat_clear_snapshot()')
    return (await home.db.query(ended)).rowCount
  })
  await home.db.query('rollback')
  t.match(await asked, { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
  // What has been ended may be found so only by the next one who uses it.
  await until('it is answered again', async () => (await ask(service, '/api/v1/position', key)).status === 200)
})

t.test('it tells how it is', async (t) => {
  await until('it is ready', async () => (await ask(service, '/healthz')).status === 200)
  t.match((await ask(service, '/metrics')).body, /baton_request_seconds_count\{route="\/api\/v1\/things",status="200"\} \d+/)
  const { body } = await ask(service, '/api/v1/position', key)
  t.equal(body.items.length, models.length + beside.length)
  t.match(body.items.find((one: any) => one.model === 'thing'), { version: 3, position: String(at + 3) })
  t.equal(body.position, String(at), 'the least of all')
  const history = await ask(service, `/api/v1${timeline.path}?stream=${encodeURIComponent('text 1')}`, key)
  t.match(history, { status: 200, body: { items: [{ stream: 'text 1' }] } })
})

t.test('without Postgres it answers that it cannot, and is not ready', async (t) => {
  const cut = await home.serve({ databaseUrl: 'postgres://postgres@127.0.0.1:1/postgres' })
  t.match(await ask(cut, '/api/v1/things', key), { status: 503, body: { code: 'SERVICE_UNAVAILABLE', retryable: true } })
  t.match(await ask(cut, '/healthz'), { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } })
})
