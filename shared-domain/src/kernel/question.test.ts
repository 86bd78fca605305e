import t from 'tap'
import { z } from 'zod'
import { countsOf, rowsOf } from './grounds.ts'
import { answered } from './picture.ts'
import { asks, question, type Question } from './question.ts'
import { readModel } from './read-model.ts'
import { depots, parcel, parcels } from './testing-choice.ts'
import { now, uuid } from './testing.ts'
import { World } from './world.ts'

const inDepot = question({
  name: 'inDepot',
  about: 'What waits in a depot, and how urgent it is.',
  path: '/depots/:depot/waiting',
  params: z.object({ depot: z.uuid() }),
  query: z.object({ urgency: z.enum(['express', 'normal']).optional(), most: z.int().default(2) }),
  answer: z.object({
    parcels: z.array(parcels.row.pick({ parcel: true, size: true })), kinds: z.array(z.object({ urgency: z.string(), count: z.int() })),
    waiting: z.int(), at: z.string(),
  }),
  reads: [parcels],
  *reply({ params: { depot }, query: { urgency, most }, at }) {
    const where = { depot, ...(urgency && { urgency }) }
    const { all, kinds, waiting: [{ count } = { count: 0 }] } = yield* asks({
      all: rowsOf(parcels, { columns: ['parcel', 'size'], where, order: ['size'], descending: true, limit: most }),
      kinds: countsOf(parcels, { columns: ['urgency'], where, limit: 3 }),
      waiting: countsOf(parcels, { columns: [], where, meets: [{ column: 'size', atLeast: 2 }], limit: 1 }),
    })
    return kinds.length > 0 ? { parcels: all, kinds, waiting: count, at } : undefined
  },
})

const depot = uuid(800)
const world = new World([parcel])
for (const [n, urgency] of ['normal', 'express', 'normal'].entries()) {
  const data = { depot, urgency, size: n + 1, due: null, since: now, tags: [], handling: [] }
  world.do({ category: 'parcel', id: uuid(n + 1), command: 'post', data })
}

t.test('a question is answered from the rows that the facts so far make', async (t) => {
  t.strictSame(world.ask(inDepot, { params: { depot } }), {
    parcels: [{ parcel: uuid(3), size: 3 }, { parcel: uuid(2), size: 2 }], waiting: 2, at: now,
    kinds: [{ urgency: 'express', count: 1 }, { urgency: 'normal', count: 2 }],
  })
  t.match(world.ask(inDepot, { params: { depot }, query: { urgency: 'express', most: 1 } }), { parcels: [{ size: 2 }], waiting: 1 })
  t.equal(world.ask(inDepot, { params: { depot: uuid(9) } }), undefined, 'nothing where there is no such thing')
  t.throws(() => world.ask(inDepot, { params: {} }), z.ZodError, 'it is asked in its own words')
  t.throws(() => world.ask(inDepot, { params: { depot }, query: { urgency: 'slow' } }), z.ZodError)
})

t.test('a question is held to what it declares', async (t) => {
  const asking = (more: Partial<Question>) => () => answered({ ...inDepot, ...more } as Question, { params: { depot } }, () => [])
  const one = rowsOf(depots, { columns: ['city'], limit: 1 })
  t.throws(asking({ reads: [depots] }), { message: 'inDepot asks for rows of what it does not read' })
  const twice = { reads: [depots], *reply() { yield* asks({ one }); yield* asks({ one }) } }
  t.throws(asking(twice), { message: 'inDepot asks for rows more than 1 times' })
  t.equal(asking({ ...twice, statements_max: 2 })(), undefined)
  const without = { one: rowsOf(depots, { columns: ['city'] }) }
  t.throws(asking({ reads: [depots], *reply() { yield* asks(without) } }), { message: 'inDepot asks for rows without a bound' })
  const shown = readModel({ name: 'shown', about: 'One.', version: 1, path: '/shown', row: z.object({ x: z.int() }), key: ['x'] })
  t.throws(asking({ reads: [shown], *reply() { return { x: 1 } } }), z.ZodError, 'nor does it answer what it does not say')
})
