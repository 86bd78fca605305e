import { createHash } from 'node:crypto'
import t from 'tap'
import { digestOf } from './digest.ts'

t.test('F-6 a digest is the SHA-256 of the canonical JSON', async (t) => {
  t.equal(digestOf({ b: 2, a: [1, null] }), createHash('sha256').update('{"a":[1,null],"b":2}').digest('hex'))
  t.equal(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1 }), 'the order of members does not count')
  t.not(digestOf([1, 2]), digestOf([2, 1]), 'the order of items does')
})
