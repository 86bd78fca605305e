import fc from 'fast-check'
import t from 'tap'
import { digestOf } from './digest.ts'

t.test('a digest is the same for the same words, and short for any', async () => {
  fc.assert(fc.property(fc.json(), (json) => {
    const digest = digestOf(JSON.parse(json))
    if (digest !== digestOf(JSON.parse(json)) || digest.length > 24) throw new Error(digest)
  }), { seed: 2030, numRuns: 200 })
})

t.test('words that differ a little have other digests', async (t) => {
  const near = Array.from({ length: 20_000 }, (_, n) => ({ note: `step ${n}`, done: n % 2 === 0 }))
  t.equal(new Set(near.map(digestOf)).size, near.length)
  const swapped = ['ab', 'ba', 'aab', 'aba', 'baa', '', ' ']
  t.equal(new Set(swapped.map(digestOf)).size, swapped.length)
  t.not(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }), 'the order of keys counts')
})
