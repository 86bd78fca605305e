import fc from 'fast-check'
import t from 'tap'
import { now, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { priorities } from '../../vocabulary.ts'
import type { AgentRow } from './agent-policies.ts'
import { agentPolicyNames } from './names.ts'
import { placer, type Terms } from './placing.ts'
import { agentRow, nameOf, olderRows, owned, terms, wanted } from './scene.ts'

type Asked = Partial<Terms> & { readonly lapsed?: readonly string[] }

const placing = (rows: readonly AgentRow[], task: ReturnType<typeof wanted>, { lapsed, ...asked }: Asked = {}) =>
  placer(rows, terms(asked))(task, lapsed)

const best = (rows: readonly AgentRow[], task: ReturnType<typeof wanted>, asked?: Asked) => placing(rows, task, asked).ranked[0]

t.test('W-25 F-74 whom capability-reliability/1 chooses among the older agents', (t) => {
  const ranked = (...required: string[]) => placing(olderRows, wanted(required)).ranked.map(({ id, score }) => [nameOf(id), score])
  t.strictSame(ranked('github', 'documentation'), [['copilot-agent', 0.47]])
  t.strictSame(ranked('frontend', 'react', 'features'), [['agent-qr-feature', 0.92]])
  t.strictSame(ranked('n8n', 'workflows', 'deployment'), [['agent-n8n-integration', 0.5867], ['agent-vps-deploy', 0.3]])
  t.strictSame(ranked('devcontainer', 'vscode', 'docker'), [])
  t.strictSame(ranked(), [
    ['agent-security-cleanup', 0.475], ['copilot-agent', 0.47], ['agent-qr-feature', 0.46], ['agent-vps-deploy', 0.45],
    ['antigravity-main', 0.441], ['agent-n8n-integration', 0.44],
  ])
  t.end()
})

t.test('W-23 an agent is rejected for the first reason that holds, and nobody for none', (t) => {
  const until = later(now, 1)
  /** Everything speaks against it; each line takes one reason away. */
  const hopeless: Partial<AgentRow> = {
    orchestrator: owned, standing: 'OFFLINE', breaker: 'OPEN', breaker_until: until, current: 1, skills: ['x'],
  }
  const asked = { exclude: [uuid(1)], lapsed: [uuid(1)], need: 'all' as const }
  const codeOf = (row: Partial<AgentRow>, more: Asked = {}, required = ['a', 'b']) =>
    placing([agentRow(1, { ...hopeless, ...row })], wanted(required), { ...asked, ...more }).rejected[0]?.code
  const at = { exclude: [] }
  t.equal(codeOf({}), 'EXCLUDED')
  t.equal(codeOf({}, at), 'FOREIGN')
  t.equal(codeOf({}, { ...at, anyone: true }), 'UNAVAILABLE', 'an admin may take any')
  t.equal(codeOf({ orchestrator: null }, at), 'UNAVAILABLE', 'what belongs to nobody is for everybody')
  const closed = new Map([[owned as string, { allowsCritical: true }]])
  const away = { ...at, anyone: true, closed }
  t.equal(codeOf({}, away), 'UNAVAILABLE')
  t.equal(codeOf({ standing: 'ACTIVE' }, away), 'CLOSED', 'R-22: its orchestrator is outside its hours')
  t.equal(placing([agentRow(1, { orchestrator: owned })], wanted([], { priority: 'CRITICAL' }), away).ranked.length, 1)
  const free = { orchestrator: null, standing: 'ACTIVE' } as const
  t.equal(codeOf({ ...free, standing: 'RETIRED' }, at), 'UNAVAILABLE')
  t.equal(codeOf(free, at), 'BREAKER_OPEN')
  t.equal(codeOf({ ...free, breaker_until: now }, at), 'BREAKER_OPEN', 'whose time is up is on trial, and has a task')
  t.equal(codeOf({ ...free, breaker: 'HALF_OPEN', breaker_until: null }, at), 'BREAKER_OPEN')
  t.equal(codeOf({ ...free, breaker: 'OPEN', breaker_until: now, current: 0 }, at), 'LAPSED', 'the first task on trial')
  t.equal(codeOf({ ...free, breaker: 'CLOSED' }, at), 'FULL')
  const idle = { ...free, breaker: 'CLOSED', current: 0 } as const
  t.equal(codeOf(idle, at), 'LAPSED')
  const fresh = { ...at, lapsed: [] }
  t.equal(codeOf(idle, fresh), 'SKILL_MISSING')
  t.equal(codeOf({ ...idle, skills: ['a'] }, fresh), 'SKILL_MISSING')
  t.equal(codeOf({ ...idle, skills: [' A', 'b'] }, fresh), undefined)
  t.equal(codeOf(idle, { ...fresh, need: 'some' }), 'NO_MATCH')
  t.equal(codeOf({ ...idle, skills: ['a'], reliability: 0 }, { ...fresh, need: 'some' }), 'NO_MATCH', 'a score of nothing')
  t.equal(codeOf({ ...idle, skills: ['a'] }, { ...fresh, need: 'some' }), undefined)
  t.equal(codeOf(idle, fresh, []), undefined, 'who needs nothing is content with everybody')
  t.end()
})

t.test('W-22 whom something refused is told first, and everybody is counted', (t) => {
  const rows = [agentRow(4, { standing: 'OFFLINE' }), agentRow(3), agentRow(2, { current: 1 }), agentRow(1, { current: 1 })]
  const refused = [{ id: uuid(3), code: 'CAPACITY_EXCEEDED' }]
  t.strictSame(placing(rows, wanted(), { refused }), {
    ranked: [],
    rejected: [...refused, { id: uuid(1), code: 'FULL' }, { id: uuid(2), code: 'FULL' }, { id: uuid(4), code: 'UNAVAILABLE' }],
    counts: { CAPACITY_EXCEEDED: 1, FULL: 2, UNAVAILABLE: 1 },
  })
  t.end()
})

t.test('W-24 scheduler/1 counts words, skills, load and priority', (t) => {
  const policy = 'scheduler/1' as const
  const half = agentRow(1, { skills: ['Review', 'other'], max_concurrent: 2, current: 1 })
  const task = wanted(['review', 'else'], { title: 'A REVIEW of it', priority: 'HIGH' })
  t.equal(best([half], task, { policy })?.score, 62, 'the example')
  const score = (row: Partial<AgentRow>, ...asked: Parameters<typeof wanted>) =>
    best([agentRow(1, row)], wanted(...asked), { policy })?.score
  t.equal(score({}), 10 + 30 + 20 + 4, 'of one without skills')
  t.equal(score({ skills: ['a'] }), 30 + 20 + 4, 'whose skills nobody asks for')
  const many = { title: 'a b c', description: 'd e', priority: 'LOW' } as const
  t.equal(score({ skills: ['a', 'b', 'c', 'd', 'e'] }, [], many), 40 + 30 + 20, 'at most 40')
  t.equal(score({ skills: ['a', ' A'] }, [], { title: 'a' }), 10 + 30 + 20 + 4, 'the same skill once')
  t.end()
})

t.test('W-24 load-balanced/1 takes who has fewest slots taken, then who has most of them, and none with three', (t) => {
  const policy = 'load-balanced/1' as const
  const rows = [
    agentRow(1), agentRow(2, { max_concurrent: 5 }), agentRow(3, { max_concurrent: 50, current: 1 }),
    agentRow(4, { max_concurrent: 50, current: 3 }), agentRow(5, { max_concurrent: 5 }),
  ]
  const { ranked, rejected } = placing(rows, wanted(), { policy })
  t.strictSame(ranked, [{ id: uuid(2), score: 1 }, { id: uuid(5), score: 1 }, { id: uuid(1), score: 1 }, { id: uuid(3), score: 0.98 }])
  t.strictSame(rejected, [{ id: uuid(4), code: 'FULL' }])
  t.end()
})

t.test('W-24 round-robin/1 takes who got nothing new for the longest time', (t) => {
  const rows = [agentRow(1, { last_slot_at: later(now, 1) }), agentRow(2, { last_slot_at: now }), agentRow(4), agentRow(3)]
  const { ranked } = placing(rows, wanted(), { policy: 'round-robin/1' })
  t.strictSame(ranked, [3, 4, 2, 1].map((n) => ({ id: uuid(n), score: 1 })))
  t.end()
})

t.test('W-24 equal scores: lower load, fewer slots, id', (t) => {
  // 0.5 x 1 x (1 - 0.3 / 2) is what 0.425 / 0.5 makes without load.
  const [loaded, free] = [agentRow(1, { reliability: 1, max_concurrent: 2, current: 1 }), agentRow(2, { reliability: 0.85 })]
  t.strictSame(placing([loaded, free], wanted()).ranked, [{ id: uuid(2), score: 0.425 }, { id: uuid(1), score: 0.425 }])
  const [many, few] = [agentRow(1, { max_concurrent: 4, current: 2 }), agentRow(2, { max_concurrent: 2, current: 1 })]
  t.equal(best([many, few], wanted())?.id, uuid(2))
  t.equal(best([agentRow(2), agentRow(1)], wanted())?.id, uuid(1))
  const nearly = [agentRow(2, { reliability: 0.90002 }), agentRow(1, { reliability: 0.90001 })]
  t.equal(best(nearly, wanted())?.id, uuid(1), 'compared as they are told: rounded')
  t.end()
})

t.test('W-71 the same rows, policy and instant give the same choice, however the rows stand', (t) => {
  const some = <V>(...of: V[]) => fc.constantFrom(...of)
  const skills = fc.subarray(['a', 'b', 'c', ' A'])
  const row = fc.record({
    skills, orchestrator: some(null, null, owned), standing: some('IDLE', 'ACTIVE', 'ACTIVE', 'OFFLINE'), current: fc.nat(3),
    breaker: some('CLOSED', 'CLOSED', 'CLOSED', 'OPEN', 'HALF_OPEN'), breaker_until: some(null, now, later(now, 1)),
    max_concurrent: fc.integer({ min: 1, max: 5 }), reliability: some(0, 0.5, 0.9), last_slot_at: some(null, now),
  })
  const wish = fc.record({ required: skills, priority: some(...priorities), policy: some(...agentPolicyNames), need: some('some', 'all') })
  const isAble = ({ standing, current, max_concurrent, breaker, orchestrator }: AgentRow) => (standing === 'IDLE' || standing === 'ACTIVE')
    && current < max_concurrent && (breaker === 'CLOSED' || current === 0) && orchestrator === null
  const met = { chosen: 0, nobody: 0 }
  fc.assert(fc.property(fc.array(row, { maxLength: 8 }), wish, fc.nat(), (drawn, { required, priority, ...how }, turn) => {
    const rows = drawn.map((one, n) => agentRow(n + 1, one as Partial<AgentRow>))
    const turned = [...rows.slice(turn % (rows.length || 1)), ...rows.slice(0, turn % (rows.length || 1))].reverse()
    const asked = [wanted(required, { priority }), { ...how as object, exclude: [uuid(7)], lapsed: [uuid(8)] }] as const
    const found = placing(rows, ...asked)
    const counted = Object.values(found.counts).reduce((sum, n) => sum + n, 0)
    met[found.ranked.length > 0 ? 'chosen' : 'nobody']++
    return JSON.stringify(placing(turned, ...asked)) === JSON.stringify({ ...found, counts: placing(turned, ...asked).counts })
      && found.ranked.length + counted === rows.length && found.rejected.length === counted
      && found.ranked.every(({ id }) => isAble(rows.find(({ agent }) => agent === id)!))
  }), { seed: 2030, numRuns: 400 })
  t.ok(met.chosen > 50 && met.nobody > 50, JSON.stringify(met))
  t.end()
})
