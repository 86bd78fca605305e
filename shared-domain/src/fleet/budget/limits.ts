import { z } from 'zod'
import type { Instant } from '../../kernel/time.ts'
import { DueInstant, StoredInstant, text } from '../../vocabulary.ts'
import { Unit, Window } from './windows.ts'

const Limit = z.int().min(1).max(1_000_000_000_000)
const Nullable = Limit.nullable()

/** How much of something may be used in each hour, day and month of UTC; null for as much as there is. */
const Allowance = z.object({ hourly: Nullable, daily: Nullable, monthly: Nullable })

export const Limits = z.object({
  tokens: Allowance,
  cost: Allowance,
  /** Nothing new starts while a limit is reached. */
  autoPause: z.boolean(),
  /** Percentages of a limit of which is told when they are reached, ascending. */
  thresholds: z.array(z.int().min(1).max(100)).max(10),
})
export type Limits = z.output<typeof Limits>

const unsaid = Nullable.default(null)
const Wished = z.object({ hourly: unsaid, daily: unsaid, monthly: unsaid })

/** The limits as they are wished for: what is not said of tokens at all is something, of a window nothing. */
export const WishedLimits = z.object({
  tokens: Wished.default({ hourly: 100_000, daily: 1_000_000, monthly: 10_000_000 }),
  cost: Wished.default({ hourly: null, daily: null, monthly: null }),
  autoPause: z.boolean().default(true),
  thresholds: Limits.shape.thresholds.default([50, 75, 90, 100]),
})

/** What is told of each percentage once. */
export const limitsOf = (wished: z.output<typeof WishedLimits>): Limits =>
  ({ ...wished, thresholds: [...new Set(wished.thresholds)].sort((a, b) => a - b) })

export const Override = z.object({ unit: Unit, window: Window, extra: Limit, until: StoredInstant, reason: text(500) })
export type Override = z.output<typeof Override>

export const WishedOverride = Override.extend({ until: DueInstant })

/** What is said of a holder's limits. */
export interface Allowed {
  readonly limits: Limits | null
  readonly overrides: readonly Override[]
}

const names = { hour: 'hourly', day: 'daily', month: 'monthly' } as const

/** The limit without what is added for a while; null for none. */
export const plainLimit = ({ limits }: Pick<Allowed, 'limits'>, unit: Unit, window: Window): number | null =>
  limits?.[unit][names[window]] ?? null

export const isInForce = ({ until }: Pick<Override, 'until'>, at: Instant): boolean => at < until

export function limitOf(allowed: Allowed, unit: Unit, window: Window, at: Instant): number | null {
  const limit = plainLimit(allowed, unit, window)
  if (limit === null) return null
  const added = allowed.overrides.filter((one) => one.unit === unit && one.window === window && isInForce(one, at))
  return added.reduce((total, { extra }) => total + extra, limit)
}
