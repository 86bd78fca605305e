import t from 'tap'
import { strategyNames } from './settings.ts'
import { strategy, type Slots } from './strategies.ts'

interface Consumer extends Slots { readonly name: string; free: number }

const consumer = (name: string, free = 1_000): Consumer => ({ name, free })

t.test('§7: nobody, or nobody with room, gets nothing', async (t) => {
  for (const name of strategyNames) {
    const one = strategy<Consumer>(name)
    t.equal(one.choose(() => 'a'), undefined, name)
    one.join(consumer('full', 0))
    t.equal(one.choose(() => 'a'), undefined, name)
  }
})

t.test('§7: RoundRobin takes turns and passes over who is full', async (t) => {
  const one = strategy<Consumer>('RoundRobin')
  const [a, b, c] = [consumer('a'), consumer('b'), consumer('c')]
  for (const each of [a, b, c]) one.join(each)
  const turn = () => (one.choose(() => '') as Consumer).name
  t.same([turn(), turn(), turn(), turn()], ['a', 'b', 'c', 'a'])
  b.free = 0
  t.same([turn(), turn(), turn()], ['c', 'a', 'c'])
  one.leave(c)
  t.same([turn(), turn()], ['a', 'a'])
})

t.test('§7: DispatchToSingle fills the first before the next', async (t) => {
  const one = strategy<Consumer>('DispatchToSingle')
  const [a, b] = [consumer('a', 1), consumer('b', 1)]
  for (const each of [a, b]) one.join(each)
  t.same(one.choose(() => ''), a)
  t.same(one.choose(() => ''), a)
  a.free = 0
  t.same(one.choose(() => ''), b)
})

t.test('§7: Pinned: a stream stays with its consumer, spread is even, and only moves when it must', async (t) => {
  const one = strategy<Consumer>('Pinned')
  const keys = Array.from({ length: 2_000 }, (_, n) => `stream-${n}`)
  const owners = () => keys.map((key) => (one.choose(() => key) as Consumer).name)
  const [a, b, c] = [consumer('a'), consumer('b'), consumer('c')]
  one.join(a)
  t.ok(owners().every((name) => name === 'a'))
  one.join(b)
  const two = owners()
  t.same(owners(), two)
  one.moved(() => keys[0]!, 1)
  const busy = two[0]
  one.join(c)
  const three = owners()
  t.equal(three[0], busy, 'what has events under way moves last')
  for (const name of ['a', 'b', 'c']) {
    const share = three.filter((owner) => owner === name).length
    t.ok(share > 450 && share < 900, `${name} has ${share} of 2000`)
  }
  t.ok(three.every((name, nth) => name === 'c' || name === two[nth]), 'only the newcomer gets other streams')
  one.leave(c)
  t.ok(owners().every((name, nth) => three[nth] === 'c' || name === three[nth]), 'only the streams of who left move')
})

t.test('§7: Pinned: an event whose consumer is full waits, others go on', async (t) => {
  const one = strategy<Consumer>('Pinned')
  const [a, b] = [consumer('a'), consumer('b')]
  for (const each of [a, b]) one.join(each)
  const keys = Array.from({ length: 100 }, (_, n) => `stream-${n}`)
  const ofA = keys.find((key) => one.choose(() => key) === a)!
  const ofB = keys.find((key) => one.choose(() => key) === b)!
  a.free = 0
  t.equal(one.choose(() => ofA), 'later')
  t.equal(one.choose(() => ofB), b)
})
