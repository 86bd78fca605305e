import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import { endsOf, onBehalf, readBy, wishOf, type Asking, type Bound, type Choice } from './choice.ts'
import { page_rows, pages_max, rank, slicesOf } from './choosing.ts'
import { meets, upTo, type Condition } from './condition.ts'
import { Rejection } from './decider.ts'
import { rowsOf } from './grounds.ts'
import { candidates, sliced, type RowsOf } from './picture.ts'
import type { Actor } from './fact.ts'
import type { ReadModel, Row as AnyRow } from './read-model.ts'
import { anyParcel, depots, limits, nextParcel, ownParcel, parcel, parcels, urgencies, vans, type ParcelRow } from './testing-choice.ts'
import { admin, agent, daemon, now, orchestrator, tool, uuid } from './testing.ts'
import { hour_ms, later } from './time.ts'
import { World } from './world.ts'

interface Row extends AnyRow {
  readonly id: number
  readonly owner: string
  readonly stage: string
  readonly size: number
  readonly colour: string
  readonly rest: string | null
}

const things = { name: 'thing', key: ['id'] } as unknown as ReadModel

/** Bigger first, then red before green, then the smaller id. */
const biggest = {
  name: 'biggest', from: things, of: 'owner', where: { stage: ['new', 'old'] }, notBefore: ['rest'],
  among: { size: [1, 2], colour: ['red', 'green'] }, order: ['id'], top: 2,
  score: ({ size, colour }: Row) => size * 10 + (colour === 'red' ? 1 : 0),
  ties: (a: Row, b: Row) => a.id - b.id,
} as unknown as Choice<Row>
const caller = { by: admin, actsFor: null }
const byAda = { id: 'ada', wish: {}, at: now, caller }

t.test('there is a slice for every combination of the values that are chosen among', async (t) => {
  const slices = slicesOf(biggest, byAda, 2)
  t.equal(slices.length, 4)
  t.strictSame(slices[1], {
    where: { stage: ['new', 'old'], owner: ['ada'], size: [1], colour: ['green'] }, notAfter: { columns: ['rest'], at: now },
    order: ['id'], limit: 2,
  }, 'and nothing besides, where no further word is used')
  t.strictSame(slicesOf({ ...biggest, among: {} }, byAda, 2).length, 1, 'and one where nothing is chosen among')
})

t.test('the slices hold the best of all rows, and no row that may not be chosen', async () => {
  const row: fc.Arbitrary<Row> = fc.record({
    id: fc.nat(1_000), owner: fc.constantFrom<string>('ada', 'bob'), stage: fc.constantFrom('new', 'old', 'gone'),
    size: fc.constantFrom(1, 2), colour: fc.constantFrom('red', 'green'),
    rest: fc.constantFrom(null, '2000-01-01T00:00:00.000Z', '9999-01-01T00:00:00.000Z'),
  })
  fc.assert(fc.property(fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 30 }), (rows) => {
    const fetched = slicesOf(biggest, byAda, 2).flatMap((slice) => sliced(() => rows, things, slice)) as Row[]
    const allowed = rows.filter(({ owner, stage, rest }) => owner === 'ada' && stage !== 'gone' && (rest === null || rest <= now))
    const best = (from: readonly Row[]) => rank(biggest, from, {}, now).slice(0, biggest.top).map(({ row }) => row.id).join()
    return fetched.every((one) => allowed.includes(one)) && best(fetched) === best(allowed)
  }), { seed: 2030, numRuns: 300 })
})

const [here, elsewhere] = [uuid(801), uuid(802)] as const
const ago = (hours: number) => later(now, -hours * hour_ms)
const waiting = (n: number, more: Partial<ParcelRow> = {}): ParcelRow => ({
  parcel: uuid(n), depot: here, urgency: 'normal', size: 1, due: null, tags: [], handling: [], since: ago(1), status: 'waiting', rest: null,
  ...more,
})
const among = (rows: readonly ParcelRow[], room = 5): RowsOf => (model) => ({
  [parcels.name]: rows, [vans.name]: [{ van: uuid(1), room }, { van: uuid(2), room: 1 }], [limits.name]: [{ name: 'all', hours: 168 }],
  [depots.name]: [{ depot: here, city: 'Ulm', bonus: 1 }, { depot: elsewhere, city: 'Bonn', bonus: 0 }],
} as Readonly<Record<string, readonly AnyRow[]>>)[model.name]!

/** All candidates, and what was passed over. */
function offers(choice: Choice<ParcelRow>, rowsOf: RowsOf, wish: object = {}, tries = 24) {
  const all = []
  const course = candidates(choice, { id: choice.chooser && here, wish: { ...wish }, at: now, caller }, tries, rowsOf, '7')
  let step = course.next()
  for (; !step.done; step = course.next()) all.push(step.value)
  return { ids: all.map(({ row }) => Number(row.parcel.slice(-4))), all, ...step.value }
}

t.test('W-2 criteria leave out rows, each by its condition', async (t) => {
  const rows = [
    waiting(1, { urgency: 'express', tags: ['red', 'blue'], due: later(now, hour_ms) }), waiting(2, { size: 3, handling: ['cold'] }),
    waiting(3, { urgency: 'slow', tags: ['red'], handling: ['cold', 'glass'], due: ago(3) }), waiting(4, { depot: elsewhere }),
  ]
  const ids = (wish: object, choice = nextParcel) => offers(choice, among(rows), wish).ids
  t.strictSame(ids({}), [1, 2, 3])
  t.strictSame(ids({ exclude: [uuid(1), uuid(9)] }), [2, 3])
  t.strictSame(ids({ exclude: [] }), [1, 2, 3])
  t.strictSame(ids({ maxUrgency: 'normal' }), [2, 3])
  t.strictSame(ids({ minUrgency: 'normal' }), [1, 2])
  t.strictSame(ids({ minSize: 2 }), [2])
  t.strictSame(ids({ tags: ['red'] }), [1, 3])
  t.strictSame(ids({ tags: ['red', 'blue'] }), [1])
  t.strictSame(ids({ skills: [] }), [1], 'what needs no skill')
  t.strictSame(ids({ skills: ['cold'] }), [1, 2])
  t.strictSame(ids({ dueWithinHours: 1 }), [1, 3], 'or overdue; never what is not due')
  t.strictSame(ids({ minUrgency: 'normal', minSize: 1, tags: undefined }), [1, 2], 'all of them together')
  t.strictSame(ids({ city: 'Bonn' }, anyParcel), [4], 'by what it is joined with')
  t.strictSame(ids({ city: 'Rome' }, anyParcel), [])
  t.strictSame(Object.keys(wishOf(nextParcel).shape), Object.keys(nextParcel.criteria!))
  t.notOk(wishOf(nextParcel).safeParse({ colour: 'red' }).success)
})

t.test('W-2 a condition means in a row that has no value what it means in SQL', async (t) => {
  const none = { size: null, tags: [] }
  const cases: readonly (readonly [Condition, boolean])[] = [
    [{ column: 'size', among: [1] }, false], [{ column: 'size', among: [null] }, true], [{ column: 'size', notAmong: [1] }, true],
    [{ column: 'size', atLeast: 0 }, false], [{ column: 'size', atMost: 0 }, false], [{ column: 'size', atMostOrNone: 0 }, true],
    [upTo('size', [1, 2], 2), false],
    [{ column: 'tags', holdsAll: [] }, true], [{ column: 'tags', holdsOnly: [] }, true], [{ column: 'tags', holdsAll: ['a'] }, false],
  ]
  for (const [condition, isMet] of cases) t.equal(meets(none, condition), isMet, JSON.stringify(condition))
})

t.test('W-2 what comes first comes before all others, in its own order, and only when its time has come', async (t) => {
  const late = [waiting(5, { urgency: 'slow', since: ago(168) }), waiting(6, { urgency: 'express', since: ago(170) })]
  const early = [waiting(1, { urgency: 'express', due: ago(9) }), waiting(7, { urgency: 'slow', since: later(ago(168), 1) })]
  const rows = [...early, ...late, waiting(4, { since: ago(168) })]
  const { ids, all } = offers(nextParcel, among(rows))
  t.strictSame(ids, [6, 4, 5, 1, 7], 'a millisecond before its time one waits like all')
  t.strictSame(all[0]!.selection.candidates.map(({ score }) => score), [101, 11, 2], 'scores stay what they are')
  t.match(all[0]!.selection.grounds, { position: '7', digest: /^[0-9a-f]{64}$/ })
})

t.test('R-22 what binds whoever chooses leaves out rows or all of them, is told, and may be the answer when nothing is left', async (t) => {
  const bound = (of: (own: any) => Bound, choice = nextParcel) => ({
    ...choice, chooser: depots, bounds: { fields: z.object({}), of },
    ofChooser: { reads: [vans], asks: ({ id }: Asking) => ({ own: rowsOf(vans, { columns: ['room'], where: { van: id } }) }) },
  }) as Choice<ParcelRow>
  const rows = [waiting(1, { size: 2 }), waiting(2)]
  const own: RowsOf = (model) => (model.name === vans.name ? [{ van: here, room: 1 }, { van: elsewhere, room: 2 }] : among(rows)(model))
  const told = { note: 'x' }
  const otherwise = new Rejection('CLOSED')
  const small = (found: any): Bound => ({ told, takes: [{ column: 'size', atMost: found.own[0].room }], otherwise })
  const { ids, all, why } = offers(bound(small), own)
  t.strictSame([ids, all[0]!.told, why.code], [[2], told, 'CLOSED'])
  t.strictSame(offers(bound(small, { ...anyParcel, grounds: {}, fits: () => () => undefined }), own).ids, [2], 'gone through as well')
  const none = offers(bound(() => ({ told, takes: null })), own)
  t.strictSame([none.ids, none.told, none.why.code], [[], told, 'NOTHING_TO_SEND'])
  t.strictSame(offers(bound(() => ({ told })), own).ids, [1, 2])
  t.match(offers({ ...bound(() => ({ told })), chooser: vans } as Choice<ParcelRow>, among([])).why, { code: 'NOT_FOUND' })
  t.ok(readBy(bound(small)).includes(vans))
})

t.test('W-2 rows are gone through until one fits, page after page, and what was passed over is told with its reason', async (t) => {
  const big = (n: number) => waiting(n, { size: 9, due: n % 3 === 0 ? null : later(now, n * 1_000) })
  const rows = [...Array.from({ length: 1_203 }, (_, n) => big(n + 1)), waiting(2_000, { size: 2, since: later(now, -1) }), waiting(2_001)]
  const { ids, all, rejected } = offers(anyParcel, among(rows))
  t.strictSame(ids, [2_001, 2_000], 'in order, nulls last')
  t.equal(rejected.length, 50, 'the first of them are told')
  t.strictSame(all[0]!.selection, {
    policy: 'room/1', candidates: [{ id: uuid(2_001), score: -1 }], rejected, grounds: all[0]!.selection.grounds,
  })
  t.strictSame(rejected[0], { id: uuid(1), code: 'TOO_BIG', detail: { size: 9, room: 5 } })
  t.match(offers(anyParcel, among(rows, 0)).why, new Rejection('NOTHING_FITS', { rejected: [{ code: 'TOO_BIG' }] }), 'none fits')
  t.match(offers(anyParcel, among([])).why, new Rejection('NOTHING_FITS', {}))
  t.strictSame(offers(anyParcel, among(rows), {}, 1).ids, [2_001], 'so many are tried and no more')
  let pages = 0
  const endless: RowsOf = (model) => {
    if (model.name === parcels.name) pages++
    return among(Array.from({ length: page_rows * (pages_max + 1) }, (_, n) => big(n + 1)))(model)
  }
  t.match(offers(anyParcel, endless), { ids: [], why: { code: 'NOTHING_FITS' } })
  t.equal(pages, pages_max)
})

t.test('W-2 the same rows, policy and instant give the same choice, in whatever order the rows are found', async () => {
  const one = fc.record({
    urgency: fc.constantFrom(...urgencies), size: fc.nat(8), since: fc.constantFrom(ago(200), ago(168), ago(1)),
    due: fc.constantFrom(null, ago(1), later(now, hour_ms)), rest: fc.constantFrom(null, ago(1), later(now, 1)),
  })
  const wish = fc.constantFrom({}, { minUrgency: 'normal' }, { exclude: [uuid(1), uuid(2)] })
  fc.assert(fc.property(fc.array(one, { maxLength: 12 }), wish, fc.infiniteStream(fc.nat()), (parts, wish, lots) => {
    const rows = parts.map((more, n) => waiting(n + 1, more))
    const mixed = rows.map((row) => ({ row, lot: lots.next().value as number })).sort((a, b) => a.lot - b.lot).map(({ row }) => row)
    for (const choice of [nextParcel, anyParcel]) {
      const said = choice === nextParcel || 'exclude' in wish ? wish : {}
      const [a, b] = [rows, mixed].map((all) => JSON.stringify(offers(choice, among(all), said)))
      if (a !== b) throw new Error(`${choice.name}: ${a} and then ${b}`)
      const few = offers(choice, among(rows), said, choice.top).ids
      const deeper = offers(choice, among(rows), said).ids.slice(0, choice.top)
      if (few.join() !== deeper.join()) throw new Error(`${choice.name}: ${few}, and among more ${deeper}`)
    }
  }), { seed: 2030, numRuns: 300 })
})

t.test('W-2 in a world what is chosen is taken, what is old passed over, and what is refused told', async (t) => {
  const world = new World([parcel])
  const { due, tags, handling, depot, urgency, size, since } = waiting(1)
  const post = (n: number, more = {}) =>
    world.do({ category: 'parcel', id: uuid(n), command: 'post', data: { due, tags, handling, depot, urgency, size, since, ...more } })
  const take = (by: object = {}) => world.choose({ ...nextParcel, ...by } as Choice, { id: here })
  t.match(take(), { code: 'NOT_FOUND' }, 'of the depot nothing is known')
  const unasked = { chooser: undefined, score: (row: ParcelRow) => urgencies.length - urgencies.indexOf(row.urgency) }
  t.match(take(unasked), { code: 'NOTHING_TO_SEND', detail: {} })
  for (const [n, urgency] of urgencies.entries()) post(n + 1, { urgency })
  world.do({ category: 'parcel', id: uuid(1), command: 'seal', data: {} })
  const rejected = [{ id: uuid(1), code: 'SEALED' }]
  const selection = { rejected, candidates: [{ id: uuid(1), score: 3 }, {}, {}] }
  t.match(take(unasked), [{ type: 'ParcelSent', id: uuid(2), data: { selection } }])
  t.match(take(unasked), [{ type: 'ParcelSent', id: uuid(3) }])
  t.match(take(unasked), { code: 'SEALED' }, 'the first refusal, when none is left')
  t.match(take({ ...unasked, passing: [] }), { code: 'SEALED' }, 'what is not to be passed over is the answer')
  t.match(take({ ...unasked, where: { status: 'sent' } }), { code: 'NOTHING_TO_SEND', detail: {} }, 'rows that are old are nothing')
  t.match(world.choose({ ...anyParcel, grounds: {}, fits: undefined } as unknown as Choice, {}), { code: 'SEALED' })
})

t.test('W-2 where a choice did not come to the end of its rows it says where to go on, and goes on there', async (t) => {
  const big = (n: number) => waiting(n, { size: 9, since: later(now, -1_000_000 + n) })
  const rows = [...Array.from({ length: page_rows * pages_max + 3 }, (_, n) => big(n + 1)), waiting(29_001, { since: now })]
  const stopped = offers(ownParcel, among(rows))
  t.match(stopped, { ids: { length: 0 }, why: { code: 'NOTHING_FITS', detail: { after: String, left: { length: 50 } } } })
  const { after } = stopped.why.detail as { after: string }
  t.strictSame(offers(ownParcel, among(rows), { after }).ids, [9_001], 'behind what was seen')
  const two = [waiting(1), waiting(2), waiting(3)]
  const first = offers(ownParcel, among(two), {}, 1)
  t.strictSame([first.ids, Object.keys(first.why.detail)], [[1], ['left', 'after']], 'also when no more are tried')
  t.strictSame(offers(ownParcel, among(two), { after: first.why.detail.after }).ids, [2, 3])
  t.match(offers(ownParcel, among(two), { after: '[7]' }), { ids: [], why: { code: 'NOTHING_WAITS' } }, 'there is nothing behind the last')
  t.strictSame(offers(ownParcel, among(two), { after: '[0]' }).ids, [1, 2, 3], 'from the start of a part')
  t.strictSame(offers(ownParcel, among(two), { after: '[0,"x"]' }).ids, [1, 2, 3], 'and of one whose order is another by now')
  const isTaken = (place: unknown) => wishOf(ownParcel).safeParse({ after: place }).success
  t.strictSame([after, '[0]', 'there', '{}', '[-1]', '[0,[]]', '[', 7].map(isTaken), [true, true, false, false, false, false, false, false])
  t.notOk(wishOf(nextParcel).safeParse({ after }).success, 'one that takes the best of all has no place')
})

t.test('W-2 nothing that waits is told from nothing that fits, by code and by what is told of it', async (t) => {
  t.match(offers(ownParcel, among([])).why, new Rejection('NOTHING_WAITS', {}))
  t.strictSame(offers(ownParcel, among([waiting(1, { size: 9 })])).why, new Rejection('NOTHING_FITS', { left: [uuid(1)] }))
  const course = candidates(ownParcel, { wish: {}, at: now, caller }, 24, among([waiting(1)]))
  course.next()
  t.match(course.next(new Rejection('SEALED')).value, { why: { code: 'NOTHING_FITS', detail: { left: [uuid(1)] } } }, 'nor what refused')
  const codes = (choice: Choice) => endsOf(choice).map(({ code }) => code)
  t.strictSame([codes(ownParcel), codes(anyParcel)], [['NOTHING_WAITS', 'NOTHING_FITS'], ['NOTHING_FITS']])
})

t.test('W-31 for whom a choice is made: who speaks for one chooses for it, who may act for all for any or for all', async (t) => {
  const [mine, theirs] = [here, elsewhere]
  const wish = (by: Actor, actsFor: string | null, depot?: string) =>
    onBehalf(ownParcel, depot === undefined ? {} : { depot }, { by, actsFor })
  t.strictSame(wish(orchestrator(mine), mine), { depot: mine })
  t.strictSame(wish(orchestrator(mine), mine, mine), { depot: mine })
  t.equal(wish(orchestrator(mine), mine, theirs), undefined)
  t.strictSame(wish(daemon, mine), { depot: mine })
  t.strictSame([wish(admin, null), wish(tool, null, theirs)], [{}, { depot: theirs }])
  t.strictSame([wish(agent, null), wish(agent, null, mine)], [undefined, undefined])
  t.strictSame(onBehalf(nextParcel, { minSize: 1 }, { by: agent, actsFor: null }), { minSize: 1 }, 'where that is no matter it is none')
  const told = (wish: object) => offers(ownParcel, among([waiting(1)]), wish).all[0]!.selection.policy
  t.strictSame([told({}), told({ depot: here })], ['room-of-all/1', 'room/1'], 'by the policy that who asks leads to')
})
