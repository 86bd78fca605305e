import t from 'tap'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { Rejection } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { orchestrator as actor, uuid } from '../../kernel/testing.ts'
import { day_ms, hour_ms, later } from '../../kernel/time.ts'
import { World } from '../../kernel/world.ts'
import { decision } from '../decision/decider.ts'
import { decisionState } from '../decision/state.ts'
import { agreement } from './agreement.ts'
import { councilOverview } from './overview.ts'
import { decisionStanding } from './standing.ts'

const [a, b, c] = [11, 12, 13].map(uuid) as [string, string, string]

function scene() {
  const world = new World([orchestrator, decision])
  for (const id of [a, b, c]) world.carryOut(send(orchestrator, id, 'register', { name: 'Ada', consensusWeight: 2 }))
  const ask = (n: number, command: string, data: object, by?: string) => {
    const outcome = world.do({ category: 'decision', id: uuid(n), command, data, ...(by === undefined ? {} : { by: actor(by) }) })
    if (outcome instanceof Rejection) throw new Error(outcome.code)
  }
  const open = (n: number, data: object = {}) =>
    ask(n, 'open', { title: `Question ${n}`, electorate: [a, b, c], deadline: later(world.at, n * hour_ms), ...data })
  const vote = (n: number, ...votes: readonly string[]) => {
    for (const [index, vote] of votes.entries()) if (vote !== '-') ask(n, 'cast', { vote }, [a, b, c][index]!)
  }
  const standing = (n: number) => {
    const shown = decisionStanding.shows(world.look(decisionState, uuid(n)))
    return shown && decisionStanding.answer.strict().parse(shown)
  }
  return { world, ask, open, vote, standing }
}

t.test('C-60 a decision says what it still takes, how it may still end and who is missing', async (t) => {
  const { ask, open, vote, standing } = scene()
  t.equal(standing(31), undefined)
  open(31, { vetoers: [c] })
  vote(31, 'APPROVE')
  t.strictSame(standing(31), {
    status: 'pending', missing: [b, c],
    tally: {
      electors: 3, cast: 1, approvals: 1, rejections: 0, abstentions: 0, quorumMet: false,
      weights: { all: '6', approve: '2', reject: '0', abstain: '0', cast: '2' },
    },
    needed: { unit: 'heads', quorumBy: 'heads', quorum: '1', approve: '1', reject: '2', vetoers: [c] },
    couldStill: { approved: true, rejected: true, expired: true },
  })
  vote(31, '-', 'APPROVE')
  t.match(standing(31), {
    needed: { quorum: '0', approve: '0', reject: null }, couldStill: { approved: true, rejected: true, expired: false },
  })
  vote(31, '-', '-', 'REJECT')
  t.match(standing(31), { status: 'rejected', needed: null, couldStill: { approved: false, rejected: true, expired: false }, missing: [] })
  open(32, { deadline: undefined })
  t.match(standing(32), { couldStill: { approved: true, rejected: true, expired: false } }, 'without a deadline it waits')
  ask(32, 'cancel', {})
  t.match(standing(32), { status: 'cancelled', couldStill: { approved: false, rejected: false, expired: false }, missing: [a, b, c] })
  open(33, { options: ['x', 'y'].map((option) => ({ option, title: option })), protocol: 'schulze' })
  t.match(standing(33), { needed: { quorum: '2', approve: null, reject: null } })
})

t.test('C-60 C-75 of a sealed question only how many have voted is told', async (t) => {
  const { open, vote, standing } = scene()
  open(31, { ballot: 'sealed', protocol: 'unanimous', quorum: 1 })
  const told = (...votes: readonly string[]) => {
    vote(31, ...votes)
    return standing(31)
  }
  const one = told('APPROVE')
  t.match(one, { tally: { cast: 1, approvals: 0, weights: null }, needed: { quorum: '2', approve: null, reject: null }, missing: [b, c] })
  t.strictSame(one!.couldStill, { approved: true, rejected: true, expired: true })
})

t.test('C-61 how often any two voted alike, of those that both voted on', async (t) => {
  const { world, open, vote } = scene()
  const votes = [['APPROVE', 'APPROVE', 'REJECT'], ['ABSTAIN', 'ABSTAIN', 'APPROVE'], ['REJECT', '-', 'REJECT'], ['APPROVE', 'REJECT']]
  for (const [index, said] of votes.entries()) {
    open(31 + index, { early: false, type: index === 0 ? 'other' : 'decision' })
    vote(31 + index, ...said)
    world.pass(day_ms)
  }
  for (const n of [33, 34]) world.pass(n * hour_ms)
  for (const n of [33]) world.do({ category: 'decision', id: uuid(n), command: 'closeNow', data: {} })
  const asked = (query: object = {}) => world.ask(agreement, { query: { electors: [c, a, b, a], ...query } })
  t.strictSame(asked(), { electors: [c, a, b], both: [[3, 3, 2], [3, 3, 2], [2, 2, 2]], same: [[3, 1, 0], [1, 3, 2], [0, 2, 2]] })
  const all = [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
  t.strictSame(asked({ type: 'other' }), { electors: [c, a, b], both: all, same: [[1, 0, 0], [0, 1, 1], [0, 1, 1]] })
  t.match(asked({ from: later(world.at, -60 * day_ms), to: later(world.log[0]!.at, 1) }), { both: all })
  t.strictSame(asked({ electors: [uuid(99)] }), { electors: [uuid(99)], both: [[0]], same: [[0]] })
})

t.test('C-62 what is open, is due next and is waited for, and how many took part of late', async (t) => {
  const { world, open, vote, ask } = scene()
  t.match(world.ask(councilOverview, {}), { open: { decision: 0 }, nearest: [], waiting: [], ended: { decisions: 0, turnout: null } })
  open(31)
  ask(31, 'cancel', {})
  open(32, { type: 'other', deadline: undefined })
  open(2)
  open(1, { electorate: [a, b] })
  vote(1, 'APPROVE', 'APPROVE')
  open(3)
  vote(3, 'APPROVE')
  open(4)
  world.pass(4 * hour_ms - 1)
  ask(3, 'closeNow', {})
  const { open: byType, nearest, waiting, ended } = world.ask(councilOverview, {}) as any
  t.strictSame(byType, { task_approval: 0, decision: 2, resource_allocation: 0, priority_change: 0, other: 1 })
  t.strictSame(nearest, [
    { decision: uuid(4), title: 'Question 4', type: 'decision', deadline: later(world.at, 1), cast: 0, electorate: 3 },
  ])
  t.strictSame(waiting, [a, b, c].map((elector) => ({ elector, votes: 3 })))
  t.strictSame(ended, { decisions: 2, expired: 1, asked: 5, cast: 3, turnout: 0.6 })
  world.pass(31 * day_ms)
  t.match(world.ask(councilOverview, {}), { ended: { decisions: 0 } })
})
