import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { budget } from './budget/decider.ts'
import type { BudgetEvent } from './budget/events.ts'
import { placeOf } from './budget/state.ts'
import type { Unit, Window } from './budget/windows.ts'

/** One timer per limit that is reached. */
const keyOf = (id: string, reached: { readonly unit: Unit; readonly window: Window }) => `review budget-${id} ${placeOf(reached)}`

export const exhaustion = process<BudgetEvent>({
  name: 'exhaustion',
  about: 'Looks again at a budget whose limits are others, or were reached in a window that has ended.',
  react: {
    BudgetConfigured: ({ id }) => [send(budget, id, 'review', {})],
    BudgetOverrideGranted: ({ id, revision, data: { until: due } }) =>
      [send(budget, id, 'review', {}), send(budget, id, 'review', {}, { due, key: `review budget-${id} ${revision}` })],
    BudgetExhausted: ({ id, data: { until: due, ...reached } }) => [send(budget, id, 'review', {}, { due, key: keyOf(id, reached) })],
    BudgetResumed: ({ id, data }) => [forget(keyOf(id, data))],
  },
})
