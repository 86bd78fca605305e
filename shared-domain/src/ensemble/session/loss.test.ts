import t from 'tap'
import { Rejection } from '../../kernel/decider.ts'
import type { Actor } from '../../kernel/fact.ts'
import { rowsAfter } from '../../kernel/picture.ts'
import { admin, now, orchestrator, subject, uuid } from '../../kernel/testing.ts'
import { later, minute_ms, second_ms } from '../../kernel/time.ts'
import { relationships } from './questions.ts'
import { hands, house, other, slotsOf } from './scene.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'
import { ensembleState, type Active } from './state.ts'

const [first, second, third] = hands as [string, string, string]
const as = (id: string): Actor => ({ kind: 'agent', id })
const criteria = { requiredCapabilities: [{ skill: 'css' }] }

/** A session of those of three agents that it wants. */
function scene(wanted: object) {
  const home = house()
  home.wish('form', { title: 'Draw it', criteria, ...wanted })
  const told = (decided: ReturnType<typeof home.wish>) => (decided instanceof Rejection ? decided.code : decided.map(({ type }) => type))
  const wish = (command: string, data: object = {}, by: Actor = admin) => told(home.wish(command, data, by))
  const state = () => home.world.look(ensembleState, subject) as Active
  const members = () => state().members.map(({ agent, role }) => `${role} ${hands.indexOf(agent)}`)
  const lose = (id: string) => home.tell('agent', id, 'setStatus', { status: 'OFFLINE' })
  const facts = (type: string) => home.world.log.filter((fact) => fact.type === type) as readonly any[]
  const pass = (by_ms: number) => {
    home.world.pass(by_ms)
    home.courier.settle()
  }
  return { ...home, wish, state, members, lose, facts, pass }
}

t.test('E-17 another agent joins as long as there is room, by whoever leads, and holds a slot', async (t) => {
  const { world, wish, members } = scene({ pattern: 'swarm', members: [{ agent: first }, { agent: second }],
    config: { minAgents: 2, maxAgents: 3 } })
  t.equal(wish('join', { agent: third }, as(second)), 'FORBIDDEN')
  t.equal(wish('join', { agent: third }, as(first)), 'STALE_TERM')
  t.equal(wish('join', { agent: uuid(99) }), 'NOT_FOUND')
  t.strictSame(wish('join', { agent: third, term: 1 }, as(first)), ['MemberJoined'])
  t.strictSame([wish('join', { agent: third }), members()], [[], ['worker 0', 'worker 1', 'worker 2']])
  t.strictSame(slotsOf(world, third), [subject])
  t.match(rowsAfter(sessions, world.log), [{ members: hands.map((agent) => ({ agent, role: 'worker' })) }])
  t.match(rowsAfter(sessionMembers, world.log).at(-1), { agent: third, cause: 'joined', cost: 10, skills: ['css'], left_at: null })
  const full = scene({ pattern: 'pair' })
  t.equal(full.wish('join', { agent: third }), 'SESSION_LIMIT')
  t.equal(scene({ pattern: 'pair', autoStart: false }).wish('join', { agent: third }), 'INVALID_STATE_TRANSITION')
})

t.test('E-17 E-19 a member leaves or is let go, its slot goes back, and the best of those that stay leads', async (t) => {
  const { world, wish, members, state, facts } = scene({ pattern: 'swarm', config: { minAgents: 2, maxAgents: 3 },
    members: hands.map((agent) => ({ agent })) })
  t.equal(wish('leave', { agent: second }, as(third)), 'FORBIDDEN')
  t.equal(wish('leave', { agent: second }, orchestrator(other)), 'FORBIDDEN')
  world.pass(minute_ms)
  t.strictSame(wish('leave', { agent: first }, as(first)), ['MemberLeft', 'LeaderElected'])
  t.match(facts('MemberLeft'), [{ data: { agent: first, cause: 'left', vacancy: null, heir: { agent: second } } }])
  t.match(facts('LeaderElected').at(-1), { data: { agent: second, previous: first, term: 2,
    candidates: [{ agent: second }, { agent: third }] } })
  t.strictSame([members(), slotsOf(world, first), state().term], [['worker 1', 'worker 2'], [], 2])
  t.strictSame(wish('leave', { agent: first }), [], 'it has left')
  t.equal(wish('leave', { agent: third, term: 1 }, as(second)), 'STALE_TERM')
  t.strictSame(wish('join', { agent: first }), ['MemberJoined'])
  t.strictSame(wish('leave', { agent: first, term: 2 }, as(second)), ['MemberLeft'], 'it is let go')
  t.match(facts('MemberLeft').at(-1), { data: { agent: first, cause: 'removed', heir: null } })
  t.match(rowsAfter(sessionMembers, world.log)[0], { agent: first, left_at: later(now, minute_ms), left_cause: 'removed' })
  t.strictSame((world.ask(relationships, { query: { session: subject } }) as any).items,
    [{ agent: second, relatedTo: third, type: 'peer' }])
  t.strictSame(wish('complete'), ['EnsembleCompleted'])
  t.match(facts('EnsembleCompleted'), [{ data: { performance: { reserved_ms: 3 * minute_ms } } }])
  t.equal(wish('leave', { agent: second }), 'INVALID_STATE_TRANSITION')
})

t.test('E-18 E-19 whoever was lost is replaced by the best for the place; of a pair the other is the primary then', async (t) => {
  const { world, members, lose, state, facts } = scene({ pattern: 'pair' })
  t.strictSame(members(), ['primary 0', 'secondary 1'])
  lose(first)
  t.strictSame(members(), ['primary 1', 'secondary 2'])
  t.strictSame([state().leader, state().term], [second, 2])
  t.match(facts('MemberLeft'), [{ data: { agent: first, cause: 'lost', vacancy: { role: 'secondary', skills: ['css'] },
    heir: { agent: second, role: 'primary' } } }])
  t.match(facts('MemberJoined'), [{ data: { agent: third, cause: 'replacement', candidates: [{ agent: third }], missing: 0 } }])
  t.strictSame(hands.map((id) => slotsOf(world, id)), [[], [subject], [subject]])
  t.match(rowsAfter(sessions, world.log), [{ leader: second,
    members: [{ agent: second, role: 'primary' }, { agent: third, role: 'secondary' }] }])
  t.match(rowsAfter(sessionMembers, world.log).map(({ agent, role, left_cause }) => [agent, role, left_cause]),
    [[first, 'primary', 'lost'], [second, 'primary', null], [third, 'secondary', null]])
})

t.test('E-18 an agent that retires, or whose circuit opens, is lost as well; one that says it is idle is not', async (t) => {
  const retiring = scene({ pattern: 'solo' })
  retiring.tell('agent', first, 'setStatus', { status: 'ACTIVE' })
  t.strictSame(retiring.members(), ['solo 0'])
  retiring.tell('agent', first, 'retire', {})
  t.strictSame([retiring.members(), retiring.state().leader, retiring.state().term], [['solo 1'], second, 2])
  const failing = scene({ pattern: 'solo' })
  for (let n = 0; n < 3; n++) {
    failing.tell('agent', first, 'reserve', { task: uuid(30), slot: uuid(30 + n) })
    failing.tell('agent', first, 'settle', { task: uuid(30), slot: uuid(30 + n), success: false })
  }
  t.strictSame([failing.facts('AgentCircuitOpened').length, failing.members()], [1, ['solo 1']])
})

t.test('E-18 where there is nobody it is asked for agents, after 5, 10, 20 and 40 s again, and then it has failed', async (t) => {
  const { world, courier, lose, facts, pass, tell } = scene({ pattern: 'pair' })
  tell('agent', third, 'setStatus', { status: 'OFFLINE' })
  lose(first)
  const wanted = () => facts('AgentsWanted').map(({ data }) => data.attempt)
  t.match(facts('AgentsWanted'), [{ data: { role: 'secondary', skills: ['css'], missing: 1, attempt: 1 } }])
  tell('agent', first, 'setStatus', { status: 'IDLE' })
  for (const [wait_s, attempts] of [[5, 2], [10, 3], [20, 4]] as const) {
    pass(wait_s * second_ms - 1)
    t.strictSame(wanted().length, attempts - 1)
    pass(1)
    t.strictSame(wanted().length, attempts, 'whoever was lost here does not come back')
  }
  pass(40 * second_ms)
  t.match(facts('EnsembleFailed'), [{ data: { cause: 'members', places: [{ agent: second }] } }])
  t.match(rowsAfter(sessions, world.log), [{ status: 'FAILED', cause: 'members' }])
  t.strictSame([hands.map((id) => slotsOf(world, id)), courier.waiting.length], [[[], [], []], 0])
})

t.test('E-18 above the minimum it goes on with those who are left, and whoever comes in time takes the place', async (t) => {
  const swarm = { pattern: 'swarm', config: { minAgents: 2, maxAgents: 3 }, members: hands.map((agent) => ({ agent })) }
  const { lose, pass, state, facts, tell, wish } = scene(swarm)
  lose(first)
  pass(75 * second_ms)
  for (let n = 0; n < 4; n++) pass(75 * second_ms)
  t.strictSame([state().stage, state().members.length, facts('AgentsWanted').length], ['ACTIVE', 2, 4])
  const late = scene({ pattern: 'pair' })
  late.tell('agent', third, 'setStatus', { status: 'OFFLINE' })
  late.lose(second)
  late.tell('agent', third, 'setStatus', { status: 'IDLE' })
  late.pass(5 * second_ms)
  t.strictSame(late.members(), ['primary 0', 'secondary 2'])
  tell('agent', first, 'setStatus', { status: 'IDLE' })
  t.strictSame(wish('join', { agent: first }), ['MemberJoined'], 'by hand whoever was lost may come back')
})

t.test('E-18 several that are lost at once are replaced one after the other, each once, whatever is told again', async (t) => {
  const lead = scene({ pattern: 'hierarchical', members: [{ agent: first }, { agent: second }] })
  lead.lose(first)
  t.strictSame(lead.members(), ['supervisor 1', 'worker 2'])
  t.strictSame(lead.wish('lose', { agent: first, slot: lead.facts('MemberLeft')[0].data.slot }), [])
  t.strictSame([lead.wish('replace', { attempt: 0 }), lead.wish('replace', { attempt: 3 })], [[], []])
  for (const fact of [...lead.world.log]) lead.courier.tell(fact)
  lead.courier.settle()
  t.strictSame(lead.members(), ['supervisor 1', 'worker 2'])
  lead.lose(second)
  lead.lose(third)
  t.match(lead.facts('AgentsWanted').at(-1), { data: { role: 'supervisor', missing: 2 } })
  for (const id of hands) lead.tell('agent', id, 'setStatus', { status: 'IDLE' })
  for (let n = 0; n < 4; n++) lead.pass(75 * second_ms)
  t.equal(lead.world.look(ensembleState, subject).stage, 'FAILED')
})
