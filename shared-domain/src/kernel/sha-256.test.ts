import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { sha256 } from './sha-256.ts'

t.test('F-6 the examples of FIPS 180-4', async (t) => {
  const examples: readonly (readonly [string, string])[] = [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ]
  for (const [text, hash] of examples) t.equal(sha256(text), hash, text.slice(0, 60))
})

const byNode = (said: string | Uint8Array) => createHash('sha256').update(said).digest('hex')

t.test('F-6 the hash of any bytes is the one that everybody else finds', async (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => sha256(bytes) === byNode(bytes)), { seed: 2030, numRuns: 500 })
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => sha256(text) === byNode(text)), { seed: 2030, numRuns: 500 })
  for (let length = 0; length <= 130; length++) {
    const bytes = new Uint8Array(length).fill(length)
    t.equal(sha256(bytes), byNode(bytes), `${length} bytes, about the ends of blocks`)
  }
})
