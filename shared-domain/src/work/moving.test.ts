import fc from 'fast-check'
import t from 'tap'
import { capacity } from '../fleet/capacity/decider.ts'
import { orchestrator } from '../fleet/orchestrator/decider.ts'
import { Rejection } from '../kernel/decider.ts'
import type { Actor, Recorded } from '../kernel/fact.ts'
import { send } from '../kernel/process.ts'
import { admin, orchestrator as actor, uuid } from '../kernel/testing.ts'
import { day_ms, hour_ms, later, minute_ms, second_ms } from '../kernel/time.ts'
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

const movesIn = (log: readonly Recorded[]) => log
  .filter((fact): fact is Recorded<any> => fact.type === 'TaskDelegated' || fact.type === 'TaskHandedOff')
const counts = { DELEGATOR: 1, TRIED: 1, UNAVAILABLE: 5 }

t.test('W-43 what came to nothing is tried with somebody else after 5, 10 and 20 seconds, at most as often as was said', async (t) => {
  const [a, b, c, d, e] = people as [string, string, string, string, string, ...string[]]
  const { world, courier, wish, now } = house()
  wish('delegate', { to: b, retries: 3, answerWithin_s: 60, finishWithin_s: 3_600, note: 'by noon' }, actor(a))
  for (const [attempt, who, wait_s, next] of [[1, b, 5, c], [2, c, 10, d], [3, d, 20, e]] as const) {
    wish('declineDelegation', { reason: 'no time' }, actor(who))
    t.match(now(), { owner: a, chain: [], nextRetryAt: later(world.at, (wait_s + 30) * second_ms) })
    courier.settle()
    world.pass(wait_s * second_ms - 1)
    courier.settle()
    t.equal(now().owner, a)
    world.pass(1)
    courier.settle()
    t.match(now(), { owner: next, nextRetryAt: null, chain: [{ from: a, to: next, state: 'OFFERED' }] })
    t.match(movesIn(world.log).at(-1)!.data, {
      attempt: attempt + 1, note: 'by noon', retries: 3, answerBy: later(world.at, minute_ms), finishBy: later(world.at, hour_ms),
      retryOf: movesIn(world.log).at(-2)!.revision.toString(), policy: 'federation/1', depth: 1, forced: false,
      candidates: [{ id: next }], grounds: { position: /\d/ },
    })
  }
  wish('declineDelegation', { reason: 'no time' }, actor(e))
  t.match(world.log.at(-1), { type: 'TaskReturned', data: { to: a, retryAt: null } })
  world.pass(day_ms)
  courier.settle()
  t.equal(now().owner, a)
})

t.test('W-43 where nobody else is left to try that is told once, and the delegator has it', async (t) => {
  const { world, courier, wish, now } = house()
  for (const id of people.slice(2)) world.carryOut(send(orchestrator, id, 'deactivate', {}))
  wish('delegate', { to: people[1], retries: 1 })
  wish('declineDelegation', { reason: 'no time' }, actor(people[1]!))
  courier.settle()
  world.pass(5 * second_ms)
  courier.settle()
  t.match(world.log.at(-1), { type: 'TaskPlacementFailed', data: { policy: 'federation/1', counts } })
  t.match(now(), { owner: people[0], retry: null })
  const delegation = movesIn(world.log)[0]!.revision.toString()
  t.strictSame(wish('redelegate', { delegation }), [])
})

t.test('W-43 whatever somebody does with it meanwhile decides what becomes of it, but for a note', async (t) => {
  const after = (command: string, data: object, by = actor(people[0])) => {
    const { world, courier, wish, now } = house()
    wish('delegate', { to: people[1], retries: 1 })
    wish('declineDelegation', { reason: 'no time' }, actor(people[1]!))
    wish(command, data, by)
    courier.settle()
    world.pass(5 * second_ms)
    courier.settle()
    return now().owner
  }
  const back = [['edit', { title: 'Other' }], ['assign', { assignee: 'Grace' }], ['block', { reason: 'so' }], ['cancel', {}]] as const
  for (const [command, data] of back) t.equal(after(command, data), people[0], command)
  t.equal(after('delegate', { to: people[4] }), people[4])
  t.equal(after('note', { text: 'a pity' }), people[2])
})

t.test('W-43 W-24 a move without a target goes to the best that is not offline, at once', async (t) => {
  const [a, b, c] = people as [string, string, string]
  const { world, courier, wish, now } = house()
  world.carryOut(send(orchestrator, c, 'update', { tier: 3 }))
  wish('delegate', { note: 'any of you' }, actor(a))
  const [move] = movesIn(world.log)
  t.match(move!.data, { to: c, policy: 'federation/1', candidates: [{ id: c, score: 50 }, { id: b, score: 46 }, {}, {}, {}] })
  t.match(move!.data.rejected, [{ id: a, code: 'DELEGATOR' }])
  t.strictSame(wish('delegate', { note: 'any of you' }, actor(a)), [], 'the same wish again')
  t.match(wish('delegate', { note: 'or you' }, actor(a)), { code: 'INVALID_OWNERSHIP' })
  wish('handoff', { notes: 'you do it' })
  t.match(now(), { owner: b, chain: [{ from: a }, { from: c }] }, 'not back to who had it before')
  t.strictSame(wish('handoff', { notes: 'you do it' }), [], 'the same wish again')
  t.not((wish('handoff', { notes: 'or you' }) as any)[0]!.data.to, c)
  courier.settle()

  const alone = house()
  for (const id of people.slice(1)) alone.world.carryOut(send(orchestrator, id, 'deactivate', {}))
  for (const command of ['delegate', 'handoff'])
    t.match(alone.wish(command), { code: 'ORCHESTRATOR_UNAVAILABLE', detail: { counts: { DELEGATOR: 1, UNAVAILABLE: 6 } } })
})

interface Act { readonly command: string; readonly data: object; readonly who: 'owner' | 'other' | 'admin'; readonly wait_ms: number }

const to = fc.constantFrom(...people, ...people.slice(0, 3), undefined, undefined)
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

/** What W-43 says of all that was tried again: how often that was. */
function triedInTurn(log: readonly Recorded[]): number {
  const moves = new Map(movesIn(log).map(({ revision, data }) => [String(revision), data]))
  const again = [...moves.values()].filter(({ retryOf }) => retryOf !== null)
  for (const move of again) {
    const met = [move.to]
    let before = move
    for (; before.retryOf !== null; before = moves.get(before.retryOf)) met.push(moves.get(before.retryOf).to)
    if (move.attempt !== met.length || met.length > move.retries + 1) throw new Error('it was tried too often')
    if (new Set([move.owner, ...met]).size !== met.length + 1) throw new Error('it was tried twice with one, or with who passed it on')
  }
  return again.length
}

t.test('W-43 W-70 W-78 W-79 whatever happens to a task, each delegation ends once, and the chain leads to the owner', async (t) => {
  const outcomes = new Map<string, number>()
  let again = 0
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
    again += triedInTurn(world.log)
    for (const { data: { outcome } } of ends) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }), { seed, numRuns: 200 })
  for (const outcome of ['COMPLETED', 'CANCELLED', 'DECLINED', 'RECALLED', 'TIMED_OUT', 'FAILED', 'RETURNED'])
    t.ok(outcomes.get(outcome)! >= 5, `${outcome} was met ${outcomes.get(outcome)} times`)
  t.ok(again >= 20, `it was tried with somebody else ${again} times`)
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
