import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { deciders } from './catalogue.ts'
import type { Recorded } from './kernel/fact.ts'
import { stateOf, textOf } from './kernel/state-text.ts'
import { lived, lives } from './scenery.ts'

t.test('whatever happened, a state that was kept as text at any revision folds the rest as if it never had been', async (t) => {
  const met = new Set<string>()
  fc.assert(fc.property(lives(0, 60), fc.nat(1_000), (steps, cut) => {
    const streams = Map.groupBy(lived(steps).log, ({ category, id }) => `${category}-${id}`)
    for (const facts of streams.values()) {
      const { category, initial, evolve } = deciders.find(({ category }) => category === facts[0]!.category)!
      const folded = (state: unknown, some: readonly Recorded[]) =>
        some.reduce((state, fact) => evolve(state as never, fact as never, fact), state)
      const at = cut % (facts.length + 1)
      const kept = stateOf(textOf(folded(initial, facts.slice(0, at))))
      if (!isDeepStrictEqual(folded(kept, facts.slice(at)), folded(initial, facts))) throw new Error(`${category} comes back as another`)
      if (at > 0) met.add(category)
    }
  }), { seed: 2030, numRuns: 300 })
  t.strictSame([...met].sort(), deciders.map(({ category }) => category).sort(), 'all were met')
})
