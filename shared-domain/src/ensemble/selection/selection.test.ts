import t from 'tap'
import { agentVersions } from '../../fleet/agent/agent-versions.ts'
import { agents } from '../../fleet/agent/agents.ts'
import { skill, staffed } from '../../fleet/agent/scene.ts'
import { agent } from '../../fleet/agent/decider.ts'
import { Rejection } from '../../kernel/decider.ts'
import { translated } from '../../kernel/alias.ts'
import { picture } from '../../kernel/picture.ts'
import { now, subject, uuid, agent as hand } from '../../kernel/testing.ts'
import { World } from '../../kernel/world.ts'
import { patterns } from '../patterns.ts'
import { selection } from './decider.ts'
import { selecting as words } from './older-words.ts'
import { patternSelection } from './questions.ts'
import { selections } from './selections.ts'

/** Three agents, the first of which has published what it has. */
function scene() {
  const { world: { log } } = staffed([1, 2, 3], { capabilities: [skill('css', { proficiency: 7, cost: 10 })] })
  const world = new World([agent, selection])
  for (const { category, id, type, data, ...meta } of log) world.append(agent, id, [{ type, data }],
    { ...world.contextOf({ id }), at: meta.at })
  world.do({ category: 'agent', id: uuid(1), command: 'publishVersion', data: { version: '1', manifest: { resources: { cpu: 4 } } } })
  return world
}

const select = (world: World, data: object, id = subject) => world.do({ category: 'selection', id, command: 'select', data, by: hand })
const criteria = { requiredCapabilities: [{ skill: 'css' }] }

t.test('E-30 what is chosen is a fact, which says of which rows; who asks again is told the same', async (t) => {
  const world = scene()
  const [fact, ...others] = select(world, { criteria, pattern: 'swarm' }) as any
  t.strictSame(others, [])
  t.match(fact, { type: 'AgentsSelected', data: {
    policy: 'routing/1', pattern: 'swarm', config: { minAgents: 3, maxAgents: 10, taskDistribution: 'partition' },
    chosen: [1, 2, 3].map((n) => ({ agent: uuid(n), role: 'worker', cost: 10 })),
    candidates: [{ id: uuid(1) }, { id: uuid(2) }, { id: uuid(3) }],
    counts: {}, cost: 30, exact: true, grounds: { position: '4', digest: /^[0-9a-f]{64}$/ },
  } })
  const { answers } = selection.commands.select!
  const { criteria: _, config, candidates, grounds, ...told } = fact.data
  t.strictSame(answers!.of(world.look(selection, subject), {} as never), told)
  t.match(answers!.of(selection.initial, {} as never), { chosen: [] })
  t.match(select(world, { criteria }), { code: 'ALREADY_EXISTS' })
  picture(t, selections).after(...world.log).shows({
    selection: subject, policy: 'routing/1', pattern: 'swarm', chosen: fact.data.chosen, candidates, counts: {}, cost: 30, at: now,
  })
})

t.test('E-30 manifests are looked at where something is asked of them alone', async (t) => {
  const world = scene()
  const asked = (said: object) => selection.commands.select!.grounds!(selection.initial,
    selection.commands.select!.data.parse({ criteria: said }), {} as never)
  t.strictSame(Object.values(asked({})).map(({ from }) => from.name), [agents.name])
  t.strictSame(Object.values(asked({ resourceConstraints: { cpu: 1 } })).map(({ from }) => from.name), [agents.name, agentVersions.name])
  t.match(select(world, { criteria: { resourceConstraints: { cpu: 4 } } }), [{ data: {
    chosen: [{ agent: uuid(1), role: 'solo' }], rejected: [uuid(2), uuid(3)].map((agent) => ({ agent, reasons: ['resource'] })),
    counts: { resource: 2 },
  } }])
  t.match(select(world, { criteria: { resourceConstraints: { cpu: 5 } } }, uuid(2)), { code: 'RESOURCE_EXCEEDED' })
  t.ok(select(world, { criteria: { requiredCapabilities: [{ skill: 'go' }] } }, uuid(2)) instanceof Rejection)
})

t.test('E-16 E-30 what is said of a pattern is said of that pattern, and criteria name a skill once', async (t) => {
  const takes = (data: object) => selection.commands.select!.data.safeParse(data).success
  t.ok(patterns.every((pattern) => takes({ pattern })))
  t.ok(takes({ pattern: 'pair', config: { interactionMode: 'validator', maxRounds: 10 } }))
  t.notOk(takes({ pattern: 'solo', config: { maxRounds: 3 } }))
  t.notOk(takes({ pattern: 'hierarchical', config: { minWorkers: 7 } }), 'five at most, when not said')
  t.ok(takes({ pattern: 'hierarchical', config: { minWorkers: 7, maxWorkers: 49 } }))
  t.notOk(takes({ pattern: 'swarm', config: { minAgents: 4, maxAgents: 3 } }))
  t.notOk(takes({ pattern: 'swarm', config: { maxAgents: 11 } }))
  t.notOk(takes({ criteria: { requiredCapabilities: [{ skill: 'a' }, { skill: 'a' }] } }))
  t.notOk(takes({ criteria: { requiredCapabilities: [{ skill: 'a', level: 1 }], colour: 1 } }))
})

t.test('E-30 in older words', async (t) => {
  const [alias] = words as [any]
  const body = { pattern: 'pair', criteria: { requiredCapabilities: [{ skillId: 'css', maxLatencyMs: 5, minProficiency: 2,
    minSuccessRate: 0 }], resourceConstraints: { cpu: 1, estimatedTimeMs: 9 } } }
  t.ok(alias.meant(body))
  t.notOk(alias.meant({ criteria: { requiredCapabilities: [{ skill: 'css' }] } }) || alias.meant({})
    || alias.meant({ criteria: { requiredCapabilities: ['x', null] } }))
  const said = translated(alias, selection.commands.select!.data, { ...body, criteria: alias.fields.criteria.parse(body.criteria) }, now)
  t.match(said, { pattern: 'pair', criteria: {
    requiredCapabilities: [{ skill: 'css', maxLatency_ms: 5, minProficiency: 2 }], resourceConstraints: { cpu: 1, estimatedTime_ms: 9 },
    strategy: 'capability-weighted',
  } })
  t.strictSame(alias.say({ criteria: { requiredCapabilities: [{ skillId: 'css' }] } }).criteria,
    { requiredCapabilities: [{ skill: 'css' }] })
})

t.test('E-36 the first rule that fits says the pattern', async (t) => {
  const world = scene()
  const asked = (complexity: number, skillCount: number, parallelisable: boolean, requiresReview: boolean, costSensitivity: string) => {
    const { pattern, rule } = world.ask(patternSelection,
      { query: { complexity, skillCount, parallelisable, requiresReview, costSensitivity } }) as any
    return `${rule} ${pattern}`
  }
  t.equal(asked(9, 1, true, false, 'high'), 'R3 hierarchical')
  t.equal(asked(9, 1, true, false, 'low'), 'R2 swarm')
  t.equal(asked(9, 1, true, false, 'medium'), 'R2 swarm')
  t.equal(asked(7, 1, true, false, 'low'), 'R3 hierarchical')
  t.equal(asked(1, 1, false, true, 'low'), 'R1 pair')
  t.equal(asked(9, 2, true, false, 'low'), 'R1 pair')
  t.equal(asked(1, 3, false, false, 'low'), 'R3 hierarchical')
  t.equal(asked(8, 0, false, false, 'low'), 'R3 hierarchical')
  t.equal(asked(5, 1, true, false, 'low'), 'R4 solo')
  t.match(world.ask(patternSelection, { query: { complexity: 1, skillCount: 0, parallelisable: false, requiresReview: false,
    costSensitivity: 'low' } }), { agents: 3 })
  t.match(new World([]).ask(patternSelection, { query: { complexity: 1, skillCount: 0, parallelisable: false, requiresReview: false,
    costSensitivity: 'low' } }), { agents: 0 })
})
