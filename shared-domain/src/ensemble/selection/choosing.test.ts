import fc from 'fast-check'
import t from 'tap'
import { skill } from '../../fleet/agent/scene.ts'
import { standings } from '../../fleet/agent/load.ts'
import { Rejection } from '../../kernel/decider.ts'
import { patterns } from '../patterns.ts'
import type { Agent } from './eligibility.ts'
import { Criteria } from './criteria.ts'
import { alternativesTo } from './choosing.ts'
import { policy, rounded } from './routing.ts'
import { both, hand, idOf, selecting, worked } from './scene.ts'

/** Who was chosen, by number, or why nobody was. */
const told = (found: ReturnType<typeof selecting>) =>
  (found instanceof Rejection ? found.code : found.members.map(({ agent }) => Number(agent.agent.slice(-3)) - 700))
const against = (agent: Agent, criteria: object, more: object = {}) => {
  const found = selecting([agent, hand(99, { capabilities: [skill('css', { proficiency: 10, latency_ms: 1, cost: 0, successRate: 1 })] })],
    { criteria, ...more })
  return found instanceof Rejection ? found : found.rejected.find((one) => one.agent === agent.agent)?.reasons ?? []
}

t.test('E-31 whatever speaks against an agent is told, all of it', async (t) => {
  const css = (more: object = {}, wanted: object = {}) =>
    against(hand(1, { capabilities: [skill('css', more)] }), { requiredCapabilities: [{ skill: 'css', ...wanted }] })
  t.strictSame(css(), [])
  t.strictSame(css({ proficiency: 4 }, { minProficiency: 5 }), ['proficiency'])
  t.strictSame(css({ proficiency: 5 }, { minProficiency: 5 }), [])
  t.strictSame(css({ latency_ms: 101 }, { maxLatency_ms: 100 }), ['latency'])
  t.strictSame(css({ latency_ms: null }, { maxLatency_ms: 100 }), ['latency'], 'what was not measured keeps within no bound')
  t.strictSame(css({ cost: null }, { maxCost: 5 }), ['cost'])
  t.strictSame(css({ cost: 5, latency_ms: 100 }, { maxCost: 5, maxLatency_ms: 100 }), [])
  t.strictSame(css({ successRate: null }, { minSuccessRate: 0.9 }), [], 'it counts as reliable as the agent')
  t.strictSame(css({ successRate: null }, { minSuccessRate: 0.91 }), ['success'])
  t.strictSame(against(hand(1), { requiredCapabilities: [{ skill: 'css' }] }), ['capability'])
  const worst = hand(1, { standing: 'SUSPENDED', current: 4, breaker: 'OPEN', capabilities: [skill('css', { proficiency: 1 })] })
  const demanding = { requiredCapabilities: [{ skill: 'css', minProficiency: 2, maxLatency_ms: 9 }], excludedAgents: [idOf(1)] }
  t.strictSame(against(worst, demanding), ['excluded', 'status', 'load', 'breaker', 'proficiency', 'latency'])
  for (const standing of standings)
    t.strictSame(against(hand(1, { standing }), {}), standing === 'IDLE' || standing === 'ACTIVE' ? [] : ['status'], standing)
  t.strictSame(against(hand(1, { breaker: 'HALF_OPEN', current: 1 }), {}), ['breaker'])
  t.strictSame(against(hand(1, { breaker: 'HALF_OPEN' }), {}), [], 'on trial it gets one')
  t.strictSame(against(hand(1, { current: 4 }), {}), ['load'])
})

t.test('E-31 a resource is what the current manifest says of it', async (t) => {
  const having = (resources: unknown) => new Map([[idOf(1), { resources }], [idOf(99), { resources: { cpu: 9, gpu: 9 } }]])
  const asking = (resources: unknown) => against(hand(1), { resourceConstraints: { cpu: 2, gpu: 0 } }, { manifests: having(resources) })
  t.strictSame(asking({ cpu: 2, gpu: 0 }), [])
  t.strictSame(asking({ cpu: 1.9, gpu: 1 }), ['resource'])
  t.strictSame(asking({ cpu: 2 }), ['resource'])
  t.strictSame(asking({ cpu: '2', gpu: 1 }), ['resource'])
  t.strictSame(asking(undefined), ['resource'])
  t.strictSame(against(hand(1), { resourceConstraints: { estimatedTime_ms: 5 } }), [], 'how long it takes is no bound')
})

t.test('E-31 in a team a skill past its bounds counts as not held', async (t) => {
  const found = selecting(worked, { criteria: { requiredCapabilities: [{ skill: 'frontend', minProficiency: 7 }, { skill: 'testing' }] },
    pattern: 'pair' })
  if (found instanceof Rejection) return t.fail(found.code)
  t.strictSame(told(found), [1, 5])
  t.strictSame(found.eligible.find(({ agent }) => agent.agent === idOf(3))!.held, ['testing'])
})

const points = (all: readonly Agent[], criteria: object) => {
  const found = selecting(all, { criteria, pattern: 'solo' })
  return found instanceof Rejection ? found.code : found.eligible.map(({ agent, score }) => [Number(agent.agent.slice(-3)) - 700, score])
}

t.test('E-32 a score is out of a hundred: how able, how reliable, how fast, how cheap and how idle', async (t) => {
  const one = skill('css', { proficiency: 10, successRate: 0.95, latency_ms: 200, cost: 20_000 })
  const other = skill('css', { proficiency: 8, successRate: 0.99, latency_ms: 800, cost: 100_000 })
  const two = [hand(1, { capabilities: [one], current: 2 }), hand(2, { capabilities: [other] })]
  const criteria = { requiredCapabilities: [{ skill: 'css' }] }
  t.strictSame(points(two, criteria), [[1, 88], [2, 66.75]])
  t.strictSame(points(two, { ...criteria, preferredAgents: [idOf(2)] }), [[1, 88], [2, 71.75]])
  t.strictSame(points([hand(1, { reliability: 1 })], { preferredAgents: [idOf(1)] }), [[1, 100]], 'no more than a hundred')
  t.strictSame(points([hand(2, { current: 1 }), hand(1, { current: 1 }), hand(3)], {}), [[3, 97.5], [1, 95], [2, 95]],
    'of equals the lower id')
  const dear = skill('css', { latency_ms: 100, cost: 10 })
  const unmeasured = [hand(1, { capabilities: [skill('css')] }), hand(2, { capabilities: [dear] })]
  t.strictSame(points(unmeasured, criteria), [[1, 52.5], [2, 52.5]], 'what was not measured counts as the highest that was')
  t.strictSame(points([hand(1, { capabilities: [skill('css')] })], criteria), [[1, 77.5]], 'where nothing was, nothing is slow or dear')
  const slow = hand(1, { capabilities: [skill('a', { latency_ms: 100 }), skill('b', { latency_ms: 300 })] })
  t.strictSame(points([slow, hand(2, { capabilities: [skill('a', { latency_ms: 100 })] })], {}), [[2, 90], [1, 82.5]],
    'nothing required: all skills are looked at')
  t.equal(rounded(61.375), 61.38)
  t.equal(rounded(1.005), 1.01, 'half up, whatever the last bits are')
  t.equal(policy, 'routing/1')
})

t.test('E-33 the strategy says in which order those stand who could do it alone', async (t) => {
  const css = (cost: number) => [skill('css', { proficiency: 10, cost, latency_ms: 1 })]
  const all = [
    hand(1, { capabilities: css(50), current: 2, last_slot_at: '2030-01-01T00:00:00.000Z' }),
    hand(2, { capabilities: css(10), current: 1, last_slot_at: '2030-01-02T00:00:00.000Z' }),
    hand(3, { capabilities: [skill('css', { proficiency: 3, cost: 0, latency_ms: 1 })], last_slot_at: null }),
  ]
  const by = (strategy: Criteria['strategy'], more: readonly Agent[] = []) =>
    told(selecting([...all, ...more], { criteria: { strategy, requiredCapabilities: [{ skill: 'css' }] } }))
  t.strictSame(by('capability-weighted'), [2])
  t.strictSame(by('least-loaded'), [3])
  t.strictSame(by('cost-optimized'), [2], 'who is more than ten behind the best is not asked')
  t.strictSame(by('round-robin'), [3], 'who never had a slot comes first')
  t.strictSame(told(selecting(all.slice(0, 2), { criteria: { strategy: 'round-robin' } })), [1])
  const cheap = hand(4, { capabilities: css(5), current: 2 })
  t.strictSame(by('cost-optimized', [cheap]), [4], 'of those near the best the cheapest')
})

t.test('E-34 the worked example: scores, pairs within their budgets, and one alone', async (t) => {
  const pair = (more: object = {}) => selecting(worked, { criteria: { ...both, ...more }, pattern: 'pair' })
  const found = pair()
  if (found instanceof Rejection) return t.fail(found.code)
  t.strictSame(found.eligible.map(({ agent, score }) => [agent.agent, score]),
    [[idOf(1), 71], [idOf(3), 68], [idOf(5), 61.38], [idOf(2), 45.75]])
  t.strictSame(found.members.map(({ agent, role, cost }) => [agent.agent, role, cost]),
    [[idOf(1), 'primary', 20_000], [idOf(3), 'secondary', 60_000]])
  t.match(found, { cost: 80_000, exact: true })
  t.strictSame(told(pair({ costBudget: 50_000 })), [1, 5])
  t.match(pair({ costBudget: 40_000 }), { code: 'RESOURCE_EXCEEDED', detail: { cost: 80_000 } })
  const alone = selecting(worked, { criteria: both })
  t.match(alone, { members: [{ agent: { agent: idOf(3) }, role: 'solo', score: 56.5 }] })
})

t.test('E-30 who was not chosen is told, the best first, with what it lacks', async (t) => {
  const criteria = Criteria.parse(both)
  const found = selecting(worked, { criteria: both, pattern: 'pair' })
  if (found instanceof Rejection) return t.fail(found.code)
  t.strictSame(alternativesTo(found, criteria), [
    { agent: idOf(5), score: 61.38, gaps: ['frontend'] }, { agent: idOf(2), score: 45.75, gaps: ['frontend'] },
  ])
})

t.test('E-35 why nobody is chosen: nobody can, nobody may, nobody is free', async (t) => {
  t.match(selecting(worked, { criteria: { requiredCapabilities: [{ skill: 'css' }, { skill: 'testing' }, { skill: 'go' }] } }),
    { code: 'CAPABILITY_NOT_FOUND', detail: { skills: ['css', 'go'] } })
  const retired = hand(9, { capabilities: [skill('css')], standing: 'RETIRED' })
  t.match(selecting([...worked, retired], { criteria: { requiredCapabilities: [{ skill: 'css' }] } }),
    { code: 'AGENT_NOT_AVAILABLE', detail: { counts: { status: 1, capability: 4 } } })
  t.match(selecting(worked, { criteria: { ...both, costBudget: 59_999 } }), { code: 'RESOURCE_EXCEEDED' })
  t.strictSame(told(selecting(worked, { criteria: { ...both, costBudget: 60_000 } })), [3])
  t.match(selecting(worked, { criteria: { resourceConstraints: { gpu: 1 } } }),
    { code: 'RESOURCE_EXCEEDED', detail: { counts: { resource: 4 } } })
  t.match(selecting([], {}), { code: 'AGENT_NOT_AVAILABLE', detail: { counts: {} } })
  const dear = { requiredCapabilities: [{ skill: 'frontend', maxCost: 1 }] }
  t.match(selecting(worked, { criteria: dear }), { code: 'AGENT_NOT_AVAILABLE', detail: { counts: { cost: 2, capability: 2 } } })
})

const agentOf = (n: number) => fc.record({
  capabilities: fc.subarray(['a', 'b', 'c']).chain((skills) => fc.tuple(...skills.map((name) => fc.record({
    skill: fc.constant(name), proficiency: fc.integer({ min: 1, max: 10 }), successRate: fc.option(fc.constantFrom(0, 0.5, 1)),
    latency_ms: fc.option(fc.nat(900)), cost: fc.option(fc.nat(900)),
  })))),
  standing: fc.constantFrom('IDLE', 'IDLE', 'IDLE', 'ACTIVE', ...standings), current: fc.nat(4),
  breaker: fc.constantFrom('CLOSED', 'CLOSED', 'CLOSED', 'OPEN', 'HALF_OPEN'), reliability: fc.constantFrom(0, 0.7, 1),
  last_slot_at: fc.constantFrom(null, '2030-01-01T00:00:00.000Z'),
}).map((more) => hand(n, more as Partial<Agent>))

t.test('E-83 selection is a pure function: everybody is either eligible or rejected, and nobody rejected is chosen', async (t) => {
  const agents = fc.nat(12).chain((count) => fc.tuple(...Array.from({ length: count }, (_, n) => agentOf(n + 1))))
  const criteria = fc.record({
    requiredCapabilities: fc.subarray(['a', 'b']).chain((skills) => fc.tuple(...skills.map((name) => fc.record(
      { skill: fc.constant(name), minProficiency: fc.integer({ min: 1, max: 4 }), maxLatency_ms: fc.nat(900) }, { requiredKeys: ['skill'] },
    )))),
    costBudget: fc.integer({ min: 0, max: 3_000 }), preferredAgents: fc.constantFrom([], [idOf(1), idOf(2)]),
    excludedAgents: fc.constantFrom([], [idOf(3)]),
    strategy: fc.constantFrom('capability-weighted', 'least-loaded', 'cost-optimized', 'round-robin'),
  }, { requiredKeys: [] })
  const met = new Map<string, number>()
  fc.assert(fc.property(agents, criteria, fc.constantFrom(...patterns), (all, said, pattern) => {
    const found = selecting(all, { criteria: said as never, pattern })
    met.set(found instanceof Rejection ? found.code : pattern, 1)
    if (found instanceof Rejection) return
    const sides = [...found.eligible.map(({ agent }) => agent.agent), ...found.rejected.map(({ agent }) => agent)]
    const [chosen, total] = [found.members.map(({ agent }) => agent.agent), found.members.reduce((sum, { cost }) => sum + cost, 0)]
    t.strictSame(sides.toSorted(), all.map(({ agent }) => agent).toSorted())
    t.ok(new Set(chosen).size === chosen.length && chosen.every((id) => !found.rejected.some(({ agent }) => agent === id)))
    t.ok(found.cost === total && total <= (said.costBudget ?? Infinity))
    t.ok(found.members.every(({ score }) => score >= 0 && score <= 100))
    const needed = (said.requiredCapabilities ?? []) as readonly { readonly skill: string }[]
    t.ok(needed.every(({ skill }) => found.members.some(({ held }) => held.includes(skill))), 'every skill is covered')
    t.strictSame(selecting(all, { criteria: said as never, pattern }), found, 'the same again')
  }), { seed: 2030, numRuns: 300 })
  t.strictSame([...met.keys()].sort(), ['AGENT_NOT_AVAILABLE', 'CAPABILITY_NOT_FOUND', 'RESOURCE_EXCEEDED', ...patterns].sort())
})
