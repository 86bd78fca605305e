import fc from 'fast-check'
import t from 'tap'
import type { Ballot, Ballots, Electorate } from './ballots.ts'
import { possible } from './outcome.ts'
import { isRanked } from './ranked.ts'
import { shareOf } from './share.ts'
import { protocols, standingOf, type ProtocolName, type Rule } from './standing.ts'
import { ballotOf, early, endOf, nameOf } from './testing.ts'

const options = ['A', 'B', 'C']
const binaryWays = ['A', 'R', 'B'].map(ballotOf)
const rankedWays = (few: readonly string[]): readonly Ballot[] => {
  const grow = (ranking: readonly string[]): string[][] =>
    few.filter((option) => !ranking.includes(option)).flatMap((option) => [[...ranking, option], ...grow([...ranking, option])])
  return [ballotOf('B'), ...grow([]).map((ranking) => ({ vote: null, ranking }))]
}

const waysOf = ({ options }: Pick<Rule, 'options'>) => (options ? rankedWays(options) : binaryWays)

/** Every outcome that those who are missing can still bring about: each votes any way, or not at all. */
function outcomes(rule: Rule, electorate: Electorate, ballots: Ballots): Set<string> {
  const { missing } = standingOf(rule, electorate, ballots)
  const found = new Set<string>()
  const complete = (sofar: Ballots, [elector, ...others]: readonly string[]) => {
    if (elector === undefined) {
      const { status, option } = endOf(rule, electorate, sofar)
      found.add(`${status} ${option}`)
      return
    }
    for (const way of [undefined, ...waysOf(rule)]) complete(way ? new Map(sofar).set(elector, way) : sofar, others)
  }
  complete(ballots, missing)
  return found
}

const weighings = fc.constantFrom('heads' as const, 'weights' as const)
const shares = fc.constantFrom('1/1', '3/4', '2/3', '3/5', '51/100').map(shareOf)
const quorums = fc.constantFrom('1/100', '1/3', '1/2', '2/3', '1/1').map(shareOf)

/** A small electorate, some of whom have voted, under any rule of the protocol. */
const situation = (protocol: ProtocolName) => {
  const few = isRanked(protocol) ? fc.constantFrom(...[2, 3].map((n) => options.slice(0, n))) : fc.constant(null)
  return few.chain((options) => fc.integer({ min: 1, max: options?.length === 3 ? 3 : 6 }).chain((size) => {
    const names = Array.from({ length: size }, (_, index) => nameOf(index))
    const ballot = fc.oneof(fc.constant(undefined), fc.constantFrom(...waysOf({ options })))
    return fc.record({
      rule: fc.record({
        protocol: fc.constant(protocol), weighing: weighings, threshold: shares, over: fc.boolean(), quorum: quorums, quorumBy: weighings,
        vetoers: options ? fc.constant(new Set<string>()) : fc.subarray(names, { maxLength: Math.min(2, size) }).map((ids) => new Set(ids)),
        options: fc.constant(options), early: fc.constant(true),
      }),
      // A proxy is somebody later in the row, so that chains end.
      seats: fc.tuple(...names.map((_, index) => fc.record({
        weight: fc.bigInt({ min: 1n, max: 5n }),
        proxy: index === size - 1 ? fc.constant(null) : fc.oneof(fc.constant(null), fc.constantFrom(...names.slice(index + 1))),
      }))),
      said: fc.tuple(...names.map(() => ballot)),
    }).map(({ rule, seats, said }) => ({
      rule,
      electorate: new Map(names.map((name, index) => [name, seats[index]!])) as Electorate,
      ballots: new Map(names.flatMap((name, index) => (said[index] ? [[name, said[index]] as const] : []))) as Ballots,
    }))
  }))
}

for (const protocol of protocols) {
  const ranked = isRanked(protocol)
  const claim = ranked ? 'never while one completion differs' : 'exactly when all completions have one outcome'
  t.test(`C-70 C-26 ${protocol}: settled early ${claim}`, async (t) => {
    let [sooner, open] = [0, 0]
    fc.assert(fc.property(situation(protocol), ({ rule, electorate, ballots }) => {
      const verdict = early(rule, electorate, ballots)
      const ends = outcomes(rule, electorate, ballots)
      if (verdict) {
        if (ballots.size < electorate.size) sooner++
        return ends.size === 1 && ends.has(`${verdict.status} ${verdict.option}`)
      }
      open++
      return ranked || ends.size > 1
    }), { seed: 70, numRuns: ranked ? 250 : 1_000 })
    t.ok(sooner > 20 && open > 20, `met: ${sooner} early, ${open} open`)
  })

  t.test(`${protocol}: what could still happen is what some completion brings about`, async () => {
    fc.assert(fc.property(situation(protocol), ({ rule, electorate, ballots }) => {
      const ends = new Set([...outcomes(rule, electorate, ballots)].map((end) => end.split(' ')[0]!))
      const told = new Set<string>(possible(rule, electorate, ballots))
      return ranked ? [...ends].every((end) => told.has(end)) : ends.size === told.size && [...ends].every((end) => told.has(end))
    }), { seed: 60, numRuns: ranked ? 50 : 500 })
  })

  t.test(`C-72 C-73 ${protocol}: names and order change nothing, weight helps whom it supports, units make up the whole`, async () => {
    fc.assert(fc.property(situation(protocol), fc.nat(), ({ rule, electorate, ballots }, turn) => {
      const end = endOf(rule, electorate, ballots)
      const { sums, counted, missing } = standingOf(rule, electorate, ballots)
      const ranking = counted.filter(({ ranking }) => ranking)
        .reduce((sum, { weight }) => sum + (rule.weighing === 'heads' ? 1n : weight), 0n)
      if (sums.approve + sums.reject + sums.abstain + sums.missing + ranking !== sums.all) return false
      if (counted.length + missing.length !== electorate.size) return false
      const renamed = (name: string) => `x-${name}`
      const names = [...electorate.keys()]
      const moved = names.map((_, index) => names[(index + turn) % names.length]!)
      const others: Electorate = new Map(moved.map((name) => {
        const { weight, proxy } = electorate.get(name)!
        return [renamed(name), { weight, proxy: proxy && renamed(proxy) }]
      }))
      const votes: Ballots = new Map([...ballots].reverse().map(([name, ballot]) => [renamed(name), ballot]))
      const again = endOf({ ...rule, vetoers: new Set([...rule.vetoers].map(renamed)) }, others, votes)
      if (JSON.stringify(again) !== JSON.stringify(end)) return false
      const approver = [...ballots].find(([, { vote }]) => vote === 'APPROVE')?.[0]
      if (ranked || end.status !== 'approved' || approver === undefined) return true
      const heavier = new Map(electorate).set(approver, { ...electorate.get(approver)!, weight: electorate.get(approver)!.weight + 3n })
      return endOf(rule, heavier, ballots).status === 'approved'
    }), { seed: 72, numRuns: 500 })
  })
}
