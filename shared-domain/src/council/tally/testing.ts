import type { Ballot, Ballots, Electorate } from './ballots.ts'
import { atEnd, settled, type Verdict } from './outcome.ts'
import { shareOf } from './share.ts'
import { standingOf, type ProtocolName, type Rule } from './standing.ts'

/** A rule with the defaults of its protocol. */
export const ruleOf = (protocol: ProtocolName, over: Partial<Rule> = {}): Rule => ({
  protocol, weighing: protocol === 'weighted' ? 'weights' : 'heads', over: false,
  threshold: shareOf(protocol === 'weighted' ? '3/4' : '2/3'), quorum: shareOf('1/2'),
  quorumBy: over.weighing ?? (protocol === 'weighted' ? 'weights' : 'heads'), vetoers: new Set(), options: null, early: true, ...over,
})

export const nameOf = (index: number): string => `e${index}`

export const electorateOf = (weights: readonly number[], proxies: Readonly<Record<string, string>> = {}): Electorate =>
  new Map(weights.map((weight, index) => [nameOf(index), { weight: BigInt(weight), proxy: proxies[nameOf(index)] ?? null }]))

const votes = { A: 'APPROVE', R: 'REJECT', B: 'ABSTAIN' } as const

/** What somebody said: `A`, `R`, `B` (abstains), or a ranking such as `>CAB`. */
export const ballotOf = (said: string): Ballot =>
  (said.startsWith('>') ? { vote: null, ranking: [...said.slice(1)] } : { vote: votes[said as 'A'], ranking: null })

/** The ballots of the first electors, `-` of who says nothing. */
export const ballotsOf = (said: readonly string[]): Ballots =>
  new Map(said.flatMap((word, index) => (word === '-' ? [] : [[nameOf(index), ballotOf(word)] as const])))

export const endOf = (rule: Rule, electorate: Electorate, ballots: Ballots): Verdict => atEnd(rule, standingOf(rule, electorate, ballots))

export const early = (rule: Rule, electorate: Electorate, ballots: Ballots): Verdict | undefined =>
  settled(rule, standingOf(rule, electorate, ballots), electorate)
