import type { Judged } from './state.ts'

/** How sure a voter is that does not say so. */
export const usualConfidence = 0.8

/** The square of how far a vote was from what was right, in ten thousandths: exact, since confidence comes in hundredths. */
export function brierOf(confidence: number, wasRight: boolean): number {
  const sure = Math.round(confidence * 100)
  return (wasRight ? 100 - sure : sure) ** 2
}

const [least, most] = [500n, 2_000n]

/**
 * What a base becomes by a record: a thousandfold of it, no less than half as much and never twice as much. Ten votes of a coin come before
 * those that were judged (C-50). Exact, rounded half up, at least one.
 */
export function earnedWeight(base: number, { n, sum }: Judged): bigint {
  const parts = 5n * (BigInt(n) + 10n)
  const earned = most * parts - (2n * BigInt(sum) + 50_000n)
  const bounded = earned < least * parts ? least * parts : earned
  const rounded = (2n * BigInt(base) * bounded + parts) / (2n * parts)
  return rounded > 1n ? rounded : 1n
}
