import t, { type Test } from 'tap'
import { admin, agent as agentActor, behaviour, daemon, on, orchestrator, subject, system, tool, uuid } from '../../kernel/testing.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import { registered as supervising } from '../../work/task/scene.ts'
import { Orchestrator } from '../orchestrator/events.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { agent } from './decider.ts'
import { Agent, type AgentEvent } from './events.ts'
import { elsewhere, profile, registered, skill, supervisor } from './scene.ts'

const asked = (t: Test) => (...facts: readonly AgentEvent[]) =>
  behaviour(t, agent).given(...facts).seeing(orchestratorState, supervisor, supervising)
const updated = (more: object) => Agent.AgentUpdated({ ...profile, ...more })
const retired = Agent.AgentRetired({ orchestrator: supervisor, from: 'IDLE', reason: null, slots: [] })
const another = uuid(51) as OrchestratorId

t.test('F-10 an agent is registered, and again with the same words without effect', async (t) => {
  const given = asked(t)
  given().when('register', { name: 'copilot', orchestrator: supervisor }).yields(registered())
  given(registered()).when('register', { name: 'copilot', orchestrator: supervisor }).changesNothing()
  given(registered()).when('register', { name: 'other', orchestrator: supervisor }).refuses('ALREADY_EXISTS')
  given(registered(), retired).when('register', { name: 'copilot', orchestrator: supervisor }).refuses('INVALID_STATE_TRANSITION')
})

t.test('F-10 an orchestrator registers its own agents, an admin those of any orchestrator that there is, or of none', async (t) => {
  const given = asked(t)
  const wish = { name: 'copilot', orchestrator: supervisor }
  for (const by of [admin, tool, orchestrator(supervisor)]) given().by(by).when('register', wish).yields(registered())
  given().by(daemon, supervisor).when('register', wish).yields(registered())
  for (const by of [orchestrator(another), agentActor]) given().by(by).when('register', wish).refuses('FORBIDDEN')
  given().when('register', { name: 'copilot' }).yields(registered({ orchestrator: null }))
  for (const by of [tool, orchestrator(supervisor)]) given().by(by).when('register', { name: 'copilot' }).refuses('FORBIDDEN')
  given().when('register', { ...wish, orchestrator: another }).refuses('NOT_FOUND')
  given().seeing(orchestratorState, another, on(supervising, elsewhere)).when('register', { ...wish, orchestrator: another })
    .refuses('NOT_FOUND')
  const archived = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  behaviour(t, agent).given().seeing(orchestratorState, supervisor, supervising, archived).when('register', wish).refuses('NOT_FOUND')
})

t.test('F-10 an update leaves what is not said; whose the agent is only an admin changes', async (t) => {
  const given = asked(t)
  given(registered()).when('update', { tags: ['pool'] }).yields(updated({ tags: ['pool'] }))
  given(registered()).by(orchestrator(supervisor)).when('update', { name: 'pilot' }).yields(updated({ name: 'pilot' }))
  given(registered()).when('update', { name: 'copilot' }).changesNothing()
  given(registered()).by(orchestrator(another)).when('update', { name: 'pilot' }).refuses('FORBIDDEN')
  given(registered()).when('update', { orchestrator: null }).yields(updated({ orchestrator: null }))
  given(registered()).by(orchestrator(supervisor)).when('update', { orchestrator: null }).refuses('FORBIDDEN')
  given(registered()).by(orchestrator(supervisor)).when('update', { orchestrator: supervisor, tags: ['a'] })
    .yields(updated({ tags: ['a'] }))
  given(registered()).when('update', { orchestrator: another }).refuses('NOT_FOUND')
  given(registered()).seeing(orchestratorState, another, supervising).when('update', { orchestrator: another })
    .yields(updated({ orchestrator: another }))
  given().when('update', { name: 'pilot' }).refuses('NOT_FOUND')
  given(registered(), retired).when('update', { name: 'pilot' }).refuses('INVALID_STATE_TRANSITION', { status: 'RETIRED' })
})

t.test('F-10 measures of a skill stay unless they are given', async (t) => {
  const given = asked(t)
  const known = skill('review', { proficiency: 8, successRate: 0.7, latency_ms: 800, cost: 12 })
  const before = registered({ capabilities: [known, skill('writing')] })
  given(before).when('update', { capabilities: [{ skill: 'review', proficiency: 9 }] })
    .yields(updated({ capabilities: [{ ...known, proficiency: 9 }] }))
  given(before).when('update', { capabilities: [{ skill: 'review', cost: null }, { skill: 'sql' }] })
    .yields(updated({ capabilities: [{ ...known, cost: null }, skill('sql')] }))
})

t.test('F-10 a lower limit stops nothing, and is told when it is reached by it', async (t) => {
  const given = asked(t)
  const slot = (current: number) => Agent.AgentSlotReserved({
    orchestrator: supervisor, task: null, session: null, slot: uuid(900 + current) as never, skills: [], current, max: 5,
  })
  const busy = [registered({ maxConcurrent: 5 }), slot(1), slot(2)]
  const load = (max: number) => ({ orchestrator: supervisor, current: 2, max, load: 2 / max })
  given(...busy).when('update', { maxConcurrent: 1 }).yields(updated({ maxConcurrent: 1 }), Agent.AgentOverloaded(load(1)))
  given(...busy, updated({ maxConcurrent: 1 })).when('update', { maxConcurrent: 4 })
    .yields(updated({ maxConcurrent: 4 }), Agent.AgentOverloadCleared(load(4)))
})

t.test('F-70 what is known of an agent is bounded, and what is not said has a default', async (t) => {
  const given = asked(t)
  const { data } = agent.commands.register
  t.match(data.parse({ name: 'x' }),
    { description: null, orchestrator: null, capabilities: [], maxConcurrent: 1, reliability: 0.9, tags: [] })
  const limits: readonly [field: string, taken: readonly unknown[], refused: readonly unknown[]][] = [
    ['name', ['x', 'x'.repeat(200)], ['', 'x'.repeat(201)]],
    ['description', [null, 'x'.repeat(2_000)], ['x'.repeat(2_001)]],
    ['maxConcurrent', [1, 50], [0, 51, 1.5]],
    ['reliability', [0, 1], [-0.1, 1.1]],
    ['tags', [Array(50).fill('x')], [Array(51).fill('x')]],
    ['capabilities', [
      Array.from({ length: 50 }, (_, n) => ({ skill: `skill ${n}` })),
      [{ skill: 'x'.repeat(100), proficiency: 10, successRate: 1, latency_ms: 0, cost: null }],
    ], [
      Array.from({ length: 51 }, (_, n) => ({ skill: `skill ${n}` })), [{ skill: 'x' }, { skill: 'x' }], [{ proficiency: 1 }],
      ...[{ proficiency: 0 }, { proficiency: 11 }, { successRate: 2 }, { latency_ms: -1 }, { cost: 0.5 }, { other: 1 }]
        .map((more) => [{ skill: 'x', ...more }]),
    ]],
  ]
  for (const [field, taken, refused] of limits) {
    const takes = (value: unknown) => data.safeParse({ name: 'x', [field]: value }).success
    for (const value of taken) t.ok(takes(value), `${field} takes ${JSON.stringify(value).slice(0, 80)}`)
    for (const value of refused) t.notOk(takes(value), `${field} refuses ${JSON.stringify(value).slice(0, 80)}`)
  }
  given().when('register', { name: 'copilot', orchestrator: supervisor, capabilities: [{ skill: 'sql' }] })
    .yields(registered({ capabilities: [skill('sql')] }))
})

t.test('F-10 older words add one skill to those there are, or say one anew; more than fifty there are not', async (t) => {
  const [{ fill, say }] = agent.commands.update.aliases as any
  const wish = say({ id: subject, skill: 'review', proficiency: 9 }, '')
  t.strictSame(wish, { capabilities: [{ skill: 'review', proficiency: 9 }] })
  const state = (...capabilities: ReturnType<typeof skill>[]) => agent.evolve(agent.initial, registered({ capabilities }), {
    at: '', by: system, organization: '', revision: 0, position: '0', commandId: '',
  })
  t.strictSame(fill(agent.initial, wish), wish, 'of an agent that there is not')
  t.match(fill(state(skill('sql')), wish), { capabilities: [{ skill: 'sql', proficiency: 5 }, { skill: 'review', proficiency: 9 }] })
  t.match(fill(state(skill('review'), skill('sql')), wish), { capabilities: [{ proficiency: 9 }, { skill: 'sql' }] })
  const many = Array.from({ length: 50 }, (_, n) => skill(`skill ${n}`))
  const context = { at: '', by: admin, actsFor: null, organization: 'acme' } as never
  t.match(agent.commands.update.decide(state(...many), fill(state(...many), wish), context), { code: 'LIMIT_REACHED', detail: { max: 50 } })
})
