import t, { type Test } from 'tap'
import { admin, behaviour, now, orchestrator, system, tool, uuid } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { decision } from './decider.ts'
import { Decision, type DecisionEvent } from './events.ts'
import { cancelled, cast, deadline, electors, ended, opened, tally } from './scene.ts'

const [a, b, c, d, e] = electors
const stranger = uuid(19)
const given = (t: Test, ...facts: readonly DecisionEvent[]) => behaviour(t, decision).given(...facts)
const one = cast(a, 'APPROVE', tally(1, 0, 0, false))
const votes = [one, cast(b, 'APPROVE', tally(2, 0, 0, false)), cast(c, 'APPROVE', tally(3, 0, 0, true))]
const approved = [opened(), ...votes, Decision.DecisionApproved(ended(tally(3, 0, 0, true), 'why'))]
const until = later(deadline, hour_ms)

const extension = (from: string, to: string, missing = [b, c, d, e]) =>
  Decision.DecisionExtended({ from, to, missing, reason: 'late', reminders_s: [86_400, 3_600], concerns: a })

t.test('C-5 whoever asked gives more time, three times, before the time is up', async (t) => {
  const wish = { deadline: until, reason: 'late' }
  for (const by of [orchestrator(a), admin, system]) given(t, opened(), one).by(by).when('extend', wish).yields(extension(deadline, until))
  for (const by of [orchestrator(b), tool]) given(t, opened()).by(by).when('extend', wish).refuses('FORBIDDEN')
  given(t, opened()).at(deadline).when('extend', wish).refuses('DECISION_CLOSED')
  given(t, opened()).when('extend', { ...wish, deadline: later(deadline, -1) }).refuses('INVALID_STATE_TRANSITION', { deadline })
  given(t, opened()).when('extend', { ...wish, deadline }).changesNothing()
  given(t, opened({ deadline: null })).when('extend', wish).refuses('INVALID_STATE_TRANSITION')
  given(t, opened()).when('extend', { ...wish, deadline: later(now, 366 * day_ms + 1) }).refuses('DEADLINE_TOO_FAR')
  const thrice = [1, 2, 3].map((n) => extension(later(deadline, n - 1), later(deadline, n)))
  given(t, opened(), ...thrice).when('extend', wish).refuses('LIMIT_REACHED', { max: 3 })
  given(t).when('extend', wish).refuses('NOT_FOUND')
  given(t, opened(), one, extension(deadline, until)).by(orchestrator(b)).at(deadline).when('cast', { vote: 'APPROVE' })
    .yields(cast(b, 'APPROVE', tally(2, 0, 0, false)))
})

t.test('C-6 those who have not voted are reminded of the deadline that it is', async (t) => {
  const wish = { deadline, left_s: 60 }
  given(t, opened(), ...votes.slice(0, 2)).by(system).when('remind', wish)
    .yieldsEachTime(...[c, d, e].map((elector) => Decision.VoteReminded({ elector, orchestrator: elector, deadline, left_s: 60 })))
  given(t, opened(), one, extension(deadline, until)).by(system).when('remind', wish).changesNothing()
  given(t, opened()).by(system).at(deadline).when('remind', wish).changesNothing()
  given(t, ...approved).by(system).when('remind', wish).changesNothing()
  given(t).by(system).when('remind', wish).changesNothing()
})

t.test('C-7 an admin may count the votes once the deadline has come, and nobody before', async (t) => {
  const expired = Decision.DecisionExpired(ended(tally(1, 0, 0, false), 'the quorum was not met by the deadline', {
    decidedBy: { elector: null, revision: '2' },
  }))
  given(t, opened(), one).at(deadline).by(admin).when('closeNow', {}).yields(expired)
  given(t, opened(), one).at(later(deadline, -1)).by(admin).when('closeNow', {}).changesNothing()
  for (const by of [tool, orchestrator(a)]) given(t, opened()).at(deadline).by(by).when('closeNow', {}).refuses('FORBIDDEN')
  given(t).when('closeNow', {}).refuses('NOT_FOUND')
})

t.test('C-9 an elector that did not vote for the outcome may say so once, for 30 days', async (t) => {
  const text = 'I would rather not.'
  const dissent = Decision.DissentRecorded({ elector: d, text, concerns: a })
  given(t, ...approved).by(orchestrator(d)).when('dissent', { text }).yields(dissent)
  given(t, ...approved, dissent).by(orchestrator(d)).when('dissent', { text: 'More.' }).refuses('DISSENT_CLOSED')
  given(t, ...approved).by(orchestrator(d)).at(later(now, 30 * day_ms)).when('dissent', { text }).refuses('DISSENT_CLOSED')
  given(t, ...approved).by(orchestrator(a)).when('dissent', { text }).refuses('FORBIDDEN')
  given(t, ...approved).by(orchestrator(stranger)).when('dissent', { text }).refuses('NOT_AN_ELECTOR')
  given(t, opened()).by(orchestrator(a)).when('dissent', { text }).refuses('DECISION_PENDING')
  given(t).by(orchestrator(a)).when('dissent', { text }).refuses('NOT_FOUND')
  const expired = [opened(), one, Decision.DecisionExpired(ended(tally(1, 0, 0, false), 'why'))]
  given(t, ...expired).by(orchestrator(a)).when('dissent', { text }).yields(Decision.DissentRecorded({ elector: a, text, concerns: a }))
  const rejected = [opened(), cast(a, 'REJECT', tally(0, 1, 0, false)), Decision.DecisionRejected(ended(tally(0, 1, 0, true), 'why'))]
  given(t, ...rejected).by(orchestrator(a)).when('dissent', { text }).refuses('FORBIDDEN')
  const options = [{ option: 'x', title: 'Ex', resolve: null }, { option: 'y', title: 'Why', resolve: null }]
  const won = [
    opened({ protocol: 'schulze', options }), cast(a, null, tally(0, 0, 0, true), { ranking: ['x', 'y'] }),
    cast(b, null, tally(0, 0, 0, true), { ranking: ['y'] }), Decision.DecisionApproved(ended(tally(0, 0, 0, true), 'why', { option: 'x' })),
  ]
  given(t, ...won).by(orchestrator(a)).when('dissent', { text }).refuses('FORBIDDEN')
  given(t, ...won).by(orchestrator(b)).when('dissent', { text }).yields(Decision.DissentRecorded({ elector: b, text, concerns: a }))
})

t.test('C-9 what turned out to be right is recorded, and what is recorded last counts', async (t) => {
  const result = (right: string, previous: string | null = null) =>
    Decision.DecisionResultRecorded({ right, note: null, previous, concerns: a })
  const compared = (wasRight: boolean) => Decision.VotesCompared({
    type: 'decision', concerns: a, votes: [a, b, c].map((elector) => ({ elector, orchestrator: elector, wasRight, confidence: 0.8 })),
  })
  for (const by of [admin, tool])
    given(t, ...approved).by(by).when('recordResult', { right: 'REJECT' }).yields(result('REJECT'), compared(false))
  given(t, ...approved, result('REJECT')).when('recordResult', { right: 'APPROVE' }).yields(result('APPROVE', 'REJECT'), compared(true))
  given(t, ...approved, result('REJECT')).when('recordResult', { right: 'REJECT', note: 'so it is' })
    .yields(Decision.DecisionResultRecorded({ right: 'REJECT', note: 'so it is', previous: 'REJECT', concerns: a }))
  given(t, opened(), cast(a, 'ABSTAIN', tally(0, 0, 1, false)), Decision.DecisionExpired(ended(tally(0, 0, 1, false), 'late')))
    .when('recordResult', { right: 'REJECT' }).yields(result('REJECT'))
  given(t, ...approved, result('REJECT')).when('recordResult', { right: 'REJECT' }).changesNothing()
  given(t, ...approved).by(orchestrator(a)).when('recordResult', { right: 'APPROVE' }).refuses('FORBIDDEN')
  given(t, ...approved).when('recordResult', { right: 'x' }).refuses('BALLOT_INVALID', { right: 'x' })
  given(t, opened()).when('recordResult', { right: 'APPROVE' }).refuses('DECISION_PENDING')
  given(t, opened(), cancelled()).when('recordResult', { right: 'APPROVE' }).refuses('DECISION_CLOSED')
  given(t).when('recordResult', { right: 'APPROVE' }).refuses('NOT_FOUND')
  const options = [{ option: 'x', title: 'Ex', resolve: null }, { option: 'y', title: 'Why', resolve: null }]
  const won = [opened({ protocol: 'schulze', options }), Decision.DecisionApproved(ended(tally(0, 0, 0, true), 'why', { option: 'x' }))]
  given(t, ...won).when('recordResult', { right: 'y' }).yields(result('y'))
  given(t, ...won).when('recordResult', { right: 'APPROVE' }).refuses('BALLOT_INVALID')
})

t.test('C-9 C-16 the old question knows by which it is asked again, and keeps its outcome', async (t) => {
  const by = uuid(40)
  const noted = Decision.DecisionReopened({ by, concerns: a })
  given(t, ...approved).by(system).when('noteReopened', { by }).yields(noted)
  given(t, ...approved, noted).by(system).when('noteReopened', { by }).changesNothing()
  for (const facts of [[opened()], []]) given(t, ...facts).by(system).when('noteReopened', { by }).changesNothing()
})
