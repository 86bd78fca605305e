import fc from 'fast-check'
import t from 'tap'
import { v5 } from 'uuid'
import { idNamed, uuid5 } from './name-id.ts'

t.test('F-2 the example of RFC 9562, A.4', async (t) => {
  t.equal(uuid5('www.example.com', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
})

t.test('F-2 a name has the id that everybody else finds', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.uuid(), (name, namespace) =>
    uuid5(name, namespace) === v5(name, namespace)), { seed: 2030, numRuns: 300 })
  for (let length = 0; length <= 130; length++) {
    const name = 'a'.repeat(length)
    t.equal(uuid5(name, v5.URL), v5(name, v5.URL), `${length} letters, about the ends of blocks`)
  }
})

t.test('F-2 the same words name the same, and where one word ends counts', async (t) => {
  t.equal(idNamed('acme', 'deadline', 'x'), idNamed('acme', 'deadline', 'x'))
  t.equal(new Set([idNamed('a', 'bc'), idNamed('ab', 'c'), idNamed('abc'), idNamed('bc', 'a')]).size, 4)
})
