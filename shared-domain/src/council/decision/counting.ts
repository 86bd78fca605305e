import { chainOf, type Ballot, type Ballots, type Electorate } from '../tally/ballots.ts'
import { needed, type Needed } from '../tally/needed.ts'
import { atEnd, possible, settled, type Verdict } from '../tally/outcome.ts'
import { shareOf } from '../tally/share.ts'
import { standingOf, type Rule, type Standing } from '../tally/standing.ts'
import type { Ended, Question } from './state.ts'

/** The question in the terms of the rule that counts it: texts are numbers of any size there. */
const inNumbers = ({ electorate, rule }: Pick<Question, 'electorate' | 'rule'>): { electorate: Electorate; rule: Rule } => ({
  electorate: new Map([...electorate].map(([elector, { weight, proxy }]) => [elector, { weight: BigInt(weight), proxy }])),
  rule: {
    ...rule, threshold: shareOf(rule.threshold), quorum: shareOf(rule.quorum), vetoers: new Set(rule.vetoers),
    options: rule.options?.map(({ option }) => option) ?? null,
  },
})

export interface Counting extends Standing {
  /** The outcome, once no vote still to come can change it. */
  readonly verdict: Verdict | undefined
  /** The outcome if nobody may vote any more. */
  readonly end: () => Verdict
  /** The outcomes that there may still be, and what it takes. */
  readonly possible: () => readonly Verdict['status'][]
  readonly needed: () => Needed
}

type Counted = Pick<Question, 'electorate' | 'rule'> & { readonly votes: Ballots }

export function counting(question: Counted): Counting {
  const { electorate, rule } = inNumbers(question)
  const standing = standingOf(rule, electorate, question.votes)
  return {
    ...standing, verdict: settled(rule, standing, electorate), end: () => atEnd(rule, standing),
    possible: () => possible(rule, electorate, question.votes), needed: () => needed(rule, standing),
  }
}

/** Whether a ballot says what came out. */
export function isOutcome({ stage, option }: Pick<Ended, 'stage' | 'option'>, ballot: Ballot | undefined): boolean {
  switch (stage) {
    case 'approved': return option === null ? ballot?.vote === 'APPROVE' : ballot?.ranking?.[0] === option
    case 'rejected': return ballot?.vote === 'REJECT'
    case 'expired': case 'cancelled': return false
  }
}

/** Those whose vote it is, too, when this elector has voted. */
export const carriedBy = (elector: string, { counted }: Pick<Standing, 'counted'>) =>
  counted.filter((ballot) => ballot.carriedBy === elector).map(({ elector, weight }) => ({ elector, weight: String(weight) }))

/** Who was carried to the end, and whose vote is what came out. */
export const turnoutOf = (ended: Pick<Ended, 'stage' | 'option'>, { counted }: Pick<Standing, 'counted'>) => ({
  carried: counted.filter(({ carriedBy }) => carriedBy !== null).map(({ elector }) => elector),
  agreed: counted.filter((ballot) => isOutcome(ended, ballot)).map(({ elector }) => elector),
})

/** What may be told of how a question stands: under seal how many have voted, and nothing of how. */
export const shownTally = ({ ballot }: Pick<Question, 'ballot'>, { tally }: Pick<Standing, 'tally'>) =>
  (ballot === 'sealed' ? { ...tally, approvals: 0, rejections: 0, abstentions: 0, weights: null } : tally)

/** Everybody's ballot as it counts, in full. */
export const ballotsOf = ({ votes, changes }: Pick<Question, 'votes' | 'changes'>, { counted }: Pick<Standing, 'counted'>) =>
  counted.map(({ elector, vote, ranking, weight, carriedBy }) => {
    const { comment, confidence } = (carriedBy === null ? votes.get(elector) : undefined) ?? { comment: null, confidence: null }
    const said = { vote, ranking: ranking && [...ranking], comment, confidence }
    return { elector, ...said, weight: String(weight), carriedBy, changes: carriedBy === null ? changes.get(elector) ?? 0 : 0 }
  })

/** Those whose votes are others than before, now that somebody's proxy is another one; that one among them if it is carried. */
export function recarried(
  { electorate, ballot }: Pick<Question, 'electorate' | 'ballot'>, chooser: string, before: Pick<Standing, 'counted'>,
  after: Pick<Standing, 'counted'>,
) {
  const byElector = ({ counted }: Pick<Standing, 'counted'>) => new Map(counted.map((ballot) => [ballot.elector, ballot]))
  const [old, now] = [byElector(before), byElector(after)]
  const isAnother = (elector: string) => old.get(elector)?.carriedBy !== now.get(elector)?.carriedBy
  const isMeant = (elector: string) => isAnother(elector) || (elector === chooser && now.has(elector))
  return [...electorate].filter(([elector]) => isMeant(elector)).map(([elector, { weight }]) => {
    const { carriedBy: by = null, vote = null, ranking = null } = now.get(elector) ?? {}
    const isTold = ballot === 'open'
    return { elector, weight, by, vote: isTold ? vote : null, ranking: isTold && ranking ? [...ranking] : null }
  })
}

type Seats = ReadonlyMap<string, { readonly proxy: string | null }>

/** How many links lead to this elector at most. */
function linksTo(electorate: Seats, elector: string): number {
  return Math.max(0, ...[...electorate.keys()].map((from) => chainOf(electorate, from).indexOf(elector) + 1))
}

/** The longest chain that would lead through the link, in links; `Infinity` where it would close a circle. */
export function linksWith(electorate: Seats, elector: string, to: string): number {
  const onwards = chainOf(electorate, to)
  if (to === elector || onwards.includes(elector)) return Infinity
  return linksTo(electorate, elector) + 1 + onwards.length
}
