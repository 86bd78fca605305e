import type { Instant } from '../../kernel/time.ts'
import type { OrchestratorId } from '../../vocabulary.ts'
import type { Counts } from '../ledger/counts.ts'
import { Budget, causes, type Blocked, type BudgetEvent } from './events.ts'
import { limitOf, plainLimit } from './limits.ts'
import { latestOf, placeOf, withoutReached, withReached, type BudgetState } from './state.ts'
import { endOf, units, windows } from './windows.ts'

type Cause = (typeof causes)[number]

/** Why a limit that was reached is so no more, if it is not. */
function endedBy(state: BudgetState, counts: Counts, { until, window, unit }: Blocked, at: Instant): Cause | undefined {
  if (at >= until) return 'window'
  if (!state.limits?.autoPause) return 'off'
  const used = counts[window][unit]
  const [limit, plain] = [limitOf(state, unit, window, at), plainLimit(state, unit, window)]
  if (limit !== null && used >= limit) return undefined
  return plain === null || used < plain ? 'limit' : 'override'
}

/** What there is to tell of the limits as they are now, beside what is used now. */
export function reviewed(state: BudgetState, counts: Counts, orchestrator: OrchestratorId | null, at: Instant): readonly BudgetEvent[] {
  let { exhausted } = state
  const resumed = [...exhausted.values()].flatMap((one) => {
    const cause = endedBy(state, counts, one, at)
    if (!cause) return []
    exhausted = withoutReached(exhausted, one)
    const { window, unit } = one
    return [Budget.BudgetResumed({ orchestrator, window, unit, cause, blocked: latestOf(exhausted) })]
  })
  if (!state.limits?.autoPause) return resumed
  const reached = windows.flatMap((window) => units.flatMap((unit) => {
    const { start, [unit]: used } = counts[window]
    const limit = limitOf(state, unit, window, at)
    if (limit === null || used < limit || exhausted.has(placeOf({ unit, window }))) return []
    const until = endOf(window, start)
    exhausted = withReached(exhausted, { until, window, unit })
    return [Budget.BudgetExhausted({ orchestrator, window, unit, used, limit, until, blocked: latestOf(exhausted) })]
  }))
  return [...resumed, ...reached]
}
