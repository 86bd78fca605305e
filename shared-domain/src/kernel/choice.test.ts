import fc from 'fast-check'
import t from 'tap'
import { rank, slicesOf, type Choice, type Slice } from './choice.ts'
import { now } from './testing.ts'

interface Row {
  readonly id: number
  readonly owner: string
  readonly stage: string
  readonly size: number
  readonly colour: string
  readonly rest: string | null
}

/** Bigger first, then red before green, then the smaller id. */
const biggest = {
  name: 'biggest', of: 'owner', where: { stage: ['new', 'old'] }, notBefore: 'rest', among: { size: [1, 2], colour: ['red', 'green'] },
  order: ['id'], top: 2,
  score: ({ size, colour }: Row) => size * 10 + (colour === 'red' ? 1 : 0),
  ties: (a: Row, b: Row) => a.id - b.id,
} as unknown as Choice<Row>

const holds = (row: any, { where, notAfter: { column, at } }: Slice) =>
  Object.entries(where).every(([name, values]) => values.includes(row[name])) && (row[column] === null || row[column] <= at)

const fetched = (rows: readonly Row[], slice: Slice) => rows.filter((row) => holds(row, slice)).sort(biggest.ties).slice(0, slice.limit)

t.test('there is a slice for every combination of the values that are chosen among', async (t) => {
  const slices = slicesOf(biggest, 'ada', now)
  t.equal(slices.length, 4)
  t.strictSame(slices[1], {
    where: { stage: ['new', 'old'], owner: ['ada'], size: [1], colour: ['green'] }, notAfter: { column: 'rest', at: now },
    order: ['id'], limit: 2,
  })
  t.strictSame(slicesOf({ ...biggest, among: {} }, 'ada', now).length, 1, 'and one where nothing is chosen among')
})

t.test('the slices hold the best of all rows, and no row that may not be chosen', async () => {
  const row: fc.Arbitrary<Row> = fc.record({
    id: fc.nat(1_000), owner: fc.constantFrom<string>('ada', 'bob'), stage: fc.constantFrom('new', 'old', 'gone'),
    size: fc.constantFrom(1, 2), colour: fc.constantFrom('red', 'green'),
    rest: fc.constantFrom(null, '2000-01-01T00:00:00.000Z', '9999-01-01T00:00:00.000Z'),
  })
  fc.assert(fc.property(fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 30 }), (rows) => {
    const candidates = slicesOf(biggest, 'ada', now).flatMap((slice) => fetched(rows, slice))
    const allowed = rows.filter(({ owner, stage, rest }) => owner === 'ada' && stage !== 'gone' && (rest === null || rest <= now))
    const best = (from: readonly Row[]) => rank(biggest, from, {}, now).slice(0, biggest.top).map(({ row }) => row.id).join()
    return candidates.every((one) => allowed.includes(one)) && best(candidates) === best(allowed)
  }), { seed: 2030, numRuns: 300 })
})
