import { z } from 'zod'
import type { Instant } from '../../kernel/time.ts'
import { StoredInstant } from '../../vocabulary.ts'
import { lastOf, none, startOf, sum, windows, type Amount, type Window } from '../budget/windows.ts'

const Sum = z.int().min(0)

/** What was used in the window that began then. */
const Count = z.object({ start: StoredInstant, tokens: Sum, cost: Sum })

/** What is used and reserved after a fact. */
export const Counts = z.object({ hour: Count, day: Count, month: Count, reserved: z.object({ tokens: Sum, cost: Sum }) })
export type Counts = z.output<typeof Counts>

const inEach = (of: (window: Window) => z.output<typeof Count>) => ({ hour: of('hour'), day: of('day'), month: of('month') })

/** The same at this instant: in windows that have begun since then nothing is used. */
export const countsAt = (counts: Counts | null, at: Instant): Counts => ({
  ...inEach((window) => {
    const start = startOf(window, at)
    return counts?.[window].start === start ? counts[window] : { start, ...none }
  }),
  reserved: counts?.reserved ?? none,
})

/** With this used besides, and so much reserved. */
export const withUsed = (counts: Counts, used: Amount, reserved: Amount): Counts =>
  ({ ...inEach((window) => ({ ...counts[window], ...sum(counts[window], used) })), reserved })

/**
 * When something that happens at this instant counts, in the ledger of the month that began then: at the month's last instant at the
 * latest, and never before the hour that was counted last. Undefined before the month has begun.
 */
export function countedAt(start: Instant, counts: Counts | null, at: Instant): Instant | undefined {
  if (at < start) return undefined
  const latest = [at, lastOf(start)].sort()[0]!
  return counts && latest < counts.hour.start ? counts.hour.start : latest
}

/** All windows, those that end last first. */
export const longestFirst: readonly Window[] = windows.toReversed()
