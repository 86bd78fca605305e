import t from 'tap'
import { Dispatch, type Item, type Outcome } from './dispatch.ts'
import { VirtualClock } from './testing-clock.ts'

const tick = () => new Promise<void>((resolve) => setImmediate(resolve))
const item = (target: string, line: string, place: number, due_ms = 0): Item => ({ target, line, place, due_ms })

/** What is under way, each waiting to be answered. */
function sends(clock = new VirtualClock()) {
  const underWay: { readonly item: Item; readonly answer: (outcome: Outcome) => void }[] = []
  const dispatch = new Dispatch<Item>(clock, (item) => new Promise((answer) => underWay.push({ item, answer })))
  const names = () => underWay.map(({ item: { target, line, place } }) => `${target}/${line}/${place}`)
  const answer = async (name: string, outcome: Outcome = { again_ms: null }) => {
    const [{ answer }] = underWay.splice(names().indexOf(name), 1) as [typeof underWay[number]]
    answer(outcome)
    await tick()
  }
  return { dispatch, names, answer, clock }
}

t.test('L-39 in a line one waits for the one before, and other lines wait for none', async (t) => {
  const { dispatch, names, answer, clock } = sends()
  dispatch.open('w', { host: 'a', parallel: 4 })
  dispatch.add([item('w', 's', 1), item('w', 's', 2), item('w', 'r', 1)])
  t.strictSame(names(), ['w/s/1', 'w/r/1'])
  await answer('w/s/1', { again_ms: clock.now() + 5_000 })
  await answer('w/r/1')
  t.strictSame(names(), [], 'the first of the line comes again later')
  dispatch.add([item('w', 'r', 2)])
  t.strictSame(names(), ['w/r/2'])
  await clock.pass(4_999)
  t.strictSame(names(), ['w/r/2'])
  await clock.pass(1)
  t.strictSame(names(), ['w/r/2', 'w/s/1'])
  await answer('w/s/1')
  t.strictSame(names(), ['w/r/2', 'w/s/2'], 'done, or given up, lets the next go')
  dispatch.add([item('w', 's', 2), item('w', 's', 0)])
  await answer('w/s/2')
  t.strictSame(names(), ['w/r/2', 'w/s/0'], 'what is wanted again comes in its place, and nothing twice')
  t.equal(dispatch.count('w'), 2)
})

t.test('L-4 sixty-four at once, four of a host, as many of a target as it wants', async (t) => {
  const { dispatch, names, answer } = sends()
  dispatch.open('few', { host: 'a', parallel: 1 })
  dispatch.open('many', { host: 'a', parallel: 16 })
  for (let n = 0; n < 30; n++) dispatch.open(`t${n}`, { host: `h${n}`, parallel: 3 })
  dispatch.add(Array.from({ length: 3 }, (_, n) => item('few', `s${n}`, 1)))
  dispatch.add(Array.from({ length: 6 }, (_, n) => item('many', `s${n}`, 1)))
  t.strictSame(names(), ['few/s0/1', 'many/s0/1', 'many/s1/1', 'many/s2/1'])
  for (let n = 0; n < 30; n++) dispatch.add(Array.from({ length: 3 }, (_, k) => item(`t${n}`, `s${k}`, 1)))
  t.equal(names().length, 64)
  await answer('few/s0/1')
  t.equal(names().length, 64)
  t.strictSame(names().filter((name) => /few|many/.test(name)).length, 4)
})

t.test('what is closed begins nothing, and the end waits for what is under way', async (t) => {
  const { dispatch, names, answer, clock } = sends()
  dispatch.open('w', { host: 'a', parallel: 4 })
  dispatch.add([item('w', 's', 1), item('w', 'r', 1, clock.now() + 1_000), item('nobody', 's', 1)])
  dispatch.close('w')
  await clock.pass(2_000)
  t.strictSame(names(), ['w/s/1'])
  let isOver = false
  const ending = dispatch.end().then(() => { isOver = true })
  await tick()
  t.notOk(isOver)
  await answer('w/s/1')
  await ending
  dispatch.open('w', { host: 'a', parallel: 1 })
  dispatch.add([item('w', 's', 3)])
  t.strictSame(names(), [])
})
