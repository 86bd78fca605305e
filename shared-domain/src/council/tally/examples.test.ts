import t from 'tap'
import { shareOf } from './share.ts'
import { standingOf, type Rule } from './standing.ts'
import { ballotsOf, early, electorateOf, endOf, ruleOf } from './testing.ts'

const heads = (count: number) => electorateOf(Array(count).fill(1))

/** Votes one after the other: how it stands after the last, and after which it was settled first. */
function played(rule: Rule, electorate: ReturnType<typeof heads>, said: string) {
  const words = said.split(' ')
  const ends = words.map((_, index) => early(rule, electorate, ballotsOf(words.slice(0, index + 1)))?.status)
  const at = ends.findIndex((end) => end)
  return { settled: at < 0 ? undefined : at + 1, status: ends.at(-1), end: endOf(rule, electorate, ballotsOf(words)).status }
}

t.test('C-29 C-20 majority', async (t) => {
  const rule = ruleOf('majority')
  t.match(played(rule, heads(5), 'A A A'), { settled: 3, status: 'approved' })
  t.match(played(rule, heads(5), 'A A R'), { settled: undefined, end: 'approved' })
  t.match(played(rule, heads(5), 'A R B'), { settled: undefined, end: 'rejected' })
  t.match(played(rule, heads(5), 'A A'), { settled: undefined, end: 'expired' })
  t.match(played(rule, heads(4), 'A A R R'), { settled: 4, status: 'rejected' })
})

t.test('C-29 C-18 the older form: three quarters of the whole electorate, everybody voting', async (t) => {
  const rule = ruleOf('weighted', { quorum: shareOf('1/1') })
  t.match(played(rule, heads(4), 'A A A R'), { settled: 4, status: 'approved' })
  t.match(played(rule, heads(3), 'A A B'), { settled: 3, status: 'rejected' })
})

t.test('C-29 C-22 unanimous', async (t) => {
  const rule = ruleOf('unanimous', { quorum: shareOf('1/3') })
  t.match(played(rule, heads(3), 'A R'), { settled: 2, status: 'rejected' })
  t.match(played(rule, heads(3), 'A A'), { settled: undefined, end: 'rejected' })
  t.match(played(rule, heads(3), 'A A A'), { settled: 3, status: 'approved' })
})

t.test('C-29 C-23 weighted 5, 3, 2 at 60 percent', async (t) => {
  const electorate = electorateOf([5, 2, 3])
  const rule = ruleOf('weighted', { threshold: shareOf('3/5'), quorum: shareOf('7/10') })
  t.match(played(rule, electorate, 'A A'), { settled: 2, status: 'approved' })
  t.match(played({ ...rule, quorum: shareOf('1/1') }, electorate, 'A A'), { settled: undefined })
  t.match(played({ ...rule, quorum: shareOf('1/2') }, electorate, 'R'), { settled: 1, status: 'rejected' })
})

t.test('C-29 C-21 supermajority of two thirds among 6', async (t) => {
  const rule = ruleOf('supermajority')
  t.match(played(rule, heads(6), 'A A A A'), { settled: 4, status: 'approved' })
  t.match(played(rule, heads(6), 'R R A A A A'), { settled: 6, status: 'approved' })
  t.match(played(rule, heads(6), 'A A R R R'), { settled: 5, status: 'rejected' })
})

t.test('C-24 over: what only comes up to the threshold does not pass', async (t) => {
  const rule = ruleOf('supermajority', { over: true })
  t.match(played(rule, heads(6), 'R R A A A A'), { settled: 3, status: 'rejected' })
  t.match(played(ruleOf('weighted', { over: true }), heads(4), 'A A A R'), { status: 'rejected' })
})

t.test('C-29 C-25 a vetoer decides against it alone, and is waited for', async (t) => {
  const rule = ruleOf('majority', { vetoers: new Set(['e3']) })
  t.match(played(rule, heads(5), 'A A A'), { settled: undefined })
  t.match(played(rule, heads(5), 'A A A A'), { settled: 4, status: 'approved' })
  t.match(early(rule, heads(5), ballotsOf(['-', '-', '-', 'R'])), { status: 'rejected', reason: 'a vetoer rejects' })
  t.match(endOf(rule, heads(5), ballotsOf(['-', '-', '-', 'R'])), { status: 'rejected' }, 'whatever the quorum')
})

t.test('C-26 early false: only when nobody is missing', async (t) => {
  const rule = ruleOf('majority', { early: false, vetoers: new Set(['e0']) })
  t.match(played(rule, heads(3), 'A A'), { settled: undefined })
  t.match(played(rule, heads(3), 'R A'), { settled: undefined })
  t.match(played(rule, heads(3), 'A A A'), { settled: 3, status: 'approved' })
})

/** So many of each ranking. */
const ranked = (...groups: readonly (readonly [count: number, ranking: string])[]) => {
  const said = groups.flatMap(([count, ranking]) => Array<string>(count).fill(`>${ranking}`))
  return { electorate: heads(said.length), ballots: ballotsOf(said) }
}

const runoffOf = (options: string) => ruleOf('instant_runoff', { options: [...options] })
const schulzeOf = (options: string) => ruleOf('schulze', { options: [...options] })

t.test('C-29 C-28 instant run-off: 4 x A, 3 x B, 2 x C B, D C, D B', async (t) => {
  const { electorate, ballots } = ranked([4, 'A'], [3, 'B'], [2, 'CB'], [1, 'DC'], [1, 'DB'])
  const { option, rounds } = endOf(runoffOf('ABCD'), electorate, ballots)
  t.equal(option, 'B')
  t.strictSame(rounds?.map(({ out }) => out), ['D', 'C', null], 'D goes, tied with C, then C')
  t.match(rounds?.at(-1), { counts: { A: '4', B: '6' }, exhausted: '1' }, '6 of 10')
})

t.test('C-29 C-28 45 ballots: Schulze takes E, instant run-off C', async (t) => {
  const { electorate, ballots } =
    ranked([5, 'ACBED'], [5, 'ADECB'], [8, 'BEDAC'], [3, 'CABED'], [7, 'CAEBD'], [2, 'CBADE'], [7, 'DCEBA'], [8, 'EBADC'])
  const { option, strengths } = endOf(schulzeOf('ABCDE'), electorate, ballots)
  t.equal(option, 'E')
  t.match(strengths, { E: { A: '25' }, A: { E: '24' } })
  const runoff = endOf(runoffOf('ABCDE'), electorate, ballots)
  t.equal(runoff.option, 'C')
  t.equal(runoff.rounds?.at(-1)?.counts.C, '29')
})

t.test('C-29 C-28 a circle is settled for what is listed first', async (t) => {
  const { electorate, ballots } = ranked([1, 'ABC'], [1, 'BCA'], [1, 'CAB'])
  for (const rule of [runoffOf('ABC'), schulzeOf('ABC')]) t.match(endOf(rule, electorate, ballots), { status: 'approved', option: 'A' })
})

t.test('C-28 a tie that an earlier round can tell apart goes by that round, the latest first', async (t) => {
  const { electorate, ballots } = ranked([2, 'A'], [3, 'B'], [1, 'CA'], [4, 'D'])
  const { rounds } = endOf(runoffOf('BACD'), electorate, ballots)
  t.strictSame(rounds?.map(({ out }) => out).slice(0, 2), ['C', 'A'], 'A and B have 3, A had fewer before C went')
})

t.test('C-28 no preference: rejected; without quorum: expired', async (t) => {
  t.match(endOf(runoffOf('AB'), heads(3), ballotsOf(['B', 'B'])), { status: 'rejected', reason: 'no preference', option: null })
  t.match(endOf(schulzeOf('AB'), heads(3), ballotsOf(['>A'])), { status: 'expired' })
})

t.test('C-28 more options than can be tried: sure by first preferences, or by being ahead of each', async (t) => {
  const options = 'ABCDEFGHIJKLMNOPQRST'
  const said = [...Array<string>(6).fill('>A'), '-', '-', '-', '-']
  for (const rule of [runoffOf(options), schulzeOf(options)]) {
    t.match(early(rule, heads(10), ballotsOf(said)), { status: 'approved', option: 'A' })
    t.equal(early(rule, heads(12), ballotsOf(said)), undefined)
  }
})

t.test('C-33 an elector without a vote of its own is carried by the first of its chain that voted itself', async (t) => {
  const rule = ruleOf('majority')
  const electorate = electorateOf([1, 1, 1, 1, 7], { e0: 'e1', e1: 'e4' })
  t.match(standingOf(rule, electorate, ballotsOf(['-', 'A'])).tally, { approvals: 2, cast: 2, weights: { approve: '2' } })
  t.match(standingOf(rule, electorate, ballotsOf(['R', 'A'])).tally, { approvals: 1, rejections: 1 })
  t.match(standingOf(rule, electorate, ballotsOf(['-', '-', '-', '-', 'A'])).tally, { approvals: 3, weights: { approve: '9' } })
  const long = electorateOf([1, 1, 1, 1, 1], { e0: 'e1', e1: 'e2', e2: 'e3', e3: 'e4' })
  t.match(standingOf(rule, long, ballotsOf(['-', '-', '-', '-', 'A'])).missing, ['e0'], 'three links, no more')
})

t.test('C-11 a quorum below one voter is one voter', async (t) => {
  const rule = ruleOf('majority', { quorum: shareOf('1/1000000') })
  t.equal(endOf(rule, heads(5), ballotsOf([])).status, 'expired')
  t.equal(endOf(rule, heads(5), ballotsOf(['A'])).status, 'approved')
})

t.test('C-25 the quorum may be taken by weights', async (t) => {
  const electorate = electorateOf([1, 1, 8])
  const rule = ruleOf('majority', { quorumBy: 'weights' })
  t.equal(endOf(rule, electorate, ballotsOf(['A', 'A'])).status, 'expired')
  t.equal(endOf(rule, electorate, ballotsOf(['-', '-', 'A'])).status, 'approved')
})
