import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { budget } from './budget/decider.ts'
import type { BudgetEvent } from './budget/events.ts'
import { placeOf } from './budget/state.ts'
import type { Unit, Window } from './budget/windows.ts'
import { orchestrator } from './orchestrator/decider.ts'
import { organization } from './organization/decider.ts'

/** One timer per limit that is reached. */
const keyOf = (id: string, reached: { readonly unit: Unit; readonly window: Window }) => `review budget-${id} ${placeOf(reached)}`

const noted = (id: string, orchestratorId: string | null) =>
  (orchestratorId === null ? send(organization, id, 'guard', {}) : send(orchestrator, orchestratorId, 'guard', {}))

export const exhaustion = process<BudgetEvent>({
  name: 'exhaustion',
  about: 'Looks again at budgets when limits are others or a window has ended, and notes what is exhausted where work starts.',
  react: {
    BudgetConfigured: ({ id }) => [send(budget, id, 'review', {})],
    BudgetOverrideGranted: ({ id, revision, data: { until: due } }) =>
      [send(budget, id, 'review', {}), send(budget, id, 'review', {}, { due, key: `review budget-${id} ${revision}` })],
    BudgetExhausted: ({ id, data: { until: due, orchestrator, ...reached } }) =>
      [noted(id, orchestrator), send(budget, id, 'review', {}, { due, key: keyOf(id, reached) })],
    BudgetResumed: ({ id, data }) => [noted(id, data.orchestrator), forget(keyOf(id, data))],
  },
})
