import t, { type Test } from 'tap'
import { Orchestrator } from '../../fleet/orchestrator/events.ts'
import { orchestratorState } from '../../fleet/orchestrator/state.ts'
import type { Command } from '../../kernel/decider.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, behaviour, daemon, now, on, orchestrator, replay, subject, system, tool, uuid } from '../../kernel/testing.ts'
import { hour_ms, later } from '../../kernel/time.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { created, elsewhere, needsApproval, owner, registered } from '../../work/task/scene.ts'
import { taskState } from '../../work/task/state.ts'
import { decision } from './decider.ts'
import { decisions } from './decisions.ts'
import { Decision, type DecisionEvent } from './events.ts'
import {
  asking, cancelled, cast, changed, deadline, electors, ended, opened, question, seat, tally, turnout, type Standing,
} from './scene.ts'
import { decisionState, permits } from './state.ts'
import { votes } from './votes.ts'

const [a, b, c, d, e] = electors
const [stranger, task] = [uuid(19), uuid(2)]

const approved = (tally: Standing, reason: string, over = {}) => Decision.DecisionApproved(ended(tally, reason, over))
const rejected = (tally: Standing, reason: string, over = {}) => Decision.DecisionRejected(ended(tally, reason, over))
/** By the deadline, after so many facts. */
const late = (facts: number) => ({ decidedBy: { elector: null, revision: String(facts) } })
const expired = Decision.DecisionExpired(ended(tally(2, 0, 0, false), 'the quorum was not met by the deadline', late(3)))

const early = 'no vote still to come can change it'
const one = cast(a, 'APPROVE', tally(1, 0, 0, false))
const two = cast(b, 'APPROVE', tally(2, 0, 0, false))
const three = cast(c, 'APPROVE', tally(3, 0, 0, true))

const scene = (t: Test) =>
  electors.reduce((scenario, elector) => scenario.seeing(orchestratorState, elector, registered), behaviour(t, decision).given())
const given = (t: Test, ...facts: readonly DecisionEvent[]) => behaviour(t, decision).given(...facts)

t.test('S-50 C-1 a question is put to an electorate whose weights are frozen', async (t) => {
  const wish = { title: 'Shall we?', electorate: electors, deadline }
  const heavy = Orchestrator.OrchestratorUpdated({ ...registered.data, consensusWeight: 7, previousEmail: null })
  scene(t).when('open', wish).yields(...asking(opened()))
  scene(t).seeing(orchestratorState, b, registered, heavy).when('open', { ...wish, electorate: [b, a, b], quorum: 1, description: 'All.' })
    .yields(...asking(opened({ electorate: [seat(a), seat(b, '7')], quorum: '1/1', description: 'All.' })))
  scene(t).seeing(taskState, task, created()).when('open', { ...wish, type: 'task_approval', taskId: task })
    .yields(...asking(opened({ type: 'task_approval', task, concerns: owner })))
  scene(t).when('open', { title: 'Shall we?', electorate: electors }).yields(...asking(opened({ deadline: null, reminders_s: [] })))
})

t.test('S-3 only the owner of a task, or who is above it, holds it back until it is approved', async (t) => {
  const wish = { title: 'Shall we?', electorate: electors, taskId: task, deadline }
  const given = scene(t).seeing(taskState, task, created())
  for (const by of [orchestrator(owner), admin, system])
    given.by(by).when('open', { ...wish, type: 'task_approval' })
      .yields(...asking(opened({ type: 'task_approval', task, concerns: owner })))
  for (const by of [orchestrator(stranger), tool]) given.by(by).when('open', { ...wish, type: 'task_approval' }).refuses('FORBIDDEN')
  given.by(orchestrator(stranger)).when('open', wish).yields(...asking(opened({ task, concerns: stranger })))
  const required = (count: number) => Array.from({ length: count }, (_, index) => needsApproval(uuid(100 + index), []))
  const waiting = (count: number) =>
    given.seeing(taskState, task, created(), ...required(count)).when('open', { ...wish, type: 'task_approval' })
  waiting(19).yields(...asking(opened({ type: 'task_approval', task, concerns: owner })))
  waiting(20).refuses('TOO_MANY_APPROVALS', { max: 20 })
})

t.test('S-66 who asked hears how it ended, or else the owner of the task; every elector hears that it is asked', async (t) => {
  const byAdmin = (task: string | null) => on(opened({ task }), { by: admin })
  const reason = 'why'
  const withdrawal = (asked: DecisionEvent) => given(t, asked).seeing(taskState, task, created()).when('cancel', { reason })
  const withdrawn = (task: string | null, concerns: string | null) => cancelled({ task, concerns, reason })
  withdrawal(opened({ task })).yields(withdrawn(task, a))
  withdrawal(byAdmin(task)).yields(withdrawn(task, owner))
  withdrawal(byAdmin(null)).yields(withdrawn(null, null))
  const recipients = asking(opened({ concerns: owner })).map(({ type, data }) => Decision.definitions[type]!.recipient!(data, subject))
  t.strictSame(recipients, [owner, ...electors])
})

t.test('S-50 what cannot be asked', async (t) => {
  const wish = { title: 'Shall we?', electorate: electors }
  scene(t).when('open', { ...wish, electorate: [a, stranger] }).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: stranger })
  scene(t).seeing(orchestratorState, b, elsewhere).when('open', wish).refuses('ORCHESTRATOR_UNKNOWN', { orchestrator: b })
  scene(t).when('open', { ...wish, electorate: [a, a] }).refuses('ELECTORATE_TOO_SMALL')
  scene(t).when('open', { ...wish, type: 'task_approval' }).refuses('TASK_REQUIRED')
  scene(t).when('open', { ...wish, taskId: task }).refuses('TASK_UNKNOWN')
  scene(t).seeing(taskState, task, on(created(), { organization: 'umbrella' })).when('open', { ...wish, taskId: task })
    .refuses('TASK_UNKNOWN')
  scene(t).when('open', { ...wish, deadline: now }).refuses('DEADLINE_PASSED')
  given(t, opened()).when('open', wish).refuses('ALREADY_EXISTS')
})

t.test('S-50 S-51 a question is bounded', async (t) => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => uuid(index))
  const limits: readonly [command: 'open' | 'cast', field: string, taken: readonly unknown[], refused: readonly unknown[]][] = [
    ['open', 'type', ['task_approval', 'decision', 'resource_allocation', 'priority_change', 'other'], ['poll']],
    ['open', 'title', ['x', 'x'.repeat(200)], ['', 'x'.repeat(201)]],
    ['open', 'electorate', [many(1), many(200)], [[], many(201)]],
    ['open', 'quorum', [0.01, 1, '2/3', '50%'], [0, -1, 1.01, '3/2', 'half']],
    ['open', 'protocol', ['majority', 'schulze'], ['unanimity']],
    ['cast', 'vote', ['APPROVE', 'REJECT', 'ABSTAIN'], ['MAYBE']],
    ['cast', 'comment', ['x'.repeat(1_000)], ['x'.repeat(1_001)]],
  ]
  for (const [command, field, taken, refused] of limits) {
    const schema = (decision.commands[command] as Command).data.shape[field]!
    for (const value of taken) t.ok(schema.safeParse(value).success, `${command}.${field} takes what is just allowed`)
    for (const value of refused) t.notOk(schema.safeParse(value).success, `${command}.${field} refuses what is not`)
  }
})

t.test('S-51 C-2 electors vote, each as itself, and may vote differently while it is open', async (t) => {
  given(t, opened()).by(orchestrator(a)).when('cast', { vote: 'APPROVE', comment: 'yes' })
    .yields(cast(a, 'APPROVE', tally(1, 0, 0, false), { comment: 'yes' }))
  given(t, opened(), one).by(orchestrator(a)).when('cast', { vote: 'APPROVE' }).changesNothing()
  given(t, opened(), one).by(orchestrator(a)).when('cast', { vote: 'REJECT' })
    .yields(changed(a, 'REJECT', 'APPROVE', tally(0, 1, 0, false)))
  given(t, opened(), one).by(orchestrator(a)).when('cast', { vote: 'APPROVE', comment: 'sure' })
    .yields(changed(a, 'APPROVE', 'APPROVE', tally(1, 0, 0, false), { comment: 'sure' }))
  for (const by of [orchestrator(stranger), admin, tool, system, { kind: 'admin' as const, id: a }])
    given(t, opened()).by(by).when('cast', { vote: 'APPROVE' }).refuses('NOT_AN_ELECTOR')
  given(t).by(orchestrator(a)).when('cast', { vote: 'APPROVE' }).refuses('NOT_FOUND')
})

t.test('S-51 after the end nobody votes, whatever the end was', async (t) => {
  const ends = {
    approved: approved(tally(3, 0, 0, true), early), rejected: rejected(tally(0, 3, 0, true), early), expired, cancelled: cancelled(),
  }
  for (const [stage, end] of Object.entries(ends)) {
    given(t, opened(), one, end).by(orchestrator(b)).when('cast', { vote: 'REJECT' }).refuses('DECISION_CLOSED', { outcome: stage })
    given(t, opened(), one, end).by(orchestrator(a)).when('cast', { vote: 'APPROVE' }).changesNothing()
  }
  given(t, opened()).at(deadline).by(orchestrator(b)).when('cast', { vote: 'REJECT' }).refuses('DECISION_CLOSED', { outcome: 'pending' })
})

t.test('S-53 S-54 three approvals of five settle it, in the append of the third', async (t) => {
  given(t, opened(), one).by(orchestrator(b)).when('cast', { vote: 'APPROVE' }).yields(two)
  given(t, opened(), one, two).by(orchestrator(c)).when('cast', { vote: 'APPROVE' })
    .yields(three, approved(tally(3, 0, 0, true), early), turnout([a, b, c]))
})

t.test('S-54 one approval, one rejection, one abstention at the deadline: the quorum is met, a tie rejects', async (t) => {
  const facts = [opened(), one, cast(b, 'REJECT', tally(1, 1, 0, false)), cast(c, 'ABSTAIN', tally(1, 1, 1, true))]
  given(t, ...facts).by(system).at(deadline).when('close', {})
    .yields(rejected(tally(1, 1, 1, true), 'the deadline came', late(4)), turnout([b]))
})

t.test('S-54 two approvals at the deadline: without quorum it expires', async (t) => {
  given(t, opened(), one, two).by(system).at(deadline).when('close', {}).yields(expired)
})

t.test('S-53 C-27 at the deadline what was cast counts; before it, or without one, nothing closes', async (t) => {
  const facts = [one, cast(b, 'APPROVE', tally(2, 0, 0, false)), cast(c, 'REJECT', tally(2, 1, 0, true))]
  given(t, opened(), ...facts).by(system).at(deadline).when('close', {})
    .yields(approved(tally(2, 1, 0, true), 'the deadline came', late(4)), turnout([a, b]))
  given(t, opened(), ...facts).by(system).at(later(deadline, -1)).when('close', {}).changesNothing()
  given(t, opened({ deadline: null }), ...facts).by(system).at(deadline).when('close', {}).changesNothing()
  given(t, opened(), cancelled()).by(system).at(deadline).when('close', {}).changesNothing()
})

t.test('S-53 it ends at the latest when all have voted', async (t) => {
  const facts = [
    cast(a, 'APPROVE', tally(1, 0, 0, false)), cast(b, 'APPROVE', tally(2, 0, 0, false)), cast(c, 'REJECT', tally(2, 1, 0, true)),
    cast(d, 'REJECT', tally(2, 2, 0, true)),
  ]
  given(t, opened(), ...facts).by(orchestrator(e)).when('cast', { vote: 'APPROVE' })
    .yields(cast(e, 'APPROVE', tally(3, 2, 0, true)), approved(tally(3, 2, 0, true), 'all have voted'), turnout([a, b, e]))
  given(t, opened(), ...facts).by(orchestrator(e)).when('cast', { vote: 'ABSTAIN' })
    .yields(cast(e, 'ABSTAIN', tally(2, 2, 1, true)), rejected(tally(2, 2, 1, true), 'all have voted'), turnout([c, d]))
})

t.test('S-53 C-8 the proposer, or who is above it, withdraws the question', async (t) => {
  for (const by of [orchestrator(a), admin, system]) given(t, opened()).by(by).when('cancel', {}).yields(cancelled())
  for (const by of [orchestrator(b), tool]) given(t, opened()).by(by).when('cancel', {}).refuses('FORBIDDEN')
  given(t, opened()).by(daemon, a).when('cancel', {}).yields(cancelled())
  const byDaemon = on(Decision.DecisionOpened({ ...question, concerns: OrchestratorId.parse(a) }), { by: daemon })
  given(t, byDaemon).by(orchestrator(a)).when('cancel', {}).yields(cancelled())
  given(t, byDaemon).by(daemon, b).when('cancel', {}).refuses('FORBIDDEN')
  given(t, opened(), cancelled()).when('cancel', {}).changesNothing()
  for (const by of [admin, system]) given(t, opened(), expired).by(by).when('cancel', {}).yields(cancelled({ missing: [] }))
  given(t, opened(), expired).by(orchestrator(a)).when('cancel', {}).refuses('DECISION_CLOSED', { outcome: 'expired' })
  given(t, opened(), rejected(tally(0, 3, 0, true), early)).when('cancel', {}).refuses('DECISION_CLOSED', { outcome: 'rejected' })
  given(t).when('cancel', {}).refuses('NOT_FOUND')
})

t.test('S-3 what was approved may be done, and what nobody asks any more', async (t) => {
  const facts = [approved(tally(3, 0, 0, true), early), rejected(tally(0, 3, 0, true), early), expired, cancelled()]
  const may = facts.filter((fact) => permits(replay(decisionState, [opened(), fact])))
  t.strictSame(may.map(({ type }) => type), ['DecisionApproved', 'DecisionCancelled'])
  t.notOk(permits(replay(decisionState, [opened()])))
  t.notOk(permits(decisionState.initial))
})

const told = (...facts: readonly DecisionEvent[]) =>
  facts.map((fact, revision) => recorded(decisionState, fact, { revision, at: later(now, revision * 1_000) }))

t.test('the read model shows what is being decided, and how it stands', async (t) => {
  const row = {
    decision: subject, type: 'decision' as const, title: 'Shall we?', description: null, task: null, proposer: 'test',
    status: 'pending' as const, protocol: 'majority' as const, electorate: 5, electors: [...electors], weight: '7', quorum: '1/2', cast: 0,
    approvals: 0, rejections: 0, abstentions: 0, quorum_met: false, deadline, outcome: null, opened_at: now, closed_at: null,
    threshold: '1/2', over: false, weighing: 'heads' as const, ballot: 'open' as const, early: true, options: null, option: null,
    approve_weight: '0', reject_weight: '0', cast_weight: '0', missing: null, decided_by: null, extensions: 0,
    effect_state: 'none' as const, reopens: null, reopened_by: null, result: null, origin: null,
  }
  const weighty = opened({ electorate: electors.map((elector) => seat(elector, elector === a ? '3' : '1')) })
  const shown = (...facts: readonly DecisionEvent[]) => picture(t, decisions).after(...told(weighty, ...facts))
  shown().shows(row)
  shown(one).shows({ ...row, cast: 1, approvals: 1, approve_weight: '1', cast_weight: '1' })
  const end = {
    ...row, cast: 3, approvals: 3, quorum_met: true, closed_at: later(now, 4_000), approve_weight: '3', cast_weight: '3', missing: [d, e],
    decided_by: { elector: c, revision: '3' },
  }
  shown(one, two, three, approved(tally(3, 0, 0, true), early)).shows({ ...end, status: 'approved', outcome: early })
  shown(one, two, three, rejected(tally(3, 0, 0, true), early)).shows({ ...end, status: 'rejected', outcome: early })
  shown(one, two, expired).matches({ status: 'expired', outcome: 'the quorum was not met by the deadline', closed_at: later(now, 3_000) })
  shown(one, cancelled({ reason: 'moot' }))
    .matches({ status: 'cancelled', outcome: 'moot', closed_at: later(now, 2_000), missing: electors })
  const until = later(deadline, hour_ms)
  const extension = Decision.DecisionExtended({
    from: deadline, to: until, missing: [...electors], reason: 'why', reminders_s: [], concerns: a,
  })
  shown(extension).shows({ ...row, deadline: until, extensions: 1 })
  const result = Decision.DecisionResultRecorded({ right: 'APPROVE', note: null, previous: null, concerns: a })
  shown(expired, result, Decision.DecisionReopened({ by: uuid(77), concerns: a }))
    .matches({ result: { right: 'APPROVE', note: null }, reopened_by: uuid(77) })
})

t.test('S-51 a vote has one row, the last one said', async (t) => {
  const again = changed(a, 'REJECT', 'APPROVE', tally(1, 1, 0, false), { comment: 'no' })
  const row = {
    decision: subject, ranking: null, confidence: null, carried_by: null, weight: '1', comment: null, changes: 0,
  }
  picture(t, votes).after(...told(opened(), one, two, again)).shows(
    { ...row, elector: a, vote: 'REJECT', comment: 'no', changes: 1, at: later(now, 3_000), revision: 3 },
    { ...row, elector: b, vote: 'APPROVE', at: later(now, 2_000), revision: 2 },
  )
})
