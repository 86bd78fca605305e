import { count, sumOf, unitsOf, type Ballots, type Counted, type Electorate, type Weighing } from './ballots.ts'
import type { Sums } from './binary.ts'
import { reaches, type Share } from './share.ts'

export const protocols = ['majority', 'supermajority', 'unanimous', 'weighted', 'instant_runoff', 'schulze'] as const
export type ProtocolName = (typeof protocols)[number]

/** By what a decision is counted: frozen when it is opened, and never read otherwise afterwards (`tally/1`). */
export interface Rule {
  readonly protocol: ProtocolName
  readonly weighing: Weighing
  readonly threshold: Share
  /** The threshold must be passed, not only reached. */
  readonly over: boolean
  readonly quorum: Share
  readonly quorumBy: Weighing
  readonly vetoers: ReadonlySet<string>
  /** In the order in which they are listed; of ranked protocols only. */
  readonly options: readonly string[] | null
  /** It may end before everybody has voted. */
  readonly early: boolean
}

/** Heads, and beside them weights as decimal text. `quorumMet` counts abstentions and carried votes as cast. */
export interface Tally {
  readonly electors: number
  readonly cast: number
  readonly approvals: number
  readonly rejections: number
  readonly abstentions: number
  readonly quorumMet: boolean
  readonly weights: Readonly<Record<'all' | 'approve' | 'reject' | 'abstain' | 'cast', string>>
}

/** How a question stands: what counts of whom, who is missing, and the sums that its protocol goes by. */
export interface Standing {
  readonly counted: readonly Counted[]
  readonly missing: readonly string[]
  readonly sums: Sums
  /** In the units that the quorum goes by. */
  readonly cast: { readonly units: bigint; readonly all: bigint }
  readonly vetoed: boolean
  readonly vetoerMissing: boolean
  readonly tally: Tally
}

function sumsOf(weighing: Weighing, electorate: Electorate, counted: readonly Counted[]): Sums {
  const units = unitsOf(weighing)
  const sums = { APPROVE: 0n, REJECT: 0n, ABSTAIN: 0n }
  let cast = 0n
  for (const ballot of counted) {
    cast += units(ballot)
    if (ballot.vote !== null) sums[ballot.vote] += units(ballot)
  }
  const all = sumOf([...electorate.values()].map(units))
  return { approve: sums.APPROVE, reject: sums.REJECT, abstain: sums.ABSTAIN, missing: all - cast, all }
}

export function standingOf(rule: Rule, electorate: Electorate, ballots: Ballots): Standing {
  const { counted, missing } = count(electorate, ballots)
  const by = { heads: sumsOf('heads', electorate, counted), weights: sumsOf('weights', electorate, counted) }
  const { heads, weights } = by
  const { all, missing: uncast } = by[rule.quorumBy]
  return {
    counted, missing, sums: by[rule.weighing], cast: { units: all - uncast, all },
    vetoed: counted.some(({ elector, vote }) => vote === 'REJECT' && rule.vetoers.has(elector)),
    vetoerMissing: missing.some((elector) => rule.vetoers.has(elector)),
    tally: {
      electors: electorate.size, cast: counted.length,
      approvals: Number(heads.approve), rejections: Number(heads.reject), abstentions: Number(heads.abstain),
      // A quorum below one voter is one voter (C-11).
      quorumMet: counted.length > 0 && reaches(all - uncast, all, rule.quorum),
      weights: {
        all: String(weights.all), approve: String(weights.approve), reject: String(weights.reject), abstain: String(weights.abstain),
        cast: String(weights.all - weights.missing),
      },
    },
  }
}
