import fc from 'fast-check'
import t from 'tap'
import { now, uuid } from '../../kernel/testing.ts'
import { hour_ms, later, second_ms } from '../../kernel/time.ts'
import { priorities, type OrchestratorId } from '../../vocabulary.ts'
import { againAfter, closed, exceeding, retryAtOf, returnedTo, unwound, youngestOf, type Chain, type Delegation } from './chain.ts'

const people = [1, 2, 3, 4, 5, 6].map(uuid) as OrchestratorId[]
const [a, b, c, d] = people as [OrchestratorId, OrchestratorId, OrchestratorId, OrchestratorId]

const delegation = (n: number, over: Partial<Delegation> = {}): Delegation => ({
  id: String(n + 1), from: people[n]!, to: people[n + 1]!, state: 'OFFERED', at: now, note: null, answerBy: null, finishBy: null,
  attempt: 1, retries: 0, tried: [people[n + 1]!], priority: 'MEDIUM', dueAt: null, slaDeadline: null, ...over,
})
const chainOf = (length: number): Chain => Array.from({ length }, (_, n) => delegation(n))
const told = ({ ends }: { ends: readonly { delegation: Delegation; outcome: string }[] }) =>
  ends.map(({ delegation: { id }, outcome }) => `${id} ${outcome}`)
const nobody = () => false

t.test('W-41 with a delegation end those that came of it, and its delegator gets the task back', async (t) => {
  const chain = chainOf(3)
  const { to, rest, ...ends } = unwound(chain, chain[1]!, 'DECLINED', nobody)
  t.strictSame(told(ends), ['3 RECALLED', '2 DECLINED'])
  t.strictSame([to, rest], [b, chain.slice(0, 1)])
})

t.test('W-41 where the delegator has left, the one before it gets the task; where nobody is left, it stays', async (t) => {
  const chain = chainOf(3)
  const without = (...left: string[]) => unwound(chain, chain[2]!, 'TIMED_OUT', (who) => left.includes(who))
  t.strictSame([told(without(c)), without(c).to, without(c).rest], [['3 TIMED_OUT', '2 RETURNED'], b, chain.slice(0, 1)])
  t.strictSame([told(without(c, b)), without(c, b).to], [['3 TIMED_OUT', '2 RETURNED', '1 RETURNED'], a])
  t.strictSame([told(without(a, b, c)), without(a, b, c).to], [['3 TIMED_OUT', '2 RETURNED', '1 RETURNED'], null])
  t.strictSame(without(a).to, c, 'others may have left')
})

t.test('W-40 a task that comes back to one of its delegators ends that one\'s delegation and all younger ones', async (t) => {
  t.strictSame(told(returnedTo(chainOf(3), b)), ['3 RETURNED', '2 RETURNED'])
  t.strictSame(returnedTo(chainOf(3), b).rest, chainOf(1))
  t.strictSame(returnedTo(chainOf(2), d), { ends: [], rest: chainOf(2) })
  t.strictSame(told(closed(chainOf(2), 'COMPLETED')), ['2 COMPLETED', '1 COMPLETED'])
})

t.test('W-42 nobody gives more than it was left', async (t) => {
  const due = later(now, hour_ms)
  const chain = [delegation(0, { priority: 'HIGH', dueAt: due, slaDeadline: due })]
  const kept = { priority: 'HIGH' as const, dueAt: due, slaDeadline: due }
  t.equal(exceeding(chain, kept), undefined)
  t.equal(exceeding(chain, { priority: 'LOW', dueAt: now, slaDeadline: now }), undefined)
  t.strictSame(exceeding(chain, { ...kept, priority: 'CRITICAL' }), { term: 'priority', given: 'HIGH' })
  for (const term of ['dueAt', 'slaDeadline'] as const)
    for (const wanted of [null, later(due, 1)]) t.strictSame(exceeding(chain, { ...kept, [term]: wanted }), { term, given: due })
  const free = [delegation(0)]
  for (const wanted of [null, due]) t.equal(exceeding(free, { priority: 'MEDIUM', dueAt: wanted, slaDeadline: wanted }), undefined)
  t.equal(exceeding([], { priority: 'CRITICAL', dueAt: null, slaDeadline: null }), undefined, 'nothing is delegated')
  fc.assert(fc.property(fc.constantFrom(...priorities), fc.constantFrom(...priorities), (left, wanted) => {
    const isMore = priorities.indexOf(wanted) < priorities.indexOf(left)
    const found = exceeding([delegation(0, { priority: left })], { priority: wanted, dueAt: null, slaDeadline: null })
    if ((found !== undefined) !== isMore) throw new Error(`${wanted} of ${left}`)
  }), { seed: 2030, numRuns: 50 })
})

t.test('W-43 what came to nothing is tried again after 5, 10 and 20 seconds, as often as was said', async (t) => {
  const retries = (attempt: number) => retryAtOf(delegation(0, { attempt, retries: 3 }), now)
  t.strictSame([1, 2, 3, 4].map(retries), [5, 10, 20].map((seconds) => later(now, seconds * second_ms)).concat(null as never))
  t.equal(retryAtOf(delegation(0), now), null)
  const hour = delegation(0, { answerBy: later(now, hour_ms) })
  t.equal(againAfter(hour, hour.answerBy, later(now, 2 * hour_ms)), later(now, 3 * hour_ms), 'with the time that was given before')
  t.equal(againAfter(hour, hour.finishBy, now), null)
})

t.test('W-78 however a chain is unwound, what is left of it ends with whoever has the task', async () => {
  const chains = fc.integer({ min: 1, max: 5 }).chain((length) =>
    fc.record({ length: fc.constant(length), which: fc.nat(length - 1), left: fc.subarray(people) }))
  fc.assert(fc.property(chains, ({ length, which, left }) => {
    const chain = chainOf(length)
    const { ends, rest, to } = unwound(chain, chain[which]!, 'RECALLED', (who) => left.includes(who))
    if (ends.length + rest.length !== length) throw new Error('something is lost')
    if (to !== null && left.includes(to)) throw new Error('it went to somebody who has left')
    if (to !== null && rest.length > 0 && youngestOf(rest)!.to !== to) throw new Error('the chain does not end with the owner')
    if (to === null && rest.length > 0) throw new Error('it stays, and something is open')
  }), { seed: 2030, numRuns: 500 })
})
