import fc from 'fast-check'
import t from 'tap'
import { withoutContradictions } from './contradictions.ts'
import { phaseOf } from './course.ts'
import { Mapping } from './mapping.ts'
import type { Refusal } from './player.ts'
import type { Row } from './row.ts'

const phase = { columns: 'state', values: { new: 'open', work: 'active', end: 'done', drop: 'cancelled' } }
const mapping = Mapping.parse({
  name: 'contrary', tolerance_ms: 1,
  sources: [
    { file: 'table.csv', kind: 'cases', case: 'case', time: 'begun' },
    { file: 'log.csv', case: 'case', time: 'at', phase },
    { file: 'table.csv', case: 'case', time: 'ended', phase },
    { file: 'other.csv', case: 'case', time: 'at', phase },
  ],
})
const at_ms = (n: number) => new Date(Date.UTC(2020, 0, 1) + n).toISOString()
const row = (source: number, number: number, at: number, state: string): Row => ({ source: mapping.sources[source]!, number, at: at_ms(at), values: { case: 'a', state } })
const born = (number: number, at: number) => row(0, number, at, '')
const says = (number: number, at: number, state: string) => row(1, number, at, state)

function judged(rows: readonly Row[]) {
  const refusals: Refusal[] = []
  const kept = withoutContradictions(mapping, rows.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)), (refusal) => refusals.push(refusal))
  return { kept, refused: refusals.map(({ file, row, wish, code }) => [file, row, wish, code]), refusals }
}

t.test('an end that comes before its beginning is refused, with its row and the one it contradicts', async (t) => {
  const table: readonly (readonly [what: string, rows: readonly Row[], refused: readonly unknown[]])[] = [
    ['a completion before its start, in one record', [says(1, 20, 'work'), { ...says(1, 10, 'end') }], [['log.csv', 1, 'complete', 'ENDED_BEFORE_START']]],
    ['a completion before its start, in an order that the file denies', [says(1, 20, 'work'), says(2, 10, 'end')], [['log.csv', 2, 'complete', 'ENDED_BEFORE_START']]],
    ['in two files', [says(9, 20, 'work'), row(3, 1, 10, 'end')], [['other.csv', 1, 'complete', 'ENDED_BEFORE_START']]],
    ['a cancellation', [says(1, 20, 'work'), says(2, 10, 'drop')], [['log.csv', 2, 'cancel', 'ENDED_BEFORE_START']]],
    ['although it was created before', [born(1, 5), says(1, 20, 'work'), says(2, 10, 'end')], [['log.csv', 2, 'complete', 'ENDED_BEFORE_START']]],
    ['an end before the creation, in one record', [born(1, 20), row(2, 1, 10, 'end')], [['table.csv', 1, 'complete', 'ENDED_BEFORE_CREATION']]],
    ['each of several', [born(1, 20), says(1, 10, 'end'), says(2, 12, 'drop')], [['log.csv', 1, 'complete', 'ENDED_BEFORE_CREATION'], ['log.csv', 2, 'cancel', 'ENDED_BEFORE_CREATION']]],
    ['what is taken up again, as the file tells it', [says(1, 10, 'end'), says(2, 20, 'work'), says(3, 30, 'end')], []],
    ['an end in time', [born(1, 1), says(1, 10, 'work'), says(2, 20, 'end')], []],
    ['an end in the instant of its start', [says(1, 10, 'work'), says(2, 10, 'end')], []],
    ['an end before its beginning by no more than is tolerated', [born(1, 11), row(2, 1, 10, 'end')], []],
    ['an end without a start', [born(1, 1), says(1, 10, 'end')], []],
    ['a table that knows of the case later than the log', [says(1, 5, 'new'), says(2, 10, 'end'), born(1, 20)], []],
  ]
  for (const [what, rows, refused] of table) t.strictSame(judged(rows).refused, refused, what)
  t.match(judged([says(1, 20, 'work'), says(2, 10, 'end')]).refusals, [{ case: 'a', reason: `the case ends at ${at_ms(10)} and is taken up at ${at_ms(20)} (log.csv row 1)` }])
})

t.test('of any log, only ends are refused; nothing is done that was begun later, unless its file says that it was begun again', async () => {
  const rows = fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 30 }), fc.constantFrom('new', 'work', 'end', 'drop', '')), { maxLength: 8 })
    .map((rows) => rows.map(([source, number, at, state]) => row(source, number, at * 2, source === 0 ? '' : state)))
  fc.assert(fc.property(rows, (rows) => {
    const { kept, refused } = judged(rows)
    const starts = rows.filter((row) => row.source.kind === 'states' && phaseOf(row) === 'active')
    return kept.length + refused.length === rows.length && rows.every((row) => kept.includes(row) || ['end', 'drop'].includes(row.values.state!)) && kept
      .filter((row) => row.values.state === 'end')
      .every((end) => starts.length === 0 || starts.some(({ at }) => at <= end.at) || starts.filter((start) => start.source.file === end.source.file).some(({ number }) => number > end.number))
  }), { seed: 23, numRuns: 5_000 })
})
