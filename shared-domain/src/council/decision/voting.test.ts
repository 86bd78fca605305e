import t, { type Test } from 'tap'
import { Agent } from '../../fleet/agent/events.ts'
import { agentState } from '../../fleet/agent/state.ts'
import { registered as registeredAgent } from '../../fleet/agent/scene.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, agent, behaviour, now, on, orchestrator, subject, tool, uuid } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import { argumentsGiven } from './arguments.ts'
import { decision } from './decider.ts'
import { Decision, type DecisionEvent } from './events.ts'
import { cast, deadline, electors, ended, opened, seat, tally, turnout } from './scene.ts'
import { decisionState } from './state.ts'
import { votes } from './votes.ts'
import { waitingVotes } from './waiting-votes.ts'

const [a, b, c, d, e] = electors
const stranger = uuid(19)
const given = (t: Test, ...facts: readonly DecisionEvent[]) => behaviour(t, decision).given(...facts)
const options = [{ option: 'x', title: 'Ex', resolve: null }, { option: 'y', title: 'Why', resolve: null }]
const ranked = opened({ protocol: 'instant_runoff', options })
const early = 'no vote still to come can change it'

/** Nothing approved or rejected, as rankings are counted. */
const rankings = (count: number, quorumMet: boolean) => {
  const nothing = tally(0, 0, 0, quorumMet)
  return { ...nothing, cast: count, weights: { ...nothing.weights, cast: String(count) } }
}

t.test('C-28 a ranking ranks options of the question, each once; or the elector abstains', async (t) => {
  const by = (...facts: readonly DecisionEvent[]) => given(t, ranked, ...facts).by(orchestrator(a))
  by().when('cast', { ranking: ['y', 'x'] }).yields(cast(a, null, rankings(1, false), { ranking: ['y', 'x'] }))
  by().when('cast', { vote: 'ABSTAIN' }).yields(cast(a, 'ABSTAIN', tally(0, 0, 1, false)))
  const both = { vote: 'ABSTAIN' as const, ranking: ['x'] }
  for (const said of [{ vote: 'APPROVE' as const }, {}, { ranking: ['x', 'x'] }, { ranking: ['z'] }, both])
    by().when('cast', said).refuses('BALLOT_INVALID', { protocol: 'instant_runoff' })
  given(t, opened()).by(orchestrator(a)).when('cast', { ranking: ['x'] }).refuses('BALLOT_INVALID')
  const first = cast(a, null, rankings(1, false), { ranking: ['y', 'x'] })
  by(first).when('cast', { ranking: ['y', 'x'] }).changesNothing()
  by(first).when('cast', { ranking: ['x'] }).yields(Decision.VoteChanged({
    ...first.data, ranking: ['x'], previous: null, previousRanking: ['y', 'x'],
  }))
})

t.test('C-28 C-26 the option that nobody can beat any more is decided in the append of the deciding vote', async (t) => {
  const said = [a, b].map((elector, index) => cast(elector, null, rankings(index + 1, false), { ranking: ['y'] }))
  given(t, ranked, ...said).by(orchestrator(c)).when('cast', { ranking: ['y'] }).yields(
    cast(c, null, rankings(3, true), { ranking: ['y'] }),
    Decision.DecisionApproved(ended(rankings(3, true), early, {
      option: 'y', rounds: [{ counts: { x: '0', y: '3' }, exhausted: '0', out: null }], missing: [d, e],
      decidedBy: { elector: c, revision: '3' },
    })),
    turnout([a, b, c]),
  )
})

t.test('C-30 an agent votes by its key, or through the orchestrator that supervises it and names it', async (t) => {
  const seats = [seat(a), seat(agent.id, '1', { kind: 'agent' }), seat(b)]
  const led = Agent.AgentRegistered({ ...registeredAgent().data, orchestrator: a })
  const asked = opened({ electorate: seats })
  const mixed = given(t, asked).seeing(agentState, agent.id, led)
  const vote = cast(agent.id, 'APPROVE', tally(1, 0, 0, false, 3), { orchestrator: a })
  mixed.by(agent).when('cast', { vote: 'APPROVE' }).yields(vote)
  mixed.by(orchestrator(a)).when('cast', { vote: 'APPROVE', elector: agent.id }).yields(vote)
  for (const by of [orchestrator(b), tool, admin])
    mixed.by(by).when('cast', { vote: 'APPROVE', elector: agent.id }).refuses('NOT_AN_ELECTOR')
  mixed.by(orchestrator(b)).when('cast', { vote: 'APPROVE', elector: a }).refuses('NOT_AN_ELECTOR')
  mixed.by(agent).when('cast', { vote: 'APPROVE', elector: b }).refuses('NOT_AN_ELECTOR')
})

t.test('C-30 an admin names whose vote it is in an import only', async (t) => {
  given(t, opened()).by(admin).when('cast', { vote: 'APPROVE', elector: a }).refuses('NOT_AN_ELECTOR')
  given(t, opened()).by(admin).with({ imported: true }).when('cast', { vote: 'APPROVE', elector: a })
    .yields(cast(a, 'APPROVE', tally(1, 0, 0, false)))
  given(t, opened()).by(orchestrator(b)).with({ imported: true }).when('cast', { vote: 'APPROVE', elector: a }).refuses('NOT_AN_ELECTOR')
})

t.test('C-31 how sure a voter is belongs to its vote', async (t) => {
  const sure = cast(a, 'APPROVE', tally(1, 0, 0, false), { confidence: 0.95 })
  given(t, opened()).by(orchestrator(a)).when('cast', { vote: 'APPROVE', confidence: 0.95 }).yields(sure)
  given(t, opened(), sure).by(orchestrator(a)).when('cast', { vote: 'APPROVE', confidence: 0.95 }).changesNothing()
  const { confidence } = decision.commands.cast!.data.shape
  for (const value of [0.5, 0.51, 1]) t.ok(confidence.safeParse(value).success, String(value))
  for (const value of [0.49, 1.01, 0.555]) t.notOk(confidence.safeParse(value).success, String(value))
})

type Carried = Parameters<typeof Decision.ProxyChosen>[0]['carried']
const chosen = (elector: string, to: string | null, carried: Carried = [], standing = tally(0, 0, 0, false)) =>
  Decision.ProxyChosen({ elector, to, carried, tally: standing, concerns: a })

t.test('C-3 C-33 a proxy votes for who chose it, as long as that does not vote itself', async (t) => {
  const proxied = [opened(), chosen(e, a)]
  given(t, opened()).by(orchestrator(e)).when('appoint', { to: a }).yields(chosen(e, a))
  const carried = cast(a, 'APPROVE', tally(2, 0, 0, false), { carries: [{ elector: e, weight: '1' }] })
  given(t, ...proxied).by(orchestrator(a)).when('cast', { vote: 'APPROVE' }).yields(carried)
  given(t, ...proxied, carried).by(orchestrator(e)).when('cast', { vote: 'REJECT' }).yields(cast(e, 'REJECT', tally(1, 1, 0, false)))
  const loose = [{ elector: e, weight: '1', by: null, vote: null, ranking: null }]
  const again = (elector: string, proxy: string | null) => Decision.VoteRequested({
    elector, orchestrator: elector, weight: '1', type: 'decision', title: 'Shall we?', deadline, task: null, proxy,
  })
  given(t, ...proxied, carried).by(orchestrator(e)).when('appoint', { to: null })
    .yields(chosen(e, null, loose, tally(1, 0, 0, false)), again(e, null))
  const behind = [opened(), chosen(d, e), chosen(e, a), cast(a, 'APPROVE', tally(3, 0, 0, true), { carries: [] })]
  given(t, ...behind).by(orchestrator(e)).when('appoint', { to: b }).yields(
    chosen(e, b, [{ ...loose[0]!, elector: d }, ...loose], tally(1, 0, 0, false)), again(d, e), again(e, b),
  )
})

t.test('C-33 whoever stays carried is told of by the choice, although nothing of its vote changed', async (t) => {
  const facts = [opened(), chosen(e, d), chosen(d, a), cast(a, 'APPROVE', tally(3, 0, 0, true), { carries: [] })]
  const carried = [{ elector: e, weight: '1', by: a, vote: 'APPROVE' as const, ranking: null }]
  const open = [opened({ early: false }), ...facts.slice(1)]
  given(t, ...open).by(orchestrator(e)).when('appoint', { to: a }).yields(chosen(e, a, carried, tally(3, 0, 0, true)))
})

t.test('C-3 a proxy that is chosen may be what decides', async (t) => {
  const facts = [opened(), cast(a, 'APPROVE', tally(1, 0, 0, false)), cast(b, 'APPROVE', tally(2, 0, 0, false))]
  const now = [{ elector: e, weight: '1', by: a, vote: 'APPROVE' as const, ranking: null }]
  given(t, ...facts).by(orchestrator(e)).when('appoint', { to: a }).yields(
    chosen(e, a, now, tally(3, 0, 0, true)),
    Decision.DecisionApproved(ended(tally(3, 0, 0, true), early, { missing: [c, d], decidedBy: { elector: e, revision: '3' } })),
    turnout([a, b, e], [e]),
  )
})

t.test('C-3 C-33 chains end, are three links long at most, and are of electors that have not voted', async (t) => {
  const chain = [opened(), chosen(a, b), chosen(b, c), chosen(c, d)]
  const by = (elector: string, ...facts: readonly DecisionEvent[]) => given(t, ...facts).by(orchestrator(elector))
  by(d, ...chain).when('appoint', { to: e }).refuses('PROXY_LIMIT', { links: 4, max: 3 })
  by(e, ...chain).when('appoint', { to: a }).refuses('PROXY_LIMIT', { links: 4 })
  by(d, ...chain).when('appoint', { to: a }).refuses('PROXY_CYCLE', { elector: a })
  by(a, opened()).when('appoint', { to: a }).refuses('PROXY_CYCLE')
  by(a, opened()).when('appoint', { to: stranger }).refuses('NOT_AN_ELECTOR', { elector: stranger })
  by(stranger, opened()).when('appoint', { to: a }).refuses('NOT_AN_ELECTOR')
  by(a, opened(), cast(a, 'APPROVE', tally(1, 0, 0, false))).when('appoint', { to: b }).refuses('ALREADY_VOTED')
  by(a, opened()).when('appoint', { to: null }).changesNothing()
  by(a, opened()).at(deadline).when('appoint', { to: b }).refuses('DECISION_CLOSED')
  by(a).when('appoint', { to: b }).refuses('NOT_FOUND')
})

t.test('C-4 electors, the proposer and admins argue, ten times each', async (t) => {
  const said = { side: 'against' as const, text: 'It is late.' }
  const told = (elector: string) => Decision.ArgumentGiven({ elector, ...said, concerns: a })
  given(t, opened()).by(orchestrator(b)).when('argue', said).yieldsEachTime(told(b))
  given(t, opened()).by(admin).when('argue', said).yieldsEachTime(told(admin.id))
  given(t, on(opened(), { by: tool }))
    .by(tool).when('argue', said).yieldsEachTime(Decision.ArgumentGiven({ elector: tool.id, ...said, concerns: null }))
  for (const by of [orchestrator(stranger), tool]) given(t, opened()).by(by).when('argue', said).refuses('FORBIDDEN')
  given(t, opened(), ...Array(10).fill(told(b))).by(orchestrator(b)).when('argue', said).refuses('LIMIT_REACHED', { max: 10 })
  const many = Array.from({ length: 20 }, (_, index) => Array(10).fill(told(uuid(100 + index)))).flat()
  given(t, opened(), ...many).by(orchestrator(b)).when('argue', said).refuses('LIMIT_REACHED', { max: 200 })
  given(t, opened()).at(deadline).by(orchestrator(b)).when('argue', said).refuses('DECISION_CLOSED')
  given(t).by(orchestrator(b)).when('argue', said).refuses('NOT_FOUND')
})

const told = (...facts: readonly DecisionEvent[]) =>
  facts.map((fact, revision) => recorded(decisionState, fact, { revision, at: later(now, revision * 1_000) }))

t.test('C-33 rows say who is carried, and by whom', async (t) => {
  const carrying = cast(a, 'APPROVE', tally(2, 0, 0, false), { carries: [{ elector: e, weight: '1' }] })
  const row = { decision: subject, ranking: null, confidence: null, weight: '1', comment: null, changes: 0, vote: 'APPROVE' as const }
  const shown = (...facts: readonly DecisionEvent[]) => picture(t, votes).after(...told(opened(), chosen(e, a), carrying, ...facts))
  const own = { ...row, elector: a, carried_by: null, at: later(now, 2_000), revision: 2 }
  shown().shows(own, { ...row, elector: e, carried_by: a, at: later(now, 2_000), revision: 2 })
  shown(cast(e, 'REJECT', tally(1, 1, 0, false)))
    .shows(own, { ...row, elector: e, vote: 'REJECT', carried_by: null, at: later(now, 3_000), revision: 3 })
  const loose = { elector: e, weight: '1', by: null, vote: null, ranking: null }
  shown(chosen(e, null, [loose])).shows(own)
  shown(chosen(e, null, [loose]), chosen(e, a, [{ ...loose, by: a, vote: 'APPROVE' }]))
    .shows(own, { ...row, elector: e, carried_by: a, at: later(now, 4_000), revision: 4 })
})

t.test('a vote is waited for until it comes, is carried, or the question ends', async (t) => {
  const requests = electors.map((elector) =>
    Decision.VoteRequested({
      elector, orchestrator: elector, weight: '1', type: 'decision', title: 'Shall we?', deadline, task: null, proxy: null,
    }))
  const waiting = (...facts: readonly DecisionEvent[]) => picture(t, waitingVotes).after(...told(opened(), ...requests, ...facts))
  const row = (elector: string, index: number, over = {}) => ({
    elector, decision: subject, title: 'Shall we?', type: 'decision' as const, task: null, weight: '1', deadline,
    asked_at: later(now, (index + 1) * 1_000), reminders: 0, proxy: null, ...over,
  })
  waiting(cast(a, 'APPROVE', tally(2, 0, 0, false), { carries: [{ elector: e, weight: '1' }] })).shows(row(b, 1), row(c, 2), row(d, 3))
  const extended = Decision.DecisionExtended({
    from: deadline, to: later(deadline, day_ms), missing: [d], reason: 'why', reminders_s: [], concerns: a,
  })
  const some = cast(a, 'APPROVE', tally(4, 0, 0, false), { carries: [b, c, e].map((elector) => ({ elector, weight: '1' })) })
  waiting(some, Decision.VoteReminded({ elector: d, orchestrator: d, deadline, left_s: 60 }), extended, chosen(d, a))
    .shows(row(d, 3, { deadline: later(deadline, day_ms), reminders: 1, proxy: a }))
  const loose = [{ elector: c, weight: '1', by: null, vote: null, ranking: null }]
  const request = Decision.VoteRequested({
    elector: c, orchestrator: c, weight: '1', type: 'decision', title: 'Shall we?', deadline, task: null, proxy: null,
  })
  waiting(some, chosen(c, null, loose), request).shows(row(d, 3), row(c, 7))
  waiting(some, chosen(c, b, [{ ...loose[0]!, by: a }])).shows(row(d, 3))
  waiting(some, Decision.DecisionExpired(ended(tally(0, 0, 0, false), 'late', { missing: [d] }))).shows()
})

t.test('C-4 C-9 what was argued and who dissented has a row each', async (t) => {
  const facts = [
    opened(), Decision.ArgumentGiven({ elector: b, side: 'for', text: 'Good.', concerns: a }),
    Decision.DecisionApproved(ended(tally(3, 0, 0, true), early)), Decision.DissentRecorded({ elector: c, text: 'No.', concerns: a }),
  ]
  picture(t, argumentsGiven).after(...told(...facts)).shows(
    { decision: subject, revision: 1, by: b, side: 'for', text: 'Good.', dissent: false, at: later(now, 1_000) },
    { decision: subject, revision: 3, by: c, side: null, text: 'No.', dissent: true, at: later(now, 3_000) },
  )
})
