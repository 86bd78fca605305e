import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { anyParcel, depots, limits, nextParcel, parcel, parcels, urgencies, vans } from 'shared-domain/kernel/testing-choice.ts'
import type { ReadModel, Row } from 'shared-domain/kernel/read-model.ts'
import { asking, catalogue, house } from '../../command-service/src/fixture.ts'
import { completion } from '../../projection-service/src/completion.ts'
import { migrate } from '../../projection-service/src/migrations.ts'
import { views } from '../../projection-service/src/search.ts'
import { creation, tableOf } from '../../projection-service/src/tables.ts'
import { start } from '../../query-service/src/app.ts'
import { configFrom } from '../../query-service/src/config.ts'
import { commandPage } from '../../scripts/reference.ts'

const choices = [nextParcel, anyParcel]
const deciders = [...catalogue.deciders, parcel]
const models = [parcels, depots, vans, limits]
const home = await house(t, { ...catalogue, deciders, choices })
const pool = new pg.Pool({ connectionString: home.engines.urls.database, max: 2 })
pool.on('error', () => undefined)
t.teardown(() => pool.end())
await migrate(pool)
for (const model of models) {
  const table = tableOf(model)
  for (const statement of [creation(table), completion(table), views(table)]) await pool.query(statement)
  await pool.query(`insert into checkpoint (name, model, version, active, commit, prepare, store) values ($1, $2, 1, true, 7, 7, '')`, [table.name, model.name])
}
const questions = await start(configFrom({
  EVENTSTORE_URL: home.engines.urls.eventstore, DATABASE_URL: home.engines.urls.database, QUERY_PORT: '0', LOG_LEVEL: 'silent',
}), { deciders, readModels: models, choices, questions: [] })
t.teardown(() => questions.stop())
const tell = asking(home.service.url, home.key)
const ask = asking(questions.url, home.key)

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [here, elsewhere, bare] = [uuid(801), uuid(802), uuid(803)] as const
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
const insert = (model: ReadModel, rows: readonly Row[], organization = 'default') => pool.query(
  `insert into "${tableOf(model).name}" select * from jsonb_populate_recordset(null::"${tableOf(model).name}", $1)`,
  [JSON.stringify(rows.map((row) => ({ organization, ...row })))])
const row = (n: number, more: Row = {}) => ({
  parcel: uuid(n), depot: here, urgency: 'normal', size: 1, due: null, tags: [], handling: [], since: ago(1), status: 'waiting', rest: null, ...more,
})
const emptied = () => pool.query(`delete from "${tableOf(parcels).name}"`)
const posted = async (n: number, more: Row = {}) => {
  const { parcel: id, status: _status, rest: _rest, ...data } = row(n, more)
  const { status } = await tell('POST /parcels', { id, ...data })
  return status
}
await insert(depots, [{ depot: here, city: 'Ulm', bonus: 1 }, { depot: elsewhere, city: 'Bonn', bonus: 0 }, { depot: bare, city: 'Ulm', bonus: 0 }])
await insert(vans, [{ van: uuid(1), room: 5 }])
await insert(vans, [{ van: uuid(2), room: 99 }], 'umbrella')
await insert(limits, [{ name: 'all', hours: 168 }])
const numbers = ({ best, runnersUp }: any) => [...(best ? [best] : []), ...runnersUp].map((one) => Number(one.parcel.slice(-4)))
const next = (query = '', id: string = here) => ask(`GET /depots/${id}/next${query}`)

t.test('W-2 the question asks by criteria, and a wrong one is told where it stands', async (t) => {
  await emptied()
  await insert(parcels, [
    row(1, { urgency: 'express', tags: ['red', 'blue'], due: ago(-1) }), row(2, { size: 3, handling: ['cold'] }),
    row(3, { urgency: 'slow', tags: ['red'], handling: ['cold', 'glass'], due: ago(3) }), row(4, { depot: elsewhere }), row(5, { rest: ago(-9) }),
  ])
  const cases = [
    ['', [1, 2, 3]], [`?exclude=${uuid(1)}`, [2, 3]], [`?exclude=${uuid(1)}&exclude=${uuid(2)}`, [3]], ['?maxUrgency=normal', [2, 3]],
    ['?minUrgency=normal', [1, 2]], ['?minSize=2', [2]], ['?tags=red', [1, 3]], ['?tags=red&tags=blue', [1]], ['?skills=cold', [1, 2]],
    ['?dueWithinHours=2', [1, 3]], ['?city=Ulm', [1, 2, 3]], ['?city=Bonn', []], ['?minUrgency=normal&minSize=1&tags=red&city=Ulm&minPosition=7', [1]],
  ] as const
  for (const [query, expected] of cases) {
    const { status, body } = await next(query)
    t.strictSame([status, numbers(body)], [200, [...expected]], query)
    t.equal(body.position, '7')
  }
  t.strictSame(numbers((await ask('GET /parcels/next?city=Bonn')).body), [4], 'of nobody in particular')
  for (const [query, pointer] of [['?colour=red', '/colour'], ['?minSize=x', '/minSize'], ['?dueWithinHours=721', '/dueWithinHours'], ['?maxUrgency=fast', '/maxUrgency'], ['?exclude=x', '/exclude/0']] as const)
    t.match(await next(query), { status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer }] } }, query)
  for (const [body, pointer] of [[{ colour: 'red' }, '/colour'], [{ minSize: '1' }, '/minSize'], [{ exclude: ['x'] }, '/exclude/0'], [{ tags: 'red' }, '/tags']] as const)
    t.match(await tell(`POST /depots/${here}/send`, body), { status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer }] } }, JSON.stringify(body))
  t.match(await next('', uuid(899)), { status: 404 })
  t.match(await tell(`POST /depots/${uuid(899)}/send`, {}), { status: 404, body: { code: 'NOT_FOUND' } })
})

t.test('W-2 whatever is asked, the question shows what the command takes', async (t) => {
  const one = fc.record({
    urgency: fc.constantFrom(...urgencies), size: fc.integer({ min: 0, max: 7 }), since: fc.constantFrom(ago(300), ago(169), ago(1)),
    due: fc.constantFrom(null, ago(1), ago(-1)), depot: fc.constantFrom(here, elsewhere), tags: fc.subarray(['red', 'blue']),
  })
  const wish = fc.constantFrom({}, { minUrgency: 'normal' }, { tags: ['red'] }, { minSize: 2 }, { city: 'Ulm' }, { dueWithinHours: 2 })
  let number = 1_000
  let taken = 0
  await fc.assert(fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 8 }), wish, async (parts, wish) => {
    await emptied()
    const rows = parts.map((more) => row(number++, more))
    await insert(parcels, rows)
    for (const { parcel: id, status: _status, rest: _rest, ...data } of rows) await tell('POST /parcels', { id, ...data })
    const query = new URLSearchParams(Object.entries<unknown>(wish).flatMap(([name, value]) => [value].flat().map((text): [string, string] => [name, String(text)])))
    for (const [question, command, said] of [[`/depots/${here}/next?${query}`, `/depots/${here}/send`, wish], ['/parcels/next', '/parcels/load', {}]] as const) {
      const { body: { best } } = await ask(`GET ${question}`)
      const { body } = await tell(`POST ${command}`, said)
      if ((body.id ?? null) !== (best?.parcel ?? null)) throw new Error(`${question} shows ${best?.parcel}, ${command} takes ${body.id ?? body.code}`)
      if (best) taken++
      await pool.query(`update "${tableOf(parcels).name}" set status = 'sent' where parcel = $1`, [body.id ?? null])
    }
  }), { seed: 2030, numRuns: 25 })
  t.ok(taken > 20, `${taken} were taken`)
})

t.test('W-2 rows are gone through past the first page until one fits, and the fact tells what was passed over', async (t) => {
  await emptied()
  await insert(parcels, Array.from({ length: 1_203 }, (_, n) => row(10_000 + n, { size: 9, due: n % 2 === 0 ? null : ago(-n) })))
  t.match(await tell('POST /parcels/load', {}), { status: 409, body: { code: 'NOTHING_FITS', context: { rejected: [{ id: uuid(10_001), code: 'TOO_BIG', detail: { size: 9, room: 5 } }] } } })
  const none = (await ask('GET /parcels/next')).body
  t.match(none, { best: null, runnersUp: [], policy: 'room/1', rejected: [{ id: uuid(10_001), code: 'TOO_BIG' }] })
  t.equal(none.rejected.length, 50)
  await insert(parcels, [row(20_000, { since: ago(-1) })])
  await posted(20_000)
  const { body } = await ask('GET /parcels/next')
  t.match(body, { best: { parcel: uuid(20_000), score: -1 }, rejected: none.rejected })
  t.match(await tell('POST /parcels/load', {}), { status: 200, body: { id: uuid(20_000), changed: true } })
  const events = home.client.readStream(`parcel-${uuid(20_000)}`)
  let last: any
  for await (const { event } of events) last = event
  t.match(last, { type: 'ParcelSent', data: { selection: { policy: 'room/1', candidates: [{ id: uuid(20_000) }], grounds: { position: '7', digest: String } } } })
  t.equal(last.data.selection.rejected.length, 50)
})

t.test('W-2 a repetition answers the first choice, and another request under its key is refused', async (t) => {
  await emptied()
  for (const n of [21_000, 21_001]) {
    await posted(n)
    await insert(parcels, [row(n, { size: n - 20_999 })])
  }
  const first = await tell(`POST /depots/${here}/send`, { minSize: 2 }, { 'idempotency-key': 'k' })
  t.match(first, { status: 200, body: { id: uuid(21_001) } })
  t.strictSame((await tell(`POST /depots/${here}/send`, { minSize: 2 }, { 'idempotency-key': 'k' })).body, first.body)
  t.match(await tell(`POST /depots/${here}/send`, { minSize: 1 }, { 'idempotency-key': 'k' }), { status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } })
  const older = await tell(`POST /depots/${here}/dispatch`, { priority: 'B', minSize: 1 })
  t.match(older, { status: 200, body: { id: uuid(21_000) } }, 'also in older words')
  t.match(older.headers.get('link'), `/api/v1/depots/${here}/send`)
  t.match(await tell(`POST /depots/${here}/dispatch`, { priority: 'D' }), { status: 400, body: { errors: [{ pointer: '/priority' }] } })
})

t.test('W-2 of many who choose at once no two get the same', async (t) => {
  await emptied()
  for (let n = 22_000; n < 22_006; n++) await posted(n)
  await insert(parcels, Array.from({ length: 6 }, (_, n) => row(22_000 + n)))
  const routes = ['/parcels/load', `/depots/${here}/send`]
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => tell(`POST ${routes[n % 2]}`, {})))
  const got = answers.filter(({ status }) => status === 200).map(({ body }) => body.id)
  t.strictSame(got.toSorted(), Array.from({ length: 6 }, (_, n) => uuid(22_000 + n)))
  t.ok(answers.filter(({ status }) => status !== 200).every(({ status, body }) => status === 409 && /^NOTHING/.test(body.code)))
})

t.test('W-2 criteria and routes are in both documents and on the page of commands', async (t) => {
  const described = async (url: string) => ((await (await fetch(`${url}/openapi.json`)).json()) as any).paths
  const [commands, asked] = [await described(home.service.url), await described(questions.url)]
  const { properties } = commands['/api/v1/depots/{id}/send'].post.requestBody.content['application/json'].schema
  t.strictSame(Object.keys(properties), [...Object.keys(nextParcel.criteria!), 'minPosition'])
  t.equal(properties.tags.description, 'All of these.')
  t.notOk(commands['/api/v1/parcels/load'].post.parameters.some((one: any) => one.in === 'path'))
  const parameters = asked['/api/v1/depots/{depot}/next'].get.parameters.filter((one: any) => one.in === 'query').map(({ name }: any) => name)
  t.strictSame(parameters.toSorted(), [...Object.keys(nextParcel.criteria!), 'limit', 'minPosition'].toSorted())
  t.ok(asked['/api/v1/parcels/next'].get.responses[200].content['application/json'].schema.properties.rejected)
  const page = commandPage(deciders, choices)
  for (const text of ['`POST /api/v1/parcels/load`', '`GET /api/v1/depots/:id/next`', '`minSize`? integer 0..']) t.ok(page.includes(text), text)
})
