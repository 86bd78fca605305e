import { fold, type Evolve } from '../../kernel/decider.ts'
import { Budget, type Blocked, type BudgetEvent } from './events.ts'
import { isInForce, type Allowed } from './limits.ts'

export interface BudgetState extends Allowed {
  /** Limits that were reached, by `placeOf`, each until the end of its window. */
  readonly exhausted: ReadonlyMap<string, Blocked>
}

export const placeOf = ({ unit, window }: Pick<Blocked, 'unit' | 'window'>): string => `${unit} ${window}`

export const withReached = (exhausted: BudgetState['exhausted'], { until, window, unit }: Blocked): BudgetState['exhausted'] =>
  new Map(exhausted).set(placeOf({ unit, window }), { until, window, unit })

export const withoutReached = (exhausted: BudgetState['exhausted'], place: Pick<Blocked, 'unit' | 'window'>): BudgetState['exhausted'] => {
  const others = new Map(exhausted)
  others.delete(placeOf(place))
  return others
}

/** Of the limits that are reached still, the one whose window ends last. */
export const latestOf = (exhausted: BudgetState['exhausted']): Blocked | null =>
  [...exhausted.values()].reduce<Blocked | null>((latest, one) => (latest && latest.until >= one.until ? latest : one), null)

const evolve: Evolve<BudgetState, BudgetEvent> = {
  BudgetConfigured: (state, { limits }) => ({ ...state, limits }),
  BudgetOverrideGranted: (state, { orchestrator: _, ...override }, { at }) =>
    ({ ...state, overrides: [...state.overrides.filter((one) => isInForce(one, at)), override] }),
  BudgetExhausted: (state, reached) => ({ ...state, exhausted: withReached(state.exhausted, reached) }),
  BudgetResumed: (state, reached) => ({ ...state, exhausted: withoutReached(state.exhausted, reached) }),
}

export const budgetState = fold('budget', Budget, { limits: null, overrides: [], exhausted: new Map() }, evolve)
