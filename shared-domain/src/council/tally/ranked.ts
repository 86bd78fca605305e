import { unitsOf, type Ballot } from './ballots.ts'
import { instantRunoff, type Ranked, type Round } from './instant-runoff.ts'
import { preferences, schulze, type Pairs } from './schulze.ts'
import type { ProtocolName, Rule, Standing } from './standing.ts'

export interface Preferred { readonly option: string; readonly rounds: readonly Round[] | null; readonly strengths: unknown }

export const isRanked = (protocol: ProtocolName): protocol is 'instant_runoff' | 'schulze' =>
  protocol === 'instant_runoff' || protocol === 'schulze'

const rankingsOf = (rule: Rule, { counted }: Pick<Standing, 'counted'>): Ranked[] => {
  const units = unitsOf(rule.weighing)
  return counted.flatMap((ballot) => (ballot.ranking ? [{ ranking: ballot.ranking, units: units(ballot) }] : []))
}

const asTexts = (pairs: Pairs) =>
  Object.fromEntries(Object.entries(pairs).map(([x, row]) =>
    [x, Object.fromEntries(Object.entries(row).map(([y, value]) => [y, String(value)]))]))

function winnerOf(rule: Rule, options: readonly string[], ballots: readonly Ranked[]): Preferred {
  if (rule.protocol === 'instant_runoff') return { ...instantRunoff(options, ballots), strengths: null }
  const { option, strengths } = schulze(options, ballots)
  return { option, rounds: null, strengths: asTexts(strengths) }
}

/** The option that is preferred at the end, or none where nobody ranked any. */
export function preferred(rule: Rule, standing: Pick<Standing, 'counted'>): Preferred | undefined {
  const ballots = rankingsOf(rule, standing)
  return ballots.length === 0 ? undefined : winnerOf(rule, rule.options!, ballots)
}

/** More first preferences than half of all that is or may still be cast. */
function surelyFirst(options: readonly string[], ballots: readonly Ranked[], { all, abstain }: Standing['sums']): boolean {
  return options.some((option) => {
    let first = 0n
    for (const { ranking, units } of ballots) if (ranking[0] === option) first += units
    return first * 2n > all - abstain
  })
}

/** Ahead of every other by more than is missing. */
function surelyAhead(options: readonly string[], ballots: readonly Ranked[], { missing }: Standing['sums']): boolean {
  const sums = preferences(options, ballots)
  return options.some((x) => options.every((y) => y === x || sums[x]![y]! - sums[y]![x]! > missing))
}

/** The most completions that are tried one by one. */
const completions_max = 2_000

/** Every ranking of one or more of the options, or none where there are more than the bound. */
function everyRanking(options: readonly string[], most: number): string[][] | undefined {
  const rankings: string[][] = []
  const grow = (ranking: readonly string[]): boolean => options.every((option) => {
    if (ranking.includes(option)) return true
    rankings.push([...ranking, option])
    return rankings.length <= most && grow(rankings.at(-1)!)
  })
  return grow([]) ? rankings : undefined
}

const abstention: Ballot = { vote: 'ABSTAIN', ranking: null }

/** Whether all completions end with the same option, or all with none; false where there are too many to try. */
function agreeWhateverComes(rule: Rule, { counted, missing }: Standing, electorate: ReadonlyMap<string, { weight: bigint }>): boolean {
  const rankings = everyRanking(rule.options!, completions_max)
  if (!rankings || (rankings.length + 2) ** missing.length > completions_max) return false
  const ways: readonly (Ballot | null)[] = [null, abstention, ...rankings.map((ranking) => ({ vote: null, ranking }))]
  const ends = new Set<string | undefined>()
  const complete = (more: Standing['counted'], rest: readonly string[]): boolean => {
    const [elector, ...others] = rest
    if (elector === undefined) return ends.add(preferred(rule, { counted: more })?.option).size === 1
    const { weight } = electorate.get(elector)!
    return ways.every((way) => complete(way ? [...more, { ...way, elector, weight, carriedBy: null }] : more, others))
  }
  return complete(counted, missing)
}

/** Whether the option that is preferred now is so whatever those who are missing do. */
export function isSure(rule: Rule, standing: Standing, electorate: ReadonlyMap<string, { weight: bigint }>): boolean {
  const ballots = rankingsOf(rule, standing)
  const sure = rule.protocol === 'instant_runoff' ? surelyFirst : surelyAhead
  return sure(rule.options!, ballots, standing.sums) || agreeWhateverComes(rule, standing, electorate)
}
