import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { Rejection } from '../kernel/decider.ts'
import type { Actor, Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { admin, orchestrator as actor, uuid } from '../kernel/testing.ts'
import { day_ms, hour_ms, minute_ms } from '../kernel/time.ts'
import { Courier, World } from '../kernel/world.ts'
import { leases } from './leases.ts'
import { moving } from './moving.ts'
import { task } from './task/decider.ts'
import { taskState, type Known } from './task/state.ts'

const seed = 2030
const people = [11, 12, 13, 14, 15, 16, 17].map(uuid) as [string, ...string[]]
const work = uuid(1)

function house() {
  const world = new World([task, capacity, orchestrator])
  const courier = new Courier(world, [moving, leases])
  for (const id of people) {
    world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', maxConcurrentTasks: 50 }))
    world.carryOut(send(orchestrator, id, 'activate', {}))
  }
  const wish = (command: string, data: unknown = {}, by: Actor = admin) => world.do({ category: 'task', id: work, command, data, by })
  wish('create', { owner: people[0], title: 'Work', maxRetries: 0 })
  return { world, courier, wish, now: () => world.look(taskState, work) as Known }
}

const chainOf = ({ chain }: Known) => chain.map(({ from, to, state }) => [people.indexOf(from), people.indexOf(to), state])

t.test('W-35 W-37 W-40 what becomes of a task that is passed on and on', async (t) => {
  const [a, b, c] = people as [string, string, string]
  const { wish, now } = house()
  wish('delegate', { to: b }, actor(a))
  wish('delegate', { to: c }, actor(b))
  t.strictSame(chainOf(now()), [[0, 1, 'ACCEPTED'], [1, 2, 'OFFERED']])
  wish('start', {}, actor(c))
  t.strictSame(chainOf(now()), [[0, 1, 'STARTED'], [1, 2, 'STARTED']])
  wish('reportProgress', { token: (now() as any).lease.token, percentage: 40 }, actor(c))
  t.match(wish('recall', { reason: 'mine' }, actor(a)), { code: 'INVALID_STATE_TRANSITION' })
  wish('release', { token: (now() as any).lease.token }, actor(c))
  wish('recall', { reason: 'mine' }, actor(a))
  t.match(now(), { owner: a, status: 'TODO', percentage: 40, chain: [] })

  const other = house()
  other.wish('delegate', { to: b }, actor(a))
  other.wish('delegate', { to: c }, actor(b))
  other.wish('delegate', { to: b }, actor(c))
  t.strictSame(chainOf(other.now()), [[0, 1, 'ACCEPTED']], 'it came back to one of them')
})

t.test('W-33 a sixth open delegation is refused, also when it is forced', async (t) => {
  const { world, wish, now } = house()
  for (const to of people.slice(1, 6)) {
    wish('delegate', { to, force: true })
    world.pass(day_ms)
  }
  t.equal(now().chain.length, 5)
  t.match(wish('delegate', { to: people[6], force: true }), { code: 'DELEGATION_LIMIT' })
  t.notOk(wish('delegate', { to: people[2] }) instanceof Rejection, 'back is no sixth')
})

t.test('W-38 W-79 what nobody answers for comes back, wherever it has gone', async (t) => {
  const { world, courier, wish, now } = house()
  const [a, b, c] = people as [string, string, string]
  wish('delegate', { to: b, answerWithin_s: 60, finishWithin_s: 3_600 }, actor(a))
  wish('delegate', { to: c, answerWithin_s: 60 }, actor(b))
  courier.settle()
  world.pass(minute_ms)
  courier.settle()
  t.match(now(), { owner: b, status: 'TODO' }, 'the third has not answered')
  wish('start', {}, actor(b))
  courier.settle()
  world.pass(hour_ms)
  courier.settle()
  t.match(now(), { owner: a, status: 'TODO', chain: [] }, 'the second has not finished')
  t.strictSame(courier.waiting.filter(({ command }) => command === 'timeOut'), [])
})

interface Act { readonly command: string; readonly data: object; readonly who: 'owner' | 'other' | 'admin'; readonly wait_ms: number }

const to = fc.constantFrom(...people, ...people.slice(0, 3))
const span = (seconds: number) => fc.option(fc.constant(seconds), { nil: undefined })
const times = { answerWithin_s: span(60), finishWithin_s: span(3_600) }
const move = fc.record({ to, retries: fc.nat(3), ...times })
const saying = (data: object, ...commands: string[]) => fc.record({ command: fc.constantFrom(...commands), data: fc.constant(data) })
const act: fc.Arbitrary<Act> = fc.record({
  wish: fc.oneof(
    { weight: 6, arbitrary: fc.record({ command: fc.constantFrom('delegate', 'handoff'), data: move }) },
    { weight: 6, arbitrary: saying({}, 'start', 'start', 'start', 'acceptDelegation', 'reopen', 'unblock', 'unblock', 'cancel') },
    { weight: 3, arbitrary: saying({ reason: 'so' }, 'recall', 'declineDelegation', 'block') },
    { weight: 4, arbitrary: saying({ error: 'no' }, 'complete', 'fail', 'release') },
  ),
  who: fc.constantFrom('owner', 'owner', 'other', 'admin'), wait_ms: fc.constantFrom(0, 0, 0, 1_000, minute_ms, hour_ms),
}).map(({ wish, ...more }) => ({ ...wish, ...more })) as never

/** What W-78 says of a task. */
function lawful(now: Known) {
  const { chain, owner, status } = now
  const met = chain.length === 0 ? [] : [chain[0]!.from, ...chain.map(({ to }) => to)]
  if (new Set(met).size !== met.length) throw new Error('somebody is twice in the chain')
  if (chain.some(({ to }, index) => index + 1 < chain.length && chain[index + 1]!.from !== to)) throw new Error('a link is missing')
  if (chain.length > 0 && chain.at(-1)!.to !== owner) throw new Error('the owner is not the target of the youngest delegation')
  if ((status === 'DONE' || status === 'CANCELLED') && chain.length > 0) throw new Error(`something is open and the task is ${status}`)
  if (chain.length > 5) throw new Error('the chain is too long')
}

t.test('W-70 W-78 W-79 whatever happens to a task, each delegation ends once, and the chain leads to the owner', async (t) => {
  const outcomes = new Map<string, number>()
  fc.assert(fc.property(fc.array(act, { minLength: 5, maxLength: 40, size: 'max' }), (acts) => {
    const { world, courier, wish, now } = house()
    for (const { command, data, who, wait_ms } of acts) {
      world.pass(wait_ms)
      courier.settle()
      // Whoever ends a lease has begun one.
      if (['complete', 'fail', 'release'].includes(command)) wish('start')
      const state = now()
      const by = who === 'admin' ? admin : actor(who === 'owner' ? state.owner : people[0])
      const token = state.status === 'IN_PROGRESS' ? { token: state.lease.token } : { token: '0' }
      const { [command]: known } = task.commands as Record<string, { data: { shape: object } }>
      const force = who === 'admin' && 'force' in known!.data.shape ? { force: true } : {}
      wish(command, { ...data, ...force, ...('token' in known!.data.shape ? token : {}) }, by)
      lawful(now())
    }
    // Everything that has a time comes to its end, even if nobody does anything any more.
    for (let rounds = 0; rounds < 8; rounds++) {
      world.pass(day_ms)
      courier.settle()
      lawful(now())
    }
    const left = now().chain.filter(({ state, answerBy, finishBy }) => finishBy !== null || (state === 'OFFERED' && answerBy !== null))
    if (left.length > 0) throw new Error('something was never ended')
    const ends = world.log.filter((fact): fact is Recorded<any> => fact.type === 'DelegationEnded')
    if (new Set(ends.map(({ data }) => data.delegation)).size !== ends.length) throw new Error('a delegation ended twice')
    for (const { data: { outcome } } of ends) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }), { seed, numRuns: 200 })
  for (const outcome of ['COMPLETED', 'CANCELLED', 'DECLINED', 'RECALLED', 'TIMED_OUT', 'FAILED', 'RETURNED'])
    t.ok(outcomes.get(outcome)! >= 5, `${outcome} was met ${outcomes.get(outcome)} times`)
})

t.test('W-70 told again or late, moves and their ends change nothing', async (t) => {
  const { world, courier, wish } = house()
  wish('delegate', { to: people[1], answerWithin_s: 60, finishWithin_s: 3_600 })
  wish('acceptDelegation', {}, actor(people[1]!))
  wish('recall', { reason: 'so' }, actor(people[0]))
  courier.settle()
  const told = world.log.length
  for (const fact of world.log.slice()) courier.tell(fact)
  world.pass(day_ms)
  courier.settle()
  t.equal(world.log.length, told)
})
