import t, { type Test } from 'tap'
import { shareable } from '../../kernel/cloud-event.ts'
import { picture, recorded } from '../../kernel/picture.ts'
import { behaviour, now, orchestrator, replay, subject, system } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { decision } from './decider.ts'
import { decisions } from './decisions.ts'
import { Decision, type DecisionEvent } from './events.ts'
import { deadline, electors, ended, opened, tally, turnout, type VoteName } from './scene.ts'
import { decisionState } from './state.ts'
import { votes } from './votes.ts'
import { waitingVotes } from './waiting-votes.ts'

const [a, b, c, d, e] = electors
const question = opened({ ballot: 'sealed' })
const given = (t: Test, ...facts: readonly DecisionEvent[]) => behaviour(t, decision).given(question, ...facts)

const words = (vote: VoteName, over: object = {}) => ({ vote, ranking: null, comment: null, confidence: null, ...over })
const sealed = (elector: string, vote: VoteName, cast: number, over: Partial<Parameters<typeof Decision.BallotSealed>[0]> = {}) =>
  Decision.BallotSealed({ elector, orchestrator: elector, again: false, cast, heads: 5, carries: [], ballot: words(vote), ...over })
const ballot = (elector: string, vote: VoteName, over: object = {}) =>
  ({ elector, weight: '1', carriedBy: null, changes: 0, ...words(vote), ...over })
const revealed = (...ballots: readonly ReturnType<typeof ballot>[]) => Decision.BallotsOpened({ ballots: [...ballots], concerns: a })
const [one, two] = [sealed(a, 'APPROVE', 1), sealed(b, 'APPROVE', 2)]
const third = sealed(c, 'APPROVE', 3, { ballot: words('APPROVE', { comment: 'yes', confidence: 0.9 }) })
const all = revealed(ballot(a, 'APPROVE'), ballot(b, 'APPROVE'), ballot(c, 'APPROVE', { comment: 'yes', confidence: 0.9 }))
const approved = Decision.DecisionApproved(ended(tally(3, 0, 0, true), 'no vote still to come can change it', {
  missing: [d, e], decidedBy: { elector: c, revision: '3' },
}))

t.test('C-32 a sealed vote is cast, changed and opened with the outcome, in the append of what decides', async (t) => {
  given(t).by(orchestrator(a)).when('cast', { vote: 'APPROVE' }).yields(one)
  given(t, one).by(orchestrator(a)).when('cast', { vote: 'APPROVE' }).changesNothing()
  const again = sealed(a, 'REJECT', 1, { again: true })
  given(t, one).by(orchestrator(a)).when('cast', { vote: 'REJECT' }).yields(again)
  given(t, one, two).by(orchestrator(c)).when('cast', { vote: 'APPROVE', comment: 'yes', confidence: 0.9 })
    .yields(third, all, approved, turnout([a, b, c]))
  const expired = Decision.DecisionExpired(ended(tally(0, 1, 0, false), 'the quorum was not met by the deadline', {
    missing: [b, c, d, e], decidedBy: { elector: null, revision: '4' },
  }))
  given(t, one, again).by(system).at(deadline).when('close', {}).yields(revealed(ballot(a, 'REJECT', { changes: 1 })), expired)
})

t.test('C-32 C-33 who is carried under seal is told of, and not by what vote', async (t) => {
  const chosen = (elector: string, to: string | null, carried: object[], cast: number) => Decision.ProxyChosen({
    elector, to, concerns: a, carried: carried as never, tally: { ...tally(0, 0, 0, false), cast, weights: null },
  })
  const carries = { vote: null, ranking: null, weight: '1' }
  given(t, one).by(orchestrator(e)).when('appoint', { to: a }).yields(chosen(e, a, [{ elector: e, by: a, ...carries }], 2))
  const carried = chosen(e, a, [{ elector: e, by: a, ...carries }], 2)
  given(t, one, carried).by(orchestrator(b)).when('cast', { vote: 'APPROVE' }).yields(
    sealed(b, 'APPROVE', 3), revealed(ballot(a, 'APPROVE'), ballot(b, 'APPROVE'), ballot(e, 'APPROVE', { carriedBy: a })),
    Decision.DecisionApproved(ended(tally(3, 0, 0, true), 'no vote still to come can change it', {
      missing: [c, d], decidedBy: { elector: b, revision: '3' },
    })),
    turnout([a, b, e], [e]),
  )
})

const told = (...facts: readonly DecisionEvent[]) =>
  [question, ...facts].map((fact, revision) => recorded(decisionState, fact, { revision, at: later(now, revision * 1_000) }))

t.test('C-75 before the end no fact that is shown, no row and no answer says how anybody votes; at the end all of them do', async (t) => {
  const open = [one, two, sealed(b, 'REJECT', 2, { again: true, ballot: words('REJECT', { comment: 'never', confidence: 0.9 }) })]
  const chosen = Decision.ProxyChosen({
    elector: e, to: b, concerns: a, carried: [{ elector: e, weight: '1', by: b, vote: null, ranking: null }],
    tally: { ...tally(0, 0, 0, false), cast: 3, weights: null },
  })
  const facts = [...open, chosen]
  const shown = facts.map(({ type, data }) => shareable(Decision.definitions[type]!, data))
  const state = replay(decisionState, [question, ...facts])
  const answer = decision.commands.cast!.answers!.of(state, {} as never)
  t.match(answer, { status: 'pending', tally: { electors: 5, cast: 3, approvals: 0, rejections: 0, weights: null } })
  t.notMatch(JSON.stringify([shown, answer]), /APPROVE|REJECT|never|0\.9/)
  t.strictSame(shown[2], { elector: b, orchestrator: b, again: true, cast: 2, heads: 5, carries: [] })
  picture(t, decisions).after(...told(...facts)).matches({ cast: 3, approvals: 0, rejections: 0, approve_weight: null, cast_weight: null })
  picture(t, votes).after(...told(...facts)).shows()
  picture(t, votes).after(...told(...open, revealed(ballot(a, 'APPROVE'), ballot(b, 'REJECT', { changes: 1 })))).shows(
    { decision: subject, ...row(a, 'APPROVE'), at: later(now, 4_000), revision: 4 },
    { decision: subject, ...row(b, 'REJECT', 1), at: later(now, 4_000), revision: 4 },
  )
  const requests = [a, e].map((elector) => Decision.VoteRequested({
    elector, orchestrator: elector, weight: '1', type: 'decision', title: 'Shall we?', deadline, task: null, proxy: null,
  }))
  const carrying = sealed(a, 'APPROVE', 2, { carries: [{ elector: e, weight: '1' }] })
  picture(t, waitingVotes).after(...told(...requests, carrying)).shows()
  t.equal(replay(decisionState, [question, one, two, third, all, approved]).stage, 'approved')
})

const row = (elector: string, vote: VoteName, changes = 0) =>
  ({ elector, vote, weight: '1', comment: null, ranking: null, confidence: null, carried_by: null, changes })

t.test('C-32 a question that is withdrawn stays sealed', async (t) => {
  const withdrawn = Decision.DecisionCancelled({ task: null, concerns: a, reason: null, missing: [b, c, d, e], origin: null })
  given(t, one).by(orchestrator(a)).when('cancel', {}).yields(withdrawn)
  const state = replay(decisionState, [question, one, withdrawn])
  t.match(decision.commands.cast!.answers!.of(state, {} as never), { status: 'cancelled', tally: { cast: 1, approvals: 0, weights: null } })
  t.match(state, { stage: 'cancelled', ballot: 'sealed' })
})
