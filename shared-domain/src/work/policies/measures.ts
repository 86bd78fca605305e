import type { Priority } from '../../vocabulary.ts'

/** The part of what somebody can carry that is carried by now. Who can carry nothing is full. */
export const loadOf = (taken: number, max: number): number => (max > 0 ? Math.min(1, taken / max) : 1)

const bonuses: Readonly<Record<Priority, number>> = { CRITICAL: 10, HIGH: 7, MEDIUM: 4, LOW: 0 }

export const bonusOf = (priority: Priority): number => bonuses[priority]

/** Four decimals, half up: scores are told and compared like this. */
export const rounded = (score: number): number => Math.round(score * 10_000) / 10_000

export const compare = <V extends string | number>(a: V, b: V): number => (a < b ? -1 : a > b ? 1 : 0)

/** How many there are of each code. */
export function tallied(rejected: readonly { readonly code: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { code } of rejected) counts[code] = (counts[code] ?? 0) + 1
  return counts
}
