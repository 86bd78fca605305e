import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { readModels } from 'shared-domain/catalogue.ts'
import { changed, readModel, type ReadModel, type Row } from 'shared-domain/kernel/read-model.ts'
import { Int64, StoredInstant } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import { completion } from '../../projection-service/src/completion.ts'
import { migrate } from '../../projection-service/src/migrations.ts'
import { removal, views } from '../../projection-service/src/search.ts'
import { creation, tableOf, upsert, type Table } from '../../projection-service/src/tables.ts'
import { ask, house } from '../../query-service/src/fixture.ts'
import { sliceOf } from '../../query-service/src/routes.ts'
import { statementOf } from '../../query-service/src/slice.ts'
import { asking } from '../../query-service/src/asking.ts'
import { sized } from '../embedded/testing.ts'

const seed = 2030
t.comment(`seed ${seed}`)

/** A read model that uses every word of lists, on columns of every kind. */
const pieces = readModel({
  name: 'piece',
  about: 'Pieces.',
  version: 1,
  path: '/pieces',
  row: z.object({
    piece: z.uuid(), name: z.string(), note: z.string().nullable(), tags: z.array(z.string()), due: StoredInstant.nullable(), made: StoredInstant,
    size: z.int(), score: z.number().nullable(), day: z.iso.date(), big: Int64,
  }),
  key: ['piece'],
  derived: z.object({ twice: z.int(), late: z.boolean() }),
  derive: ({ size, due, made }) => ({ twice: size * 2, late: due !== null && due < made }),
  filters: ['size', 'late', 'due'],
  search: { columns: ['name', 'note'], length_min: 2 },
  contains: { tag: 'tags' },
  ranges: ['due', 'made', 'size', 'score', 'day'],
  sorts: ['name', 'note', 'due', 'size', 'score', 'day', 'big', 'twice', 'piece'],
  order: ['made'],
})
type Piece = z.output<typeof pieces.row>

const home = await house(t, { deciders: [], readModels: [pieces], choices: [], questions: [] }, { requestsPerMinute_max: 1_000_000 })
const pool = new pg.Pool({ host: home.db.host, port: home.db.port, user: 'postgres', database: home.db.database!, max: 2 })
pool.on('error', () => undefined)
t.teardown(() => pool.end())
await migrate(pool)
const { key } = await home.makeKey()
const service = await home.serve()

/** A table with so many rows, and all that the projection service makes beside it. */
async function make(model: ReadModel, rows = 0) {
  const table = tableOf(model)
  await pool.query(creation(table))
  await pool.query(filling(table, rows))
  await pool.query(completion(table))
  await pool.query(views(table))
  // Of all rows, so that what the planner knows is no matter of luck.
  await pool.query(`set default_statistics_target = 400; analyze ${[table.name, ...(model.search ? [`search_of_${table.name}`] : [])].join()}`)
  await pool.query(`insert into checkpoint (name, model, version, active, commit, prepare, store) values ($1, $2, $3, true, 7, 7, '')`,
    [table.name, model.name, model.version])
  return table
}

async function drop(table: Table) {
  await pool.query(`drop view if exists "${table.model.name}", "${table.model.name}_search", own."${table.model.name}", own."${table.model.name}_search"`)
  await pool.query(removal(table.name))
  await pool.query('delete from checkpoint where name = $1', [table.name])
}

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const table = await make(pieces)

const Name = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '%', '_', '\\', 'é', 'É', '日', '本', '𝔸', ' ', '"'), minLength: 1, maxLength: 6 })
const At = fc.constantFrom('0001-01-01', '0099-12-31', '2029-12-31', '2030-01-01', '2030-01-02', '9999-12-31').map((day) => `${day}T00:00:00.000Z`)
const Tag = fc.constantFrom('red', 'Red', 'blue', 'a "b"', '日')
const pieceOf = (n: number) => fc.record({
  piece: fc.constant(uuid(n)), name: Name, note: fc.option(Name), tags: fc.array(Tag, { maxLength: 3 }), due: fc.option(At), made: At,
  size: fc.nat(4), score: fc.option(fc.constantFrom(-1.5, 0, 0.1, 1e300)), day: fc.constantFrom('2029-12-31', '2030-01-01', '2030-01-02'),
  big: fc.constantFrom('7', '70', '9007199254740993', '9223372036854775807'),
}).map((put) => changed(pieces, undefined, { put }) as Piece)

/** By code point, as UTF-8 sorts. */
const compareText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const compare = (column: string, a: any, b: any): number => {
  if (column === 'big') return Number(BigInt(a) - BigInt(b) > 0n) - Number(BigInt(a) - BigInt(b) < 0n)
  return typeof a === 'string' ? compareText(a, b) : Number(a) - Number(b)
}

interface Question {
  readonly size?: readonly number[]
  readonly late?: boolean
  readonly search?: string
  readonly tag?: readonly string[]
  readonly dueFrom?: string
  readonly dueTo?: string
  readonly sizeFrom?: number
  readonly sizeTo?: number
  readonly scoreFrom?: number
  readonly dayTo?: string
  readonly sort?: string
  readonly limit: number
}

const seldom = <T>(some: fc.Arbitrary<T>) => fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some })
const Part = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '%', '_', '\\', 'É', 'é', '日', '𝔸', ' '), minLength: 2, maxLength: 3 })
const sorted = fc.constantFrom(...pieces.sorts.flatMap((column) => [column, `-${column}`]))

const question = fc.record({
  size: seldom(fc.array(fc.nat(4), { minLength: 1, maxLength: 2 })), late: seldom(fc.boolean()), search: seldom(Part),
  tag: seldom(fc.array(Tag, { minLength: 1, maxLength: 2 })), dueFrom: seldom(At), dueTo: seldom(At), sizeFrom: seldom(fc.nat(3)),
  sizeTo: seldom(fc.nat(4)), scoreFrom: seldom(fc.constantFrom(0, 0.1)), dayTo: seldom(fc.constant('2030-01-02')),
  sort: fc.oneof(sorted, sorted, sorted, fc.constant(undefined)), limit: fc.integer({ min: 1, max: 40 }),
}) as fc.Arbitrary<Question>

/** Whether the value lies where the question wants it, if it wants it anywhere; nothing lies nowhere. */
const lies = <T extends string | number>(value: T | null, from: T | undefined, to: T | undefined) =>
  (from === undefined || (value !== null && value >= from)) && (to === undefined || (value !== null && value < to))

/** The same question, answered from memory. */
function expected(rows: readonly Piece[], { sort, size, late, search, tag, dueFrom, dueTo, sizeFrom, sizeTo, scoreFrom, dayTo }: Question) {
  const holds = (text: string | null) => text !== null && text.toLowerCase().includes(search!.toLowerCase())
  const found = rows.filter((row) => (!size || size.includes(row.size)) && (late === undefined || row.late === late)
    && (search === undefined || holds(row.name) || holds(row.note)) && (!tag || tag.some((one) => row.tags.includes(one)))
    && lies(row.due, dueFrom, dueTo) && lies(row.size, sizeFrom, sizeTo) && lies(row.score, scoreFrom, undefined) && lies(row.day, undefined, dayTo))
  const [column, isFalling] = sort ? [sort.replace('-', '') as keyof Piece, sort.startsWith('-')] : ['made' as const, false]
  return found.sort((a, b) => {
    const [x, y] = [a[column], b[column]]
    if (x === null || y === null) return Number(x === null) - Number(y === null) || compareText(a.piece, b.piece)
    return (isFalling ? -1 : 1) * compare(column, x, y) || compareText(a.piece, b.piece)
  })
}

const queryOf = (asked: Question) => new URLSearchParams(Object.entries(asked).flatMap(([name, value]) =>
  (value === undefined ? [] : [value].flat().map((one): [string, string] => [name, String(one)]))))

async function pagesOf(query: URLSearchParams): Promise<Piece[]> {
  const items: Piece[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body } = await ask(service, `/api/v1/pieces?${query}${cursor && `&cursor=${cursor}`}`, key)
    if (status !== 200) throw new Error(`${query}: ${JSON.stringify(body)}`)
    items.push(...body.items)
    cursor = body.next
  }
  return items
}

t.test('F-5 W-1 whatever is asked of a list, its pages are the rows that memory gives, in the same order', async (t) => {
  const rows = fc.sample(fc.tuple(...Array.from({ length: 150 }, (_, n) => pieceOf(n))), { seed, numRuns: 1 })[0]!
  const others = rows.map((row) => ({ ...row, organization: 'umbrella' }))
  await pool.query(upsert(table), [JSON.stringify([...rows.map((row) => ({ organization: 'acme', ...row })), ...others])])
  let shown = 0
  await fc.assert(fc.asyncProperty(question, async (asked) => {
    const wanted = expected(rows, asked)
    const items = await pagesOf(queryOf(asked))
    shown += items.length
    if (JSON.stringify(items) !== JSON.stringify(wanted)) {
      throw new Error(`${queryOf(asked)}\n${items.map(({ piece }) => piece).join()}\ninstead of\n${wanted.map(({ piece }) => piece).join()}`)
    }
  }), { seed, numRuns: 120 })
  t.ok(shown > 1_000, `${shown} rows were shown`)
})

t.test('W-1 what is searched follows the rows: changed, gone and come again', async (t) => {
  const [row] = fc.sample(pieceOf(900), { seed, numRuns: 1 }) as [Piece]
  const found = async (text: string) => (await pagesOf(new URLSearchParams({ search: text }))).map(({ piece }) => piece)
  const write = (more: Partial<Piece>) => pool.query(upsert(table), [JSON.stringify([{ organization: 'acme', ...row, ...more }])])
  await write({ name: 'A Zebra', note: null })
  t.strictSame(await found('zEBr'), [uuid(900)])
  await write({ name: 'A horse', note: 'was a zebra%' })
  t.strictSame(await found('ZEBRA%'), [uuid(900)], 'in any of the columns')
  t.strictSame(await found('zebra_'), [], 'signs of patterns are text')
  await write({ name: 'A horse', note: null })
  t.strictSame(await found('zebra'), [])
  await pool.query('delete from piece_v1 where piece = $1', [uuid(900)])
  t.strictSame(await found('a horse'), [])
  await write({ name: 'A horse', note: null })
  t.strictSame(await found('a horse'), [uuid(900)])
})

t.test('F-5 what cannot be asked is a 400 that names the parameter', async (t) => {
  const wrong: Readonly<Record<string, string>> = {
    'search=a': '/search', [`search=${'x'.repeat(101)}`]: '/search', 'search=': '/search', 'search=aa%00': '/search', 'search=aa&search=bb': '/search',
    'sort=colour': '/sort', 'sort=--name': '/sort', 'sort=': '/sort', 'sort=name&sort=size': '/sort',
    'sizeFrom=x': '/sizeFrom', 'sizeFrom=': '/sizeFrom', 'dueFrom=2030-02-30T00:00:00Z': '/dueFrom', 'dueTo=yesterday': '/dueTo', 'dayFrom=2030-1-1': '/dayFrom',
    'nameFrom=a': '/nameFrom', 'tag=': '/tag/0', 'tag=a%00': '/tag/0', [Array.from({ length: 51 }, () => 'tag=a').join('&')]: '/tag', 'tags=red': '/tags',
  }
  for (const [query, pointer] of Object.entries(wrong)) {
    const answer = await ask(service, `/api/v1/pieces?${query}`, key)
    t.match(answer, { status: 400, body: { code: 'VALIDATION_ERROR', errors: [{ pointer }] } }, query.slice(0, 40))
  }
  const { body: { next } } = await ask(service, '/api/v1/pieces?sort=name&limit=1', key)
  t.equal((await ask(service, `/api/v1/pieces?sort=name&limit=1&cursor=${next}`, key)).status, 200)
  for (const other of ['', 'sort=-name&', 'sort=size&']) {
    const { body } = await ask(service, `/api/v1/pieces?${other}cursor=${next}`, key)
    t.match(body, { code: 'VALIDATION_ERROR', errors: [{ pointer: '/cursor', message: 'is not a cursor of this list as it is sorted now' }] }, other)
  }
  const offset = await ask(service, '/api/v1/pieces?dueFrom=2030-01-01T02:00:00%2B02:00&limit=1', key)
  t.match(offset, { status: 200 }, 'S-64 an instant is read with any offset')
})

/** A statement that fills a table with so many rows, of which every fifth belongs to somebody else. No column follows another. */
function filling({ name: table, model, columns }: Table, rows: number) {
  const value = ({ name, type, isNullable }: (typeof columns)[number], place: number) => {
    if (name === 'organization') return `case n % 5 when 0 then 'umbrella' else 'acme' end`
    const schema = model.row.shape[name] as z.ZodType
    const { enum: words, format } = z.toJSONSchema(isNullable ? (schema as z.ZodNullable<z.ZodType>).unwrap() : schema, { unrepresentable: 'any' })
    const mixed = `(n * ${[7919, 104_729, 1_299_709][place % 3]!}::bigint + ${place * 7} * (n % ${place + 2})) % ${rows}`
    const distinct = model.key.includes(name) ? 'n' : mixed
    const some: Readonly<Record<string, string>> = {
      uuid: `overlay(overlay(md5('${name}' || ${distinct}) placing '7' from 13) placing '8' from 17)::uuid`,
      'timestamptz(3)': `'2026-01-01T00:00:00Z'::timestamptz + (${mixed}) * interval '1 minute'`,
      text: format === 'date' ? `('2026-01-01'::date + ((${mixed}) % 2000)::int)::text` : `md5('${name}' || ${distinct}) || ' ' || n`,
      boolean: 'n % 7 = 0', jsonb: `jsonb_build_array('w' || (${mixed}) % 500, 'v' || n % 7)`,
      integer: distinct === 'n' ? 'n' : `(${mixed}) % 1000`, bigint: mixed, 'double precision': `(${mixed}) / 7.0`,
    }
    const one = words ? `(array['${words.join(`','`)}'])[1 + (${mixed}) % ${words.length}]` : some[type]!
    return isNullable ? `case (${mixed}) % 3 when 0 then null else ${one} end` : one
  }
  return `insert into "${table}" select ${columns.map(value).join(', ')} from generate_series(1, ${rows}) as n`
}

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly Node[]
}

const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** How a question is answered: which indexes, whether anything is read from end to end, and how many rows are looked at. */
async function planOf(model: ReadModel, query: Readonly<Record<string, unknown>>, cursor?: string) {
  const { shape, asked } = asking(model)
  const slice = sliceOf(model, asked(z.object(shape).strict().parse(query)), { limit: 50, cursor })
  const { sql, parameters } = statementOf(model, 'acme', [slice])
  const { rows: [row] } = await pool.query(`explain (analyze, timing off, format json) ${sql}`, [...parameters])
  const nodes = nodesOf(row['QUERY PLAN'][0].Plan)
  const looked = (node: Node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * node['Actual Loops']
  const reads = nodes.filter((node) => node['Relation Name'] !== undefined && node['Relation Name'] !== 'checkpoint')
  return {
    fromEndToEnd: reads.filter((node) => node['Node Type'].includes('Seq Scan')).map((node) => node['Relation Name']),
    looked: reads.reduce((sum, node) => sum + looked(node), 0),
    text: nodes.map((node) => `${node['Node Type']} ${node['Index Name'] ?? node['Relation Name'] ?? ''}`).join(' < '),
  }
}

/** Every word that a model declares, each with values of one of its rows. */
function questionsAbout(model: ReadModel, row: Row): readonly Row[] {
  const { filters, contains, ranges, sorts, search } = model
  const shape = z.object(asking(model).shape)
  // Rows are made of letters, and the name of a zone is none of them.
  const known = (column: string) => [String(row[column]), 'UTC'].find((value) => shape.safeParse({ [column]: value }).success)
  return [
    {},
    ...filters.filter((column) => row[column] !== null).map((column) => ({ [column]: known(column) })),
    ...Object.entries(contains).map(([name, column]) => ({ [name]: (row[column] as string[])[0] })),
    ...ranges.flatMap((column) => [{ [`${column}From`]: String(row[column]) }, { [`${column}To`]: String(row[column]) }]),
    ...ranges.map((column) => ({ [`${column}From`]: String(row[column]), [`${column}To`]: String(row[column]) })),
    ...sorts.flatMap((column) => [{ sort: column }, { sort: `-${column}` }]),
    ...(search ? search.columns.flatMap((column) => [{ search: String(row[column]).slice(4, 16) }, { search: 'of nothing at all' }]) : []),
  ]
}

/** A page and what is thrown away on the way to it: far from all. */
const looked_max = 3_000

t.test('F-5 W-1 every word is answered by index, among 100,000 rows', async (t) => {
  await drop(table)
  await make(pieces, 100_000)
  const answer = await ask(service, '/api/v1/pieces?limit=1&scoreFrom=3&dueFrom=2026-02-01T00:00:00Z&search=1', key)
  t.equal(answer.status, 400, 'one character is too few here')
  const { body: { items: [row] } } = await ask(service, '/api/v1/pieces?limit=1&scoreFrom=3&dueFrom=2026-02-01T00:00:00Z&search=11', key)
  t.ok(row.note && row.due, 'a row that holds something everywhere')
  for (const query of questionsAbout(pieces, row)) {
    const plan = await planOf(pieces, query)
    t.strictSame(plan.fromEndToEnd, [], `${JSON.stringify(query)}: ${plan.text}`)
    t.ok(plan.looked <= looked_max, `${JSON.stringify(query)} looks at ${plan.looked} rows: ${plan.text}`)
  }
  for (const sort of pieces.sorts.flatMap((column) => [column, `-${column}`])) {
    const { body: { next } } = await ask(service, `/api/v1/pieces?sort=${sort}&limit=200`, key)
    const plan = await planOf(pieces, { sort }, next)
    t.strictSame(plan.fromEndToEnd, [], `behind a place by ${sort}: ${plan.text}`)
    t.ok(plan.looked <= looked_max, `behind a place by ${sort} it looks at ${plan.looked} rows: ${plan.text}`)
  }
})

t.test('F-5 W-1 whatever a model of the catalogue declares is answered by index', async (t) => {
  for (const model of readModels) {
    const table = await make(model, model.search ? 20_000 : sized(4_000, 20_000))
    const wanted = [...model.ranges, ...Object.values(model.contains), ...(model.search?.columns ?? [])]
    const { rows: [row] } = await pool.query(`select ${Object.keys(model.row.shape).map((column) => `to_json(r."${column}") as "${column}"`).join(', ')}
      from "${model.name}" as r where ${["organization = 'acme'", ...wanted.map((column) => `r."${column}" is not null`)].join(' and ')} offset 100 limit 1`)
    for (const query of questionsAbout(model, row)) {
      const plan = await planOf(model, query)
      t.strictSame(plan.fromEndToEnd, [], `${model.name} ${JSON.stringify(query)}: ${plan.text}`)
    }
    await drop(table)
  }
})
