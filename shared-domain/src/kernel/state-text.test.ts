import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { stateOf, textOf } from './state-text.ts'

const name = fc.oneof(fc.string(), fc.constantFrom('$map', '$set', '$undefined', '$number', '$object', '__proto__', '7'))
const { state } = fc.letrec((tie) => ({
  state: fc.oneof({ maxDepth: 4 }, fc.string(), fc.boolean(), fc.double(), fc.constantFrom(null, undefined, -0, NaN, Infinity),
    fc.array(tie('state')), fc.dictionary(name, tie('state'), { noNullPrototype: true }),
    fc.array(fc.tuple(name, tie('state'))).map((entries) => new Map(entries)), fc.array(tie('state')).map((all) => new Set(all))),
}))

t.test('a state comes back from its text equal in everything', async () => {
  fc.assert(fc.property(state, (state) => isDeepStrictEqual(stateOf(textOf(state)), state)), { seed: 2030, numRuns: 2_000 })
})

t.test('the order of what was put in comes back', async (t) => {
  t.strictSame([...(stateOf(textOf(new Map([['b', 1], ['a', 2]]))) as Map<string, number>).keys()], ['b', 'a'])
})

t.test('what is no plain data has no text', async (t) => {
  for (const strange of [() => 1, 1n, Symbol('x'), new Date(0), new (class Thing {})()]) t.throws(() => textOf({ strange }), TypeError)
})
