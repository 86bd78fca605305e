import fc from 'fast-check'
import t from 'tap'
import { uuid } from '../../kernel/testing.ts'
import { priorities } from '../../vocabulary.ts'
import { evenPressure, pressureOf, type Loose, type Move, type Place } from './even-pressure.ts'

const place = (n: number, max: number, used: number, queued: number, more: Partial<Place> = {}): Place =>
  ({ orchestrator: uuid(n) as never, max, used, queued, maxQueueSize: null, isTaking: true, capabilities: [], ...more })

const loose = (n: number, owner: number, more: Partial<Loose> = {}): Loose => ({
  task: uuid(100 + n) as never, owner: uuid(owner) as never, priority: 'MEDIUM', dueAt: null, createdAt: '2030-01-01T00:00:00.000Z',
  requiredCapabilities: [], ...more,
})

const waiting = (owner: number, count: number) => Array.from({ length: count }, (_, n) => loose(n, owner))
const short = (moves: readonly Move[]) => moves.map(({ task, from, to }) => [task, from, to].map((id) => Number(id.slice(-3))))

/** What waits with each, after these moves. */
function after(places: readonly Place[], moves: readonly Move[]): readonly Place[] {
  return places.map((one) => {
    const taken = moves.filter(({ to }) => to === one.orchestrator).length
    return { ...one, queued: one.queued + taken - moves.filter(({ from }) => from === one.orchestrator).length }
  })
}

const pressure = (one: Place) => pressureOf(one, one.queued)

t.test('R-35 A of 5 with 5 active and 10 queued, B of 5 with 1, C of 2 with 2 and 1: seven go from A to B', async (t) => {
  const places = [place(1, 5, 5, 10), place(2, 5, 1, 0), place(3, 2, 2, 1)]
  const moves = evenPressure(places, [...waiting(1, 10), loose(50, 3)], 20)
  t.strictSame(short(moves).map(([, from, to]) => [from, to]), Array.from({ length: 7 }, () => [1, 2]))
  t.strictSame(after(places, moves).map((one) => pressure(one).toFixed(2)), ['1.60', '1.60', '1.50'])
  t.equal(moves[0]!.reason, 'pressure 3.00 over 0.40')
  t.equal(evenPressure(places, waiting(1, 10), 3).length, 3, 'no more than are wanted')
})

t.test('R-35 the task of lowest priority goes first, then the one due last, the youngest, by id', async (t) => {
  const [early, late] = ['2030-01-02T00:00:00.000Z', '2030-01-03T00:00:00.000Z'] as const
  const tasks = [
    loose(9, 1, { priority: 'HIGH' }), loose(8, 1, { dueAt: early }), loose(7, 1, { dueAt: late }), loose(6, 1),
    loose(5, 1, { createdAt: early }), loose(4, 1), loose(3, 1, { priority: 'LOW', dueAt: early }),
  ]
  const moves = evenPressure([place(1, 1, 0, 100), place(2, 50, 0, 0)], tasks, 100)
  t.strictSame(short(moves).map(([task]) => task! - 100), [3, 5, 4, 6, 7, 8, 9])
})

t.test('R-35 nobody is given what it cannot take, and equal ones come by their ids', async (t) => {
  const giver = place(1, 5, 5, 10)
  const to = (taker: Partial<Place>, task: Partial<Loose> = {}) =>
    evenPressure([giver, { ...place(2, 5, 1, 0), ...taker }], [loose(1, 1, task)], 20).length
  t.equal(to({}), 1)
  t.equal(to({ isTaking: false }), 0)
  t.equal(to({ used: 5 }), 0, 'full')
  t.equal(to({ max: 0, used: 0 }), 0)
  t.equal(to({ maxQueueSize: 0 }), 0)
  t.equal(to({ maxQueueSize: 1 }), 1)
  t.equal(to({}, { requiredCapabilities: ['Net'] }), 0)
  t.equal(to({ capabilities: ['net ', 'gpu'] }, { requiredCapabilities: ['Net'] }), 1)
  const many = evenPressure([giver, place(3, 5, 0, 0), place(2, 5, 0, 0)], [loose(1, 1)], 20)
  t.strictSame(short(many), [[101, 1, 2]])
  const hard = loose(1, 1, { requiredCapabilities: ['x'], priority: 'LOW' })
  const passedOver = evenPressure([giver, place(2, 5, 0, 0)], [hard, loose(2, 1)], 20)
  t.strictSame(short(passedOver), [[102, 1, 2]], 'what nobody can do stays')
  const highest = evenPressure([place(1, 1, 0, 9), place(2, 1, 0, 5), place(3, 9, 0, 0)], [loose(1, 2)], 20)
  t.strictSame(short(highest), [[101, 2, 3]], 'who has nothing to give is left out')
})

const places = fc.array(fc.record({
  max: fc.integer({ min: 0, max: 6 }), used: fc.integer({ min: 0, max: 6 }), isTaking: fc.boolean(),
  maxQueueSize: fc.option(fc.integer({ min: 0, max: 8 })), capabilities: fc.subarray(['a', 'b']), fixed: fc.integer({ min: 0, max: 3 }),
}), { minLength: 2, maxLength: 6 })
const tasks = fc.array(fc.record({
  owner: fc.integer({ min: 0, max: 5 }), priority: fc.constantFrom(...priorities), requiredCapabilities: fc.subarray(['A', 'b']),
}), { maxLength: 30 })

t.test('R-84 a rebalance moves nothing twice, raises no highest pressure and passes no bound', async (t) => {
  let moved = 0
  fc.assert(fc.property(places, tasks, fc.integer({ min: 1, max: 30 }), (some, wanted, moves_max) => {
    const waits = wanted.filter(({ owner }) => owner < some.length)
      .map(({ owner, priority, requiredCapabilities }, n) => loose(n, owner + 1, { priority, requiredCapabilities }))
    const here = some.map(({ fixed, max, used, ...more }, n) =>
      place(n + 1, max, used, fixed + waits.filter(({ owner }) => owner === uuid(n + 1)).length, more))
    const moves = evenPressure(here, waits, moves_max)
    moved += moves.length
    if (moves.length > moves_max || new Set(moves.map(({ task }) => task)).size < moves.length) throw new Error('too many, or one twice')
    if (moves.some(({ task, from }) => waits.find((one) => one.task === task)?.owner !== from)) throw new Error('it is not theirs')
    let highest = Math.max(...here.map(pressure))
    for (let count = 1; count <= moves.length; count++) {
      const now = after(here, moves.slice(0, count))
      const next = Math.max(...now.map(pressure))
      if (next > highest) throw new Error(`move ${count} raises the highest pressure from ${highest} to ${next}`)
      highest = next
      const taker = now.find(({ orchestrator }) => orchestrator === moves[count - 1]!.to)!
      if (taker.queued > (taker.maxQueueSize ?? Infinity) || !taker.isTaking) throw new Error('it has no room')
    }
  }), { seed: 2030, numRuns: 500 })
  t.ok(moved > 200, `${moved} moves`)
})
