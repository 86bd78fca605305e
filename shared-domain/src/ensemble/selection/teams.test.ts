import t from 'tap'
import { skill } from '../../fleet/agent/scene.ts'
import { Rejection } from '../../kernel/decider.ts'
import { Criteria } from './criteria.ts'
import type { Agent } from './eligibility.ts'
import { scored } from './routing.ts'
import { hand, idOf, selecting } from './scene.ts'
import { poolOf, teamsCount } from './teams.ts'

const able = (n: number, skills: string, more: Partial<Agent> = {}, cost = 10) =>
  hand(n, { capabilities: skills.split(' ').map((name) => skill(name, { proficiency: 5, latency_ms: 10, cost })), ...more })
const numbers = (found: ReturnType<typeof selecting>) =>
  (found instanceof Rejection ? found.code : found.members.map(({ agent, role }) => `${role} ${Number(agent.agent.slice(-3)) - 700}`))
const wanting = (...skills: readonly string[]) => ({ requiredCapabilities: skills.map((name) => ({ skill: name })) })

t.test('E-34 whoever leads has every skill, and coordinates if anybody does; the workers cover all skills besides', async (t) => {
  const all = [able(1, 'a b', { reliability: 1 }), able(2, 'a b coordination'), able(3, 'a'), able(4, 'b'), able(5, 'coordination a')]
  const led = (agents: readonly Agent[], config = {}, more = {}) =>
    numbers(selecting(agents, { criteria: { ...wanting('a', 'b'), ...more }, pattern: 'hierarchical', config }))
  t.strictSame(led(all), ['supervisor 2', 'worker 1'])
  t.strictSame(led(all.filter(({ agent }) => agent !== idOf(1))), ['supervisor 2', 'worker 3', 'worker 4'], 'as many as it takes')
  t.strictSame(led(all, { minWorkers: 2 }), ['supervisor 2', 'worker 1', 'worker 5'], 'who adds most to the other comes first among equals')
  t.strictSame(led(all, { minWorkers: 1, maxWorkers: 1 }, { excludedAgents: [idOf(1)] }), 'AGENT_NOT_AVAILABLE')
  t.strictSame(led([able(3, 'a'), able(4, 'b')]), 'AGENT_NOT_AVAILABLE', 'nobody leads')
  t.strictSame(led([able(1, 'a b'), able(3, 'a b')]), ['supervisor 1', 'worker 3'], 'nobody coordinates: the best')
  t.strictSame(led(all, {}, { costBudget: 39 }), 'RESOURCE_EXCEEDED', 'whoever leads costs something, too')
  t.strictSame(led(all, {}, { costBudget: 40 }), ['supervisor 2', 'worker 1'])
})

t.test('E-34 of the least size that has a team the best is chosen: by scores or by costs, then by how little members share', async (t) => {
  const swarm = (agents: readonly Agent[], criteria: object = {}, config = {}) =>
    numbers(selecting(agents, { criteria, pattern: 'swarm', config }))
  const all = [1, 2, 3, 4].map((n) => able(n, n < 3 ? 'a b' : `a ${'xy'[n - 3]}`))
  t.strictSame(swarm(all, wanting('a'), { minAgents: 2, maxAgents: 2 }), ['worker 1', 'worker 3'],
    'they have the least in common, and the lowest ids')
  t.strictSame(swarm(all, wanting('a')), ['worker 1', 'worker 3', 'worker 4'])
  const dear = [able(1, 'a', { reliability: 1 }, 90), able(2, 'a', {}, 20), able(3, 'a', {}, 10)]
  t.strictSame(swarm(dear, { ...wanting('a'), strategy: 'cost-optimized' }, { minAgents: 2 }), ['worker 3', 'worker 2'])
  t.strictSame(swarm(dear, wanting('a'), { minAgents: 2 }), ['worker 3', 'worker 2'], 'what is dear scores less')
  t.strictSame(swarm(all.slice(0, 2), {}), 'AGENT_NOT_AVAILABLE', 'three at least')
  t.strictSame(swarm([hand(1), hand(2), hand(3)]), ['worker 1', 'worker 2', 'worker 3'], 'nothing is wanted and nobody can anything')
})

t.test('E-34 of a large house the best, the best holders of each skill and whoever is preferred are looked at', async (t) => {
  const many = Array.from({ length: 60 }, (_, n) => able(n + 1, 'a', { reliability: 1 }))
  const holders = Array.from({ length: 20 }, (_, n) => able(n + 101, 'b', { reliability: 0.5 }))
  const criteria = Criteria.parse({ ...wanting('a', 'b'), preferredAgents: [idOf(60), idOf(50)] })
  const pool = poolOf(scored([...many, ...holders], criteria), criteria).map(({ agent }) => Number(agent.agent.slice(-3)) - 700)
  t.strictSame(pool.toSorted((a, b) => a - b), [...Array.from({ length: 30 }, (_, n) => n + 1), 50, 60,
    ...Array.from({ length: 16 }, (_, n) => n + 101)])
  const found = selecting([...many, ...holders], { criteria: wanting('a', 'b'), pattern: 'pair' })
  t.match(found, { exact: false })
  t.strictSame(numbers(found), ['primary 1', 'secondary 101'])
})

t.test('E-34 where there are more than 20,000 teams those grow that are best so far, and it is said that not all were seen', async (t) => {
  t.strictSame([teamsCount(200, 2), teamsCount(201, 2), teamsCount(32, 31), teamsCount(3, 5), teamsCount(4, 0)],
    [19_900, Infinity, 32, 1, 1])
  const all = Array.from({ length: 30 }, (_, n) => able(n + 1, n === 29 ? 'b' : 'a', { reliability: n === 29 ? 0.1 : 1 - n / 100 }))
  const swarm = (minAgents: number) => selecting(all, { criteria: wanting('a', 'b'), pattern: 'swarm', config: { minAgents } })
  const few = swarm(3)
  t.match(few, { exact: true })
  t.strictSame(numbers(few), ['worker 1', 'worker 2', 'worker 30'])
  const more = swarm(5)
  t.match(more, { exact: false })
  t.strictSame(numbers(more), ['worker 1', 'worker 2', 'worker 3', 'worker 4', 'worker 30'])
})
