import t from 'tap'
import { recorded } from './picture.ts'
import { now, subject } from './testing.ts'
import { later } from './time.ts'
import { backAgain, lostAfter, watching, type Watch } from './watch.ts'

const watch: Watch = {
  name: 'candleWatch', about: 'Sees whether it burns.', over: { category: 'candle', commands: {} }, signal: 'flicker', begins: ['Lit'],
  ends: ['Out'], silence_ms: 90_000, run: 2, gap_ms: 60_000, of: ({ wick }) => ({ wick }), lost: 'darken', back: 'brighten',
}
const dark = {
  category: 'candle', id: subject, command: 'darken', data: { wick: 1, lastSeen: now }, due: later(now, 90_000),
  key: `candleWatch-${subject}`, patience_ms: 90_000,
}

t.test('F-3 from the fact that begins it a silence is waited for, and patiently, until the one that ends it', async (t) => {
  const { react } = watching(watch)
  t.strictSame(Object.keys(react), ['Lit', 'Out'])
  t.strictSame(react.Lit!(recorded({ category: 'candle' }, { type: 'Lit', data: { wick: 1, wax: 2 } })), [dark])
  t.strictSame(react.Out!(recorded({ category: 'candle' }, { type: 'Out', data: {} })), [{ forget: dark.key }])
  t.strictSame(lostAfter(watch, subject, { wick: 1 }, now), dark)
  const bright = { category: 'candle', id: subject, command: 'brighten', data: { wick: 1, heard: now } }
  t.strictSame(backAgain(watch, subject, { wick: 1, wax: 2 }, now), bright)
})
