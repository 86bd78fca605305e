import type { Ranked } from './instant-runoff.ts'

/** `of[x][y]`: how much prefers x to y, or how strong the strongest path from x to y is. */
export type Pairs = Readonly<Record<string, Readonly<Record<string, bigint>>>>

function pairsOf(options: readonly string[], value: (x: string, y: string) => bigint): Record<string, Record<string, bigint>> {
  const row = (x: string) => Object.fromEntries(options.filter((y) => y !== x).map((y) => [y, value(x, y)]))
  return Object.fromEntries(options.map((x) => [x, row(x)]))
}

/** What is not ranked stands last, and nothing of it before the other. */
export function preferences(options: readonly string[], ballots: readonly Ranked[]): Pairs {
  const sums = pairsOf(options, () => 0n)
  for (const { ranking, units } of ballots) {
    const behind = new Set(options)
    for (const x of ranking) {
      behind.delete(x)
      for (const y of behind) sums[x]![y]! += units
    }
  }
  return sums
}

const lesser = (a: bigint, b: bigint) => (a < b ? a : b)

/** Strongest paths over the pairs that are won, by how much prefers the winner (winning votes). */
function strengthsOf(options: readonly string[], preferred: Pairs): Pairs {
  const paths = pairsOf(options, (x, y) => (preferred[x]![y]! > preferred[y]![x]! ? preferred[x]![y]! : 0n))
  for (const by of options) for (const x of options) for (const y of options) {
    if (x === by || y === by || x === y) continue
    const way = lesser(paths[x]![by]!, paths[by]![y]!)
    if (way > paths[x]![y]!) paths[x]![y] = way
  }
  return paths
}

/** Schulze's method (C-28); of several winners the one listed first. */
export function schulze(options: readonly string[], ballots: readonly Ranked[]): { option: string; strengths: Pairs } {
  const strengths = strengthsOf(options, preferences(options, ballots))
  const wins = (x: string) => options.every((y) => y === x || strengths[x]![y]! >= strengths[y]![x]!)
  return { option: options.find(wins)!, strengths }
}
