import t from 'tap'
import { z } from 'zod'
import { picture, recorded, rowsAfter } from './picture.ts'
import { changed, changesOf, isText, placeOf, readModel, type Change, type ReadModel } from './read-model.ts'

const shelf = { category: 'shelf' }
const stock = readModel({
  name: 'stock',
  about: 'How much there is of everything.',
  version: 1,
  path: '/stock',
  row: z.object({ item: z.string(), label: z.string().default(''), count: z.int() }),
  key: ['item'],
  project: {
    Labelled: ({ data }: any) => [{ put: { item: data.item, label: data.label, count: 0 } }],
    Moved: ({ data }: any) => [{ add: { count: -1 }, at: { item: data.from } }, { add: { count: 1 }, at: { item: data.to } }],
    Renamed: ({ data }: any) => [{ patch: { label: data.label }, at: { item: data.item } }],
    Sold: ({ data }: any) => [{ remove: { item: data.item } }],
  },
})
const fact = (type: string, data: object) => recorded(shelf, { type, data })

t.test('what the changes of a row mean: put replaces, patch and alter change, add sums, remove takes away', async (t) => {
  const row = { item: 'a', count: 2, total: '40', none: null }
  const at = { item: 'a' }
  t.strictSame(changed(stock, row, { put: { item: 'a', count: 1 } }), { item: 'a', count: 1 })
  t.strictSame(changed(stock, row, { patch: { count: 7 }, at }), { ...row, count: 7 })
  t.strictSame(changed(stock, row, { add: { count: -1, total: 2, none: 1 }, at }), { ...row, count: 1, total: 42, none: 1 })
  t.strictSame(changed(stock, undefined, { add: { count: 3 }, at }), { item: 'a', count: 3 }, 'a sum begins at zero')
  const counted = { alter: (known?: { count: number }) => ({ item: 'a', count: (known?.count ?? 10) + 1 }), at }
  t.strictSame(changed(stock, row, counted), { item: 'a', count: 3 })
  t.strictSame(changed(stock, undefined, counted), { item: 'a', count: 11 }, 'what is altered need not be there')
  t.equal(changed(stock, row, { remove: at }), undefined)
  t.equal(changed(stock, undefined, { remove: at }), undefined)
  t.throws(() => changed(stock, undefined, { patch: { count: 7 }, at }), /no row at {"item":"a"}/, 'a patch needs its row')
})

const shelves = readModel({
  name: 'shelf',
  about: 'How full every shelf is.',
  version: 1,
  path: '/shelves',
  row: z.object({ shelf: z.string(), used: z.int(), size: z.int() }),
  key: ['shelf'],
  derived: z.object({ free: z.int(), full: z.boolean() }),
  derive: ({ used, size }) => ({ free: size - used, full: used >= size }),
  sorts: ['free'],
  search: { columns: ['shelf'] },
  project: {
    Built: ({ data }: any) => [{ put: { shelf: data.shelf, used: 0, size: data.size } }],
    Filled: ({ data }: any) => [{ add: { used: data.by }, at: { shelf: data.shelf } }],
    Resized: ({ data }: any) => [{ patch: { size: data.size }, at: { shelf: data.shelf } }],
    Broken: ({ data }: any) => [{ remove: { shelf: data.shelf } }],
  },
})

t.test('W-1 columns that follow from others are set after each change, whatever it is', async (t) => {
  const built = fact('Built', { shelf: 'a', size: 3 })
  const filled = fact('Filled', { shelf: 'a', by: 3 })
  picture(t, shelves).after(built).shows({ shelf: 'a', used: 0, size: 3, free: 3, full: false })
  picture(t, shelves).after(built, filled).shows({ shelf: 'a', used: 3, size: 3, free: 0, full: true })
  const resized = fact('Resized', { shelf: 'a', size: 4 })
  picture(t, shelves).after(built, filled, resized).shows({ shelf: 'a', used: 3, size: 4, free: 1, full: false })
  picture(t, shelves).after(built, fact('Broken', { shelf: 'a' })).shows()
  const overruled = changed(shelves, { shelf: 'a', used: 1, size: 2, free: 1, full: false }, { patch: { free: 99 }, at: { shelf: 'a' } })
  t.match(overruled, { free: 1 }, 'a change does not overrule what follows')
  t.strictSame(Object.keys(shelves.row.shape), ['shelf', 'used', 'size', 'free', 'full'], 'they are columns like any other')
})

t.test('every change names the row that it is about', async (t) => {
  const changes: readonly Change[] = [
    { put: { item: 'a', count: 1 } }, { patch: {}, at: { item: 'a' } }, { add: {}, at: { item: 'a' } }, { remove: { item: 'a' } },
  ]
  for (const change of changes) t.match(placeOf(change), { item: 'a' })
})

t.test('a model is its facts, folded', async (t) => {
  const facts = [
    fact('Labelled', { item: 'a', label: 'apples' }), fact('Labelled', { item: 'b', label: 'bolts' }),
    fact('Labelled', { item: 'c', label: 'cups' }),
    fact('Moved', { from: 'a', to: 'b' }), fact('Renamed', { item: 'b', label: 'screws' }), fact('Sold', { item: 'c' }),
    fact('Unheard', {}),
  ]
  picture(t, stock).after(...facts).shows({ item: 'a', label: 'apples', count: -1 }, { item: 'b', label: 'screws', count: 1 })
  picture(t, stock).after(...facts).matches({ item: 'a' }, { label: 'screws' })
  t.strictSame(rowsAfter(stock, []), [])
})

t.test('a model either takes some facts, or every one', async (t) => {
  const seen: ReadModel = { ...stock, project: {}, every: ({ type }) => [{ put: { item: type, label: '', count: 1 } }] }
  t.strictSame(changesOf(seen, fact('Unheard', {})), [{ put: { item: 'Unheard', label: '', count: 1 } }])
  t.strictSame(changesOf(stock, fact('Unheard', {})), [])
})

t.test('what a declaration leaves out is nothing', async (t) => {
  t.strictSame([stock.filters, stock.order, stock.indexes, stock.compute({})], [[], [], [], {}])
  t.strictSame([stock.search, stock.contains, stock.ranges, stock.sorts], [undefined, {}, [], []])
  t.strictSame(shelves.search, { columns: ['shelf'], length_min: 1 }, 'F-5 a search has at least one character')
})

t.test('F-5 a column is text when nothing else is known of it: neither an id, nor an instant, nor a number of 64 bits', async (t) => {
  for (const text of [z.string(), z.string().nullable(), z.enum(['a', 'b']), z.iso.date()]) t.ok(isText(text))
  const big = z.string().meta({ sql: 'bigint' })
  const others = [z.uuid(), z.uuid().nullable(), z.iso.datetime(), z.int(), z.boolean(), z.array(z.string()), big]
  for (const other of others) t.notOk(isText(other))
})
