import { fold, type Evolve } from '../../kernel/decider.ts'
import { Selection, type SelectionEvent, type Told } from './events.ts'

export type SelectionState = { readonly stage: 'unknown' } | { readonly stage: 'made'; readonly told: Told }

const evolve: Evolve<SelectionState, SelectionEvent> = {
  AgentsSelected: (_, { policy, pattern, chosen, alternatives, rejected, counts, cost, exact }) =>
    ({ stage: 'made', told: { policy, pattern, chosen, alternatives, rejected, counts, cost, exact } }),
}

export const selectionState = fold('selection', Selection, { stage: 'unknown' }, evolve)
