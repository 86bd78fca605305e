import { sumOf } from './ballots.ts'

export interface Ranked { readonly ranking: readonly string[]; readonly units: bigint }

/** One round: what counts for each option that is still there, what is exhausted, and which option goes after it. */
export interface Round {
  readonly counts: Readonly<Record<string, string>>
  readonly exhausted: string
  readonly out: string | null
}

type Counts = ReadonlyMap<string, bigint>

function countsOf(remaining: readonly string[], ballots: readonly Ranked[]): Counts {
  const counts = new Map(remaining.map((option) => [option, 0n]))
  for (const { ranking, units } of ballots) {
    const first = ranking.find((option) => counts.has(option))
    if (first !== undefined) counts.set(first, counts.get(first)! + units)
  }
  return counts
}

/** Of those with the least in this round the one with the least in the latest earlier round where they differ; then the one listed last. */
function leastOf(remaining: readonly string[], rounds: readonly Counts[]): string {
  let tied = remaining
  for (const counts of rounds.toReversed()) {
    const least = tied.map((option) => counts.get(option)!).reduce((a, b) => (b < a ? b : a))
    tied = tied.filter((option) => counts.get(option) === least)
    if (tied.length === 1) break
  }
  return tied.at(-1)!
}

/** Instant run-off over at least one ranking (C-28). */
export function instantRunoff(options: readonly string[], ballots: readonly Ranked[]): { option: string; rounds: readonly Round[] } {
  const all = sumOf(ballots.map(({ units }) => units))
  const told: Round[] = []
  const counted: Counts[] = []
  for (let remaining = options; ;) {
    const counts = countsOf(remaining, ballots)
    counted.push(counts)
    const counting = sumOf(counts.values())
    const option = remaining.find((option) => counts.get(option)! * 2n > counting)
    const out = option === undefined ? leastOf(remaining, counted) : null
    const shown = Object.fromEntries([...counts].map(([option, units]) => [option, String(units)]))
    told.push({ counts: shown, exhausted: String(all - counting), out })
    if (option !== undefined) return { option, rounds: told }
    remaining = remaining.filter((option) => option !== out)
  }
}
