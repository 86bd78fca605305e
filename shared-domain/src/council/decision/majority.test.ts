import t from 'tap'
import { isMajority, settled, tallied, type Tally } from './majority.ts'

const electorateOf = (size: number) => new Map(Array.from({ length: size }, (_, index) => [String(index), { weight: 1 }]))

/** How the vote stands in an electorate of this size after so many approvals, rejections and abstentions. */
function tallyOf(electors: number, approvals: number, rejections: number, abstentions: number, quorum: number): Tally {
  const ballots = [...Array(approvals).fill('APPROVE'), ...Array(rejections).fill('REJECT'), ...Array(abstentions).fill('ABSTAIN')]
  return tallied({ electorate: electorateOf(electors), quorum, votes: new Map(ballots.map((vote, index) => [String(index), { vote }])) })
}

/** Every way to divide at most so many votes. */
function* divisions(votes: number): Generator<readonly [approvals: number, rejections: number, abstentions: number]> {
  for (let a = 0; a <= votes; a++) for (let r = 0; a + r <= votes; r++) for (let b = 0; a + r + b <= votes; b++) yield [a, r, b]
}

t.test('S-52 abstentions count towards the quorum, and not towards the majority', async (t) => {
  t.strictSame(tallyOf(5, 1, 0, 2, 0.6), { electors: 5, cast: 3, approvals: 1, rejections: 0, abstentions: 2, quorumMet: true })
  t.equal(tallyOf(5, 1, 0, 1, 0.6).quorumMet, false)
  for (const [approvals, rejections, abstentions] of divisions(6)) {
    const valid = approvals + rejections
    const expected = valid > 0 && approvals / valid > 0.5
    t.equal(isMajority(tallyOf(6, approvals, rejections, abstentions, 0.5)), expected, `${approvals}:${rejections}`)
  }
})

t.test('S-52 a quorum is met where exactly that share has voted', async (t) => {
  for (let electors = 2; electors <= 50; electors++) for (let cast = 1; cast <= electors; cast++)
    if (!tallyOf(electors, cast, 0, 0, cast / electors).quorumMet) t.fail(`${cast} of ${electors}`)
  for (const quorum of [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
    t.ok(tallyOf(10, Math.round(quorum * 10), 0, 0, quorum).quorumMet, String(quorum))
})

t.test('S-53 it is settled early exactly when the quorum is met and no votes still to come can change the outcome', async (t) => {
  let early = 0
  for (let electors = 2; electors <= 8; electors++) for (const quorum of [0.01, 0.25, 0.5, 0.51, 0.75, 1]) {
    for (const [a, r, b] of divisions(electors)) {
      const tally = tallyOf(electors, a, r, b, quorum)
      const ends = new Set<boolean>()
      for (const [more, less, none] of divisions(electors - tally.cast))
        ends.add(isMajority(tallyOf(electors, a + more, r + less, b + none, quorum)))
      const [only, ...others] = [...ends]
      const expected = tally.quorumMet && others.length === 0 ? (only ? 'approved' : 'rejected') : undefined
      if (settled(tally) !== expected)
        t.fail(`${a}:${r}, ${b} abstain, of ${electors}, quorum ${quorum}: ${settled(tally)}, not ${expected}`)
      if (expected && tally.cast < electors) early++
      if (tally.cast === electors && !settled(tally)) t.fail('all have voted')
    }
  }
  t.ok(early > 100, 'early ends were met')
})
