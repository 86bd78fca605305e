import fc from 'fast-check'
import t from 'tap'
import { fitting } from './fitting.ts'

t.test('L-81: what fits is left as it is', async (t) => {
  t.same(fitting({ items: [1, 2] }, 100), { value: { items: [1, 2] }, cut: [] })
})

t.test('L-81: what takes most is cut, and it is said where', async (t) => {
  const page = { items: Array.from({ length: 64 }, (_, nth) => ({ nth })), position: '7' }
  const { value, cut } = fitting(page, 200)
  t.same(value, { items: page.items.slice(0, 16), position: '7' })
  t.same(cut, ['/items'])
  t.same(fitting({ 'a/b': 'ä'.repeat(60), id: 'x' }, 80), { value: { 'a/b': 'ä'.repeat(30), id: 'x' }, cut: ['/a~1b'] })
})

t.test('L-81: whatever it is, it comes to fit, and what was not cut stays', async () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 64, max: 400 }), (json, bytes_max) => {
    const { value, cut } = fitting(json, bytes_max)
    return Buffer.byteLength(JSON.stringify(value)) <= bytes_max && (cut.length > 0 || JSON.stringify(value) === JSON.stringify(json))
  }), { numRuns: 200 })
})
