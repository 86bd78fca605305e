import type { Instant } from '../../kernel/time.ts'
import { limitOf, plainLimit, type Allowed } from '../budget/limits.ts'
import { endOf, units, windows, type Amount, type Unit, type Window } from '../budget/windows.ts'
import { longestFirst, type Counts } from './counts.ts'

interface Full {
  readonly window: Window
  readonly unit: Unit
  /** The end of the window: then the same may fit. */
  readonly until: Instant
}

/** Where the wish does not fit beside what is used and all that is reserved; of several windows the one that ends last. */
export function fullFor(allowed: Allowed, counts: Counts, wish: Amount, at: Instant): Full | undefined {
  for (const window of longestFirst) for (const unit of units) {
    const limit = limitOf(allowed, unit, window, at)
    const taken = counts[window][unit] + counts.reserved[unit] + wish[unit]
    if (limit !== null && taken > limit) return { window, unit, until: endOf(window, counts[window].start) }
  }
  return undefined
}

export const isLimited = (allowed: Allowed, unit: Unit): boolean => windows.some((window) => plainLimit(allowed, unit, window) !== null)

/** Of each limit, what is neither used nor reserved: below zero where more is. */
export const roomsIn = (allowed: Allowed, counts: Counts, unit: Unit, at: Instant): readonly number[] => windows.flatMap((window) => {
  const limit = limitOf(allowed, unit, window, at)
  return limit === null ? [] : [limit - counts[window][unit] - counts.reserved[unit]]
})
