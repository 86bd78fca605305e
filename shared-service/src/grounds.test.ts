import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'
import type { Condition } from 'shared-domain/kernel/condition.ts'
import { countsOf, grounds_max, orderOf, pairsOf, rowsOf, type RowsAsked } from 'shared-domain/kernel/grounds.ts'
import { selected } from 'shared-domain/kernel/picture.ts'
import { readModel, type Row } from 'shared-domain/kernel/read-model.ts'
import { digestOf } from 'shared-domain/kernel/digest.ts'
import { sha256 } from 'shared-domain/kernel/sha-256.ts'
import { Int64, StoredInstant } from 'shared-domain/vocabulary.ts'
import t from 'tap'
import { z } from 'zod'
import { startPostgres } from '../../infra/embedded/postgres.ts'
import { folderFor } from '../../infra/embedded/testing.ts'
import { groundsDigest, rowsFrom, type Run } from './grounds.ts'
import { Problem } from './problems.ts'

const postgres = await startPostgres({ dir: join(folderFor(t, 'rows'), 'postgres') })
const open = (more: pg.PoolConfig = {}) => {
  // At the end Postgres goes before its connections do.
  const pool = new pg.Pool({ connectionString: postgres.url, ...more }).on('error', () => undefined)
  return new Kysely<any>({ dialect: new PostgresDialect({ pool }) })
}
const db = open()
const hasty = open({ statement_timeout: 100 })
t.teardown(async () => {
  await db.destroy()
  await hasty.destroy()
  await postgres.stop()
})

const things = readModel({
  name: 'thing', about: 'Of every type.', version: 1, path: '/things', key: ['thing'],
  row: z.object({
    thing: z.uuid(), name: z.string(), size: z.int(), share: z.number().nullable(), isOpen: z.boolean(), at: StoredInstant, tags: z.array(z.string()), big: Int64,
  }),
})
const counts = readModel({
  name: 'thing_count', about: 'Sums.', version: 1, path: '/counts', key: ['day'], row: z.object({ day: z.string(), n: z.int().meta({ sql: 'bigint' }) }),
})
const unbuilt = readModel({ name: 'unbuilt', about: 'Not there yet.', version: 1, path: '/unbuilt', key: ['x'], row: z.object({ x: z.string() }) })
const slow = readModel({ name: 'slow', about: 'Takes its time.', version: 1, path: '/slow', key: ['x'], row: z.object({ x: z.string() }) })
const many = readModel({ name: 'many', about: 'Too many.', version: 1, path: '/many', key: ['n'], row: z.object({ n: z.int() }) })

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const thing = (n: number, more: object = {}) =>
  ({ thing: idOf(n), name: `thing ${n}`, size: n, share: n / 3, isOpen: n % 2 === 0, at: `2030-01-0${n}T10:00:00.123Z`, tags: ['a', `"${n}"`], big: '9007199254740993', ...more })

await sql.raw(`
  create table checkpoint (model text, active boolean, commit bigint);
  insert into checkpoint values ('thing', true, 700), ('thing', false, 3), ('thing_count', true, 650), ('slow', true, 1), ('many', true, 1);
  create table thing (organization text, thing uuid, name text, size integer, share double precision, "isOpen" boolean, at timestamptz(3), tags jsonb, big bigint);
  create table thing_count (organization text, day text, n bigint);
  insert into thing_count values ('acme', '2030-01-01', 5), ('globex', '2030-01-01', 6);
  create view slow as select 'acme' as organization, pg_sleep(60)::text as x;
  create view many as select 'acme' as organization, n from generate_series(1, ${grounds_max + 1}) as n;
`).execute(db)
const own = [thing(1), thing(2, { share: null }), thing(3, { at: '0001-01-01T00:00:00.000Z' }), thing(4)]
for (const [organization, row] of [...own.map((row) => ['acme', row] as const), ['globex', thing(5)] as const]) {
  await db.insertInto('thing').values({ organization, ...row, tags: JSON.stringify(row.tags) }).execute()
}

const over = (db: Kysely<any>): Run => async (statement) => (await db.executeQuery(statement)).rows as readonly Row[]
const find = rowsFrom(over(db))
const columns = ['thing', 'name', 'size', 'share', 'isOpen', 'at', 'tags', 'big'] as const
const named = (asked: Partial<Omit<RowsAsked, 'from' | 'columns'>>, organization = 'acme') =>
  find(organization, { things: { from: things, columns: ['size'], ...asked } }).then(({ rows }) => rows.things!.map(({ size }) => size))

t.test('E-1 rows come as they were written, with the position that they stand at and the digest that anybody finds', async (t) => {
  const found = await find('acme', { things: rowsOf(things, { columns, order: ['size'] }) })
  t.strictSame(found, { rows: { things: own }, position: '700', digest: sha256(canonicalJson({ things: own })) })
  t.strictSame((await find('globex', { things: rowsOf(things, { columns }) })).rows.things, [thing(5)], 'an organization rests on its own rows alone')
  t.strictSame(await find('initech', { things: rowsOf(things, { columns }) }), { rows: { things: [] }, position: '700', digest: sha256('{"things":[]}') })
})

t.test('E-1 F-6 the digest is that of the domain, of however many rows', async (t) => {
  for (const count of [0, 1, 255, 256, 257, 600]) {
    const rows = { b: Array.from({ length: count }, (_, n) => ({ z: n, a: [`"${n}`, null] })), a: [{ x: 1 }], 'ü': [] }
    t.equal(groundsDigest(rows), digestOf(rows), String(count))
  }
  t.equal(groundsDigest({}), digestOf({}))
})

t.test('E-1 several read models are asked in one statement, and the least position is that of all', async (t) => {
  let statements = 0
  const counting: Run = (...asked) => {
    statements++
    return over(db)(...asked)
  }
  const found = await rowsFrom(counting)('acme', { sums: rowsOf(counts, { columns: ['n'] }), things: rowsOf(things, { columns: ['name'], limit: 1 }) })
  t.match(found, { rows: { sums: [{ n: 5 }], things: [{ name: 'thing 1' }] }, position: '650' })
  t.equal(statements, 1)
})

t.test('E-1 conditions, order and limit', async (t) => {
  t.strictSame(await named({}), [1, 2, 3, 4], 'by the key, when nothing else is said')
  t.strictSame(await named({ where: { name: 'thing 2' } }), [2])
  t.strictSame(await named({ where: { size: [1, 3, 9] } }), [1, 3])
  t.strictSame(await named({ where: { share: null } }), [2])
  t.strictSame(await named({ where: { share: [null, 1] } }), [2, 3])
  t.strictSame(await named({ where: { thing: idOf(5) } }), [], 'nor by its id')
  t.strictSame(await named({ atLeast: { size: 2 }, atMost: { size: 3 } }), [2, 3])
  t.strictSame(await named({ atMost: { at: '2030-01-02T00:00:00.000Z' } }), [1, 3])
  t.strictSame(await named({ order: ['share'] }), [1, 3, 4, 2], 'nulls last')
  t.strictSame(await named({ order: ['size'], descending: true, limit: 2 }), [4, 3])
})

t.test('rows are counted by what kinds they are of', async (t) => {
  const counted = async (asked: Omit<Parameters<typeof countsOf<typeof things.row, 'isOpen' | 'share'>>[1], 'columns'>, ...columns: ('isOpen' | 'share')[]) =>
    (await find('acme', { things: countsOf(things, { columns, ...asked }) })).rows.things
  t.strictSame(await counted({}, 'isOpen'), [{ isOpen: false, count: 2 }, { isOpen: true, count: 2 }])
  t.strictSame(await counted({ limit: 2 }, 'share'), [{ share: 1 / 3, count: 1 }, { share: 1, count: 1 }], 'one after the other')
  t.strictSame(await counted({ limit: 1, where: { size: [1, 2, 4] }, mostFirst: true }, 'isOpen'), [{ isOpen: true, count: 2 }], 'that of which there are most')
  t.strictSame(await counted({ where: { share: null } }, 'share'), [{ share: null, count: 1 }])
  t.strictSame(await counted({}), [{ count: 4 }])
  t.strictSame(await counted({ where: { size: 9 } }), [], 'where there are none, none are alike')
  t.strictSame(await counted({ where: { size: 9 } }, 'isOpen'), [])
})

t.test('C-61 how often two values meet, and how often they do so alike, is found as in memory', async (t) => {
  const pairs = (asked: object = {}) => pairsOf(things, { by: 'isOpen', within: 'big', alike: 'tags', ...asked })
  const met = async (asked = {}) => (await find('acme', { things: pairs(asked) })).rows.things
  // Of two that are closed and two that are open, all of the same size beyond what a number holds, none has the tags of another.
  t.strictSame(await met(), [
    { one: false, other: false, count: 4, alike: 2 }, { one: false, other: true, count: 4, alike: 0 }, { one: true, other: true, count: 4, alike: 2 },
  ])
  for (const asked of [{}, { where: { size: [1, 2] } }, { limit: 1 }, { within: 'name' }, { by: 'name', alike: 'isOpen' }, { alike: 'share' }])
    t.strictSame(await met(asked), selected(own.map((row) => ({ ...row, tags: row.tags.join() })), pairs(asked)), JSON.stringify(asked))
  const named = pairs({ by: 'name', among: { size: rowsOf(counts, { columns: ['n'], order: ['n'], limit: 1 }) } })
  t.strictSame((await find('acme', { things: named })).rows.things, [], 'only the first of those that are named')
})

t.test('E-1 rows may be named by rows of another read model, of the same organization', async (t) => {
  const sums = rowsOf(counts, { columns: ['n'], where: { day: '2030-01-01' } })
  await sql`insert into thing_count values ('acme', '2030-01-02', 4)`.execute(db)
  t.strictSame(await named({ among: { size: sums } }), [], 'five is of another organization')
  t.strictSame(await named({ among: { size: { ...sums, where: {} } } }), [4])
  t.strictSame(await named({ among: { size: { ...sums, where: {} } }, where: { name: 'thing 3' } }), [], 'besides whatever else is asked')
  t.equal((await find('acme', { things: rowsOf(things, { columns: ['name'], among: { size: sums } }) })).position, '650', 'as of both')
  const asked = rowsOf(things, { columns: ['size'], among: { size: { ...sums, where: {} } } })
  const inMemory = selected(own, asked, () => [{ day: '2030-01-01', n: 5 }, { day: '2030-01-02', n: 4 }])
  t.strictSame(inMemory, [{ size: 4 }], 'as in memory')
})

t.test('E-1 whatever is asked, Postgres finds what the same question finds in memory', async () => {
  const some = <T>(...values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const question = fc.record({
    where: some({ isOpen: true }, { share: null }, { size: [1, 2, 4] }, { name: ['thing 1', 'thing 3'] }, { share: [null, 1 / 3], isOpen: [true, false] }),
    atLeast: some({ size: 2 }, { share: 1 }, { at: '2030-01-02T00:00:00.000Z' }, { name: 'thing 2' }), atMost: some({ size: 3 }, { share: 1 }, { big: '9007199254740993' }),
    order: some(['share'], ['isOpen', 'name'], ['at'], ['size', 'share']), descending: some(true as const), limit: some(1, 2, 3),
    meets: some<Condition[]>(
      [{ column: 'size', among: [1, 3] }], [{ column: 'share', notAmong: [null] }], [{ column: 'share', atMostOrNone: 0.5 }], [{ column: 'tags', holdsAll: ['a', '"2"'] }, { column: 'size', atMost: 3 }],
    ),
    counted: some(true as const), mostFirst: some(true as const), n: fc.constantFrom(1, 2, 3, 4, undefined),
  })
  await fc.assert(fc.asyncProperty(question, async ({ n, ...said }) => {
    const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
    // A place from which a growing list goes on.
    if (n !== undefined && !said.counted && !said.descending) given.after = orderOf({ from: things, ...given }).map((column) => own[n - 1]![column as 'name'])
    const asked: RowsAsked = { from: things, columns: said.counted ? ['isOpen', 'share'] : columns, ...given }
    const { rows } = await find('acme', { things: asked })
    if (!isDeepStrictEqual(rows.things, selected(own, asked))) throw new Error('something else was found')
  }), { seed: 2030, numRuns: 300 })
})

t.test('E-1 too many rows, too much time and a read model that is not built are answers for now', async (t) => {
  const isBusy = (asking: Promise<unknown>) => asking.then(() => false, (error: unknown) => error instanceof Problem && error.code === 'SERVICE_UNAVAILABLE')
  t.ok(await isBusy(find('acme', { all: rowsOf(many, { columns: ['n'] }) })))
  t.equal((await find('acme', { all: rowsOf(many, { columns: ['n'], limit: grounds_max }) })).rows.all!.length, grounds_max)
  t.ok(await isBusy(find('acme', { all: rowsOf(many, { columns: ['n'], limit: grounds_max }), one: rowsOf(things, { columns: ['name'] }) })), 'in all')
  t.ok(await isBusy(rowsFrom(over(hasty))('acme', { one: rowsOf(slow, { columns: ['x'] }) })))
  await t.rejects(find('acme', { one: rowsOf(unbuilt, { columns: ['x'] }) }), { code: '42P01' }, 'no table yet')
  await sql`create view unbuilt as select 'acme' as organization, 'x' as x`.execute(db)
  await t.rejects(find('acme', { one: rowsOf(unbuilt, { columns: ['x'] }) }), { code: 'READ_MODEL_BEHIND' })
  await sql`insert into checkpoint values ('unbuilt', true, -1)`.execute(db)
  await t.rejects(find('acme', { one: rowsOf(unbuilt, { columns: ['x'] }) }), { code: 'READ_MODEL_BEHIND' }, 'before its first fact')
})
