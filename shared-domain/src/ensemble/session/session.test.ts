import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { admin, now, orchestrator as speaking, subject, uuid } from '../../kernel/testing.ts'
import { day_ms, later, minute_ms } from '../../kernel/time.ts'
import { performanceOf, nothingDone, estimateOf } from './performance.ts'
import { relationships } from './questions.ts'
import { house, hands, owner, other, slotsOf } from './scene.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'
import { ensembleState, type Active } from './state.ts'

const typesOf = (decided: ReturnType<ReturnType<typeof house>['wish']>) =>
  (decided instanceof Rejection ? decided.code : decided.map(({ type }) => type))
const pair = { pattern: 'pair', criteria: { requiredCapabilities: [{ skill: 'css' }] } }
const agentOf = (n: number): Actor => ({ kind: 'agent', id: hands[n]! })

t.test('E-10 E-11 E-4 a session begins with a slot of each member, which is held until it ends', async (t) => {
  const { world, wish, courier } = house()
  t.strictSame(typesOf(wish('form', { title: 'Draw it', ...pair })), ['EnsembleFormed', 'EnsembleStarted', 'LeaderElected'])
  const { members, leader, term } = world.look(ensembleState, subject) as Active
  t.match(members, [{ agent: hands[0], role: 'primary', skills: ['css'], cost: 10 }, { agent: hands[1], role: 'secondary' }])
  t.strictSame([leader, term], [hands[0], 1])
  const slots = world.log.filter(({ type }) => type.startsWith('AgentSlot'))
  t.match(slots.map(({ type, data }) => [type, (data as any).session]), [['AgentSlotReserved', subject], ['AgentSlotReserved', subject],
    ['AgentSlotConfirmed', subject], ['AgentSlotConfirmed', subject]])
  world.pass(minute_ms)
  courier.settle()
  t.strictSame(hands.map((id) => slotsOf(world, id)), [[subject], [subject], []], 'it is no reservation any more')
  t.strictSame(typesOf(wish('complete', { result: { pages: 3 } })), ['EnsembleCompleted'])
  t.strictSame(hands.map((id) => slotsOf(world, id)), [[], [], []])
  t.match(world.log.findLast(({ type }) => type === 'EnsembleCompleted'), { data: {
    result: { pages: 3 }, performance: { duration_ms: minute_ms, reserved_ms: 2 * minute_ms, utilisation: 0, efficiency: null },
  }, recipient: owner })
})

t.test('E-4 a slot that nobody confirmed is asked for with the session, and goes back where that never came about', async (t) => {
  const { world, tell, courier } = house()
  const place = { session: subject, slot: uuid(940) }
  tell('agent', hands[0]!, 'reserve', { ...place, skills: ['css'] })
  world.pass(minute_ms)
  courier.settle()
  t.strictSame(slotsOf(world, hands[0]!), [])
  const late = house({ isConfirmed: false })
  late.wish('form', { title: 'Draw it', ...pair })
  late.world.pass(minute_ms)
  late.courier.settle()
  t.match(late.world.log.filter(({ type }) => type === 'AgentSlotConfirmed').length, 2)
  t.strictSame(slotsOf(late.world, hands[0]!), [subject])
})

t.test('E-10 E-14 what is to wait begins when it is told to, and holds nothing until then', async (t) => {
  const { world, wish } = house()
  t.strictSame(typesOf(wish('form', { title: 'Draw it', ...pair, autoStart: false })), ['EnsembleFormed'])
  t.strictSame(slotsOf(world, hands[0]!), [])
  t.equal(typesOf(wish('complete')), 'INVALID_STATE_TRANSITION')
  t.equal(typesOf(wish('fail', { reason: 'why' })), 'INVALID_STATE_TRANSITION')
  t.strictSame(typesOf(wish('start')), ['EnsembleStarted', 'LeaderElected'])
  t.strictSame(typesOf(wish('start')), [])
  t.strictSame(typesOf(wish('cancel', { reason: 'enough' })), ['EnsembleCancelled'])
  t.strictSame([typesOf(wish('cancel')), typesOf(wish('start')), typesOf(wish('complete'))],
    [[], 'INVALID_STATE_TRANSITION', 'INVALID_STATE_TRANSITION'])
  t.strictSame(slotsOf(world, hands[0]!), [])
  const idle = house()
  idle.wish('form', { title: 'Draw it', ...pair, autoStart: false })
  t.match(idle.wish('cancel'), [{ data: { places: [], performance: { duration_ms: 0, reserved_ms: 0 } } }])
})

t.test('E-2 E-11 of members who were named one who takes nothing costs the others nothing', async (t) => {
  const { world, wish, tell } = house()
  tell('agent', hands[2]!, 'setStatus', { status: 'OFFLINE' })
  const named = { title: 'All of us', pattern: 'swarm', members: hands.map((agent) => ({ agent })) }
  t.match(wish('form', named), { code: 'AGENT_NOT_AVAILABLE' })
  t.strictSame(hands.map((id) => slotsOf(world, id)), [[], [], []])
  tell('agent', hands[2]!, 'setStatus', { status: 'IDLE' })
  tell('agent', hands[2]!, 'update', { maxConcurrent: 1 })
  tell('agent', hands[2]!, 'reserve', { task: uuid(30), slot: uuid(30) })
  t.match(wish('form', named), { code: 'CAPACITY_EXCEEDED' })
  t.strictSame(hands.slice(0, 2).map((id) => slotsOf(world, id)), [[], []])
})

t.test('E-2 whoever did not let itself be held is left out of the choice that is made anew', async (t) => {
  const { decides } = house()
  const [formed] = decides({ title: 'Draw it', ...pair }, [hands[0]!]) as any
  t.match(formed.data.members.map(({ agent }: any) => agent), [hands[1], hands[2]])
  t.match(decides({ title: 'Draw it', ...pair }, [hands[0]!, hands[1]!]), { code: 'AGENT_NOT_AVAILABLE', detail: { counts: { load: 2 } } })
})

t.test('E-13 E-14 at its deadline what works has failed, and what never began is cancelled', async (t) => {
  for (const [autoStart, type, status, cause] of [[true, 'EnsembleFailed', 'FAILED', 'deadline'],
    [false, 'EnsembleCancelled', 'CANCELLED', null]] as const) {
    const { world, wish, courier } = house()
    wish('form', { title: 'Draw it', ...pair, autoStart, deadline: later(now, minute_ms) })
    world.pass(minute_ms - 1)
    courier.settle()
    t.notOk(world.log.some((fact) => fact.type === type))
    world.pass(1)
    courier.settle()
    t.match(rowsAfter(sessions, world.log), [{ status, cause, ended_at: later(now, minute_ms) }])
    t.strictSame([hands.map((id) => slotsOf(world, id)), courier.waiting.filter(({ command }) => command === 'expire')], [[[], [], []], []])
    t.strictSame(typesOf(wish('expire', { deadline: later(now, minute_ms) })), [], 'what is over stays so')
  }
  const { wish, courier } = house()
  t.strictSame(typesOf(wish('expire', { deadline: now })), [])
  wish('form', { title: 'Draw it', ...pair })
  wish('fail', { reason: 'nobody can draw' })
  t.strictSame([typesOf(wish('fail', { reason: 'x' })), courier.waiting.length], [[], 0])
})

t.test('E-19 whoever leads says in which term, and nobody else ends what is another\'s', async (t) => {
  const { wish } = house()
  wish('form', { title: 'Draw it', ...pair })
  const as = (by: Actor, data: object) => typesOf(wish('fail', { reason: 'why', ...data }, by))
  t.equal(as(agentOf(0), {}), 'STALE_TERM')
  t.equal(as(agentOf(1), { term: 7 }), 'STALE_TERM')
  t.equal(as(agentOf(1), { term: 1 }), 'FORBIDDEN')
  t.equal(as(agentOf(2), { term: 7 }), 'FORBIDDEN')
  t.equal(as(speaking(other), { term: 1 }), 'FORBIDDEN')
  t.equal(typesOf(wish('cancel', {}, agentOf(0))), 'FORBIDDEN')
  t.equal(typesOf(wish('start', {}, speaking(other))), 'FORBIDDEN')
  t.strictSame(as(agentOf(0), { term: 1 }), ['EnsembleFailed'])
  t.strictSame(as(agentOf(0), { term: 1 }), [], 'again')
  for (const command of ['complete', 'cancel'] as const) t.equal(typesOf(wish(command, {}, admin, uuid(77))), 'NOT_FOUND')
})

t.test('E-19 alone one leads, of a pair the primary, of a hierarchy who supervises, of a swarm the best', async (t) => {
  const leads = (data: object) => {
    const { world, wish } = house()
    wish('form', { title: 'Draw it', ...data })
    return world.log.filter(({ type }) => type === 'LeaderElected').map(({ data }) => (data as any).agent)
  }
  const named = (...roles: readonly string[]) => roles.map((role, n) => ({ agent: hands[n]!, role }))
  t.strictSame(leads({ pattern: 'solo' }), [hands[0]])
  t.strictSame(leads({ pattern: 'pair', members: named('secondary', 'primary') }), [hands[1]])
  t.strictSame(leads({ pattern: 'hierarchical', members: named('worker', 'worker', 'supervisor') }), [hands[2]])
  t.strictSame(leads({ pattern: 'swarm', members: [{ agent: hands[1] }, { agent: hands[2] }, { agent: hands[0] }] }), [hands[0]])
})

const refusals = (t: Test, data: object, code: string, by?: Actor) => {
  const { wish, parses } = house()
  t.equal(parses({ title: 'Draw it', pattern: 'solo', ...data })
    ? typesOf(wish('form', { title: 'Draw it', pattern: 'solo', ...data }, by)) : 'invalid', code)
}

t.test('E-15 E-16 what is asked for must fit together', async (t) => {
  refusals(t, {}, 'OWNER_REQUIRED', { kind: 'tool', id: 'ci' })
  refusals(t, { owner: other }, 'FORBIDDEN', speaking(owner))
  refusals(t, { owner: uuid(99) }, 'NOT_FOUND')
  for (const ahead of [-day_ms, minute_ms - 1, 30 * day_ms + 1]) refusals(t, { deadline: later(now, ahead) }, 'VALIDATION_ERROR')
  refusals(t, { criteria: { requiredCapabilities: [{ skill: 'go' }] } }, 'CAPABILITY_NOT_FOUND')
  refusals(t, { members: [{ agent: uuid(99) }] }, 'NOT_FOUND')
  refusals(t, { ...pair, costBudget: 19 }, 'RESOURCE_EXCEEDED')
  refusals(t, { ...pair, members: hands.slice(0, 2).map((agent) => ({ agent })), costBudget: 19 }, 'RESOURCE_EXCEEDED')
  refusals(t, { pattern: 'auto' }, 'invalid')
  const hints = { complexity: 1, skillCount: 2, parallelisable: false, requiresReview: false, costSensitivity: 'low' }
  refusals(t, { hints }, 'invalid')
  refusals(t, { pattern: 'auto', hints, config: { minAgents: 2 } }, 'invalid')
  refusals(t, { members: hands.map((agent) => ({ agent })) }, 'invalid')
  refusals(t, { pattern: 'pair', members: [{ agent: hands[0] }, { agent: hands[0] }] }, 'invalid')
  refusals(t, { pattern: 'pair', members: [{ agent: hands[0] }, { agent: hands[1], role: 'worker' }] }, 'invalid')
  refusals(t, { pattern: 'pair', members: [{ agent: hands[0] }, { agent: hands[1], role: 'primary' }] }, 'invalid')
  refusals(t, { pattern: 'hierarchical', members: [{ agent: hands[0] }] }, 'invalid')
  const { wish } = house()
  t.match(wish('form', { title: 'Draw it', pattern: 'auto', hints, criteria: pair.criteria }),
    [{ data: { pattern: 'pair', rule: 'R1' } }, {}, {}])
  t.equal(typesOf(wish('form', { title: 'Draw it', pattern: 'solo' })), 'ALREADY_EXISTS')
})

t.test('E-21 what it is expected to take follows from the pattern and the members', async (t) => {
  t.strictSame(['solo', 'pair', 'hierarchical', 'swarm'].map((pattern) => estimateOf(pattern as never, [1, 2]).duration_ms),
    [60_000, 42_000, 30_000, 18_000])
  t.strictSame(estimateOf('pair', [10, 20], 90_000), { duration_ms: 63_000, cost: 30 })
  const { world, wish } = house()
  wish('form', { title: 'Draw it', ...pair, criteria: { ...pair.criteria, costBudget: 25,
    resourceConstraints: { estimatedTime_ms: 1_000 } }, costBudget: 20 })
  t.match(rowsAfter(sessions, world.log), [{ estimated_ms: 700, estimated_cost: 20, cost_budget: 20 }])
})

t.test('E-22 how well it went: 8 of 10, in 80 s instead of 60, for as much as expected, is 70', async (t) => {
  const done = { ...nothingDone, completed: 8, failed: 2, cost: 50, busy_ms: 100 }
  const estimate = { duration_ms: 60_000, cost: 50 }
  t.match(performanceOf(done, estimate, 80_000, 400), { efficiency: 70, utilisation: 25, duration_ms: 80_000, reserved_ms: 400, cost: 50 })
  t.match(performanceOf({ ...done, cost: 0 }, { ...estimate, cost: 0 }, 0, 0), { efficiency: 80, utilisation: 0 },
    'what took nothing counts whole')
  t.equal(performanceOf({ ...done, completed: 0, failed: 0, cancelled: 3 }, estimate, 1, 1).efficiency, null)
})

t.test('rows show who is together with whom, for how long, and what they are to one another', async (t) => {
  const { world, wish } = house()
  wish('form', { title: 'Draw it', ...pair })
  wish('form', { title: 'Lead it', pattern: 'hierarchical', members: hands.map((agent) => ({ agent })) }, admin, uuid(2))
  world.pass(minute_ms)
  wish('complete')
  t.match(rowsAfter(sessions, world.log), [
    { session: subject, title: 'Draw it', pattern: 'pair', status: 'COMPLETED', owner, primary: hands[0], leader: hands[0], term: 1,
      started_at: now, utilisation: 0 },
    { session: uuid(2), status: 'ACTIVE', ended_at: null,
      members: [{ agent: hands[0], role: 'supervisor' }, { agent: hands[1] }, { agent: hands[2], role: 'worker' }] },
  ])
  t.match(rowsAfter(sessionMembers, world.log).map(({ session, agent, left_at, left_cause }) => [session, agent, left_at, left_cause]), [
    ...hands.slice(0, 2).map((id) => [subject, id, later(now, minute_ms), 'ended']), ...hands.map((id) => [uuid(2), id, null, null]),
  ])
  const asked = (session: string) => (world.ask(relationships, { query: { session } }) as any)?.items
  t.strictSame(asked(subject), [{ agent: hands[0], relatedTo: hands[1], type: 'peer' }])
  t.strictSame(asked(uuid(2)), hands.slice(1).map((relatedTo) => ({ agent: hands[0], relatedTo, type: 'supervisor' })))
  t.equal(asked(uuid(3)), undefined)
})

t.test('E-80 whatever happens, a session at work holds one slot of each of its members, and one that has ended none', async (t) => {
  const deed = fc.record({
    command: fc.constantFrom('form', 'form', 'form', 'start', 'complete', 'fail', 'cancel', 'setStatus', 'retire'), n: fc.nat(3),
      hand: fc.nat(2),
    pattern: fc.constantFrom('solo', 'pair', 'swarm'), autoStart: fc.boolean(), wait_ms: fc.constantFrom(0, 1_000, minute_ms, day_ms),
    status: fc.constantFrom('IDLE', 'IDLE', 'OFFLINE'),
  })
  let [active, refused] = [0, 0]
  fc.assert(fc.property(fc.array(deed, { maxLength: 40, size: 'max' }), (deeds) => {
    const { world, wish, tell, courier } = house({ maxConcurrent: 2 })
    for (const { command, n, hand, pattern, autoStart, wait_ms, status } of deeds) {
      world.pass(wait_ms)
      if (command === 'setStatus' || command === 'retire') tell('agent', hands[hand]!, command, command === 'retire' ? {} : { status })
      else if (wish(command, command === 'form' ? { title: 'x', pattern, autoStart } : command === 'fail' ? { reason: 'x' } : {}, admin,
        uuid(1 + n)) instanceof Rejection) refused++
    }
    world.pass(minute_ms)
    courier.settle()
    const wanted = [0, 1, 2, 3].flatMap((n) => {
      const state = world.look(ensembleState, uuid(1 + n))
      return state.stage === 'ACTIVE' ? state.members.map(({ agent }) => `${uuid(1 + n)} ${agent}`) : []
    })
    active += wanted.length
    t.strictSame(hands.flatMap((id) => slotsOf(world, id).map((session) => `${session} ${id}`)).toSorted(), wanted.toSorted())
  }), { seed: 2030, numRuns: 150 })
  t.ok(active > 30 && refused > 100, `${active} memberships, ${refused} refusals`)
})
