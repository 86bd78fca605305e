import t, { type Test } from 'tap'
import { Agent } from '../../fleet/agent/events.ts'
import { registered as registeredAgent } from '../../fleet/agent/scene.ts'
import { agentState } from '../../fleet/agent/state.ts'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import { translated, wordsOf } from '../../kernel/alias.ts'
import { cited, groundsOf } from '../../kernel/grounds.ts'
import { admin, agent, behaviour, now, orchestrator, uuid } from '../../kernel/testing.ts'
import { day_ms, later } from '../../kernel/time.ts'
import { created, registered, started } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { decision } from './decider.ts'
import { Decision, type DecisionEvent } from './events.ts'
import { asking, deadline, electors, ended, opened, seat, tally } from './scene.ts'
import { ElectorId } from './shapes.ts'
import { decisionState } from './state.ts'

const [a, b, c] = electors
const [stranger, task, old, other] = [19, 2, 40, 41].map(uuid) as [string, string, string, string]
const wish = { title: 'Shall we?', electorate: electors as readonly string[] as string[], deadline }

const scene = (t: Test, ...facts: readonly DecisionEvent[]) =>
  electors.reduce((scenario, elector) => scenario.seeing(orchestratorState, elector, registered), behaviour(t, decision).given(...facts))

t.test('C-10 C-20 C-21 C-22 C-23 each protocol has its usual weighing, threshold and quorum', async (t) => {
  const usual = [
    ['majority', { weighing: 'heads', quorumBy: 'heads', threshold: '1/2', quorum: '1/2' }],
    ['supermajority', { weighing: 'heads', quorumBy: 'heads', threshold: '2/3', quorum: '1/2' }],
    ['unanimous', { weighing: 'heads', quorumBy: 'heads', threshold: '1/2', quorum: '1/5' }],
    ['weighted', { weighing: 'weights', quorumBy: 'weights', threshold: '3/4', quorum: '1/2' }],
  ] as const
  for (const [protocol, rule] of usual) scene(t).by(orchestrator(a)).when('open', { ...wish, protocol }).yields(...asking(opened({
    protocol, ...rule, concerns: a as never,
  })))
  const options = [{ option: 'x', title: 'Ex' }, { option: 'y', title: 'Why' }]
  for (const protocol of ['instant_runoff', 'schulze'] as const)
    scene(t).by(orchestrator(a)).when('open', { ...wish, protocol, options, reminders_s: [60], early: false }).yields(...asking(opened({
      protocol, options: options.map((option) => ({ ...option, resolve: null })), concerns: a as never, reminders_s: [60], early: false,
    })))
})

t.test('C-10 C-11 C-14 what contradicts itself is no question', async (t) => {
  const { data } = decision.commands.open!
  const bad: readonly [says: object, path: string][] = [
    [{ electorate: undefined }, 'electorate'], [{ select: {} }, 'electorate'],
    [{ threshold: '2/3' }, 'threshold'], [{ protocol: 'unanimous', threshold: 1 }, 'threshold'],
    [{ protocol: 'supermajority', threshold: 0.5 }, 'threshold'], [{ protocol: 'weighted', threshold: 0.49 }, 'threshold'],
    [{ protocol: 'schulze' }, 'options'], [{ options: [{ option: 'x', title: 'x' }, { option: 'y', title: 'y' }] }, 'options'],
    [{ protocol: 'schulze', options: [{ option: 'x', title: 'x' }, { option: 'x', title: 'y' }] }, 'options'],
    [{ protocol: 'schulze', options: [{ option: 'x', title: 'x' }, { option: 'y', title: 'y' }], vetoers: [a] }, 'vetoers'],
    [{ weights: 'given' }, 'weights'], [{ electorate: [{ elector: a, weight: '2' }, b] }, 'weights'],
    [{ reopens: old }, 'evidence'],
  ]
  for (const [says, path] of bad) {
    const { error } = data.safeParse({ ...wish, ...says })
    t.ok(error?.issues.some((issue: { path: unknown[] }) => issue.path[0] === path), `${JSON.stringify(says)}: ${path}`)
  }
  for (const says of [{ protocol: 'supermajority', threshold: 0.51 }, { protocol: 'weighted', threshold: '50%' }])
    t.ok(data.safeParse({ ...wish, ...says }).success, JSON.stringify(says))
})

t.test('C-14 weights are those of the profiles, equal, or given by an admin as text of any size', async (t) => {
  const heavy = Orchestrator.OrchestratorUpdated({ ...registered.data, consensusWeight: 7, previousEmail: null })
  const given = scene(t).seeing(orchestratorState, b, registered, heavy)
  given.by(admin).when('open', { ...wish, electorate: [a, b], weights: 'equal' })
    .yields(...asking(opened({ electorate: [seat(a), seat(b, '1', { base: '7' })] })))
  const great = '9'.repeat(30)
  const seats = [{ elector: a, weight: great }, { elector: b, weight: 2 }]
  given.by(admin).when('open', { ...wish, electorate: seats, weights: 'given' })
    .yields(...asking(opened({ electorate: [seat(a, great, { base: '1' }), seat(b, '2', { base: '7' })] })))
  given.by(orchestrator(a)).when('open', { ...wish, electorate: seats, weights: 'given' }).refuses('FORBIDDEN')
  const { electorate } = decision.commands.open!.data.shape
  for (const weight of ['0', '01', '1'.repeat(31), '1.5', 0, 1.5, 2 ** 54, -1])
    t.notOk(electorate.safeParse([{ elector: a, weight }]).success, String(weight))
})

t.test('C-12 agents may be electors, and weigh one; those that have left may not', async (t) => {
  const wishes = { ...wish, electorate: [a, agent.id] }
  const asked = [seat(a), seat(agent.id, '1', { kind: 'agent' })]
  const [opening, first, second] = asking(opened({ electorate: asked }))
  const known = scene(t).seeing(agentState, agent.id, Agent.AgentRegistered({ ...registeredAgent().data, orchestrator: b as never }))
  const request = second as ReturnType<typeof Decision.VoteRequested>
  known.when('open', wishes).yields(opening!, first!, Decision.VoteRequested({ ...request.data, orchestrator: b }))
  scene(t).when('open', wishes).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: agent.id })
  const retired = Agent.AgentRetired({ orchestrator: b as never, from: 'IDLE', reason: null, slots: [] })
  scene(t).seeing(agentState, agent.id, registeredAgent(), retired).when('open', wishes).refuses('ORCHESTRATOR_UNKNOWN')
  const left = Orchestrator.OrchestratorArchived({ from: 'OFFLINE', reason: null, previousEmail: null })
  scene(t).seeing(orchestratorState, b, registered, left).when('open', wish).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: b })
})

t.test('C-12 an electorate may be selected among the orchestrators, on grounds that the fact names', async (t) => {
  const select = { role: 'lead', capability: 'rust', tier: 1 }
  const { data, grounds: asks } = decision.commands.open!
  const asked = asks!(decisionState.initial, data.parse({ ...wish, electorate: undefined, select }), {} as never)
  t.match(asked.electors, {
    limit: 201, where: { role: 'lead', tier: 1, status: ['ONLINE', 'BUSY', 'AWAY'] },
    meets: [{ column: 'capabilities', holdsAll: ['rust'] }],
  })
  t.strictSame(asks!(decisionState.initial, data.parse(wish), {} as never), {})
  const found = (ids: readonly string[]) => groundsOf({ electors: ids.map((orchestrator) => ({ orchestrator })) }, '7')
  const grounds = found([b, a])
  scene(t).with({ grounds }).when('open', { ...wish, electorate: undefined, select }).yields(...asking(opened({
    electorate: [seat(a), seat(b)], selection: { select, grounds: cited(grounds) },
  })))
  const many = found(Array.from({ length: 201 }, (_, index) => uuid(1_000 + index)))
  scene(t).with({ grounds: many }).when('open', { ...wish, electorate: undefined, select }).refuses('ELECTORATE_TOO_LARGE', { max: 200 })
  scene(t).with({ grounds: found([]) }).when('open', { ...wish, electorate: undefined, select })
    .refuses('ELECTORATE_TOO_SMALL', { left: 0 })
})

t.test('C-13 who has an interest may be left out, and the fact says why', async (t) => {
  const given = scene(t).seeing(taskState, task, created({ owner: b as never })).by(orchestrator(a))
  given.when('open', { ...wish, taskId: task, excludeInterested: true, exclude: [c, stranger] }).yields(...asking(opened({
    electorate: electors.slice(3).map((elector) => seat(elector)), task: task as never, concerns: a as never,
    excluded: [{ id: a, reason: 'proposer' }, { id: b, reason: 'owner' }, { id: c, reason: 'asked' }],
  })))
  given.when('open', { ...wish, electorate: [a, b], taskId: task, excludeInterested: true })
    .refuses('ELECTORATE_TOO_SMALL', { left: 0, min: 2 })
  given.when('open', { ...wish, electorate: [a, c], minElectorate: 1, excludeInterested: true }).yields(...asking(opened({
    electorate: [seat(c)], minElectorate: 1, concerns: a as never, excluded: [{ id: a, reason: 'proposer' }],
  })))
  const running = [created({ owner: b as never }), started({ holder: c as never })]
  scene(t).seeing(taskState, task, ...running).when('open', { ...wish, taskId: task, excludeInterested: true })
    .yields(...asking(opened({
      electorate: [a, ...electors.slice(3)].map((elector) => seat(elector)), task: task as never, concerns: b as never,
      excluded: [{ id: b, reason: 'owner' }, { id: c, reason: 'holder' }],
    })))
})

t.test('C-13 who has a veto is an elector', async (t) => {
  scene(t).when('open', { ...wish, vetoers: [a, a] }).yields(...asking(opened({ vetoers: [a] })))
  scene(t).when('open', { ...wish, vetoers: [stranger] }).refuses('VETOER_UNKNOWN', { elector: stranger })
})

t.test('C-10 a deadline lies at most 366 days ahead', async (t) => {
  const at = (days: number) => later(now, days * day_ms)
  scene(t).when('open', { ...wish, deadline: at(366) }).yields(...asking(opened({ deadline: at(366) })))
  scene(t).when('open', { ...wish, deadline: later(at(366), 1) }).refuses('DEADLINE_TOO_FAR')
})

t.test('C-33 who votes for whom in general does so here, unless that leads nowhere, in a circle or too far', async (t) => {
  const stands = (to: string, over: object = {}) =>
    Orchestrator.ProxyAppointed({ to: ElectorId.parse(to), types: null, until: null, ...over })
  const [d, e] = electors.slice(3) as [string, string]
  const frozen = (standing: Readonly<Record<string, ReturnType<typeof stands>>>, proxies: Readonly<Record<string, string>>, type = {}) =>
    Object.entries(standing).reduce((scenario, [id, fact]) => scenario.seeing(orchestratorState, id, registered, fact), scene(t))
      .when('open', { ...wish, ...type })
      .yields(...asking(opened({ ...type, electorate: electors.map((id) => seat(id, '1', { proxy: proxies[id] ?? null })) })))
  frozen({ [a]: stands(b), [b]: stands(c) }, { [a]: b, [b]: c })
  frozen({ [a]: stands(stranger) }, {})
  frozen({ [a]: stands(b), [b]: stands(a) }, { [a]: b })
  frozen({ [a]: stands(b), [b]: stands(c), [c]: stands(d), [d]: stands(e) }, { [a]: b, [b]: c, [c]: d })
  frozen({ [a]: stands(b, { until: now }) }, {})
  frozen({ [a]: stands(b, { until: later(now, 1) }) }, { [a]: b })
  frozen({ [a]: stands(b, { types: ['other'] }) }, {})
  frozen({ [a]: stands(b, { types: ['other'] }) }, { [a]: b }, { type: 'other' })
})

t.test('C-16 an ended question is asked again with evidence, by one question at a time', async (t) => {
  const again = { ...wish, reopens: old, evidence: 'New figures.' }
  const rejected = Decision.DecisionRejected(ended(tally(0, 3, 0, true), 'why'))
  const given = scene(t).seeing(decisionState, old, opened(), rejected)
  given.when('open', again).yields(...asking(opened({ reopens: old as never, evidence: 'New figures.' })))
  given.when('open', { ...again, type: 'other' }).refuses('DECISION_UNKNOWN', { reopens: old })
  scene(t).when('open', again).refuses('DECISION_UNKNOWN')
  scene(t).seeing(decisionState, old, opened()).when('open', again).refuses('DECISION_UNKNOWN')
  const noted = Decision.DecisionReopened({ by: other, concerns: null })
  const busy = scene(t).seeing(decisionState, old, opened(), rejected, noted)
  busy.seeing(decisionState, other, opened()).when('open', again).refuses('REOPENED_ALREADY', { by: other })
  busy.seeing(decisionState, other, opened(), rejected).when('open', again)
    .yields(...asking(opened({ reopens: old as never, evidence: 'New figures.' })))
})

t.test('C-18 the older form: a percentage of the whole electorate, everybody voting', async (t) => {
  const [alias] = decision.commands.open!.aliases!
  const { data } = decision.commands.open!
  const older = wordsOf(alias!, data, ElectorId).parse({ orchestrator: a, requiredVpIds: [a, b], title: 'Shall we?', threshold: 66.7 })
  const said = translated(alias!, data, older, now)
  scene(t).by(orchestrator(a)).when('open', said as never).yields(...asking(opened({
    electorate: [seat(a), seat(b)], protocol: 'weighted', weighing: 'weights', quorumBy: 'weights', threshold: '667/1000', quorum: '1/1',
    deadline: null, reminders_s: [], concerns: a as never,
  })))
})
