import type { Question, VoteName } from './state.ts'

export interface Tally {
  readonly electors: number
  readonly cast: number
  readonly approvals: number
  readonly rejections: number
  readonly abstentions: number
  readonly quorumMet: boolean
}

type Ballots = Pick<Question, 'electorate' | 'quorum'> & { readonly votes: ReadonlyMap<string, { readonly vote: VoteName }> }

/** Abstentions count towards the quorum (S-52). */
export function tallied({ electorate, votes, quorum }: Ballots): Tally {
  const counts = { APPROVE: 0, REJECT: 0, ABSTAIN: 0 }
  for (const { vote } of votes.values()) counts[vote]++
  const [electors, cast] = [electorate.size, votes.size]
  return {
    electors, cast, approvals: counts.APPROVE, rejections: counts.REJECT, abstentions: counts.ABSTAIN, quorumMet: cast / electors >= quorum,
  }
}

/** More than half of the votes that do not abstain; a tie rejects (S-52). */
export const isMajority = ({ approvals, rejections }: Tally): boolean => approvals > rejections

/**
 * The outcome once no vote still to come can change it and the quorum is met (S-53). The worst that can come is that all who are
 * missing reject, the best that all of them approve. When everybody has voted this always settles.
 */
export function settled(tally: Tally): 'approved' | 'rejected' | undefined {
  const missing = tally.electors - tally.cast
  if (!tally.quorumMet) return undefined
  if (tally.approvals > tally.rejections + missing) return 'approved'
  if (tally.approvals + missing <= tally.rejections) return 'rejected'
  return undefined
}
