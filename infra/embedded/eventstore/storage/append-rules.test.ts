import t from 'tap'
import { ANY, NO_STREAM, STREAM_EXISTS } from '../contract.ts'
import { judge, type Judged } from './append-rules.ts'

/** A stream that holds events with these ids; all of them are recent. */
const stream = (ids: readonly string[], more: Partial<Judged> = {}): Judged => ({
  current: ids.length - 1, isTombstoned: false, isSoftDeleted: false, hasMetadata: false,
  idAt: (revision) => ids[revision],
  revisionOf: (id) => (ids.includes(id) ? ids.indexOf(id) : undefined),
  ...more,
})

const events = (...ids: string[]) => ids.map((id) => ({ id }))
const append = { kind: 'append' }
const wrong = { kind: 'wrong-revision' }
const deleted = { kind: 'stream-deleted' }
const repeated = (revision: number) => ({ kind: 'repeated', revision })

/** §3.3 of the contract, row by row: expected, stream, events, outcome. */
const table: readonly (readonly [row: string, number, Judged, readonly { id: string }[], object])[] = [
  ['row 1, any, first id unknown: append', ANY, stream(['a', 'b']), events('x', 'a'), append],
  ['row 1, any, stream that does not exist: append', ANY, stream([]), events('x'), append],
  ['row 2, any, all ids known: repeated with the revision of the last', ANY, stream(['a', 'b', 'c']), events('a', 'b'), repeated(1)],
  ['row 3, any, first known, a later one unknown: wrong revision', ANY, stream(['a', 'b']), events('a', 'x'), wrong],
  ['row 1, any, no events: append of nothing', ANY, stream(['a']), [], append],
  ['row 4, exists, soft-deleted: deleted', STREAM_EXISTS, stream(['a'], { isSoftDeleted: true }), events('x'), deleted],
  ['row 5, exists, never written and no metadata: wrong revision', STREAM_EXISTS, stream([]), events('x'), wrong],
  ['row 6, exists, never written but with metadata: as any', STREAM_EXISTS, stream([], { hasMetadata: true }), events('x'), append],
  ['row 7, exists, otherwise: as any', STREAM_EXISTS, stream(['a']), events('x'), append],
  ['row 7, exists, all ids known: repeated', STREAM_EXISTS, stream(['a', 'b']), events('b'), repeated(1)],
  ['row 8, behind the head, every id the same: repeated', 0, stream(['a', 'b', 'c']), events('b', 'c'), repeated(2)],
  ['row 8, no stream, every id the same: repeated', NO_STREAM, stream(['a', 'b']), events('a', 'b'), repeated(1)],
  ['row 9, no stream, first id differs, soft-deleted: recreate', NO_STREAM, stream(['a'], { isSoftDeleted: true }), events('x'), append],
  ['row 10, no stream, first id differs: wrong revision', NO_STREAM, stream(['a']), events('x'), wrong],
  ['row 10, behind the head, first id differs: wrong revision', 0, stream(['a', 'b'], { isSoftDeleted: true }), events('x'), wrong],
  ['row 11, behind the head, a later id differs: wrong revision', 0, stream(['a', 'b', 'c']), events('b', 'x'), wrong],
  ['row 11, behind the head, more events than are stored: wrong revision', 0, stream(['a', 'b']), events('b', 'c'), wrong],
  ['row 12, behind the head, no events: wrong revision', 0, stream(['a', 'b']), [], wrong],
  ['row 13, at the head: append, without a look at ids', 1, stream(['a', 'b']), events('a'), append],
  ['row 13, no stream and none there: append', NO_STREAM, stream([]), events('a'), append],
  ['row 14, beyond the head: wrong revision', 5, stream(['a']), events('x'), wrong],
  ['before any row, tombstoned, whatever is expected: deleted', ANY, stream(['a'], { isTombstoned: true }), events('a'), deleted],
]

for (const [row, expected, judged, sent, outcome] of table) {
  t.test(`§3.3 ${row}`, async (t) => t.strictSame(judge(judged, expected, sent), outcome))
}
