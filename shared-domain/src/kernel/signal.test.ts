import t from 'tap'
import { higher, keptOf } from './signal.ts'

t.test('F-3 of what is told often the highest stays, where that is declared', async (t) => {
  t.strictSame(keptOf({}, { a: '2' }, { a: '1' }), { a: '1' })
  const of = { highest: 'a' }
  t.strictSame(keptOf(of, undefined, { a: '1' }), { a: '1' })
  t.strictSame(keptOf(of, { a: '10' }, { a: '9', b: 1 }), { a: '10', b: 1 })
  t.strictSame(keptOf(of, { a: '9' }, { a: '10' }), { a: '10' })
  t.strictSame(keptOf(of, { a: '9' }, { b: 1 }), { a: '9', b: 1 })
  t.strictSame(keptOf(of, { b: 0 }, { b: 1 }), { b: 1 })
  t.equal(higher('9', '10'), '10')
})
