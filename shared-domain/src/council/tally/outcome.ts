import type { Ballots, Electorate } from './ballots.ts'
import { binary } from './binary.ts'
import type { Round } from './instant-runoff.ts'
import { isRanked, isSure, preferred } from './ranked.ts'
import { standingOf, type Rule, type Standing } from './standing.ts'

/** How a question ends, and by which rule. */
export interface Verdict {
  readonly status: 'approved' | 'rejected' | 'expired'
  readonly option: string | null
  readonly rounds: readonly Round[] | null
  readonly strengths: unknown
  readonly reason: string | null
}

const verdict = (status: Verdict['status'], reason: string | null = null): Verdict =>
  ({ status, option: null, rounds: null, strengths: null, reason })

const vetoed = verdict('rejected', 'a vetoer rejects')

/** What is cast decides, the quorum being met. */
function decided(rule: Rule, standing: Standing): Verdict {
  const { protocol } = rule
  if (!isRanked(protocol)) return verdict(binary[protocol].approves(standing.sums, rule) ? 'approved' : 'rejected')
  const best = preferred(rule, standing)
  return best ? { ...verdict('approved'), ...best } : verdict('rejected', 'no preference')
}

/** The outcome when nobody may vote any more (C-25). */
export function atEnd(rule: Rule, standing: Standing): Verdict {
  if (standing.vetoed) return vetoed
  return standing.tally.quorumMet ? decided(rule, standing) : verdict('expired', 'the quorum was not met by the deadline')
}

function isSettled(rule: Rule, standing: Standing, electorate: Electorate): boolean {
  const { protocol } = rule
  if (isRanked(protocol)) return isSure(rule, standing, electorate)
  const { surelyApproves, surelyRejects } = binary[protocol]
  return surelyRejects(standing.sums, rule) || (!standing.vetoerMissing && surelyApproves(standing.sums, rule))
}

/** The outcome as soon as every way in which those who are missing may vote, or not, leads to the same (C-26). */
export function settled(rule: Rule, standing: Standing, electorate: Electorate): Verdict | undefined {
  if (standing.missing.length === 0) return atEnd(rule, standing)
  if (!rule.early) return undefined
  if (standing.vetoed) return vetoed
  return standing.tally.quorumMet && isSettled(rule, standing, electorate) ? decided(rule, standing) : undefined
}

/** The ends that are still possible (C-60), by trying every elector that is missing as a whole: none, all for, all against. */
export function possible(rule: Rule, electorate: Electorate, ballots: Ballots): readonly Verdict['status'][] {
  const standing = standingOf(rule, electorate, ballots)
  const sure = settled({ ...rule, early: true }, standing, electorate)
  if (sure) return [sure.status]
  const completed = (vote: 'APPROVE' | 'REJECT' | 'ABSTAIN') =>
    standingOf(rule, electorate, new Map([...ballots, ...standing.missing.map((elector) => [elector, { vote, ranking: null }] as const)]))
  const ends = isRanked(rule.protocol)
    ? [atEnd(rule, standing).status, 'approved' as const, ...(standing.counted.some(({ ranking }) => ranking) ? [] : ['rejected' as const])]
    : [standing, completed('APPROVE'), completed('REJECT'), completed('ABSTAIN')].map((end) => atEnd(rule, end).status)
  return (['approved', 'rejected', 'expired'] as const).filter((status) => ends.includes(status))
}
