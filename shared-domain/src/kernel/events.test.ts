import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import { decode, events, versionOf, type EventDefinition } from './events.ts'

const Parcel = events({
  ParcelSent: { about: 'A parcel left.', data: z.object({ to: z.string() }) },
  ParcelWeighed: {
    about: 'A parcel was weighed; first in pounds as text, then as a number, now in grams.',
    data: z.object({ weight_g: z.int() }),
    upcast: [
      ({ weight }: { weight: string }) => ({ weight_lb: Number(weight) }),
      ({ weight_lb }: { weight_lb: number }) => ({ weight_g: Math.round(weight_lb * 453.59237) }),
    ],
  },
})
const weighed: EventDefinition = Parcel.definitions.ParcelWeighed!

t.test('an event is declared once: its key is its type and its constructor', async (t) => {
  t.strictSame(Parcel.ParcelSent({ to: 'Ada' }), { type: 'ParcelSent', data: { to: 'Ada' } })
  t.strictSame(Object.keys(Parcel.definitions), ['ParcelSent', 'ParcelWeighed'])
})

t.test('the version of an event is one more than its upcasts', async (t) => {
  t.strictSame(Object.values<EventDefinition>(Parcel.definitions).map(versionOf), [1, 3])
})

t.test('a stored payload of any version is brought up step by step', async (t) => {
  t.strictSame(decode(weighed, { weight: '2' }, 1), { weight_g: 907 })
  t.strictSame(decode(weighed, { weight_lb: 2 }, 2), { weight_g: 907 })
  t.strictSame(decode(weighed, { weight_g: 907 }, 3), { weight_g: 907 })
})

t.test('what was stored in another shape than its version says is not read', async (t) => {
  t.throws(() => decode(weighed, { weight_lb: 2 }, 3), { name: 'ZodError' })
  t.throws(() => decode(weighed, { weight: 'much' }, 1), { name: 'ZodError' })
  t.throws(() => decode(weighed, null, 3), { name: 'ZodError' })
})

t.test('however many versions there were, each payload takes the steps that are left', async () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }), (steps, taken) => {
    fc.pre(taken <= steps)
    const definition = {
      about: 'Counts.', data: z.object({ steps: z.int() }),
      upcast: Array(steps).fill((old: { steps: number }) => ({ steps: old.steps + 1 })),
    }
    const read = decode(definition, { steps: taken }, taken + 1) as { steps: number }
    if (read.steps !== steps || versionOf(definition) !== steps + 1) throw new Error(`${read.steps} of ${steps} steps`)
  }), { seed: 2030, numRuns: 100 })
})
