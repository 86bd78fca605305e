/** A vote, or a ranking of options, best first; a ranking may leave options out. */
export interface Ballot {
  readonly vote: 'APPROVE' | 'REJECT' | 'ABSTAIN' | null
  readonly ranking: readonly string[] | null
}

export interface Elector {
  /** At least 1, of any size. */
  readonly weight: bigint
  /** By whom it is carried while it has not voted itself. */
  readonly proxy: string | null
}

export interface Counted extends Ballot { readonly elector: string; readonly weight: bigint; readonly carriedBy: string | null }

export type Electorate = ReadonlyMap<string, Elector>
export type Ballots = ReadonlyMap<string, Ballot>

export const links_max = 3

/** The chain of those who may vote for an elector, the nearest first (C-33). */
export function chainOf(electorate: Pick<ReadonlyMap<string, Pick<Elector, 'proxy'>>, 'get'>, elector: string): string[] {
  const chain: string[] = []
  for (let next = electorate.get(elector)?.proxy; next && chain.length < links_max; next = electorate.get(next)?.proxy) chain.push(next)
  return chain
}

/** What counts of each elector: its own vote, else that of the first in its chain that voted itself; `undefined` of who is missing. */
function countedOf(electorate: Electorate, ballots: Ballots, elector: string, weight: bigint): Counted | undefined {
  const own = ballots.get(elector)
  if (own) return { ...own, elector, weight, carriedBy: null }
  const carrier = chainOf(electorate, elector).find((proxy) => ballots.has(proxy))
  return carrier === undefined ? undefined : { ...ballots.get(carrier)!, elector, weight, carriedBy: carrier }
}

export interface Count { readonly counted: readonly Counted[]; readonly missing: readonly string[] }

export function count(electorate: Electorate, ballots: Ballots): Count {
  const counted: Counted[] = []
  const missing: string[] = []
  for (const [elector, { weight }] of electorate) {
    const ballot = countedOf(electorate, ballots, elector, weight)
    if (ballot) counted.push(ballot)
    else missing.push(elector)
  }
  return { counted, missing }
}

export type Weighing = 'heads' | 'weights'

/** What an elector is when units are summed. */
export const unitsOf = (weighing: Weighing) => ({ weight }: { readonly weight: bigint }): bigint => (weighing === 'heads' ? 1n : weight)

export const sumOf = (values: Iterable<bigint>): bigint => {
  let sum = 0n
  for (const value of values) sum += value
  return sum
}
